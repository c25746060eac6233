/*
 * tables.h - what root alone reads of the ACPI tables: how to end the machine, where the HPET, PCI
 * configuration space and the IOMMUs are. The kernel has found the tables and checked length and
 * checksum of each; nothing else in them is believed. An odd one is skipped with a line in the log
 * and never stops the boot. Pure functions on a table in memory, so they are tested on the host.
 */
#ifndef ROOT_TABLES_H
#define ROOT_TABLES_H

#include <quoll/bootinfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACPI_HEADER_BYTES 36u

/* A table as it lies in memory, unaligned. @at is null where there is none. */
struct acpi_table {
    const uint8_t *at;
    uint32_t bytes; /* with its header */
};

struct acpi_address { /* ACPI 6.5, 5.2.3.2: Generic Address Structure */
    uint8_t space, bits, offset, access;
    uint64_t address;
} __attribute__((packed));
#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_PORT   1

/** A line in the log about an odd table. */
void acpi_complain(const char *signature, const char *what);

/** The first table with @signature. */
struct acpi_table acpi_find(const char *signature);

/** Find \_S5_ in @bytes bytes of AML and give its first two elements, the SLP_TYP values.
 *  False, and outputs unchanged, if there is none with constant elements.
 *  Source: ACPI 6.5 sections 7.4.2, 20.2.2, 20.2.3, 20.2.5. */
bool aml_find_s5(const uint8_t *aml, uint64_t bytes, uint8_t *typ_a, uint8_t *typ_b);

/** Ports and values that switch the machine off and on again. Without a sound @dsdt there is no
 *  sleep type, so the PM1 ports stay 0. */
void fadt_read(struct acpi_table fadt, struct acpi_table dsdt, struct boot_acpi *out);

/** Where the HPET's registers are. */
void hpet_read(struct acpi_table hpet, struct boot_acpi *out);

/** Where PCI configuration space is mapped. */
void mcfg_read(struct acpi_table mcfg, struct boot_acpi *out);

#endif
