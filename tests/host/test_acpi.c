/* sources: servers/root/acpi_walk.c servers/root/madt.c servers/root/fadt.c servers/root/aml.c servers/root/mcfg.c */
/*
 * The ACPI reader on synthetic tables: good ones, each kind of damage, and 200,000 mutations.
 */
#include "fake_phys.h"

#include "servers/root/tables.h"

#define RSDP 0xe0010u
#define RSDT 0x1000u
#define XSDT 0x1100u
#define MADT 0x2000u
#define FADT 0x3000u
#define DSDT 0x4001u /* tables need no alignment */
#define HPET 0x5000u
#define MCFG 0x6000u
#define DMAR 0x7000u

static struct boot_acpi acpi;
static struct acpi_table dmar;
static uint8_t pristine[PHYS_BYTES];

static void fix_sum(uint64_t at, uint64_t bytes, unsigned sum_offset)
{
    uint8_t sum = 0;
    phys[at + sum_offset] = 0;
    for (uint64_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + phys[at + i]);
    }
    phys[at + sum_offset] = (uint8_t)(0 - sum);
}

static void seal(uint64_t at)
{
    uint32_t bytes;
    memcpy(&bytes, phys + at + 4, 4);
    if (bytes <= PHYS_BYTES - at) {
        fix_sum(at, bytes, 9);
    }
}

static void table(uint64_t at, const char *signature, const void *body, uint32_t bytes)
{
    memset(phys + at, 0, 36);
    memcpy(phys + at, signature, 4);
    put32(at + 4, 36 + bytes);
    memcpy(phys + at + 36, body, bytes);
    seal(at);
}

static void rsdp(uint64_t at, uint8_t revision)
{
    memset(phys + at, 0, 36);
    memcpy(phys + at, "RSD PTR ", 8);
    phys[at + 15] = revision;
    put32(at + 16, RSDT);
    put32(at + 20, 36);
    put64(at + 24, XSDT);
    fix_sum(at, 20, 8);
    fix_sum(at, 36, 32);
}

static const uint8_t good_aml[] = {
    0x10, 0x20, '\\', '_', 'S', '5',  '_',     /* a mention that is no definition */
    0x08, '_',  'S',  '5', '_', 0x0b, 1,    2, /* a name that is no package */
    0x08, '_',  'S',  '5', '_', 0x12, 0x06, 0x04, 0x0a, 5, 0x01, 0x00,
};

static void build(void)
{
    static const uint8_t madt[] = {
        0, 0,  0xe0, 0xfe, 1, 0, 0,    0, /* LAPIC address, PCAT_COMPAT */
        0, 8,  0,    0,    1, 0, 0,    0,    0,    8, 1, 1,
        0, 0,  0,    0,                                     /* an enabled CPU, a disabled one */
        1, 12, 7,    0,    0, 0, 0xc0, 0xfe, 0,    0, 0, 0, /* IO-APIC 7 at 0xfec00000 */
        2, 10, 0,    0,    2, 0, 0,    0,    0,    0,       /* irq 0 is gsi 2 */
        2, 10, 0,    9,    9, 0, 0,    0,    0x0f, 0,       /* irq 9 low, level */
        2, 10, 0,    5,    5, 0, 0,    0,    0x0d, 0,       /* irq 5 high, level */
        4, 6,  0xff, 0,    0, 1,                            /* NMI: of no interest */
        9, 16, 0,    0,    0, 1, 0,    0,    1,    0, 0, 0,
        0, 0,  0,    0,                                     /* an enabled x2APIC */
        5, 12, 0,    0,    0, 0, 0xe1, 0xfe, 0,    0, 0, 0, /* LAPIC address override */
    };
    uint8_t fadt[244 - 36] = {0};
    uint8_t hpet[20] = {0};
    uint8_t mcfg[8 + 32] = {0};
    uint8_t roots[2][48];
    static const uint32_t tables[6] = {MADT, FADT, HPET, MCFG, DMAR, MADT + 0xff8};

    memset(phys, 0, sizeof phys);
    rsdp(RSDP, 2);
    for (unsigned i = 0; i < 6; i++) {
        uint64_t pa = tables[i];
        memcpy(roots[0] + 4 * i, &pa, 4);
        memcpy(roots[1] + 8 * i, &pa, 8);
    }
    table(RSDT, "RSDT", roots[0], 20);
    table(XSDT, "XSDT", roots[1], 40);
    table(MADT, "APIC", madt, sizeof madt);
    table(FADT, "FACP", fadt, sizeof fadt);
    put32(FADT + 40, DSDT);
    put32(FADT + 64, 0x604);
    put32(FADT + 112, 1u << 10);
    phys[FADT + 116] = 1;
    put64(FADT + 120, 0xcf9);
    phys[FADT + 128] = 0x0f;
    seal(FADT);
    table(DSDT, "DSDT", good_aml, sizeof good_aml);
    memcpy(hpet + 8, &(uint64_t){0xfed00000}, 8);
    table(HPET, "HPET", hpet, sizeof hpet);
    memcpy(mcfg + 8, &(uint64_t){0xb0000000}, 8);
    mcfg[19] = 255;
    mcfg[24] = 1; /* second entry: base not aligned */
    table(MCFG, "MCFG", mcfg, sizeof mcfg);
    table(DMAR, "DMAR", mcfg, 12);
    memcpy(pristine, phys, sizeof phys);
}

static void reset(void)
{
    phys_release();
    memcpy(phys, pristine, sizeof phys);
    log_lines = 0;
}

void syslog(const char *format, ...)
{
    va_list args;
    char line[512];

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_lines++;
}

static void parse(uint64_t pa)
{
    acpi_parse(pa, &acpi, &dmar);
}

static bool all_there(void)
{
    return acpi.lapic_pa == 0xfee10000 && acpi.has_8259 == 1 && acpi.cpu_count == 2 &&
           acpi.ioapic_count == 1 && acpi.iso_count == 3 && acpi.hpet_pa == 0xfed00000 &&
           acpi.mcfg_count == 1 && dmar.bytes == 48 && acpi.pm1a_port == 0x604 &&
           acpi.s5_typ_a == 5 && acpi.s5_typ_b == 1 && acpi.has_reset == 1 &&
           acpi.reset_port == 0xcf9 && acpi.reset_value == 0x0f;
}

static void test_good(void)
{
    parse(RSDP);
    CHECK(all_there() && acpi.rsdp_pa == RSDP);
    CHECK(acpi.tables_pa == XSDT && acpi.tables_bytes == DMAR + 48 - XSDT);
    CHECK(acpi.ioapic[0].id == 7 && acpi.ioapic[0].pa == 0xfec00000);
    CHECK(acpi.iso[0].irq == 0 && acpi.iso[0].gsi == 2 && !acpi.iso[0].level);
    CHECK(acpi.iso[1].active_low && acpi.iso[1].level);
    CHECK(!acpi.iso[2].active_low && acpi.iso[2].level);
    CHECK(acpi.mcfg[0].pa == 0xb0000000 && acpi.mcfg[0].bus_last == 255);
    CHECK(log_lines == 1); /* the odd MCFG entry */
    reset();
    parse(0); /* found by searching */
    CHECK(all_there() && acpi.rsdp_pa == RSDP);
    reset();
    rsdp(0x100, 0); /* a loader's copy of revision 0: only the RSDT counts */
    put64(XSDT + 36, 0);
    parse(0x100);
    CHECK(all_there() && acpi.rsdp_pa == 0x100);
    reset();
}

static void test_missing(void)
{
    memset(phys + RSDP, 0, 36);
    parse(0);
    CHECK(acpi.rsdp_pa == 0 && acpi.cpu_count == 1 && acpi.lapic_pa == 0 && log_lines == 1);
    reset();
    phys[RSDP + 24] ^= 1; /* second checksum wrong: RSDT used */
    parse(RSDP);
    CHECK(all_there());
    reset();
    phys[RSDP + 17] ^= 1; /* first checksum wrong: no RSDP */
    parse(RSDP);
    CHECK(acpi.rsdp_pa == 0);
    reset();
    phys[XSDT] = 'Y'; /* damaged XSDT: RSDT used */
    parse(RSDP);
    CHECK(all_there());
    reset();
    put64(XSDT + 36, 0xfffffffffffffff0ull); /* a table out of reach is skipped alone */
    seal(XSDT);
    parse(RSDP);
    CHECK(acpi.lapic_pa == 0 && acpi.hpet_pa == 0xfed00000 && acpi.has_8259 == 1);
    reset();
}

static void test_damaged_tables(void)
{
    static const uint32_t places[] = {MADT, FADT, DSDT, HPET, MCFG, DMAR};
    for (unsigned i = 0; i < 6; i++) {
        phys[places[i] + 40] ^= 4;
        parse(RSDP);
        CHECK(!all_there() && log_lines >= 1);
        reset();
        for (uint32_t bytes = 0; bytes < 60; bytes++) { /* too short, checksum right */
            put32(places[i] + 4, bytes);
            seal(places[i]);
            parse(RSDP);
            CHECK(acpi.rsdp_pa == RSDP);
            reset();
        }
        put32(places[i] + 4, 0xffffffff);
        parse(RSDP);
        CHECK(!all_there() && log_lines >= 1);
        reset();
    }
    phys[MADT + 45] = 0; /* an entry of length 0 must not loop */
    seal(MADT);
    parse(RSDP);
    CHECK(acpi.cpu_count == 1 && acpi.ioapic_count == 0 && log_lines == 2);
    reset();
    phys[FADT + 116] = 0; /* reset register in memory */
    seal(FADT);
    parse(RSDP);
    CHECK(acpi.has_reset == 0 && acpi.pm1a_port == 0x604);
    reset();
    phys[FADT + 113] = 0; /* reset register not supported */
    seal(FADT);
    parse(RSDP);
    CHECK(acpi.has_reset == 0);
    reset();
    phys[FADT + 172] = 1; /* the extended port wins */
    put64(FADT + 176, 0xb004);
    seal(FADT);
    parse(RSDP);
    CHECK(acpi.pm1a_port == 0xb004);
    reset();
    phys[DSDT + 36 + 15] = 0; /* no NameOp: no _S5_, so no port either */
    seal(DSDT);
    parse(RSDP);
    CHECK(acpi.pm1a_port == 0 && acpi.s5_typ_a == 0);
    reset();
}

static void test_overflow(void)
{
    uint8_t madt[8 + 12 * 20 + 10 * 40] = {0};
    for (unsigned i = 0; i < 20; i++) {
        madt[8 + 12 * i] = 1;
        madt[9 + 12 * i] = 12;
    }
    for (unsigned i = 0; i < 40; i++) {
        madt[248 + 10 * i] = 2;
        madt[249 + 10 * i] = 10;
    }
    table(MADT, "APIC", madt, sizeof madt);
    parse(RSDP);
    CHECK(acpi.ioapic_count == BOOT_MAX_IOAPIC && acpi.iso_count == BOOT_MAX_ISO);
    CHECK(log_lines > 10 && log_lines <= 20); /* reported, but limited */
    CHECK(acpi.hpet_pa == 0xfed00000);
    reset();
    uint8_t mcfg[8 + 16 * 20] = {0};
    table(MCFG, "MCFG", mcfg, sizeof mcfg);
    parse(RSDP);
    CHECK(acpi.mcfg_count == BOOT_MAX_MCFG && log_lines == 1);
    reset();
}

static bool s5(const uint8_t *aml, size_t bytes, unsigned *a, unsigned *b)
{
    uint8_t *exact = malloc(bytes + (bytes == 0));
    uint8_t x = 99;
    uint8_t y = 99;
    memcpy(exact, aml, bytes);
    bool found = aml_find_s5(exact, bytes, &x, &y);
    free(exact);
    *a = x;
    *b = y;
    return found;
}
#define S5(...) s5((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), &a, &b)

static void test_s5(void)
{
    unsigned a;
    unsigned b;
    CHECK(S5(8, '_', 'S', '5', '_', 0x12, 4, 2, 0, 0) && a == 0 && b == 0);
    CHECK(S5(8, '\\', '_', 'S', '5', '_', 0x12, 6, 2, 0x0a, 7, 0x0a, 6) && a == 7 && b == 6);
    CHECK(S5(8, '\\', '_', 'S', '5', '_', 0x12, 6, 2, 0x0a, 7, 0x0a, 6, 0) && a == 7 && b == 6);
    CHECK(!S5(8, '\\', '_', 'S', '5', '_', 0x12, 8, 2, 0x0a, 7, 0x0a, 6,
              0)); /* longer than the table */
    CHECK(S5(8, '_', 'S', '5', '_', 0x12, 0x47, 0, 2, 0x0a, 7, 0x0a, 6) && a == 7 && b == 6);
    CHECK(S5(8, '_', 'S', '5', '_', 0x12, 4, 1, 0x0a, 5) && a == 5 && b == 0);
    CHECK(!S5(8, '_', 'S', '5', '_', 0x12, 2, 0, 0, 0) && a == 99 && b == 99);
    CHECK(!S5(8, '_', 'S', '5', '_', 0x12, 4, 2, 0x0a, 8, 0)); /* more than three bits */
    CHECK(!S5(8, '_', 'S', '5', '_', 0x12, 5, 2, 0x0b, 5, 0)); /* a word constant */
    CHECK(!S5(8, '_', 'S', '5', '_', 0x12, 3, 2, 0, 0));       /* package ends early */
    CHECK(!S5('_', 'S', '5', '_', 0x12, 4, 2, 0, 0));
    for (size_t n = 0; n < sizeof good_aml - 1; n++) {
        CHECK(!s5(good_aml, n, &a, &b));
    }
    CHECK(s5(good_aml, sizeof good_aml, &a, &b) && a == 5 && b == 1);
}

static void fuzz(void)
{
    static const uint32_t places[] = {RSDP, RSDT, XSDT, MADT, FADT, DSDT, HPET, MCFG, DMAR};
    for (unsigned i = 0; i < 200000; i++) {
        for (uint64_t n = 1 + next_random() % 4; n > 0; n--) {
            uint32_t place = places[next_random() % 9];
            uint64_t at = next_random() % (next_random() % 2 != 0 ? 160 : 8);
            if (place == RSDP && i % 64 != 0) {
                at = 15 + at % 21; /* keep its signature: a search takes long */
            }
            if ((at == 5 || at == 6) && i % 64 != 0) {
                at = 4; /* lengths of up to a megabyte take long to sum, too */
            }
            phys[place + at] = (uint8_t)next_random();
        }
        for (unsigned t = 1; t < 9 && i % 8 != 0; t++) {
            seal(places[t]);
        }
        fix_sum(RSDP, 20, 8);
        fix_sum(RSDP, 36, 32);
        parse(RSDP);
        phys_release();
        for (unsigned t = 0; t < 9; t++) {
            memcpy(phys + places[t], pristine + places[t], 256);
        }
    }
    reset();
    parse(RSDP);
    CHECK(all_there());
}

int main(void)
{
    build();
    test_good();
    test_missing();
    test_damaged_tables();
    test_overflow();
    test_s5();
    fuzz();
    phys_release();
    return report();
}
