/*
 * endpoint.c - synchronous IPC: call, send, receive, reply, and faults as calls.
 * Invariant: an endpoint queues receivers, or interrupts followed by callers, never both kinds.
 * The fastpath does the same for the common case and touches the same fields.
 */
#include <arch/asm.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <object/slot.h>
#include <sched/sched.h>

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

static void put_fault(struct thread *t, struct thread *to)
{
    uint64_t w[MSG_REG_WORDS] = {t->fault[1], t->fault[2], t->fault[3]};

    message_put(to, t->badge, t->fault[0] << TAG_KIND_SHIFT, w);
}

void ipc_fault(struct thread *t, enum quoll_kind kind, uint64_t w0, uint64_t w1, uint64_t w2)
{
    struct slot *s = &t->slots[TS_FAULT];

    if (s->type != OBJ_ENDPOINT) {
        thread_set(t, THREAD_STOPPED, t->flags);
        return;
    }
    t->fault[0] = kind;
    t->fault[1] = w0;
    t->fault[2] = w1;
    t->fault[3] = w2;
    t->badge = s->badge;
    struct thread *r = first_receiver(slot_endpoint(s));
    if (r) {
        put_fault(t, r);
        r->payer = t->payer;
        hold(t, take_receiver(r), THREAD_FAULTED);
        sched_hand_to(r);
    } else {
        thread_set(t, THREAD_FAULT_QUEUED, t->flags);
        node_append(&slot_endpoint(s)->n, &t->n);
    }
}

/* Deliver the first of the callers and faulters in @ep's queue to the current thread @t, which
 * runs on that one's Budget from now on.
 * False when it could not be delivered and was sent home with an error instead. */
static bool receive_from(struct thread *s, struct thread *t, struct reply *reply)
{
    bool fault = thread_state(s) == THREAD_FAULT_QUEUED;

    node_unlink(&s->n);
    if (fault) {
        put_fault(s, t);
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

int ipc_receive(struct thread *t, struct slot *eps, struct reply *reply)
{
    struct endpoint *ep = slot_endpoint(eps);

    if (reply && reply->n.next != &reply->n) {
        return E_BUSY;
    }
    for (;;) {
        struct node *first = ep->n.next;
        if (first->word == WORD_IRQ) {
            node_unlink(first);
            t->payer = t->own;
            irq_deliver((struct irq *)first, t, reply);
            return E_OK;
        }
        if (t->flags & TF_SIGNALLED) {
            t->payer = t->own;
            receive_bits(t);
            return E_OK;
        }
        if (first == &ep->n || first_receiver(ep)) {
            break;
        }
        if (receive_from((struct thread *)first, t, reply)) {
            return E_OK;
        }
    }
    t->reply = reply;
    thread_set(t, reply ? THREAD_RECEIVING : THREAD_RECEIVING_PLAIN, t->flags);
    /* the newest receiver first, as the fastpath does: its cache is warm */
    node_append(ep->n.next, &t->n);
    return E_OK;
}

int ipc_reply(struct thread *t, struct reply *reply)
{
    struct node *held = reply->n.next;
    uint64_t tag = thread_regs(t)->rsi;
    int e = message_check(t, tag);

    if (e || held == &reply->n) {
        return e;
    }
    uint32_t label = (uint32_t)(tag >> TAG_LABEL_SHIFT);
    if (held->word == WORD_IRQ) {
        reply->n.next = &reply->n;
        irq_answered((struct irq *)held, label);
        return E_OK;
    }
    struct thread *caller = (struct thread *)held;
    if (thread_state(caller) == THREAD_CALLING) {
        e = message_copy(t, caller, 0, true);
        if (e) {
            return e;
        }
    } else if (label) {
        reply->n.next = &reply->n;
        caller->reply = NULL;
        thread_set(caller, THREAD_STOPPED, caller->flags);
        return E_OK;
    }
    reply->n.next = &reply->n;
    caller->reply = NULL;
    sched_hand_to(caller);
    return E_OK;
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

void endpoint_destroy(struct endpoint *ep)
{
    while (!node_alone(&ep->n)) {
        /* no Irq: what an Irq holds was derived from the capability that goes, and went before */
        struct thread *t = (struct thread *)ep->n.next;
        bool fault = thread_state(t) == THREAD_FAULT_QUEUED;
        ipc_end_wait(t, E_GONE, E_GONE);
        if (fault) {
            thread_set(t, THREAD_STOPPED, t->flags);
            sched_check(t);
        }
    }
}

void endpoint_cancel(struct endpoint *ep, uint64_t badge, bool all)
{
    struct node *n = ep->n.next;

    while (n != &ep->n) {
        struct node *next = n->next;
        struct thread *t = (struct thread *)n;
        if (n->word != WORD_IRQ && thread_state(t) == THREAD_QUEUED && (all || t->badge == badge)) {
            ipc_end_wait(t, E_GONE, E_GONE);
        }
        n = next;
    }
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
