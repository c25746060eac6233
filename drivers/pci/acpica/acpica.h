/*
 * acpica.h - ACPICA as it is built here, for its own sources and for acpi_*.c: its headers with
 * the options that fit a user-level task. Reduced hardware means: no events, no power states, no
 * switch to ACPI mode; the interpreter is there to answer questions about PCI.
 */
#ifndef ACPICA_ACPICA_H
#define ACPICA_ACPICA_H

#define BUILDING_ACPICA
#define ACPI_PCI_CONFIGURED
#define ACPI_REDUCED_HARDWARE 1
#define ACPI_SINGLE_THREADED
#define ACPI_USE_LOCAL_CACHE

#ifndef ACPICA_ITSELF
#include <acpi/acpi.h>
#endif

#endif
