/*
 * irq.c - interrupts as messages.
 * Every source (a pin of an IO-APIC, or an MSI) has a vector of its own. A level-triggered pin is
 * masked from arrival until everyone on it has acknowledged. An edge is never masked for that (an
 * edge on a masked pin is lost): arrivals meanwhile are counted and delivered after the reply.
 * Invariants: a source is masked while an Irq on it owes, or none is bound; an Irq is delivered
 * only while nothing holds it back (irq->hold). Sources are shared, under the kernel lock.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/ioapic.h>
#include <arch/timer.h>
#include <arch/vtd.h>
#include <ipc/ipc.h>
#include <ipc/irq.h>
#include <ipc/message.h>
#include <object/slot.h>
#include <sched/dispatch.h>

#define MSI_ADDRESS 0xfee00000ull /* SDM vol. 3A, 10.11.1: fixed, physical destination */

#define MSI_REMAPPED 0x10ull /* VT-d 5.1.2.2: the message names an entry, its data is 0 */
#define MSI_ENTRY(n) ((uint64_t)(n) << 5)

static struct source sources[IRQ_VECTORS];

const struct source *irq_source(uint32_t number)
{
    return &sources[number];
}

static bool is_level(const struct irq *irq)
{
    return irq->flags & IRQ_LEVEL;
}

/* Where interrupts are remapped, a message is stopped there; else it is only not delivered. */
static __attribute__((noinline)) void set_message_masked(const struct source *s, bool masked)
{
    if (s->flags & IRQ_MSI) {
        vtd_mask_irq((unsigned)(s - sources), masked);
    } else {
        vtd_mask_fault(s->gsi, masked);
    }
}

static void set_masked(const struct source *s, bool masked)
{
    if (!(s->flags & (IRQ_MSI | IRQ_IOMMU))) {
        ioapic_mask(&s->pin, masked);
    } else {
        set_message_masked(s, masked);
    }
}

static void update_mask(const struct source *s)
{
    set_masked(s, s->owed || !s->bound);
}

/* @irq keeps its source masked from now on. */
static void owe(struct irq *irq)
{
    struct source *s = &sources[irq->source];

    if (!irq->owed) {
        irq->owed = 1;
        if (!s->owed++) {
            set_masked(s, true);
        }
    }
}

/* @irq no longer keeps its source masked. */
static void acknowledge(struct irq *irq)
{
    if (irq->owed) {
        irq->owed = 0;
        sources[irq->source].owed--;
        update_mask(&sources[irq->source]);
    }
}

static inline void put_message(struct irq *irq, struct thread *t, uint64_t count, uint64_t tsc)
{
    irq->delivered += count;
    message_put(t, irq->endpoint.badge, KIND_IRQ << TAG_KIND_SHIFT,
                (const uint64_t[MSG_REG_WORDS]){count, tsc});
}

static inline void hold_in_reply(struct irq *irq, struct reply *reply)
{
    reply->n.next = &irq->n;
    irq->reply = reply;
    irq->hold = HOLD_REPLY;
}

void irq_deliver(struct irq *irq, struct thread *t, struct reply *reply)
{
    put_message(irq, t, irq->pending, irq->arrival_tsc);
    irq->pending = 0;
    if (reply) {
        hold_in_reply(irq, reply);
    } else {
        irq->hold = 0;
        acknowledge(irq);
    }
}

/* The first in the queue of @irq's endpoint; its state is that of a thread only if it is one. */
static inline struct thread *first_in_queue(const struct irq *irq)
{
    return (struct thread *)((struct endpoint *)irq->endpoint.obj)->n.next;
}

/* @irq waits for a receiver. */
static void queue(struct irq *irq)
{
    struct node *n = &first_in_queue(irq)->n;

    while (n->word == WORD_IRQ) {
        n = n->next; /* behind other interrupts, before callers */
    }
    irq->hold = HOLD_QUEUED;
    node_append(n, &irq->n);
}

/* Deliver or queue @irq, which has something pending and is not held back. */
static void offer(struct irq *irq)
{
    struct thread *t = first_in_queue(irq);
    enum quoll_thread_state s = thread_state(t);

    if (s == THREAD_RECEIVING || s == THREAD_RECEIVING_PLAIN) {
        node_unlink(&t->n);
        irq_deliver(irq, t, s == THREAD_RECEIVING ? t->reply : NULL);
        t->reply = NULL;
        sched_wake(t);
    } else {
        queue(irq);
    }
}

/* @irq, which has a limit, has arrived. Over the limit, what waits for a receiver waits on until
 * the period ends: an edge that is lost behind the mask is then made good by that message. */
static void count_for_limit(struct irq *irq, uint64_t now)
{
    if (irq->hold & (HOLD_LIMIT | HOLD_UNBOUND)) {
        return;
    }
    if (now >= irq->period_end) {
        irq->period_end = now + irq->period_ticks;
        irq->seen = 0;
    }
    if (++irq->seen <= irq->limit) {
        return;
    }
    if (irq->hold & HOLD_QUEUED) {
        node_unlink(&irq->n);
    }
    irq->hold = (irq->hold & ~HOLD_QUEUED) | HOLD_LIMIT;
    irq->storms++;
    owe(irq);
    time_set(&irq->timer, irq->period_end);
    if (irq->manager.type == OBJ_NOTIFICATION) {
        notification_signal((struct notification *)irq->manager.obj, irq->manager.badge);
    }
}

/* @irq is no longer over its limit. The message that is due counts in the new period. */
static void end_storm(struct irq *irq, uint64_t now)
{
    if (!(irq->hold & HOLD_LIMIT)) {
        return;
    }
    time_set(&irq->timer, 0);
    irq->hold &= ~HOLD_LIMIT;
    irq->period_end = now + irq->period_ticks;
    irq->seen = 1;
    if (!is_level(irq) && !(irq->hold & HOLD_PARKED)) {
        acknowledge(irq); /* before the driver looks at its device: no edge falls in between */
    }
    if (!irq->hold && irq->pending) {
        offer(irq);
    }
}

void irq_timer(struct timer *t)
{
    uint8_t *object = (uint8_t *)t - offsetof(struct irq, timer);

    end_storm((struct irq *)object, rdtsc());
}

/* A level-triggered pin must be silent before the end of interrupt, or it comes again at once. */
static void owe_all(const struct source *s)
{
    for (struct irq *i = s->first; i; i = i->source_next) {
        if (!(i->hold & HOLD_UNBOUND)) {
            owe(i);
        }
    }
}

/* An interrupt of @s, any number of Irqs on it in any state. */
static __attribute__((noinline)) void arrived(struct source *s)
{
    if (s->flags & IRQ_LEVEL) {
        owe_all(s);
    }
    lapic_eoi();
    if (!s->first) {
        cpu_self()->stray_interrupts++;
    }
    uint64_t now = rdtsc();
    for (struct irq *i = s->first; i; i = i->source_next) {
        i->arrival_tsc = now;
        i->pending++;
        if (i->flags & IRQ_LIMITED) {
            count_for_limit(i, now);
        }
        if (!i->hold) {
            offer(i);
        }
    }
    sched_exit();
}

/* Can one more arrive in this period, with nothing else to be done about it? */
static bool is_below_limit(const struct irq *irq, uint64_t now)
{
    return !(irq->flags & IRQ_LIMITED) || (now < irq->period_end && irq->seen < irq->limit);
}

void irq_arrived(uint32_t source)
{
    struct source *s = &sources[source];
    struct irq *irq = s->first;

    if (!irq || irq->hold || irq->source_next) {
        arrived(s);
        return;
    }
    struct thread *t = first_in_queue(irq);
    uint64_t now = rdtsc();
    if (t->n.word != THREAD_RECEIVING || !is_below_limit(irq, now)) {
        arrived(s);
        return;
    }
    /* of one Irq, with nothing in its way, and a plain thread that waits for it */
    irq->seen++; /* means something only with a limit */
    if (irq->flags & IRQ_LEVEL) {
        owe(irq); /* silent before the end of interrupt, as in owe_all */
    }
    lapic_eoi();
    node_take(&t->n);
    put_message(irq, t, 1, now);
    hold_in_reply(irq, t->reply);
    sched_exit_waking(cpu_self(), current(), t, now);
}

/* Nobody will answer @irq's last message. */
static void park(struct irq *irq)
{
    irq->hold |= HOLD_PARKED;
    owe(irq);
}

void irq_answered(struct irq *irq, uint32_t label)
{
    irq->reply = NULL;
    irq->hold &= ~HOLD_REPLY;
    if (label == LABEL_STAY_MASKED) {
        park(irq);
    } else if (!irq->hold) { /* else it is over its limit */
        acknowledge(irq);
        if (irq->pending) {
            offer(irq);
        }
    }
}

void irq_reply_lost(struct irq *irq)
{
    irq_answered(irq, LABEL_STAY_MASKED);
}

/* Off its endpoint's queue and out of the Reply that holds it. */
static void forget(struct irq *irq)
{
    node_unlink(&irq->n);
    if (irq->reply) {
        irq->reply->n.next = &irq->reply->n;
        irq->reply = NULL;
    }
    irq->hold &= ~(HOLD_QUEUED | HOLD_REPLY);
    irq->pending = 0;
}

/* Off its endpoint, owing nothing. The source's count and mask are the caller's. */
static void leave(struct irq *irq)
{
    forget(irq);
    time_set(&irq->timer, 0);
    irq->period_end = 0;
    if (irq->endpoint.type != OBJ_NULL) {
        slot_clear(&irq->endpoint);
    }
    if (irq->owed) {
        irq->owed = 0;
        sources[irq->source].owed--;
    }
}

void irq_unbind(struct irq *irq)
{
    struct source *s = &sources[irq->source];

    leave(irq);
    if (!(irq->hold & HOLD_UNBOUND)) {
        s->bound--;
    }
    irq->hold = HOLD_UNBOUND;
    /* Bound sharers must not stay blocked by one that left; alone, the source stays masked. */
    update_mask(s);
}

int irq_bind(struct irq *irq, struct slot *ep, uint64_t badge)
{
    struct source *s = &sources[irq->source];
    /* An edge that waits moves along: nothing would repeat it. The pin is not masked in between. */
    bool moves = !(s->flags & IRQ_LEVEL) && !(irq->hold & (HOLD_UNBOUND | HOLD_PARKED));
    uint64_t pending = moves ? irq->pending : 0;

    if (ep->depth >= SLOT_DEPTH_MAX) {
        return E_LIMIT;
    }
    leave(irq);
    if (irq->hold & HOLD_UNBOUND) {
        s->bound++;
    }
    (void)slot_copy(ep, &irq->endpoint, RIGHT_ALL, badge);
    irq->hold = 0;
    update_mask(s);
    irq->pending = pending;
    if (pending) {
        offer(irq);
    }
    return E_OK;
}

void irq_slot_lost(struct slot *s)
{
    struct irq *irq = (struct irq *)((uint64_t)s & ~((1ull << IRQ_BITS) - 1));

    slot_clear(s);
    if (s == &irq->endpoint) {
        forget(irq);
        park(irq); /* its device was not silenced, as it is before an unbind */
    }
}

int irq_set_limit(struct irq *irq, uint32_t limit, uint64_t period_us, struct slot *manager)
{
    uint64_t hz = cpu_self()->tsc_hz;

    if (manager && manager->depth >= SLOT_DEPTH_MAX) {
        return E_LIMIT;
    }
    if (irq->manager.type != OBJ_NULL) {
        slot_clear(&irq->manager);
    }
    if (manager) {
        (void)slot_copy(manager, &irq->manager, RIGHT_SEND, manager->badge);
    }
    irq->limit = limit;
    irq->period_ticks = period_us / 1000000 * hz + period_us % 1000000 * hz / 1000000;
    irq->flags &= (uint16_t)~IRQ_LIMITED;
    irq->flags |= limit ? IRQ_LIMITED : 0;
    irq->period_end = 0;
    end_storm(irq, rdtsc());
    return E_OK;
}

int irq_find_source(uint64_t gsi, uint32_t flags, uint32_t *source)
{
    uint32_t unused = IRQ_VECTORS;

    for (uint32_t i = 0; i < IRQ_VECTORS; i++) {
        const struct source *s = &sources[i];
        if (s->sharers && s->gsi == gsi && !((s->flags | flags) & IRQ_MSI) &&
            !((s->flags ^ flags) & IRQ_IOMMU)) {
            *source = i;
            if (s->flags != flags || !(flags & IRQ_LEVEL)) {
                return E_BUSY;
            }
            return s->sharers == IRQ_SHARERS_MAX ? E_LIMIT : E_OK;
        }
        if (!s->sharers && unused == IRQ_VECTORS) {
            unused = i;
        }
    }
    *source = unused;
    return unused == IRQ_VECTORS ? E_LIMIT : E_OK;
}

unsigned irq_free_vectors(void)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < IRQ_VECTORS; i++) {
        count += !sources[i].sharers;
    }
    return count;
}

/* What @s sends arrives as @vector, once it is not masked. */
static void route(struct source *s, uint32_t vector)
{
    uint32_t number = vector - VECTOR_IRQ;

    if (s->flags & IRQ_IOMMU) {
        vtd_route_fault(s->gsi, vector);
    } else if (s->flags & IRQ_MSI) {
        vtd_route_irq(number, vector, s->gsi, false, true);
    } else {
        vtd_route_irq(number, vector, ioapic_requester(s->gsi), s->flags & IRQ_LEVEL, false);
        s->pin = ioapic_route(s->gsi, vector, s->flags);
    }
}

void irq_create(struct irq *irq, uint32_t source, uint32_t gsi, uint32_t flags)
{
    struct source *s = &sources[source];

    if (!s->sharers++) {
        s->gsi = gsi;
        s->flags = (uint8_t)flags;
        route(s, VECTOR_IRQ + source);
        update_mask(s);
    }
    node_init(&irq->n, WORD_IRQ);
    irq->source = (uint8_t)source;
    irq->flags = (uint16_t)flags;
    irq->hold = HOLD_UNBOUND;
    irq->endpoint.flags = irq->manager.flags = SLOT_IN_IRQ;
    irq->timer.kind = TIMER_IRQ;
    irq->source_next = s->first;
    s->first = irq;
}

void irq_destroy(struct irq *irq)
{
    struct source *s = &sources[irq->source];

    irq_unbind(irq);
    if (irq->manager.type != OBJ_NULL) {
        slot_clear(&irq->manager);
    }
    for (struct irq **p = &s->first; *p; p = &(*p)->source_next) {
        if (*p == irq) {
            *p = irq->source_next;
            break;
        }
    }
    s->sharers--;
}

void irq_info(const struct irq *irq, uint64_t *out)
{
    const struct source *s = &sources[irq->source];
    bool msi = s->flags & IRQ_MSI;
    uint64_t to = vtd_remaps() ? MSI_REMAPPED | MSI_ENTRY(irq->source) : lapic_id() << 12;

    out[0] = !msi ? s->gsi : vtd_remaps() ? 0 : VECTOR_IRQ + (uint32_t)irq->source;
    out[1] = irq->delivered;
    out[2] = irq->pending;
    out[3] = (irq->hold & (HOLD_REPLY | HOLD_QUEUED) ? IRQ_IS_UNANSWERED : 0u) |
             (s->owed || !s->bound ? IRQ_IS_MASKED : 0u) |
             (irq->hold & HOLD_LIMIT ? IRQ_IS_OVER_LIMIT : 0u);
    out[4] = irq->storms;
    out[5] = msi ? MSI_ADDRESS | to : 0;
}
