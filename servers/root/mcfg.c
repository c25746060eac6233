/*
 * mcfg.c - two tables of a few fields: where the HPET is and where PCI configuration space is.
 * Source: IA-PC HPET 1.0a, 3.2.4; PCI Firmware Specification 3.3, 4.1.2.
 */
#include "tables.h"

#include <string.h>

struct hpet_table {
    uint8_t header[ACPI_HEADER_BYTES];
    uint32_t block_id;
    struct acpi_address base;
} __attribute__((packed));

struct mcfg_entry {
    uint64_t pa;
    uint16_t segment;
    uint8_t bus_first, bus_last;
    uint32_t reserved;
} __attribute__((packed));
#define MCFG_ENTRIES_OFFSET 44u /* header and 8 reserved bytes */

void hpet_read(struct acpi_table table, struct boot_acpi *out)
{
    struct hpet_table hpet;

    if (table.bytes < sizeof(hpet)) {
        acpi_complain("HPET", "too short, skipped");
        return;
    }
    memcpy(&hpet, table.at, sizeof(hpet));
    if (hpet.base.space != ACPI_SPACE_MEMORY) {
        acpi_complain("HPET", "its registers are not in memory, skipped");
        return;
    }
    if (out->hpet_pa == 0) { /* further blocks have a table each; the first one is enough */
        out->hpet_pa = hpet.base.address;
    }
}

void mcfg_read(struct acpi_table table, struct boot_acpi *out)
{
    struct mcfg_entry entry;

    for (uint32_t at = MCFG_ENTRIES_OFFSET; at + sizeof(entry) <= table.bytes;
         at += (uint32_t)sizeof(entry)) {
        memcpy(&entry, table.at + at, sizeof(entry));
        if (entry.bus_first > entry.bus_last || entry.pa % 0x100000 != 0) {
            acpi_complain("MCFG", "an entry makes no sense, skipped");
            continue;
        }
        if (out->mcfg_count == BOOT_MAX_MCFG) {
            acpi_complain("MCFG", "too many segments, the rest is ignored");
            return;
        }
        out->mcfg[out->mcfg_count++] = (struct boot_mcfg){.pa = entry.pa,
                                                          .segment = entry.segment,
                                                          .bus_first = entry.bus_first,
                                                          .bus_last = entry.bus_last};
    }
}
