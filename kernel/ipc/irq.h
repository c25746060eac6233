/*
 * irq.h - making, binding and destroying interrupt objects.
 */
#ifndef IRQ_H
#define IRQ_H

#include <arch/ioapic.h>
#include <object/object.h>

#define IRQ_SHARERS_MAX 8

struct source {
    struct irq *first;
    struct ioapic_pin pin;        /* of messages: unused */
    uint32_t gsi;                 /* MSI: who sends it; IOMMU: the unit */
    uint8_t flags;                /* as irq_control.create has them: of all Irqs on it */
    uint8_t sharers, bound, owed; /* how many Irqs are on it, are bound, owe */
};

/** Source @number, below IRQ_VECTORS. */
const struct source *irq_source(uint32_t number);

/** The source, a vector, for an Irq on pin or unit @gsi, which exists, or (IRQ_MSI) for a new MSI.
 *  Errors: LIMIT (sharers of the pin, vectors), BUSY (an edge pin, or shared with other flags). */
int irq_find_source(uint64_t gsi, uint32_t flags, uint32_t *source);

/** Make @irq, zeroed memory, one more on @source, which irq_find_source gave; it stays masked
 *  until bound. MSI: @gsi is the requester id. */
void irq_create(struct irq *irq, uint32_t source, uint32_t gsi, uint32_t flags);

/** Deliver to the endpoint of capability @ep with @badge from now on. Error: LIMIT (depth). */
int irq_bind(struct irq *irq, struct slot *ep, uint64_t badge);

/** At most @limit interrupts (0: any number) in each period; @manager, a notification's slot or
 *  NULL, is signalled when there are more. Error: LIMIT (depth). */
int irq_set_limit(struct irq *irq, uint32_t limit, uint64_t period_us, struct slot *manager);

/** The six results of OP_IRQ_INFO. */
void irq_info(const struct irq *irq, uint64_t *out);

/** Vectors that no Irq has. */
unsigned irq_free_vectors(void);

#endif
