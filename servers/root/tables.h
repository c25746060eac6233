/*
 * tables.h - what is read of the ACPI tables: interrupt controllers, how to end the machine, where
 * the HPET, PCI configuration space and the IOMMU are. A damaged or unknown table is skipped with a
 * line in the log; it never stops the boot. Nothing here calls the kernel, so it is tested on the
 * host.
 */
#ifndef ROOT_TABLES_H
#define ROOT_TABLES_H

#include "syslog.h"

#include <quoll/machine.h>
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

/** The @bytes bytes of physical memory at @pa, for reading as long as tables are read; a null
 * pointer if they are not to be had. */
const void *phys_window(uint64_t pa, uint64_t bytes);

/** A line in the log about an odd table; after a few of them it stays silent. */
void acpi_complain(const char *signature, const char *what);

/** Fill @out (zeroed first) from the tables that the RSDP at @rsdp_pa leads to. It may be the boot
 *  loader's copy; 0 searches the BIOS area. Without ACPI all fields are 0, except cpu_count, which
 * is at least 1. @dmar receives the DMAR, if there is one. Source: ACPI 6.5 sections 5.2.5
 * to 5.2.12; PCI Firmware 3.3, 4.1.2; IA-PC HPET 1.0a, 3.2.4. */
void acpi_parse(uint64_t rsdp_pa, struct boot_acpi *out, struct acpi_table *dmar);

/** Interrupt controllers and CPUs. */
void madt_read(struct acpi_table madt, struct boot_acpi *out);

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
