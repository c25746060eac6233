/*
 * ioapic.h - interrupt pins by global system interrupt number (GSI).
 */
#ifndef ARCH_IOAPIC_H
#define ARCH_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

/** Map one more IO-APIC and mask its pins: words 0 to 2 of OP_DEVICE_CONTROL_ADD_IOAPIC. False:
 * they make no sense, or too many IO-APICs. */
bool ioapic_add(const uint64_t *w);
bool ioapic_has(uint32_t gsi);

/** Who sends the interrupts of @gsi, which exists. */
uint32_t ioapic_requester(uint32_t gsi);

/* Where a pin's entry is and what it says but the mask: found once, as a level pin is masked and
 * unmasked with each interrupt. */
struct ioapic_pin {
    volatile uint32_t *reg; /* of its IO-APIC: 0 selects what 4 is */
    uint32_t index, low;
};

#define IOAPIC_MASKED (1u << 16)

/** Send what comes from @gsi, which exists, to this CPU as @vector. @flags: IRQ_LEVEL,
 *  IRQ_ACTIVE_LOW. The pin stays masked. */
struct ioapic_pin ioapic_route(uint32_t gsi, uint32_t vector, uint32_t flags);

static inline void ioapic_mask(const struct ioapic_pin *pin, bool masked)
{
    pin->reg[0] = pin->index;
    pin->reg[4] = pin->low | (masked ? IOAPIC_MASKED : 0); /* no read before: they are slow */
}

#endif
