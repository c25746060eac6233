/*
 * timer.h - the time-stamp counter's rate and the one-shot timer of this CPU.
 */
#ifndef ARCH_TIMER_H
#define ARCH_TIMER_H

#include <arch/asm.h>
#include <stdbool.h>
#include <stdint.h>

#define VECTOR_SPURIOUS 0xff
#define VECTOR_TIMER    0xfe
#define VECTOR_IRQ      0x30 /* first of IRQ_VECTORS that Irqs get */
#define IRQ_VECTORS     192

/** Find the local APIC, mask the 8259s, measure TSC and timer against the PIT. */
void timer_init(void);
/** Interrupt at or soon after TSC @deadline; 0 turns the timer off. */
void timer_set(uint64_t deadline);

extern volatile uint32_t *lapic; /* its registers; 0: x2APIC */
#define LAPIC_EOI  0xb0
#define MSR_X2APIC 0x800u

static inline void lapic_eoi(void)
{
    if (lapic) {
        lapic[LAPIC_EOI / 4] = 0;
    } else {
        wrmsr(MSR_X2APIC + LAPIC_EOI / 16, 0);
    }
}

/** Did @vector come from the APIC, and has not had its end of interrupt? */
bool lapic_in_service(uint32_t vector);

uint32_t lapic_id(void);

#endif
