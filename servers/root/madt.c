/*
 * madt.c - interrupt controllers and CPUs, from the MADT.
 * Source: ACPI 6.5 section 5.2.12 and its tables 5.19 to 5.37.
 */
#include "tables.h"

#include <string.h>

#define MADT_ENTRIES_OFFSET 44u
#define PCAT_COMPAT         1u /* there are 8259s too */
#define CPU_ENABLED         1u

/* MPS INTI flags, table 5.26; 0 in a field means what the bus does: ISA is high and edge. */
#define POLARITY_MASK 0x3u
#define POLARITY_LOW  0x3u
#define TRIGGER_MASK  0xcu
#define TRIGGER_LEVEL 0xcu

enum madt_type {
    MADT_LOCAL_APIC = 0,
    MADT_IO_APIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LAPIC_ADDRESS = 5,
    MADT_X2APIC = 9,
};

static uint32_t u32_at(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static void add_ioapic(const uint8_t *e, struct boot_acpi *out)
{
    if (out->ioapic_count == BOOT_MAX_IOAPIC) {
        acpi_complain("APIC", "too many IO-APICs, one is ignored");
        return;
    }
    out->ioapic[out->ioapic_count++] = (struct boot_ioapic){.id = e[2],
                                                            .pa = u32_at(e + 4),
                                                            .gsi_base = u32_at(e + 8),
                                                            .requester = IOAPIC_ANONYMOUS};
}

static void add_override(const uint8_t *e, struct boot_acpi *out)
{
    if (e[2] != 0 || e[3] > 15) { /* bus 0 is ISA, the only one defined */
        acpi_complain("APIC", "an interrupt override makes no sense, skipped");
        return;
    }
    if (out->iso_count == BOOT_MAX_ISO) {
        acpi_complain("APIC", "too many interrupt overrides, one is ignored");
        return;
    }
    out->iso[out->iso_count++] =
        (struct boot_iso){.irq = e[3],
                          .active_low = (e[8] & POLARITY_MASK) == POLARITY_LOW,
                          .level = (e[8] & TRIGGER_MASK) == TRIGGER_LEVEL,
                          .gsi = u32_at(e + 4)};
}

/* Bytes that the entry must have before its fields are read; 0: of no interest. */
static uint8_t bytes_needed(uint8_t type)
{
    switch (type) {
    case MADT_LOCAL_APIC:
        return 8;
    case MADT_IO_APIC:
    case MADT_LAPIC_ADDRESS:
        return 12;
    case MADT_OVERRIDE:
        return 10;
    case MADT_X2APIC:
        return 16;
    default:
        return 0;
    }
}

static void read_entry(const uint8_t *e, struct boot_acpi *out, uint32_t *cpus)
{
    switch (e[0]) {
    case MADT_LOCAL_APIC:
        *cpus += u32_at(e + 4) & CPU_ENABLED;
        break;
    case MADT_X2APIC:
        *cpus += u32_at(e + 8) & CPU_ENABLED;
        break;
    case MADT_IO_APIC:
        add_ioapic(e, out);
        break;
    case MADT_OVERRIDE:
        add_override(e, out);
        break;
    case MADT_LAPIC_ADDRESS:
        memcpy(&out->lapic_pa, e + 4, sizeof(out->lapic_pa));
        break;
    default:
        break;
    }
}

void madt_read(struct acpi_table madt, struct boot_acpi *out)
{
    const uint8_t *table = madt.at;
    uint32_t bytes = madt.bytes;
    uint32_t at = MADT_ENTRIES_OFFSET;
    uint32_t cpus = 0;

    if (bytes < MADT_ENTRIES_OFFSET) {
        acpi_complain("APIC", "too short, skipped");
        return;
    }
    if (out->lapic_pa != 0 || out->ioapic_count != 0) {
        acpi_complain("APIC", "there is a second one, skipped");
        return;
    }
    out->lapic_pa = u32_at(table + 36);
    out->has_8259 = u32_at(table + 40) & PCAT_COMPAT;
    while (bytes - at >= 2) {
        const uint8_t *e = table + at;
        if (e[1] < 2 || e[1] > bytes - at) {
            acpi_complain("APIC", "an entry has a wrong length, the rest is ignored");
            break;
        }
        if (e[1] < bytes_needed(e[0])) {
            acpi_complain("APIC", "an entry is too short, skipped");
        } else {
            read_entry(e, out, &cpus);
        }
        at += e[1];
    }
    out->cpu_count = cpus > 0 ? cpus : 1;
}
