/*
 * reserved.c - see reserved.h.
 * Sources: IBM PC/AT Technical Reference (1985), I/O address map; Intel ICH9 datasheet (316972),
 * section 9.3, fixed I/O and memory ranges, and 13.1.13 (PMBASE: 128 bytes); PCI Firmware
 * Specification 3.0, section 4.1 (ECAM); QEMU 7.2, docs/specs/fw_cfg.rst.
 */
#include "reserved.h"

#include <string.h>

#define PAGE           4096ull
#define ECAM_BUS_BYTES (1ull << 20)
#define PM_BYTES       128u
#define SYSTEM_BOARD   0x100u /* ports below are the system board's: none is of a card */

struct range {
    uint64_t first, last;
    const char *what;
};

static const struct range ports[] = {
    {0x4d0, 0x4d1, "how interrupts are triggered"},
    {0x510, 0x51b, "the emulator's configuration, which writes to all memory"},
    {0xcf8, 0xcff, "PCI configuration space and the reset register"},
};

/* Legacy devices on the system board: platform's to report, and nobody else's. */
static const struct range boards[] = {
    {0x40, 0x43, "the PIT"},
    {0x60, 0x60, "the keyboard controller's data"},
    {0x61, 0x61, "the PIT's gate"},
    {0x70, 0x71, "the CMOS clock"},
};

static const struct range memory[] = {
    {0, 0x9ffff, "conventional memory"},
    {0xc0000, 0xfffff, "the firmware"},
    {0xfec00000, 0xffffffff, "interrupt controllers, the IOMMU and the firmware"},
};

static bool meets(const struct range *with, uint64_t first, uint64_t last)
{
    return first <= with->last && with->first <= last;
}

static const char *find(const struct range *ranges, size_t count, uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < count; i++) {
        if (meets(&ranges[i], first, last)) {
            return ranges[i].what;
        }
    }
    return NULL;
}

static bool is_platform(const struct node *bus)
{
    return bus->parent == 0 && strcmp(bus->name, "platform") == 0;
}

static bool is_of_board(uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
        if (first >= boards[i].first && last <= boards[i].last) {
            return true;
        }
    }
    return false;
}

static const char *of_acpi(const struct boot_acpi *acpi, uint64_t first, uint64_t last)
{
    const uint16_t blocks[] = {acpi->pm1a_port, acpi->pm1b_port};

    if (acpi->has_reset != 0 && first <= acpi->reset_port && acpi->reset_port <= last) {
        return "the reset register";
    }
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        uint64_t at = blocks[i] & ~(PM_BYTES - 1u);
        const struct range block = {at, at + PM_BYTES - 1, NULL};
        if (blocks[i] != 0 && meets(&block, first, last)) {
            return "power management, which switches the machine off";
        }
    }
    return NULL;
}

static const char *find_ports(const struct bootinfo *boot, const struct node *bus, uint64_t first,
                              uint64_t last)
{
    const char *what = find(ports, sizeof(ports) / sizeof(ports[0]), first, last);

    if (what == NULL && first < SYSTEM_BOARD && !(is_platform(bus) && is_of_board(first, last))) {
        what = "the system board";
    }
    return what != NULL ? what : of_acpi(&boot_machine(boot)->acpi, first, last);
}

/* Is every byte device memory, as the kernel handed it out? It keeps RAM's and its own. */
static bool is_device_memory(const struct bootinfo *boot, uint64_t first, uint64_t last)
{
    uint64_t at = first;
    bool found = true;

    while (found && at <= last) {
        found = false;
        for (uint32_t i = 0; !found && i < boot->untyped_count && i < BOOT_MAX_UNTYPED; i++) {
            const struct boot_untyped *u = &boot->untyped[i];
            found = u->is_device != 0 && at >= u->pa && at - u->pa < 1ull << u->size_bits;
            at = found ? u->pa + (1ull << u->size_bits) : at;
        }
    }
    return found;
}

/* Configuration space and what ACPI's interpreter reads. */
static const char *of_firmware(const struct boot_acpi *acpi, uint64_t first, uint64_t last)
{
    const struct range rsdp = {acpi->rsdp_pa & ~(PAGE - 1), acpi->rsdp_pa | (PAGE - 1), NULL};
    const struct range tables = {acpi->tables_pa & ~(PAGE - 1),
                                 (acpi->tables_pa + acpi->tables_bytes) | (PAGE - 1), NULL};

    for (uint32_t i = 0; i < acpi->mcfg_count && i < BOOT_MAX_MCFG; i++) {
        const struct boot_mcfg *m = &acpi->mcfg[i];
        const struct range ecam = {m->pa + m->bus_first * ECAM_BUS_BYTES,
                                   m->pa + (m->bus_last + 1) * ECAM_BUS_BYTES - 1, NULL};
        if (meets(&ecam, first, last)) {
            return "PCI configuration space";
        }
    }
    if ((acpi->rsdp_pa != 0 && meets(&rsdp, first, last)) ||
        (acpi->tables_bytes != 0 && meets(&tables, first, last))) {
        return "ACPI's tables";
    }
    return NULL;
}

static const char *find_memory(const struct bootinfo *boot, const struct node *bus, uint64_t first,
                               uint64_t last)
{
    uint64_t hpet = boot_machine(boot)->acpi.hpet_pa & ~(PAGE - 1);
    const char *what;

    if (hpet != 0 && first == hpet && last == hpet + PAGE - 1 && is_platform(bus)) {
        return NULL; /* it lies among the interrupt controllers */
    }
    what = find(memory, sizeof(memory) / sizeof(memory[0]), first, last);
    if (what == NULL) {
        what = of_firmware(&boot_machine(boot)->acpi, first, last);
    }
    if (what == NULL && !is_device_memory(boot, first, last)) {
        what = "memory that is no device's";
    }
    return what;
}

const char *reserved_find(const struct bootinfo *boot, const struct node *bus,
                          const struct resource *r)
{
    uint64_t last = r->base + (r->size - 1);

    if (r->kind == RESOURCE_PORTS) {
        return find_ports(boot, bus, r->base, last);
    }
    if (r->kind == RESOURCE_MMIO) {
        return find_memory(boot, bus, r->base & ~(PAGE - 1), last | (PAGE - 1));
    }
    return NULL;
}
