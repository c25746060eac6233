/*
 * ioapic.h - interrupt pins by global system interrupt number (GSI).
 */
#ifndef ARCH_IOAPIC_H
#define ARCH_IOAPIC_H

#include <quoll/bootinfo.h>
#include <stdbool.h>

/** Map the IO-APICs and mask every pin. */
void ioapic_init(const struct boot_acpi *acpi);
bool ioapic_has(uint32_t gsi);
/** Send what comes from @gsi to this CPU. */
void ioapic_route(uint32_t gsi);
/** Mask or unmask @gsi, which arrives as @vector. @flags: IRQ_LEVEL, IRQ_ACTIVE_LOW. */
void ioapic_set(uint32_t gsi, uint32_t vector, uint32_t flags, bool masked);

#endif
