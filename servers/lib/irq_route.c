/*
 * irq_route.c - ISA interrupts through the MADT's overrides; other pins as the manifest says.
 * Without an override an ISA interrupt is the pin of its number, edge, active high.
 */
#include <quoll/abi.h>
#include <quoll/irq_route.h>

static uint32_t irq_flags(bool level, bool active_low)
{
    return (level ? IRQ_LEVEL : 0u) | (active_low ? IRQ_ACTIVE_LOW : 0u);
}

void irq_route(const struct boot_acpi *acpi, const struct manifest_irq *irq, uint32_t *gsi,
               uint32_t *flags)
{
    *gsi = irq->number;
    *flags = irq_flags(irq->level, irq->active_low);
    if (!irq->is_isa) {
        return;
    }
    for (uint32_t i = 0; i < acpi->iso_count && i < BOOT_MAX_ISO; i++) {
        if (acpi->iso[i].irq == irq->number) {
            *gsi = acpi->iso[i].gsi;
            *flags = irq_flags(acpi->iso[i].level != 0, acpi->iso[i].active_low != 0);
        }
    }
}
