/*
 * qtest.c - the pci driver's core against QEMU's machines: qtest SOCKET MACHINE BOOT, where BOOT
 * is `firmware` (SeaBIOS has run) or `bare` (nothing has). No guest runs meanwhile; this program
 * is the driver. It checks what it can see itself, and prints what it found for test_pci.py to
 * compare with QEMU's own view: a line for each function.
 */
#include "../../drivers/framework/host/qtest.h"
#include "../../drivers/pci/acpi.h"
#include "../../drivers/pci/pci.h"
#include "check.h"
#include "watch.h"

#include <regs/edu.h>
#include <regs/pci.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RAM_BYTES    0x4000000u
#define TABLES_BYTES 0x100000u /* at the end of RAM */
#define BIOS_AT      0xe0000u
#define BIOS_BYTES   0x20000u
#define EDU_VENDOR   0x1234u
#define EDU_DEVICE   0x11e8u
#define E1000E       0x10d3u
#define MEMORY_FIRST 0xc0000000u /* for BARs where no firmware runs */
#define MEMORY_LAST  0xfebfffffu
#define IO_FIRST     0xc000u
#define IO_LAST      0xfeffu
#define MESSAGE_AT   0x100000u /* in RAM: a message is a write */
#define MESSAGE_DATA 0x4a5bu

unsigned passed, failed;
static struct pci_access access = {.bus_first = 0, .bus_last = 255};
static struct pci_tree tree, again;
static _Alignas(16) uint8_t bios[BIOS_BYTES], tables[TABLES_BYTES];
static bool is_q35;

/* ---- printing ---- */

static void print_function(const struct pci_function *f)
{
    printf("{\"name\": \"%s\", \"vendor\": %u, \"device\": %u, \"class\": %u, \"pin\": %u, "
           "\"line\": %u, \"secondary\": %u, \"subordinate\": %u, \"msi\": %u, \"msix\": %u, "
           "\"gsi\": %d, \"window\": [%" PRIu64 ", %" PRIu64 "], \"io\": [%" PRIu64 ", %" PRIu64
           "], \"parent\": %d, \"resources\": [",
           f->name, f->vendor, f->device, f->class, f->pin, f->line, f->behind.secondary,
           f->behind.subordinate, f->capability.msi, f->msix.vectors,
           f->routed ? (int)f->route.gsi : -1, f->behind.memory.first, f->behind.memory.last,
           f->behind.io.first, f->behind.io.last, f->parent);
    for (unsigned i = 0; i < f->resource_count; i++) {
        const struct pci_resource *r = &f->resource[i];

        printf("%s{\"bar\": %u, \"io\": %d, \"address\": %" PRIu64 ", \"size\": %" PRIu64
               ", \"prefetch\": %d, \"wide\": %d, \"assigned\": %d}",
               i ? ", " : "", r->bar, r->kind == PCI_IO, r->base, r->size, r->prefetchable, r->wide,
               r->assigned);
    }
    printf("]}\n");
}

/* ---- ACPI ---- */

static uint64_t now_100ns(void)
{
    struct timespec t;

    (void)timespec_get(&t, TIME_UTC);
    return (uint64_t)t.tv_sec * 10000000 + (uint64_t)t.tv_nsec / 100;
}

static void log_line(const char *line)
{
    printf("# %s\n", line);
}

static uint64_t find_rsdp(void)
{
    for (unsigned at = 0; at < BIOS_BYTES; at += 16) {
        if (memcmp(bios + at, "RSD PTR ", 8) == 0) {
            return BIOS_AT + at;
        }
    }
    return 0;
}

/* Off, as no firmware leaves them: only _SRS can route then. */
static void turn_links_off(void)
{
    struct config_device router = {.access = &access, .place = PCI_PLACE(0, is_q35 ? 31 : 1, 0)};

    for (unsigned i = 0; i < PCI_PINS; i++) {
        if (is_q35) {
            pci_ich9_pirq_a_write(pci_ich9_regs_at(&router), i,
                                  (struct pci_ich9_pirq_a){.off = true});
            pci_ich9_pirq_e_write(pci_ich9_regs_at(&router), i,
                                  (struct pci_ich9_pirq_e){.off = true});
        } else {
            pci_piix3_pirq_write(pci_piix3_regs_at(&router), i,
                                 (struct pci_piix3_pirq){.off = true});
        }
    }
}

static void test_acpi(void)
{
    static struct acpi_window windows[2];
    static struct acpi_platform platform = {.windows = windows,
                                            .window_count = 2,
                                            .config = &access,
                                            .time_100ns = now_100ns,
                                            .log = log_line};
    const char *wrong;
    uint64_t peak, total;

    qtest_read(BIOS_AT, bios, sizeof(bios));
    qtest_read(RAM_BYTES - TABLES_BYTES, tables, sizeof(tables));
    windows[0] = (struct acpi_window){BIOS_AT, BIOS_BYTES, (uintptr_t)bios};
    windows[1] = (struct acpi_window){RAM_BYTES - TABLES_BYTES, TABLES_BYTES, (uintptr_t)tables};
    platform.rsdp_pa = find_rsdp();
    CHECK(platform.rsdp_pa != 0);
    turn_links_off();
    wrong = acpi_start(&platform);
    printf("# ACPI: %s, %u routes\n", wrong ? wrong : "ok", acpi_route_count());
    CHECK(wrong == NULL && acpi_bus_has_routes(0));
    /* pc: slots 0 to 31. q35: the same. */
    CHECK(acpi_route_count() == 128);
    acpi_pool_usage(&peak, &total);
    printf("# pool: %" PRIu64 " of %" PRIu64 " bytes\n", peak, total);
    CHECK(peak != 0 && peak < total * 3 / 4);
}

/* What the chip sets' data sheets and QEMU's sources say, for every slot and pin. */
static unsigned expected_gsi(unsigned slot, unsigned pin)
{
    struct config_device router = {.access = &access, .place = PCI_PLACE(0, 1, 0)};

    if (is_q35) {
        return slot == 30 ? 20 + pin : slot >= 25 ? 16 + pin : 20 + (slot + pin) % 4;
    }
    return pci_piix3_pirq_read(pci_piix3_regs_at(&router), (slot + pin + 3) % 4).irq;
}

static void test_routes(void)
{
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        for (unsigned pin = 0; pin < PCI_PINS; pin++) {
            struct acpi_route route = {.gsi = 0};

            CHECK(acpi_prt_route(0, slot, pin, &route));
            if (!is_q35 && slot == 1 && pin == 0) {
                CHECK(route.gsi == 9); /* the power management's own */
            } else if (route.gsi != expected_gsi(slot, pin)) {
                printf("# slot %u pin %u: GSI %u\n", slot, pin, route.gsi);
                CHECK(!"the route is as expected");
            } else {
                CHECK(route.level && !route.isa);
            }
        }
    }
    CHECK(!acpi_prt_route(0, 3, 4, &(struct acpi_route){0}));
    CHECK(!acpi_prt_route(9, 3, 0, &(struct acpi_route){0}) && !acpi_bus_has_routes(256));
}

/* ---- devices ---- */

static bool is_edu(const struct pci_function *f)
{
    return f->vendor == EDU_VENDOR && f->device == EDU_DEVICE;
}

static struct edu_regs edu_on(const struct pci_function *f, struct config_device *device)
{
    *device = pci_config_of(&access, f);
    pci_set_decoding(f, device, true);
    pci_set_intx(device, true);
    return edu_regs_at((uintptr_t)f->resource[0].base);
}

/* Every edu answers at its address, wherever it is. */
static void test_addresses(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < tree.count; i++) {
        const struct pci_function *f = &tree.function[i];
        struct config_device device;

        if (is_edu(f)) {
            struct edu_regs edu = edu_on(f, &device);

            CHECK(edu_identification_read(edu).magic == 0xed);
            edu_liveness_write(edu, 0x12345678u + i);
            CHECK(edu_liveness_read(edu) == ~(0x12345678u + i));
            pci_set_decoding(f, &device, false);
            CHECK(!pci_header_command_read(pci_header_regs_at(&device)).memory);
            pci_set_decoding(f, &device, true);
            count++;
        }
    }
    CHECK(count > 1);
}

/* Raise each edu's INTx: the IO-APIC's pin is the route's. q35 asserts an ISA pin besides. */
static void test_interrupts(void)
{
    qtest_intercept();
    for (unsigned i = 0; i < tree.count; i++) {
        const struct pci_function *f = &tree.function[i];
        struct config_device device;
        struct edu_regs edu;
        uint32_t pins;

        if (!is_edu(f)) {
            continue;
        }
        edu = edu_on(f, &device);
        edu_interrupt_raise_write(edu, 1);
        pins = qtest_pins();
        CHECK(pci_intx_is_asserted(&device));
        if (!f->routed || (is_q35 ? pins >> 16 << 16 : pins) != 1u << f->route.gsi) {
            printf("# %s: pins %x, routed %d to %u\n", f->name, pins, f->routed, f->route.gsi);
            CHECK(!"the pin is the route's");
        } else {
            CHECK(f->route.level);
        }
        pci_set_intx(&device, false);
        CHECK(qtest_pins() == 0);
        edu_interrupt_acknowledge_write(edu, 1);
        pci_set_intx(&device, true);
        CHECK(qtest_pins() == 0 && !pci_intx_is_asserted(&device));
    }
}

static const struct pci_message message = {.address = MESSAGE_AT, .data = MESSAGE_DATA};

static void test_msi(void)
{
    struct pci_function *f = NULL;
    struct config_device device;
    struct edu_regs edu;

    for (unsigned i = 0; i < tree.count && f == NULL; i++) {
        f = is_edu(&tree.function[i]) ? &tree.function[i] : NULL;
    }
    CHECK(f != NULL && f->capability.msi != 0);
    if (f == NULL) {
        return;
    }
    edu = edu_on(f, &device);
    pci_set_master(&device, true);
    mmio_write32(MESSAGE_AT, 0);
    CHECK(pci_msi_start(f, &device, (struct pci_message){.address = MESSAGE_AT, .data = 0x10000}));
    CHECK(!pci_msi_is_on(f, &device));
    CHECK(pci_msi_start(f, &device, message) == NULL && pci_msi_is_on(f, &device));
    edu_interrupt_raise_write(edu, 1);
    CHECK(mmio_read32(MESSAGE_AT) == MESSAGE_DATA);
    CHECK(!pci_msi_mask(f, &device, true)); /* edu's cannot be masked, and we know it */
    edu_interrupt_acknowledge_write(edu, 1);
    mmio_write32(MESSAGE_AT, 0);
    pci_msi_stop(f, &device);
    edu_interrupt_raise_write(edu, 1);
    CHECK(mmio_read32(MESSAGE_AT) == 0 && qtest_pins() == 0); /* neither message nor pin */
    edu_interrupt_acknowledge_write(edu, 1);
    CHECK(pci_msix_start(f, &device, 0) != NULL && pci_msix_set(f, 0, 0, message) != NULL);
    pci_set_intx(&device, true);
}

/* e1000e's vector 0 by its register that forces interrupts (82574L data sheet, section 10.2.4). */
static void test_msix(void)
{
    struct config_device device;
    struct pci_function *f = NULL;
    uintptr_t bar0, table;

    for (unsigned i = 0; i < tree.count; i++) {
        f = tree.function[i].device == E1000E ? &tree.function[i] : f;
    }
    if (f == NULL) {
        return;
    }
    device = pci_config_of(&access, f);
    CHECK(f->msix.vectors == 5 && f->msix.table_bar == 3 && f->resource_count == 4);
    bar0 = f->resource[0].base;
    table = f->resource[3].base + f->msix.table_offset;
    CHECK(f->resource[3].tables && !f->resource[0].tables);
    CHECK(pci_mappable(f, &f->resource[0]).last == f->resource[0].size - 1);
    CHECK(pci_mappable(f, &f->resource[3]).first == 0x3000); /* behind the pending bits */
    pci_set_decoding(f, &device, true);
    pci_set_master(&device, true);
    mmio_write32(MESSAGE_AT, 0);
    CHECK(pci_msix_start(f, &device, table) == NULL && pci_msi_is_on(f, &device));
    CHECK(pci_msix_set(f, table, 5, message) != NULL && pci_msix_set(f, table, 0, message) == NULL);
    mmio_write32(bar0 + 0xe4, 8);        /* IVAR: receive queue 0 is vector 0 */
    mmio_write32(bar0 + 0xd0, 1u << 20); /* IMS */
    pci_msix_mask(f, table, 0, true);
    mmio_write32(bar0 + 0xc8, 1u << 20); /* ICS */
    CHECK(mmio_read32(MESSAGE_AT) == 0);
    pci_msix_mask(f, table, 0, false); /* what was pending comes */
    CHECK(mmio_read32(MESSAGE_AT) == MESSAGE_DATA);
    pci_msix_stop(f, &device);
    CHECK(!pci_msi_is_on(f, &device));
}

/* ---- filter ---- */

static struct pci_function *first_with_msi(void)
{
    for (unsigned i = 0; i < tree.count; i++) {
        if (is_edu(&tree.function[i])) {
            return &tree.function[i];
        }
    }
    return NULL;
}

static void test_filter(void)
{
    const struct pci_function *f = first_with_msi();
    struct config_device device = pci_config_of(&access, f);
    uint32_t value = 0, before[64];
    unsigned msi = f->capability.msi;

    pci_set_decoding(f, &device, true);
    for (unsigned i = 0; i < 64; i++) {
        CHECK(pci_child_read(f, &access, i * 4, 4, &before[i]) == NULL);
    }
    CHECK(before[0] == 0x11e81234);
    for (unsigned offset = 0x10; offset < 0x28; offset += 4) {
        CHECK(strstr(pci_child_write(f, &access, offset, 4, 0), "BAR") != NULL);
        CHECK(strstr(pci_child_write(f, &access, offset + 2, 1, 1), "BAR") != NULL);
    }
    CHECK(strstr(pci_child_write(f, &access, 0x30, 4, 1), "ROM") != NULL);
    CHECK(strstr(pci_child_write(f, &access, 4, 2, 0), "command") != NULL);
    CHECK(strstr(pci_child_write(f, &access, 4, 2, (before[1] & 0xffff) ^ 4), "mastering") != NULL);
    CHECK(strstr(pci_child_write(f, &access, 5, 1, 4), "command") != NULL); /* INTx off */
    for (unsigned offset = msi; offset < msi + 14; offset += 2) {
        CHECK(strstr(pci_child_write(f, &access, offset, 2, 1), "MSI") != NULL);
    }
    CHECK(strstr(pci_child_write(f, &access, 0, 4, 0), "read-only") != NULL);
    CHECK(strstr(pci_child_write(f, &access, 0x0f, 1, 0x40), "self-test") != NULL);
    CHECK(strstr(pci_child_write(f, &access, 0x3c, 1, 5), "note") != NULL);
    CHECK(strstr(pci_child_read(f, &access, 2, 4, &value), "multiple") != NULL);
    CHECK(strstr(pci_child_read(f, &access, 0, 3, &value), "1, 2 or 4") != NULL);
    CHECK(strstr(pci_child_read(f, &access, access.ecam_va ? 4096 : 256, 4, &value), "bytes"));
    CHECK(strstr(pci_child_write(f, &access, 0xc, 1, 0x100), "longer") != NULL);
    if (access.ecam_va != 0) {
        CHECK(strstr(pci_child_write(f, &access, 0x100, 4, 0), "extended") != NULL);
    }
    for (unsigned i = 0; i < 64; i++) { /* nothing has changed */
        CHECK(pci_child_read(f, &access, i * 4, 4, &value) == NULL && value == before[i]);
    }
    /* What is allowed. */
    CHECK(pci_child_write(f, &access, 0x0c, 1, 0x10) == NULL);
    CHECK(pci_child_read(f, &access, 0x0c, 1, &value) == NULL && value == 0x10);
    CHECK(pci_child_write(f, &access, 0x0c, 1, 0) == NULL);
    CHECK(pci_child_write(f, &access, 4, 4, before[1] | 0x40) == NULL); /* edu has no such bit */
}

static void test_filter_bridges(void)
{
    for (unsigned i = 0; i < tree.count; i++) {
        const struct pci_function *f = &tree.function[i];
        struct config_device device = pci_config_of(&access, f);

        CHECK(pci_capability_after(&device, PCI_CAPABILITY_KIND_MSI, 0) == f->capability.msi);
        CHECK(pci_capability_after(&device, PCI_CAPABILITY_KIND_MSIX, 0) == f->capability.msix);
        CHECK(pci_capability_after(&device, PCI_CAPABILITY_KIND_POWER, 0) == f->capability.power);
        CHECK(f->capability.msi == 0 ||
              pci_capability_after(&device, PCI_CAPABILITY_KIND_MSI, f->capability.msi) == 0);

        if (f->class >> 16 == 6) {
            CHECK(strstr(pci_child_write(f, &access, 0x20, 4, 0), "bridge") != NULL);
            CHECK(strstr(pci_child_write(f, &access, 0x60, 1, 0), "bridge") != NULL);
        } else if (f->capability.power != 0) {
            CHECK(pci_write_refused(f, &access, f->capability.power + 4u, 2, 0) == NULL);
        }
    }
}

/* ---- restart ---- */

static unsigned bar_writes, command_writes;

static void watch(uint16_t place, uint32_t offset, unsigned bytes)
{
    const struct pci_function *f = NULL;

    for (unsigned i = 0; i < tree.count; i++) {
        f = tree.function[i].place == place ? &tree.function[i] : f;
    }
    if (f != NULL && (f->live || f->layout == PCI_HEADER_LAYOUT_BRIDGE)) {
        bar_writes += offset + bytes > 0x10 && offset < 0x28;
        command_writes += offset + bytes > 4 && offset < 6;
    }
}

static bool same(const struct pci_function *a, const struct pci_function *b)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;

    for (size_t i = 0; i < sizeof(*a); i++) {
        if (x[i] != y[i]) {
            printf("# %s: byte %zu: %x, %x\n", a->name, i, x[i], y[i]);
            return false;
        }
    }
    return true;
}

/* The successor takes over the record: no live function, and no bridge, is written to. */
static void test_restart(void)
{
    unsigned live = 0;

    for (unsigned i = 0; i < tree.count; i++) {
        tree.function[i].live = i % 2 == 0;
        live += i % 2 == 0;
    }
    watch_config(watch, access.ecam_va);
    pci_enumerate(&again, &access, &tree, true);
    pci_route(&again);
    watch_config(NULL, 0);
    CHECK(bar_writes == 0 && command_writes == 0 && live > 1);
    CHECK(again.count == tree.count && !again.full);
    for (unsigned i = 0; i < tree.count; i++) {
        CHECK(same(&again.function[i], &tree.function[i]));
        tree.function[i].live = false;
    }
    /* Another device at a recorded place is a new one. */
    tree.function[2].live = true;
    tree.function[2].device ^= 1;
    pci_enumerate(&again, &access, &tree, false);
    CHECK(!again.function[2].live);
    tree.function[2].device ^= 1;
    tree.function[2].live = false;
}

/* QEMU shows the addresses of what answers. */
static void decode_all(void)
{
    for (unsigned i = 0; i < tree.count; i++) {
        struct config_device device = pci_config_of(&access, &tree.function[i]);

        if (tree.function[i].layout == PCI_HEADER_LAYOUT_DEVICE) {
            pci_set_decoding(&tree.function[i], &device, true);
        } else { /* a bridge answers for those behind it, too */
            pci_header_command_set_memory(pci_header_regs_at(&device), true);
        }
    }
}

static void test_names(void)
{
    pci_place place;

    for (unsigned i = 0; i < tree.count; i++) {
        CHECK(pci_name_parse(tree.function[i].name, &place) && place == tree.function[i].place);
        CHECK(pci_find(&tree, tree.function[i].name) == &tree.function[i]);
    }
    CHECK(!pci_name_parse("00:20.0", &place) && !pci_name_parse("00:1f.8", &place));
    CHECK(!pci_name_parse("00:1f.", &place) && !pci_name_parse("00:1f.00", &place));
    CHECK(!pci_name_parse("", &place) && !pci_name_parse("0:1f.0", &place));
    CHECK(!pci_name_parse("00-1f.0", &place) && pci_find(&tree, "ff:1f.7") == NULL);
}

/* ---- the machine ---- */

static void use_ecam(void)
{
    struct config_device hub = {.access = &access, .place = 0};
    struct pci_q35_ecam ecam = pci_q35_ecam_read(pci_q35_regs_at(&hub));

    if (!ecam.enable) { /* no firmware: as SeaBIOS would */
        pci_q35_ecam_high_write(pci_q35_regs_at(&hub), 0);
        ecam = (struct pci_q35_ecam){.enable = true, .base64m = 0xb0000000u >> 26};
        pci_q35_ecam_write(pci_q35_regs_at(&hub), ecam);
    }
    access.ecam_va = (uintptr_t)ecam.base64m << 26;
}

/* ---- what the firmware has left on */

static bool is_a_bridge(const struct pci_function *f)
{
    return f->class >> 16 == 6;
}

static struct pci_header_command command_of(const struct pci_function *f)
{
    struct config_device device = pci_config_of(&access, f);

    return pci_header_command_read(pci_header_regs_at(&device));
}

static void test_silence(void)
{
    struct pci_header_command before[PCI_FUNCTIONS_MAX], after;
    unsigned devices = 0;

    for (unsigned i = 0; i < tree.count; i++) {
        const struct pci_function *f = &tree.function[i];
        struct config_device device = pci_config_of(&access, f);
        pci_set_master(&device, true);
        (void)pci_msi_start(f, &device, message);
        before[i] = command_of(f);
    }
    tree.function[tree.count - 1].live = true; /* one that is in use */
    pci_silence_all(&tree, &access);
    for (unsigned i = 0; i < tree.count; i++) {
        const struct pci_function *f = &tree.function[i];
        struct config_device device = pci_config_of(&access, f);
        after = command_of(f);
        CHECK(after.memory == before[i].memory && after.ports == before[i].ports);
        if (is_a_bridge(f) || f->live) {
            CHECK(after.master == before[i].master && after.no_intx == before[i].no_intx);
            continue;
        }
        devices += before[i].master;
        CHECK(!after.master && !pci_msi_is_on(f, &device));
        CHECK(after.no_intx == before[i].no_intx || after.no_intx);
    }
    CHECK(devices > 3);
    tree.function[tree.count - 1].live = false;
}

int main(int count, char **arguments)
{
    static const struct pci_space space = {.memory = {MEMORY_FIRST, MEMORY_LAST},
                                           .io = {IO_FIRST, IO_LAST}};
    bool firmware;

    if (count != 4 || !qtest_open(arguments[1])) {
        return 2;
    }
    is_q35 = strcmp(arguments[2], "q35") == 0;
    firmware = strcmp(arguments[3], "firmware") == 0;
    if (is_q35) {
        use_ecam();
    }
    if (firmware) {
        test_acpi();
        test_routes();
    }
    pci_enumerate(&tree, &access, NULL, true);
    CHECK(!tree.full && pci_assign(&tree, &access, &space) == 0);
    pci_route(&tree);
    for (unsigned i = 0; i < tree.count; i++) {
        print_function(&tree.function[i]);
    }
    test_addresses();
    if (firmware) {
        test_interrupts();
    }
    test_msi();
    test_msix();
    test_filter();
    test_filter_bridges();
    test_restart();
    test_names();
    test_silence();
    decode_all();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
