/*
 * acpi_pool.h - the bounded memory that ACPICA allocates from, first fit.
 * Only acpi_os.c uses it.
 */
#ifndef PCI_ACPI_POOL_H
#define PCI_ACPI_POOL_H

#include <stddef.h>

#define ACPI_POOL_BYTES 0x80000

/** @bytes of it, aligned to 16; a null pointer: there is no room. */
void *acpi_pool_take(size_t bytes);

/** Give back what acpi_pool_take returned; a null pointer is nothing. Anything else that is not
 *  in use there ends the task: ACPICA is broken. */
void acpi_pool_give(void *memory);

#endif
