/* sources: servers/root/dmar.c servers/lib/iommu_scope.c */
/*
 * The DMAR on synthetic tables, which QEMU's is the simplest of: several units, paths through
 * bridges, RMRRs, each kind of odd length and number, and a million mutations. And which unit has a
 * device.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/root/dmar.h"

#include <quoll/iommu_scope.h>

static unsigned passed, failed, log_lines;
static uint8_t text[8192];
static uint32_t length;
static struct boot_iommu iommu;
static struct dmar dmar;

static void check(bool good, const char *what, int line)
{
    if (good) {
        passed++;
    } else {
        failed++;
        fprintf(stderr, "line %d: FAILED: %s\n", line, what);
    }
}
#define CHECK(x) check((x), #x, __LINE__)

void syslog(const char *format, ...)
{
    (void)format;
    log_lines++;
}

/* ---- building a table */

static void put(uint64_t value, unsigned bytes)
{
    memcpy(text + length, &value, bytes);
    length += bytes;
}

static void header(void)
{
    memset(text, 0, sizeof text);
    memcpy(text, "DMAR", 4);
    length = 36;
    put(38, 1);
    put(1, 1);
    length += 10;
}

/* Where its length stands; end() writes it. */
static uint32_t unit(unsigned flags, unsigned segment, uint64_t pa)
{
    uint32_t at = length;

    put(0, 4);
    put(flags, 2);
    put(segment, 2);
    put(pa, 8);
    return at;
}

static uint32_t rmrr(uint64_t base, uint64_t last)
{
    uint32_t at = length;

    put(1, 8);
    put(base, 8);
    put(last, 8);
    return at;
}

static bool ends[sizeof text]; /* where an entry does */

static void end(uint32_t at)
{
    uint16_t bytes = (uint16_t)(length - at);
    memcpy(text + at + 2, &bytes, 2);
    ends[length] = true;
}

/* @path: device and function of each step, two hexadecimal digits and one. */
static void scope(unsigned type, unsigned id, unsigned bus, const char *path)
{
    unsigned steps = (unsigned)strlen(path) / 3;

    put(type, 1);
    put(6 + 2 * steps, 1);
    put(0, 2);
    put(id, 1);
    put(bus, 1);
    for (unsigned i = 0; i < steps; i++) {
        unsigned device, function;
        (void)sscanf(path + 3 * i, "%2x%1x", &device, &function);
        put(device, 1);
        put(function, 1);
    }
}

/* A laptop: the graphics unit, the one for all the rest with IO-APIC and HPET, two RMRRs. */
static void build(void)
{
    uint32_t at;

    header();
    at = unit(0, 0, 0xfed90000);
    scope(1, 0, 0, "020");
    end(at);
    at = unit(0, 0, 0xfed92000);
    scope(2, 0, 0, "1c0");
    scope(1, 0, 0, "1d0000");
    end(at);
    at = unit(1, 0, 0xfed91000);
    scope(3, 2, 0xf0, "1f0");
    scope(4, 0, 0xf0, "0f0");
    scope(5, 1, 0, "1e0");
    end(at);
    at = rmrr(0xdd000000, 0xddffffff);
    scope(1, 0, 0, "020");
    end(at);
    at = rmrr(0x9e000000, 0x9e00ffff);
    scope(1, 0, 0, "1a0");
    scope(1, 0, 0, "1c0000");
    end(at);
    at = length; /* ATSR: of no interest */
    put(2, 8);
    end(at);
}

/* In exact memory, so that the sanitizer sees one byte too far. */
static bool read_table(void)
{
    uint8_t *exact = malloc(length);
    bool good;

    memcpy(exact, text, length);
    good = dmar_read((struct acpi_table){exact, length}, &iommu, &dmar);
    free(exact);
    return good;
}

static bool refused(const char *why)
{
    bool good = read_table();

    return !good && iommu.unit_count == 0 && iommu.scope_count == 0 && iommu.rmrr_count == 0 &&
           strstr(dmar.wrong, why) != NULL;
}

static void test_good(void)
{
    build();
    CHECK(read_table());
    CHECK(iommu.unit_count == 3 && iommu.rmrr_count == 2 && iommu.scope_count == 7);
    CHECK(iommu.unit[0].pa == 0xfed90000 && !iommu.unit[0].all);
    CHECK(iommu.unit[2].pa == 0xfed91000 && iommu.unit[2].all);
    CHECK(iommu.unit[0].number == BOOT_NO_UNIT); /* until the kernel has it */
    CHECK(dmar.ioapic_count == 1 && dmar.ioapic[0].id == 2 && dmar.ioapic[0].requester == 0xf0f8);
    CHECK(iommu.scope[1].kind == BOOT_SCOPE_BRIDGE && iommu.scope[1].path[0] == 0xe0);
    CHECK(iommu.scope[2].depth == 2 && iommu.scope[2].path[0] == 0xe8);
    CHECK(iommu.scope[6].of_rmrr && iommu.scope[6].of == 1 && iommu.scope[6].depth == 2);
    CHECK(iommu.rmrr[0].base == 0xdd000000 && iommu.rmrr[0].last == 0xddffffff);
    struct boot_acpi acpi = {.ioapic_count = 2};
    acpi.ioapic[0] = (struct boot_ioapic){.id = 2, .requester = IOAPIC_ANONYMOUS};
    acpi.ioapic[1] = (struct boot_ioapic){.id = 3, .requester = IOAPIC_ANONYMOUS};
    dmar_name_ioapics(&dmar, &acpi);
    CHECK(acpi.ioapic[0].requester == 0xf0f8 && acpi.ioapic[1].requester == IOAPIC_ANONYMOUS);
}

static void test_odd_entries(void)
{
    uint32_t at;

    memset(ends, 0, sizeof ends);
    header();
    CHECK(refused("no unit"));
    for (length = 0; length < 48; length++) {
        CHECK(refused("too short"));
    }
    build();
    for (uint32_t cut = length - 1; cut > 48; cut--) { /* every length but whole entries */
        length = cut;
        bool good = read_table();
        CHECK(good == ends[cut]);
        CHECK(good || iommu.unit_count == 0);
    }
    for (unsigned bytes = 0; bytes < 16; bytes++) {
        build();
        memcpy(text + 48 + 2, &(uint16_t){(uint16_t)bytes}, 2);
        CHECK(!read_table());
    }
    build();
    memcpy(text + 48 + 2, &(uint16_t){60000}, 2);
    CHECK(refused("an entry of a wrong length"));
    header();
    at = rmrr(0x1000, 0x1fff);
    length -= 4;
    end(at);
    CHECK(refused("too short"));
    header();
    at = unit(1, 0, 0xfed90000);
    end(at);
    put(7, 3); /* less than a type and a length */
    CHECK(refused("an entry of a wrong length"));
}

static void test_odd_units(void)
{
    static const uint64_t addresses[] = {0, 0xfed90800, 1ull << 46, UINT64_MAX};

    for (unsigned i = 0; i < 4; i++) {
        header();
        end(unit(1, 0, addresses[i]));
        CHECK(refused("an address that can't be"));
    }
    header();
    end(unit(0, 0, 0xfed90000));
    end(unit(1, 0, 0xfed90000));
    CHECK(refused("a unit twice"));
    header();
    end(unit(1, 0, 0xfed90000));
    end(unit(1, 1, 0xfed91000)); /* of another segment */
    CHECK(read_table() && iommu.unit_count == 2);
    end(unit(1, 0, 0xfed92000));
    CHECK(refused("two units for all the rest"));
    header();
    for (unsigned i = 0; i <= BOOT_MAX_UNITS; i++) {
        CHECK(i == 0 || read_table());
        end(unit(0, 0, 0xfed90000 + i * 0x1000));
    }
    CHECK(refused("too many units"));
    header();
    end(unit(1, 0, 0xfed90000));
    for (unsigned i = 0; i <= BOOT_MAX_RMRRS; i++) {
        CHECK(read_table());
        end(rmrr(0x1000, 0x1fff));
    }
    CHECK(refused("too many reserved regions"));
}

static void test_odd_scopes(void)
{
    static const char *const paths[] = {"200", "1ff"};
    uint32_t at;

    for (unsigned bytes = 0; bytes < 40; bytes++) {
        header();
        at = unit(0, 0, 0xfed90000);
        scope(1, 0, 0, "020");
        end(at);
        text[48 + 16 + 1] = (uint8_t)bytes;
        CHECK(read_table() == (bytes == 8));
    }
    for (unsigned i = 0; i < 2; i++) {
        header();
        at = unit(0, 0, 0xfed90000);
        scope(1, 0, 0, paths[i]);
        end(at);
        CHECK(refused("a device that can't be"));
    }
    header();
    at = unit(0, 0, 0xfed90000);
    scope(1, 0, 0, "010010010010010010");
    end(at);
    CHECK(read_table() && iommu.scope[0].depth == BOOT_PATH);
    header();
    at = unit(0, 0, 0xfed90000);
    scope(1, 0, 0, "010010010010010010010");
    end(at);
    CHECK(refused("a path of a wrong length"));
    header();
    at = unit(0, 0, 0xfed90000);
    for (unsigned i = 0; i < BOOT_MAX_SCOPES; i++) {
        scope(1, 0, (uint8_t)i, "020");
    }
    end(at);
    CHECK(read_table() && iommu.scope_count == BOOT_MAX_SCOPES);
    scope(1, 0, 99, "020");
    end(at);
    CHECK(refused("too many devices"));
    header();
    at = unit(0, 0, 0xfed90000);
    for (unsigned i = 0; i <= DMAR_IOAPICS; i++) {
        scope(3, i, 0xf0, "1f0");
    }
    end(at);
    CHECK(refused("too many IO-APICs"));
    header();
    at = unit(0, 0, 0xfed90000);
    scope(3, 1, 0, "1e0000"); /* behind a bridge: stays anonymous */
    end(at);
    CHECK(read_table() && dmar.ioapic_count == 0);
}

static void test_rmrr(void)
{
    static const struct {
        uint64_t base, last;
        bool usable;
    } rows[] = {
        {0xdd000000, 0xddffffff, true},  /* all of a piece */
        {0xdd000000, 0xde0fffff, true},  /* over two */
        {0xdcfff000, 0xdd000fff, false}, /* a part is RAM */
        {0xde0ff000, 0xde100fff, false}, /* a part is nobody's */
        {0x10000000, 0x10000fff, false}, /* RAM */
        {0xdd000800, 0xdd001fff, false}, /* not whole pages */
        {0xdd000000, 0xdd001ffe, false},
        {0xdd001000, 0xdd000fff, false}, /* nothing */
        {0xdd001000, 0xdc000fff, false},
        {0, 0xfff, false},               /* the first page */
        {0xfee00000, 0xfee00fff, false}, /* where interrupts go */
        {0xfed00000, 0xffffffff, false},
        {0x100000000, 0x100000fff, false}, /* above all device addresses */
        {0xfffff000, 0x100000fff, false},
        {0xdd000000, UINT64_MAX, false},
    };
    static struct bootinfo info = {.untyped_count = 5};

    info.untyped[0] = (struct boot_untyped){.pa = 0x10000000, .size_bits = 28};
    info.untyped[1] = (struct boot_untyped){.pa = 0xde000000, .size_bits = 20, .is_device = 1};
    info.untyped[2] = (struct boot_untyped){.pa = 0xdd000000, .size_bits = 24, .is_device = 1};
    info.untyped[3] = (struct boot_untyped){.pa = 0, .size_bits = 12, .is_device = 1};
    info.untyped[4] = (struct boot_untyped){.pa = 0xfe000000, .size_bits = 26, .is_device = 1};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct boot_iommu one = {.rmrr_count = 1};
        one.rmrr[0] = (struct boot_rmrr){.base = rows[i].base, .last = rows[i].last};
        log_lines = 0;
        dmar_check_rmrrs(&info, &one);
        CHECK(one.rmrr[0].usable == rows[i].usable && log_lines == !rows[i].usable);
    }
}

#define WAY(...)                                                                                   \
    (const struct iommu_hop[]){__VA_ARGS__},                                                       \
        sizeof((const struct iommu_hop[]){__VA_ARGS__}) / sizeof(struct iommu_hop)
#define HOP(bus, device, function)                                                                 \
    {                                                                                              \
        (bus), (device) << 3 | (function)                                                          \
    }

static void test_scopes(void)
{
    build();
    CHECK(read_table());
    for (unsigned i = 0; i < 3; i++) {
        iommu.unit[i].number = (uint8_t)i;
    }
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 2, 0))) == 0);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 2, 1))) == 2);    /* another function */
    CHECK(iommu_unit_of(&iommu, WAY(HOP(1, 2, 0))) == 2);    /* another bus */
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1c, 0))) == 1); /* the bridge */
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1c, 0), HOP(3, 0, 0))) == 1);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1c, 0), HOP(3, 0, 0), HOP(4, 5, 6))) == 1);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1d, 0))) == 2); /* only on the way */
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1d, 0), HOP(5, 0, 0))) == 1);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1d, 0), HOP(5, 1, 0))) == 2);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1d, 0), HOP(5, 0, 0), HOP(6, 0, 0))) == 2);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(7, 9, 0))) == 2);
    CHECK(iommu_rmrr_of(&iommu, WAY(HOP(0, 2, 0)), 0) == &iommu.rmrr[0]);
    CHECK(iommu_rmrr_of(&iommu, WAY(HOP(0, 2, 0)), 1) == NULL);
    CHECK(iommu_rmrr_of(&iommu, WAY(HOP(0, 0x1c, 0), HOP(3, 0, 0)), 0) == &iommu.rmrr[1]);
    CHECK(iommu_rmrr_of(&iommu, WAY(HOP(0, 0x1c, 0), HOP(3, 0, 0)), 1) == NULL);
    CHECK(iommu_rmrr_of(&iommu, WAY(HOP(0, 3, 0)), 0) == NULL);
    iommu.unit[2].number = BOOT_NO_UNIT; /* its devices are refused, not another unit's */
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 3, 0))) == IOMMU_NO_UNIT);
    iommu.unit[1].number = BOOT_NO_UNIT;
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 0x1c, 0))) == IOMMU_NO_UNIT);
    header(); /* QEMU's: no unit for all the rest, and a named device behind a named bridge */
    uint32_t at = unit(0, 0, 0xfed90000);
    scope(2, 0, 0, "010");
    end(at);
    at = unit(0, 0, 0xfed91000);
    scope(1, 0, 0, "010020");
    end(at);
    end(unit(1, 7, 0xfed92000)); /* of another segment */
    CHECK(read_table());
    for (unsigned i = 0; i < 3; i++) {
        iommu.unit[i].number = (uint8_t)i;
    }
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 1, 0), HOP(1, 2, 0))) == 1);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 1, 0), HOP(1, 3, 0))) == 0);
    CHECK(iommu_unit_of(&iommu, WAY(HOP(0, 5, 0))) == IOMMU_NO_UNIT);
}

static uint64_t random_state = 0x9e3779b97f4a7c15ull;
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Whatever it says, all that is found lies where it can be found. */
static void fuzz(void)
{
    uint32_t good = 0, bad = 0;

    for (unsigned i = 0; i < 1000000; i++) {
        build();
        for (uint64_t n = 1 + next_random() % 3; n > 0; n--) {
            text[36 + next_random() % (length - 36)] = (uint8_t)next_random();
        }
        if (next_random() % 8 == 0) {
            length = 36 + (uint32_t)(next_random() % (length - 35));
        }
        if (!read_table()) {
            bad++;
            continue;
        }
        good++;
        bool sane = iommu.unit_count >= 1 && iommu.unit_count <= BOOT_MAX_UNITS &&
                    iommu.rmrr_count <= BOOT_MAX_RMRRS && iommu.scope_count <= BOOT_MAX_SCOPES;
        for (uint32_t s = 0; sane && s < iommu.scope_count; s++) {
            sane = iommu.scope[s].of <
                       (iommu.scope[s].of_rmrr ? iommu.rmrr_count : iommu.unit_count) &&
                   iommu.scope[s].depth >= 1 && iommu.scope[s].depth <= BOOT_PATH;
        }
        if (!sane) {
            CHECK(!"a mutation made nonsense");
        }
        (void)iommu_unit_of(&iommu, WAY(HOP(0, 0x1c, 0), HOP(3, 0, 0)));
        (void)iommu_rmrr_of(&iommu, WAY(HOP(0, 0x1c, 0), HOP(3, 0, 0)), 0);
    }
    CHECK(good > 10000 && bad > 10000);
}

int main(void)
{
    test_good();
    test_odd_entries();
    test_odd_units();
    test_odd_scopes();
    test_rmrr();
    test_scopes();
    fuzz();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
