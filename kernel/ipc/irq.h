/*
 * irq.h - making, binding and destroying interrupt objects.
 */
#ifndef IRQ_H
#define IRQ_H

#include <object/object.h>

#define IRQ_SHARERS_MAX 8

/** May another Irq be made on pin @gsi, which exists?
 *  Errors: LIMIT (sharers of the pin), BUSY (an edge pin, or shared with other flags). */
int irq_may_create(uint32_t gsi, uint32_t flags);

/** Make @irq, zeroed memory, a source on pin @gsi; it stays masked until bound. */
void irq_create(struct irq *irq, uint32_t gsi, uint32_t flags);

/** Deliver to the endpoint of capability @ep with @badge from now on. Error: LIMIT (depth). */
int irq_bind(struct irq *irq, struct slot *ep, uint64_t badge);

bool irq_masked(const struct irq *irq);

#endif
