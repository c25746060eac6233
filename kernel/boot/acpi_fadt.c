/*
 * acpi_fadt.c - how to switch the machine off and on: FADT, and \_S5_ in the DSDT.
 * Source: ACPI 6.5 section 5.2.9 and table 5.9; 4.8.3.6 for the reset register.
 */
#include "boot/acpi.h"
#include "boot/acpi_tables.h"
#include "lib/string.h"

#define FADT_V1_BYTES        116u
#define FADT_OFF_DSDT        40u
#define FADT_OFF_PM1A        64u
#define FADT_OFF_PM1B        68u
#define FADT_OFF_FLAGS       112u
#define FADT_OFF_RESET       116u
#define FADT_OFF_RESET_VALUE 128u
#define FADT_OFF_X_DSDT      140u
#define FADT_OFF_X_PM1A      172u
#define FADT_OFF_X_PM1B      184u
#define RESET_REG_SUP        (1u << 10)

static uint32_t u32_at(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* The extended address wins when it is there and in port space; 0 if neither is a port. */
static uint16_t port_of(const uint8_t *table, uint32_t bytes, uint32_t old, uint32_t extended)
{
    struct acpi_address address;
    uint32_t port = u32_at(table + old);

    if (bytes >= extended + sizeof address) {
        memcpy(&address, table + extended, sizeof address);
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
    memcpy(&address, table + FADT_OFF_RESET, sizeof address);
    if (address.space != ACPI_SPACE_PORT || address.address == 0 || address.address > 0xffff) {
        return; /* in memory or PCI space: root uses the keyboard controller instead */
    }
    out->reset_port = (uint16_t)address.address;
    out->reset_value = table[FADT_OFF_RESET_VALUE];
    out->has_reset = 1;
}

static void read_dsdt(const uint8_t *table, uint32_t bytes, struct boot_acpi *out)
{
    uint64_t pa = u32_at(table + FADT_OFF_DSDT);

    if (bytes >= FADT_OFF_X_DSDT + 8) {
        uint64_t extended;
        memcpy(&extended, table + FADT_OFF_X_DSDT, sizeof extended);
        pa = extended != 0 ? extended : pa;
    }
    const struct acpi_header *dsdt = acpi_table(pa);
    if (dsdt == NULL) {
        return;
    }
    acpi_note(pa, dsdt->bytes, out);
    if (memcmp(dsdt->signature, "DSDT", 4) != 0 ||
        !aml_find_s5((const uint8_t *)dsdt + sizeof *dsdt, dsdt->bytes - sizeof *dsdt,
                     &out->s5_typ_a, &out->s5_typ_b)) {
        acpi_complain("DSDT", "no _S5_ found: poweroff will not work");
        out->pm1a_port = 0; /* without the sleep type the port must not be written */
        out->pm1b_port = 0;
    }
}

void acpi_fadt(const uint8_t *table, uint32_t bytes, struct boot_acpi *out)
{
    if (bytes < FADT_V1_BYTES) {
        acpi_complain("FACP", "too short, skipped");
        return;
    }
    out->pm1a_port = port_of(table, bytes, FADT_OFF_PM1A, FADT_OFF_X_PM1A);
    out->pm1b_port = port_of(table, bytes, FADT_OFF_PM1B, FADT_OFF_X_PM1B);
    read_reset(table, bytes, out);
    read_dsdt(table, bytes, out);
}
