/*
 * irq_route.h - from what a manifest says about an interrupt to the IO-APIC pin and its mode.
 */
#ifndef QUOLL_IRQ_ROUTE_H
#define QUOLL_IRQ_ROUTE_H

#include <quoll/machine.h>
#include <quoll/system_manifest.h>

/** Fill @gsi and @flags (IRQ_LEVEL, IRQ_ACTIVE_LOW) for @irq. Source: ACPI 6.4, section 5.2.12.5
 *  (interrupt source override structure). */
void irq_route(const struct boot_acpi *acpi, const struct manifest_irq *irq, uint32_t *gsi,
               uint32_t *flags);

#endif
