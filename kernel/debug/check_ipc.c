/*
 * check_ipc.c - the objects of IPC: queues of endpoints, notifications, Replies, interrupts, and
 * all that waits for a time.
 */
#include <arch/cpu.h>
#include <arch/timer.h>
#include <debug/check.h>
#include <ipc/ipc.h>
#include <ipc/irq.h>
#include <object/slot.h>

/* The node behind @n in the queue of @head, or NULL: the end, or a link that is broken. */
static struct node *next_in(const struct node *head, const struct node *n)
{
    bool ok = check_pointer("queue: next", n, n->next, 8) &&
              SAME("queue: previous", n->next, n->next->prev, n);
    return ok && n->next != head ? n->next : NULL;
}

static enum quoll_thread_state state_of(const struct node *n)
{
    return thread_state((const struct thread *)n);
}

/* In the heap a node is no earlier than its parent. Links are counted from above and below. */
static void check_timer(const struct timer *t)
{
    const struct timer *up = t->parent;

    if (timerq_queued(t)) {
        check_seen.timers += 1ull - (t->left != NULL) - (t->right != NULL);
        SAME("timer: rank", t, t->rank, t->right ? t->right->rank + 1 : 1);
        CHECK("timer: link of its parent", t, up,
              up ? t == up->left || t == up->right : t == cpu_self()->timers);
        CHECK("timer: deadline", t, t->at, !up || t->at >= up->at);
    }
}

/* Receivers only, or interrupts of this endpoint and then callers. */
static void check_endpoint(void *p)
{
    struct endpoint *ep = p;
    bool callers = false, receivers = false;

    SAME("endpoint: word", ep, ep->n.word, WORD_ENDPOINT);
    for (struct node *n = &ep->n; (n = next_in(&ep->n, n));) {
        if (n->word == WORD_IRQ) {
            CHECK("endpoint: interrupt behind threads", ep, n, !callers && !receivers);
            SAME("irq: endpoint", n, ((struct irq *)n)->endpoint.obj, ep);
            continue;
        }
        enum quoll_thread_state s = state_of(n);
        check_seen.queued++;
        callers = callers || s == THREAD_QUEUED || s == THREAD_FAULT_QUEUED;
        receivers = receivers || s == THREAD_RECEIVING || s == THREAD_RECEIVING_PLAIN;
        CHECK("endpoint: state of a thread", n, s, callers != receivers && s != THREAD_WAITING);
    }
}

static void check_notification(void *p)
{
    struct notification *n = p;

    SAME("notification: word", n, n->n.word, WORD_NOTIFICATION);
    CHECK("notification: bits with a waiter", n, n->bits, !n->bits || node_alone(&n->n));
    for (struct node *w = &n->n; (w = next_in(&n->n, w));) {
        check_seen.queued++;
        SAME("notification: state of a waiter", w, state_of(w), THREAD_WAITING);
    }
    check_timer(&n->timer);
    if (n->bound && check_pointer("notification: thread", n, n->bound, 32)) {
        check_seen.bindings++;
        SAME("notification: its thread's", n, n->bound->bound, n);
    }
}

static void check_reply(void *p)
{
    struct reply *r = p;
    struct node *held = r->n.next;

    SAME("reply: word", r, r->n.word, WORD_REPLY);
    check_seen.replies += r->owner != NULL;
    if (held == &r->n || !check_pointer("reply: whom it holds", r, held, 32)) {
        return;
    }
    CHECK("reply: thread, while it holds somebody,", r, r->owner, r->owner != NULL);
    if (held->word == WORD_IRQ) {
        SAME("irq: reply", held, ((struct irq *)held)->reply, r);
    } else {
        check_seen.held++;
        SAME("thread: reply", held, ((struct thread *)held)->reply, r);
    }
}

static void check_irq(void *p)
{
    struct irq *irq = p;
    uint32_t hold = irq->hold, reply = hold & HOLD_REPLY;

    check_seen.irqs++;
    SAME("irq: word", irq, irq->n.word, WORD_IRQ);
    CHECK("irq: owed", irq, irq->owed, irq->owed <= 1);
    SAME("irq: QUEUED", irq, !(hold & HOLD_QUEUED), node_alone(&irq->n));
    CHECK("irq: its reply", irq, irq->reply, !reply || irq->reply->n.next == &irq->n);
    SAME("irq: LIMIT", irq, !(hold & HOLD_LIMIT), !timerq_queued(&irq->timer));
    CHECK("irq: endpoint", irq, hold, irq->endpoint.type || hold & (HOLD_UNBOUND | HOLD_PARKED));
    CHECK("irq: pending", irq, irq->pending, hold || !irq->pending);
    check_place(&irq->endpoint, SLOT_IN_IRQ);
    check_place(&irq->manager, SLOT_IN_IRQ);
    check_timer(&irq->timer);
}

static void check_budget(void *p)
{
    struct budget *b = p;

    SAME("budget: word", b, b->parked.word, WORD_BUDGET);
    for (struct node *n = &b->parked; (n = next_in(&b->parked, n));) {
        check_seen.ready++;
        SAME("budget: of a parked thread", n, ((struct thread *)n)->own, b);
    }
    SAME("budget: timer", b, timerq_queued(&b->timer), !node_alone(&b->parked));
    check_timer(&b->timer);
}

void check_object(const struct slot *s)
{
    static void (*const of[OBJ_COUNT])(void *) = {[OBJ_ENDPOINT] = check_endpoint,
                                                  [OBJ_NOTIFICATION] = check_notification,
                                                  [OBJ_REPLY] = check_reply,
                                                  [OBJ_IRQ] = check_irq,
                                                  [OBJ_BUDGET] = check_budget};

    if (s->type < OBJ_COUNT && of[s->type] &&
        check_pointer("tree: object", s, (void *)s->obj, 32)) {
        of[s->type]((void *)s->obj);
    } else if (s->type == OBJ_THREAD) {
        check_seen.threads++;
    } else if (s->type == OBJ_VSPACE || s->type == OBJ_TABLE || s->type == OBJ_IO_TABLE ||
               s->type == OBJ_IOSPACE) {
        check_table((struct table *)s->obj, !s->depth);
    } else if (s->type == OBJ_DEVICE) {
        const struct slot *space = &((struct device *)s->obj)->space;
        check_place(space, SLOT_IN_DEVICE);
        check_seen.devices += space->type != OBJ_NULL;
    } else if (s->type == OBJ_PORTMAP) {
        check_portmap((struct portmap *)s->obj);
    }
}

void check_sources(void)
{
    for (uint32_t n = 0; n < IRQ_VECTORS; n++) {
        const struct source *s = irq_source(n);
        uint32_t sharers = 0, owed = 0, bound = 0;
        for (struct irq *i = s->first; i && sharers <= IRQ_SHARERS_MAX; i = i->source_next) {
            sharers++;
            owed += i->owed;
            bound += !(i->hold & HOLD_UNBOUND);
            SAME("irq: source and mode", i, i->source << 8 | (i->flags & 0xff), n << 8 | s->flags);
        }
        SAME("source: sharers", s, sharers, s->sharers);
        SAME("source: unacknowledged", s, owed, s->owed);
        SAME("source: bound", s, bound, s->bound);
        check_seen.irqs -= sharers;
    }
    check_seen.timers -= cpu_self()->timers != NULL;
}

void check_ready(void)
{
    const struct cpu *cpu = cpu_self();
    uint32_t highest = cpu->front ? cpu->front->n.prio : 0, count = 0;

    for (uint32_t prio = 0; prio <= PRIORITY_MAX; prio++) {
        const struct node *q = &cpu->ready[prio];
        SAME("ready: bit", q, cpu->ready_bits[prio / 64] >> (prio & 63) & 1, !node_alone(q));
        highest = !node_alone(q) && prio > highest ? prio : highest;
        for (const struct node *n = q; (n = next_in(q, n)); count++) {
            SAME("ready: priority", n, n->prio, prio);
        }
    }
    check_seen.ready += count;
    SAME("ready: highest", NULL, cpu->max_ready, highest);
    SAME("ready: count", NULL, cpu->ready_count, count);
    SAME("ready: thread to run next", NULL, cpu->direct, 0);
}
