/*
 * irq.c - interrupts as messages.
 * A level-triggered pin is masked from arrival until everyone on it has acknowledged. An edge is
 * never masked for that (an edge on a masked IO-APIC pin is lost): arrivals meanwhile are counted
 * and delivered after the reply. Pins are shared kernel state, under the kernel lock.
 */
#include <arch/asm.h>
#include <arch/ioapic.h>
#include <arch/timer.h>
#include <ipc/ipc.h>
#include <ipc/irq.h>
#include <ipc/message.h>
#include <object/slot.h>
#include <sched/sched.h>

static struct pin {
    struct irq *first;
    uint32_t flags; /* IRQ_LEVEL, IRQ_ACTIVE_LOW of all on it */
    uint32_t sharers, owed;
} pins[GSI_MAX];

static bool is_level(const struct irq *irq)
{
    return irq->flags & IRQ_LEVEL;
}

/* @irq no longer keeps its pin masked. */
static void acknowledge(struct irq *irq)
{
    struct pin *pin = &pins[irq->gsi];

    if (irq->owed) {
        irq->owed = 0;
        pin->owed--;
    }
    if (is_level(irq) && !pin->owed) {
        ioapic_mask(irq->gsi, false);
    }
}

void irq_deliver(struct irq *irq, struct thread *t, struct reply *reply)
{
    uint64_t w[MSG_REG_WORDS] = {irq->pending, irq->arrival_tsc};

    message_put(t, irq->endpoint.badge, KIND_IRQ << TAG_KIND_SHIFT, w);
    irq->delivered += irq->pending;
    irq->pending = 0;
    if (reply) {
        reply->n.next = &irq->n;
        irq->reply = reply;
    } else {
        acknowledge(irq);
    }
}

/* Deliver or queue @irq, which has something pending, is bound, not queued and not held. */
static void offer(struct irq *irq)
{
    struct endpoint *ep = (struct endpoint *)irq->endpoint.obj;
    struct node *n = ep->n.next;

    if (n != &ep->n && n->word != WORD_IRQ) {
        struct thread *t = (struct thread *)n;
        enum quoll_thread_state s = thread_state(t);
        if (s == THREAD_RECEIVING || s == THREAD_RECEIVING_PLAIN) {
            node_unlink(&t->n);
            irq_deliver(irq, t, s == THREAD_RECEIVING ? t->reply : NULL);
            t->reply = NULL;
            sched_wake(t);
            return;
        }
    }
    while (n->word == WORD_IRQ) {
        n = n->next; /* behind other interrupts, before callers */
    }
    node_append(n, &irq->n);
}

void irq_post(struct irq *irq)
{
    irq->arrival_tsc = rdtsc();
    if (irq->pending != UINT32_MAX) {
        irq->pending++;
    }
    if (is_level(irq) && !irq->owed) {
        irq->owed = 1;
        pins[irq->gsi].owed++;
    }
    if (irq->endpoint.type == OBJ_ENDPOINT && !irq->reply && node_alone(&irq->n)) {
        offer(irq);
    }
}

void irq_arrived(uint32_t gsi)
{
    struct pin *pin = &pins[gsi];

    if (pin->flags & IRQ_LEVEL) {
        ioapic_mask(gsi, true);
    }
    lapic_eoi();
    for (struct irq *i = pin->first; i; i = i->pin_next) {
        irq_post(i);
    }
}

void irq_answered(struct irq *irq, uint32_t label)
{
    irq->reply = NULL;
    if (label == LABEL_STAY_MASKED) {
        return;
    }
    acknowledge(irq);
    if (irq->pending && irq->endpoint.type == OBJ_ENDPOINT && node_alone(&irq->n)) {
        offer(irq);
    }
}

/* Off its endpoint's queue and out of the Reply that holds it. */
static void forget(struct irq *irq)
{
    node_unlink(&irq->n);
    if (irq->reply) {
        irq->reply->n.next = &irq->reply->n;
        irq->reply = NULL;
    }
    irq->pending = 0;
}

void irq_unbind(struct irq *irq)
{
    struct pin *pin = &pins[irq->gsi];

    forget(irq);
    if (irq->owed) {
        irq->owed = 0;
        pin->owed--;
    }
    if (irq->endpoint.type != OBJ_NULL) {
        slot_clear(&irq->endpoint);
    }
    /* Bound sharers must not stay blocked by one that left; alone, the pin stays masked. */
    bool any = false;
    for (struct irq *i = pin->first; i; i = i->pin_next) {
        any = any || i->endpoint.type == OBJ_ENDPOINT;
    }
    ioapic_mask(irq->gsi, !any || pin->owed);
}

int irq_bind(struct irq *irq, struct slot *ep, uint64_t badge)
{
    if (ep->depth >= SLOT_DEPTH_MAX) {
        return E_LIMIT;
    }
    irq_unbind(irq);
    (void)slot_copy(ep, &irq->endpoint, RIGHT_ALL, badge);
    if (!pins[irq->gsi].owed) {
        ioapic_mask(irq->gsi, false);
    }
    return E_OK;
}

int irq_may_create(uint32_t gsi, uint32_t flags)
{
    const struct pin *pin = &pins[gsi];

    if (pin->sharers && (pin->flags != flags || !(flags & IRQ_LEVEL))) {
        return E_BUSY;
    }
    return pin->sharers == IRQ_SHARERS_MAX ? E_LIMIT : E_OK;
}

void irq_create(struct irq *irq, uint32_t gsi, uint32_t flags)
{
    struct pin *pin = &pins[gsi];

    if (!pin->sharers) {
        pin->flags = flags;
        ioapic_route(gsi, flags);
    }
    pin->sharers++;
    node_init(&irq->n, WORD_IRQ);
    irq->gsi = gsi;
    irq->flags = flags;
    irq->endpoint.flags = SLOT_IN_IRQ;
    irq->pin_next = pin->first;
    pin->first = irq;
}

void irq_destroy(struct irq *irq)
{
    struct pin *pin = &pins[irq->gsi];

    irq_unbind(irq);
    for (struct irq **p = &pin->first; *p; p = &(*p)->pin_next) {
        if (*p == irq) {
            *p = irq->pin_next;
            break;
        }
    }
    if (!--pin->sharers) {
        ioapic_mask(irq->gsi, true);
    }
}

bool irq_masked(const struct irq *irq)
{
    return pins[irq->gsi].owed || irq->endpoint.type != OBJ_ENDPOINT;
}
