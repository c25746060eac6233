/*
 * fadt.c - how to switch the machine off and on: FADT, and \_S5_ in the DSDT.
 * Source: ACPI 6.5 section 5.2.9 and table 5.9; 4.8.3.6 for the reset register.
 */
#include "tables.h"

#include <string.h>

#define FADT_V1_BYTES        116u
#define FADT_OFF_PM1A        64u
#define FADT_OFF_PM1B        68u
#define FADT_OFF_FLAGS       112u
#define FADT_OFF_RESET       116u
#define FADT_OFF_RESET_VALUE 128u
#define FADT_OFF_X_PM1A      172u
#define FADT_OFF_X_PM1B      184u
#define RESET_REG_SUP        (1u << 10)

static uint32_t u32_at(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

/* The extended address wins when it is there and in port space; 0 if neither is a port. */
static uint16_t port_of(const uint8_t *table, uint32_t bytes, uint32_t old, uint32_t extended)
{
    struct acpi_address address;
    uint32_t port = u32_at(table + old);

    if (bytes >= extended + sizeof(address)) {
        memcpy(&address, table + extended, sizeof(address));
        if (address.space == ACPI_SPACE_PORT && address.address != 0 && address.address <= 0xffff) {
            return (uint16_t)address.address;
        }
    }
    return port <= 0xffff ? (uint16_t)port : 0;
}

static void read_reset(const uint8_t *table, uint32_t bytes, struct boot_acpi *out)
{
    struct acpi_address address;

    if (bytes <= FADT_OFF_RESET_VALUE || (u32_at(table + FADT_OFF_FLAGS) & RESET_REG_SUP) == 0) {
        return;
    }
    memcpy(&address, table + FADT_OFF_RESET, sizeof(address));
    if (address.space != ACPI_SPACE_PORT || address.address == 0 || address.address > 0xffff) {
        return; /* in memory or PCI space: root uses the keyboard controller instead */
    }
    out->reset_port = (uint16_t)address.address;
    out->reset_value = table[FADT_OFF_RESET_VALUE];
    out->has_reset = 1;
}

void fadt_read(struct acpi_table fadt, struct acpi_table dsdt, struct boot_acpi *out)
{
    if (fadt.bytes < FADT_V1_BYTES) {
        acpi_complain("FACP", "too short, skipped");
        return;
    }
    read_reset(fadt.at, fadt.bytes, out);
    if (dsdt.at == NULL || !aml_find_s5(dsdt.at + ACPI_HEADER_BYTES, dsdt.bytes - ACPI_HEADER_BYTES,
                                        &out->s5_typ_a, &out->s5_typ_b)) {
        acpi_complain("DSDT", "no _S5_ found: poweroff will not work");
        return; /* without the sleep type the ports must not be written */
    }
    out->pm1a_port = port_of(fadt.at, fadt.bytes, FADT_OFF_PM1A, FADT_OFF_X_PM1A);
    out->pm1b_port = port_of(fadt.at, fadt.bytes, FADT_OFF_PM1B, FADT_OFF_X_PM1B);
}
