/*
 * acpi.h - where the ACPI tables are, and the interrupt controllers, which the kernel drives.
 * All else is read by root (servers/root/tables.h).
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
 *  Source: ACPI 6.5 sections 5.2.5 to 5.2.12. */
void acpi_parse(uint64_t rsdp_pa, struct boot_acpi *out);

#endif
