/*
 * ioapic.h - interrupt pins by global system interrupt number (GSI).
 */
#ifndef ARCH_IOAPIC_H
#define ARCH_IOAPIC_H

#include <quoll/bootinfo.h>
#include <stdbool.h>

#define GSI_MAX 192 /* vectors VECTOR_PIN .. VECTOR_PIN + GSI_MAX - 1 */

/** Map the IO-APICs and mask every pin. */
void ioapic_init(const struct boot_acpi *acpi);
bool ioapic_has(uint32_t gsi);
/** Route @gsi to its vector on this CPU, masked. @flags: IRQ_LEVEL, IRQ_ACTIVE_LOW. */
void ioapic_route(uint32_t gsi, uint32_t flags);
void ioapic_mask(uint32_t gsi, bool masked);

#endif
