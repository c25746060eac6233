/*
 * acpi.c - from the kernel's list of ACPI tables to the facts in bootinfo that are root's to fill
 * in, once, before any other task is made.
 */
#include "root.h"
#include "tables.h"

#include <string.h>

#define COMPLAINTS_MAX 16u

void acpi_complain(const char *signature, const char *what)
{
    static unsigned complaints;

    if (complaints < COMPLAINTS_MAX) {
        complaints++;
        syslog("acpi: %s: %s%s", signature, what,
               complaints == COMPLAINTS_MAX ? "; more like this is not shown" : "");
    }
}

struct acpi_table acpi_find(const char *signature)
{
    const struct boot_acpi *acpi = &root.info->acpi;
    uint64_t first = acpi->tables_pa & ~4095ull;

    for (uint32_t i = 0; i < acpi->table_count && i < BOOT_MAX_TABLES; i++) {
        const struct boot_table *t = &acpi->table[i];
        uint64_t at = t->pa - first;
        if (memcmp(t->signature, signature, 4) == 0 && at + t->bytes <= BOOT_TABLES_MAX) {
            return (struct acpi_table){(const uint8_t *)BOOT_TABLES_VA + at, t->bytes};
        }
    }
    return (struct acpi_table){0};
}

/* The kernel has mapped them only if all lie close together. */
static bool are_mapped(const struct boot_acpi *acpi)
{
    uint64_t first = acpi->tables_pa & ~4095ull;

    return acpi->tables_pa + acpi->tables_bytes - first <= BOOT_TABLES_MAX;
}

void acpi_read(void)
{
    struct boot_acpi *acpi = &root.info->acpi;
    struct acpi_table fadt, hpet, mcfg;

    if (!are_mapped(acpi)) {
        syslog("acpi: the tables lie too far apart to be read, as if there were none");
        return;
    }
    fadt = acpi_find("FACP");
    hpet = acpi_find("HPET");
    mcfg = acpi_find("MCFG");
    if (fadt.at != NULL) {
        fadt_read(fadt, acpi_find("DSDT"), acpi);
    }
    if (hpet.at != NULL) {
        hpet_read(hpet, acpi);
    }
    if (mcfg.at != NULL) {
        mcfg_read(mcfg, acpi);
    }
}
