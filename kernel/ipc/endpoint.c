/*
 * endpoint.c - synchronous IPC: call, send, receive, reply, and faults as calls.
 * Invariant: an endpoint queues receivers, or interrupts followed by callers, never both kinds;
 * between callers the mark of an unfinished cancel may stand.
 * The fastpath does the same for the common case and touches the same fields.
 */
#include <arch/asm.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <object/invoke.h>
#include <object/slot.h>
#include <object/thread.h>
#include <sched/dispatch.h>

#define WAITERS_A_SHARE 16
#define CANCEL_A_SHARE  400 /* callers passed over; one that is sent home counts for more */

static struct endpoint *slot_endpoint(const struct slot *s)
{
    return (struct endpoint *)s->obj;
}

/* The first thread that waits to receive on @ep, or NULL. */
static struct thread *first_receiver(struct endpoint *ep)
{
    struct thread *t = (struct thread *)ep->n.next;

    if (node_alone(&ep->n) || ep->n.next->word == WORD_IRQ) {
        return NULL;
    }
    enum quoll_thread_state s = thread_state(t);
    return s == THREAD_RECEIVING || s == THREAD_RECEIVING_PLAIN ? t : NULL;
}

/* @r's wait on an endpoint ends with the message it has been given; its armed Reply or NULL. */
static struct reply *take_receiver(struct thread *r)
{
    struct reply *reply = thread_state(r) == THREAD_RECEIVING ? r->reply : NULL;

    node_unlink(&r->n);
    r->reply = NULL;
    return reply;
}

/* @t's call or fault has been delivered: @reply holds it now in @state; without a Reply nobody
 * can ever answer. */
static void hold(struct thread *t, struct reply *reply, enum quoll_thread_state state)
{
    if (reply) {
        reply->n.next = &t->n;
        t->reply = reply;
        thread_set(t, state, t->flags);
    } else if (state == THREAD_FAULTED) {
        thread_set(t, THREAD_STOPPED, t->flags);
    } else {
        thread_result(t, E_DEAD);
        sched_wake(t);
    }
}

void ipc_call(struct thread *t, struct slot *ep)
{
    uint64_t tag = thread_regs(t)->rsi;
    int e = message_check(t, tag);
    bool grant = ep->rights & RIGHT_GRANT;

    if (!e && !(ep->rights & RIGHT_SEND)) {
        e = E_NO_RIGHT;
    }
    if (!e && tag & TAG_CAPS_MASK && !grant) {
        e = E_NO_RIGHT;
    }
    struct thread *r = e ? NULL : first_receiver(slot_endpoint(ep));
    if (!e && r) {
        e = message_copy(t, r, ep->badge, grant);
    }
    if (e) {
        thread_result(t, e);
    } else if (r) {
        struct reply *reply = take_receiver(r);
        r->payer = t->payer;
        hold(t, reply, THREAD_CALLING);
        sched_hand_to(r);
    } else {
        t->badge = ep->badge;
        t->may_grant = grant;
        thread_set(t, THREAD_QUEUED, t->flags);
        node_append(&slot_endpoint(ep)->n, &t->n);
    }
}

int ipc_send(struct thread *t, struct slot *ep)
{
    uint64_t tag = thread_regs(t)->rsi;
    int e = message_check(t, tag);

    if (e) {
        return e;
    }
    if (!(ep->rights & RIGHT_SEND) || (tag & TAG_CAPS_MASK && !(ep->rights & RIGHT_GRANT))) {
        return E_NO_RIGHT;
    }
    struct thread *r = first_receiver(slot_endpoint(ep));
    if (!r) {
        return E_BUSY;
    }
    e = message_copy(t, r, ep->badge, ep->rights & RIGHT_GRANT);
    if (!e) {
        take_receiver(r);
        sched_wake(r);
    }
    return e;
}

/* @to receives the fault of @t, whose message is @f. */
static void put_fault(struct thread *to, uint64_t badge, const struct fault *f)
{
    const uint64_t w[MSG_REG_WORDS] = {f->address, f->rip, f->code};

    message_put(to, badge, (uint64_t)f->kind << TAG_KIND_SHIFT, w);
}

void ipc_fault(struct thread *t, const struct fault *f)
{
    struct slot *s = &t->slots[TS_FAULT];

    if (s->type != OBJ_ENDPOINT) {
        thread_set(t, THREAD_STOPPED, t->flags);
        return;
    }
    struct thread *r = first_receiver(slot_endpoint(s));
    if (r) {
        put_fault(r, s->badge, f);
        r->payer = t->payer;
        hold(t, take_receiver(r), THREAD_FAULTED);
        sched_hand_to(r);
    } else {
        t->fault = *f;
        t->badge = s->badge;
        thread_set(t, THREAD_FAULT_QUEUED, t->flags);
        node_append(&slot_endpoint(s)->n, &t->n);
    }
}

void ipc_fault_exit(struct thread *t, const struct fault *f)
{
    struct cpu *cpu = cpu_self();
    struct slot *s = &t->slots[TS_FAULT];

    if (s->type == OBJ_ENDPOINT) {
        struct thread *r = (struct thread *)slot_endpoint(s)->n.next;
        if (r->n.word == THREAD_RECEIVING && t->n.word == THREAD_RUNNING &&
            sched_may_hand(cpu, t, r)) {
            put_fault(r, s->badge, f);
            r->payer = t->payer;
            t->reply = take_receiver(r);
            t->reply->n.next = &t->n;
            t->n.word = THREAD_FAULTED;
            r->n.word = THREAD_RUNNING;
            sched_enter(cpu, t, r);
            return;
        }
    }
    ipc_fault(t, f);
    sched_leave(cpu, t);
}

/* Deliver the first of the callers and faulters in @ep's queue to the current thread @t, which
 * runs on that one's Budget from now on.
 * False when it could not be delivered and was sent home with an error instead. */
static bool receive_from(struct thread *s, struct thread *t, struct reply *reply)
{
    bool fault = thread_state(s) == THREAD_FAULT_QUEUED;

    node_unlink(&s->n);
    if (fault) {
        put_fault(t, s->badge, &s->fault);
    } else {
        int e = message_copy(s, t, s->badge, s->may_grant);
        if (e) {
            thread_result(s, e);
            sched_wake(s);
            return false;
        }
    }
    t->payer = s->own ? s->own : t->own;
    hold(s, reply, fault ? THREAD_FAULTED : THREAD_CALLING);
    return true;
}

/* The bound notification's bits become @t's message. */
static void receive_bits(struct thread *t)
{
    uint64_t w[MSG_REG_WORDS] = {t->bound->bits};

    t->bound->bits = 0;
    thread_set(t, thread_state(t), t->flags & ~(uint32_t)TF_SIGNALLED);
    message_put(t, 0, KIND_NOTIFICATION << TAG_KIND_SHIFT, w);
}

/* @t waits on @ep. The newest receiver is the first, as in the fastpath: its cache is warm. */
static void wait_on(struct endpoint *ep, struct thread *t, struct reply *reply)
{
    t->reply = reply;
    thread_set(t, reply ? THREAD_RECEIVING : THREAD_RECEIVING_PLAIN, t->flags);
    node_append(ep->n.next, &t->n);
}

/* The same of a plain thread with a Reply, on an endpoint where nobody waits. */
static inline void wait_alone(struct endpoint *ep, struct thread *t, struct reply *reply)
{
    t->reply = reply;
    t->n.word = THREAD_RECEIVING;
    t->n.next = t->n.prev = &ep->n;
    ep->n.next = ep->n.prev = &t->n;
}

/* Take what @ep, which has something, offers. BUSY: there was only what can't be taken; AGAIN:
 * the same so far. */
static int take_first(struct endpoint *ep, struct thread *t, struct reply *reply)
{
    unsigned sent_home = 0;

    while (!node_alone(&ep->n) && !first_receiver(ep)) {
        struct node *first = ep->n.next;
        if (first->word == WORD_MARK) {
            node_unlink(first); /* nobody is left before it */
            continue;
        }
        if (first->word == WORD_IRQ) {
            node_unlink(first);
            t->payer = t->own;
            irq_deliver((struct irq *)first, t, reply);
            return E_OK;
        }
        if (t->flags & TF_SIGNALLED) {
            break;
        }
        if (receive_from((struct thread *)first, t, reply)) {
            return E_OK;
        }
        if (++sent_home == WAITERS_A_SHARE) {
            return E_AGAIN;
        }
    }
    return E_BUSY;
}

int ipc_receive(struct thread *t, struct endpoint *ep, struct reply *reply)
{
    if (reply && reply->n.next != &reply->n) {
        return E_BUSY;
    }
    int e = node_alone(&ep->n) ? E_BUSY : take_first(ep, t, reply);
    if (e != E_BUSY) {
        return e;
    }
    if (t->flags & TF_SIGNALLED) {
        t->payer = t->own;
        receive_bits(t);
    } else {
        wait_on(ep, t, reply);
    }
    return E_OK;
}

/* @reply, which holds the faulting or interrupting @held, is answered: only the label counts. */
static inline void answer_event(struct reply *reply, struct node *held, uint32_t label)
{
    reply->n.next = &reply->n;
    if (held->word == WORD_IRQ) {
        irq_answered((struct irq *)held, label);
        return;
    }
    struct thread *t = (struct thread *)held;
    t->reply = NULL;
    if (label) {
        thread_set(t, THREAD_STOPPED, t->flags);
    } else {
        sched_hand_to(t);
        if (t->flags & TF_NO_SPACE) {
            thread_tell_loss(t); /* it lost it after its fault */
        }
    }
}

int ipc_reply(struct thread *t, struct reply *reply)
{
    struct node *held = reply->n.next;
    uint64_t tag = thread_regs(t)->rsi;
    int e = message_check(t, tag);

    if (e || held == &reply->n) {
        return e;
    }
    if (held->word == WORD_IRQ || thread_state((struct thread *)held) != THREAD_CALLING) {
        answer_event(reply, held, (uint32_t)(tag >> TAG_LABEL_SHIFT));
        return E_OK;
    }
    struct thread *caller = (struct thread *)held;
    e = message_copy(t, caller, 0, true);
    if (!e) {
        reply->n.next = &reply->n;
        caller->reply = NULL;
        sched_hand_to(caller);
    }
    return e;
}

static __attribute__((noinline)) void answer_and_receive(struct thread *t, uint64_t label,
                                                         struct reply *reply, struct endpoint *ep)
{
    answer_event(reply, reply->n.next, (uint32_t)label);
    (void)ipc_receive(t, ep, reply); /* the Reply is empty now, and no caller was queued */
    sched_exit();
}

void kernel_answer_event(struct thread *t, uint64_t tag, struct reply *reply, struct endpoint *ep)
{
    struct cpu *cpu = cpu_self();
    struct node *held = reply->n.next;
    struct thread *faulter = (struct thread *)held;
    uint64_t label = tag >> TAG_LABEL_SHIFT;

    if (t->n.word != THREAD_RUNNING) {
        answer_and_receive(t, label, reply, ep);
    } else if (held->word == WORD_IRQ && irq_answer_simply((struct irq *)held, label)) {
        reply->n.next = &reply->n;
        wait_alone(ep, t, reply);
        sched_exit_waiting(cpu, t);
    } else if (held->word == THREAD_FAULTED && !label && sched_may_hand(cpu, t, faulter) &&
               faulter->payer == cpu->payer) {
        reply->n.next = &reply->n;
        faulter->n.word = THREAD_RUNNING;
        wait_alone(ep, t, reply);
        sched_enter(cpu, t, faulter);
    } else {
        answer_and_receive(t, label, reply, ep);
    }
}

void ipc_end_wait(struct thread *t, int queued, int delivered)
{
    switch (thread_state(t)) {
    case THREAD_QUEUED:
    case THREAD_RECEIVING:
    case THREAD_RECEIVING_PLAIN:
    case THREAD_WAITING:
        node_unlink(&t->n);
        thread_result(t, queued);
        break;
    case THREAD_CALLING:
        t->reply->n.next = &t->reply->n;
        thread_result(t, delivered);
        break;
    case THREAD_FAULT_QUEUED:
        node_unlink(&t->n);
        break;
    case THREAD_FAULTED:
        t->reply->n.next = &t->reply->n;
        break;
    default:
        return;
    }
    t->reply = NULL;
    thread_set(t, THREAD_RUNNING, t->flags);
    sched_check(t);
}

void endpoint_init(struct endpoint *ep)
{
    node_init(&ep->n, WORD_ENDPOINT);
    node_init(&ep->mark, WORD_MARK);
}

bool endpoint_destroy(struct endpoint *ep)
{
    node_unlink(&ep->mark);
    for (unsigned i = 0; i < WAITERS_A_SHARE && !node_alone(&ep->n); i++) {
        /* no Irq: what an Irq holds was derived from the capability that goes, and went before */
        struct thread *t = (struct thread *)ep->n.next;
        bool fault = thread_state(t) == THREAD_FAULT_QUEUED;
        ipc_end_wait(t, E_GONE, E_GONE);
        if (fault) {
            thread_set(t, THREAD_STOPPED, t->flags);
            sched_check(t);
        }
    }
    return node_alone(&ep->n);
}

/* Go on at the mark if it was left by a cancel of the same callers: who has come since stands
 * behind it. */
bool endpoint_cancel(struct endpoint *ep, uint64_t badge, bool all)
{
    bool same = !node_alone(&ep->mark) && ep->mark_badge == badge && ep->mark_all == all;
    struct node *behind = ep->mark.next;

    node_unlink(&ep->mark);
    struct node *n = same ? behind : ep->n.next;
    for (unsigned work = 0; n != &ep->n; work++) {
        struct node *next = n->next;
        struct thread *t = (struct thread *)n;
        if (work >= CANCEL_A_SHARE) {
            ep->mark_badge = badge;
            ep->mark_all = all;
            node_append(n, &ep->mark);
            return false;
        }
        if (n->word != WORD_IRQ && thread_state(t) == THREAD_QUEUED && (all || t->badge == badge)) {
            ipc_end_wait(t, E_GONE, E_GONE);
            work += CANCEL_A_SHARE / WAITERS_A_SHARE;
        }
        n = next;
    }
    return true;
}

void reply_empty(struct reply *reply)
{
    struct node *held = reply->n.next;

    if (reply->owner && thread_state(reply->owner) == THREAD_RECEIVING &&
        reply->owner->reply == reply) {
        ipc_end_wait(reply->owner, E_DEAD, E_DEAD);
        return;
    }
    if (held == &reply->n) {
        return;
    }
    reply->n.next = &reply->n;
    if (held->word == WORD_IRQ) {
        irq_reply_lost((struct irq *)held);
        return;
    }
    struct thread *t = (struct thread *)held;
    t->reply = NULL;
    if (thread_state(t) == THREAD_CALLING) {
        thread_result(t, E_DEAD);
        sched_wake(t);
    } else {
        thread_set(t, THREAD_STOPPED, t->flags);
    }
}

void reply_destroy(struct reply *reply)
{
    reply_empty(reply);
    if (reply->owner) {
        *reply->link = reply->next;
        if (reply->next) {
            reply->next->link = reply->link;
        }
    }
}
