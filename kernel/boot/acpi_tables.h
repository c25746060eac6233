/*
 * acpi_tables.h - layout of the ACPI tables that acpi.c and acpi_madt.c read.
 * Source: ACPI 6.5 chapter 5.2; everything is packed, since tables may lie at any address.
 */
#ifndef BOOT_ACPI_TABLES_H
#define BOOT_ACPI_TABLES_H

#include <stdint.h>

#include "quoll/bootinfo.h"

struct acpi_header { /* section 5.2.6 */
    char signature[4];
    uint32_t bytes; /* with this header */
    uint8_t revision, checksum;
    char oem[18];
    char creator[8];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI table header");

/** Read the MADT, whose length and checksum are right. Section 5.2.12. */
void acpi_madt(const uint8_t *table, uint32_t bytes, struct boot_acpi *out);

/** A line in the log about an odd table; after a few of them it stays silent. */
void acpi_complain(const char *signature, const char *what);

#endif
