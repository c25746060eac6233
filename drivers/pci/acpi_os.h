/*
 * acpi_os.h - between acpi_prt.c and the functions that ACPICA calls (acpi_os.c).
 */
#ifndef PCI_ACPI_OS_H
#define PCI_ACPI_OS_H

#include "acpi.h"

/** What ACPICA gets from now on. */
void acpi_os_set_platform(const struct acpi_platform *platform);

#endif
