/*
 * ipc.h - messages between threads, from interrupts and from faults: docs/ipc.md row by row.
 */
#ifndef IPC_H
#define IPC_H

#include <object/object.h>

static inline void node_init(struct node *n, uint32_t word)
{
    n->word = word;
    n->next = n->prev = n;
}

static inline bool node_alone(const struct node *n)
{
    return n->next == n;
}

static inline void node_unlink(struct node *n)
{
    struct node *next = n->next, *prev = n->prev;

    prev->next = next;
    next->prev = prev;
    n->next = n->prev = n;
}

/* The same of a thread, for which being alone means nothing. */
static inline void node_take(struct node *n)
{
    struct node *next = n->next, *prev = n->prev;

    prev->next = next;
    next->prev = prev;
}

static inline void node_append(struct node *head, struct node *n)
{
    n->prev = head->prev;
    n->next = head;
    head->prev->next = n;
    head->prev = n;
}

/** SYS_CALL on the endpoint capability @ep with the caller's registers. */
void ipc_call(struct thread *t, struct slot *ep);
/** SYS_SEND: the status; the receiver runs when the priorities say so. */
int ipc_send(struct thread *t, struct slot *ep);
/** Receive on @ep with @reply (NULL: plain). E_OK: @t has its message or waits. E_AGAIN: it has
 *  sent some callers home whose messages it can't take, and wants to be called again. */
int ipc_receive(struct thread *t, struct endpoint *ep, struct reply *reply);
/** Answer what @reply holds with @t's registers. */
int ipc_reply(struct thread *t, struct reply *reply);
/** The fastpath's reply_recv when @reply holds an interrupt or a faulting thread without slow
 * flags, nobody waits on @ep, and @tag carries nothing but a label: answer it, receive, and choose
 * who runs. */
void kernel_answer_event(struct thread *t, uint64_t tag, struct reply *reply, struct endpoint *ep);
/** A fault of @t becomes a message to its fault endpoint; without one it stops. */
void ipc_fault(struct thread *t, const struct fault *f);
/** The same of the current thread, to the end of the kernel entry. */
void ipc_fault_exit(struct thread *t, const struct fault *f);

/** Deliver @irq's message to @t, which holds @reply (or NULL: acknowledged at once). */
void irq_deliver(struct irq *irq, struct thread *t, struct reply *reply);
/* Why an Irq can't be delivered now. */
#define HOLD_UNBOUND 1u  /* its owner has not bound it */
#define HOLD_QUEUED  2u  /* it waits for a receiver */
#define HOLD_REPLY   4u  /* it waits for its answer */
#define HOLD_PARKED  8u  /* nobody can answer it any more: its owner must bind it anew */
#define HOLD_LIMIT   16u /* over its limit, until the period ends */

/** @irq was answered with @label, and that was all there was to it; false: nothing has changed. */
static inline bool irq_answer_simply(struct irq *irq, uint64_t label)
{
    if (label | irq->pending | irq->owed | (irq->hold ^ HOLD_REPLY)) {
        return false;
    }
    irq->reply = NULL;
    irq->hold = 0;
    return true;
}

/** @irq was answered with @label. */
void irq_answered(struct irq *irq, uint32_t label);
/** The Reply that held @irq is gone: it stays unanswered and masked until its owner acts. */
void irq_reply_lost(struct irq *irq);
/** An interrupt of vector VECTOR_IRQ + @source: the whole kernel entry. */
void irq_arrived(uint32_t source);
/** The end of the period in which the Irq of @t went over its limit. */
void irq_timer(struct timer *t);
/** What the slot @s of an Irq named is gone. */
void irq_slot_lost(struct slot *s);
/** Unbind @irq from its endpoint, keeping it masked. */
void irq_unbind(struct irq *irq);

void notification_signal(struct notification *n, uint64_t bits);
/** The same, but whose wait ends by it is returned (or NULL) and not yet woken. */
struct thread *notification_signal_one(struct notification *n, uint64_t bits);
/** SYS_WAIT and SYS_POLL. E_OK: the thread has the bits or waits. */
int notification_wait(struct thread *t, struct notification *n, bool block);

/** End @t's wait, whatever it waits for, with @queued if its call was not picked up and
 *  @delivered if it was. Replies and queues forget it. */
void ipc_end_wait(struct thread *t, int queued, int delivered);
/** Empty @reply: what it held gets E_DEAD or stays masked or stopped. */
void reply_empty(struct reply *reply);

void endpoint_init(struct endpoint *ep);

/* These do a share of their work and return true when all of it is done. */

/** Whoever waits on @ep gets E_GONE. */
bool endpoint_destroy(struct endpoint *ep);
/** Queued callers of @badge, or @all, get E_GONE. */
bool endpoint_cancel(struct endpoint *ep, uint64_t badge, bool all);
/** Whoever waits for @n gets E_GONE; its deadline is cleared. */
bool notification_destroy(struct notification *n);

void reply_destroy(struct reply *reply);
void irq_destroy(struct irq *irq);

#endif
