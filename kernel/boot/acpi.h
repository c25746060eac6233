/*
 * acpi.h - the few facts of the ACPI tables that the kernel and root need at boot.
 * A damaged or unknown table is skipped with a line in the log; it never stops the boot.
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "quoll/bootinfo.h"

/** Fill @out (zeroed first) from the tables that the RSDP at @rsdp_pa leads to. It may be the
 *  boot loader's copy; 0 searches the BIOS areas. Only tables below 4 GiB can be read.
 *  Without ACPI all fields are 0, except cpu_count, which is at least 1.
 *  Source: ACPI 6.5 sections 5.2.5 to 5.2.12; PCI Firmware 3.3, 4.1.2; IA-PC HPET 1.0a, 3.2.4. */
void acpi_parse(uint64_t rsdp_pa, struct boot_acpi *out);

/** Find \_S5_ in @bytes bytes of AML and give its first two elements, the SLP_TYP values.
 *  False, and outputs unchanged, if there is none with constant elements.
 *  Source: ACPI 6.5 sections 7.4.2, 20.2.2, 20.2.3, 20.2.5. */
bool aml_find_s5(const uint8_t *aml, uint64_t bytes, uint8_t *typ_a, uint8_t *typ_b);

#endif
