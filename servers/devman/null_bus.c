/*
 * null_bus.c - the root of the tree: what no bus can find by looking. On it hang the buses
 * themselves and the null device; the firmware's tables say what they own.
 */
#include "devman.h"

#include <stdio.h>

#define PCI_CONFIG_PORTS 0xcf8
#define ECAM_BUS_BYTES   (1ull << 20) /* PCI Firmware specification: 4 KiB for each function */
#define ECAM_BUSES       64u          /* that are mapped at most */

/* platform reports what PCI has not: it starts when that is known. */
static bool platform_waits;

static struct node *add(const char *name)
{
    struct identity identity = {0};
    struct node *node = NULL;

    (void)snprintf(identity.name, sizeof(identity.name), "%s", name);
    (void)tree_add(&devman.tree, 0, name, &identity, &node);
    return node;
}

static void own(struct node *node, const char *name, enum resource_kind kind, uint64_t base,
                uint64_t size)
{
    struct resource r = {.kind = kind, .base = base, .size = size};

    (void)snprintf(r.name, sizeof(r.name), "%s", name);
    if (tree_add_resource(node, &r) != E_OK) {
        log_line("the null bus: %s of %s is no good resource", name, node->name);
    }
}

/* What ACPI's interpreter reads: whole pages around its tables. */
static void report_tables(struct node *pci)
{
    const struct boot_acpi *acpi = &boot_machine(devman.boot)->acpi;

    if (acpi->rsdp_pa != 0) {
        own(pci, "rsdp", RESOURCE_MMIO, acpi->rsdp_pa & ~4095ull, 4096);
    }
    if (acpi->tables_bytes != 0) {
        uint64_t first = acpi->tables_pa & ~4095ull;
        uint64_t end = (acpi->tables_pa + acpi->tables_bytes + 4095) & ~4095ull;
        own(pci, "tables", RESOURCE_MMIO, first, end - first);
    }
}

/* Configuration space has two doors, and one is enough: the ports only where there is no ECAM. */
static void report_pci(void)
{
    struct node *pci = add("pci");
    bool has_ecam = false;

    report_tables(pci);
    for (unsigned i = 0; i < boot_machine(devman.boot)->acpi.mcfg_count && i < BOOT_MAX_MCFG; i++) {
        const struct boot_mcfg *m = &boot_machine(devman.boot)->acpi.mcfg[i];
        if (m->segment == 0 && m->bus_first == 0) {
            unsigned buses = m->bus_last + 1u < ECAM_BUSES ? m->bus_last + 1u : ECAM_BUSES;
            own(pci, "ecam", RESOURCE_MMIO, m->pa, buses * ECAM_BUS_BYTES);
            has_ecam = true;
        }
    }
    if (!has_ecam) {
        own(pci, "ports", RESOURCE_PORTS, PCI_CONFIG_PORTS, 8);
    }
}

/* What platform may touch to find the legacy devices. Once it has reported one, that one's ports
 * are its driver's. */
static void report_platform(void)
{
    static const struct {
        const char *name;
        uint16_t base, size;
    } ranges[] = {{"com1", 0x3f8, 8}, {"com2", 0x2f8, 8}, {"com3", 0x3e8, 8},
                  {"com4", 0x2e8, 8}, {"i8042", 0x64, 1}, {"vga", 0x3c0, 32},
                  {"cmos", 0x70, 2},  {"pit", 0x40, 4},   {"gate", 0x61, 1}};
    struct node *platform = add("platform");

    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        own(platform, ranges[i].name, RESOURCE_PORTS, ranges[i].base, ranges[i].size);
    }
    if (boot_machine(devman.boot)->acpi.hpet_pa != 0) {
        own(platform, "hpet", RESOURCE_MMIO, boot_machine(devman.boot)->acpi.hpet_pa & ~4095ull,
            4096);
    }
}

void null_bus_report(void)
{
    report_platform();
    report_pci();
    (void)add("null");
    platform_waits = true;
    for (unsigned i = 1; i < devman.tree.count; i++) {
        if (&devman.device[i] != device_by_path("/platform")) {
            life_match(&devman.device[i]);
        }
    }
}

bool null_bus_waits(void)
{
    return platform_waits;
}

void null_bus_go_on(void)
{
    const struct device *pci;

    if (!platform_waits) {
        return;
    }
    pci = device_by_path("/pci");
    if (pci->recorded || pci->state == DEVICE_REFUSED || pci->state == DEVICE_WAITING ||
        pci->state == DEVICE_GAVE_UP) {
        platform_waits = false;
        life_match(device_by_path("/platform"));
    }
}
