/*
 * notification.c - a word of sticky bits: signalling never blocks.
 */
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <sched/sched.h>
#include <sched/time.h>

#define WAITERS_A_SHARE 16

/* @n's bits are the result of @t's wait or receive. */
static void take_bits(struct thread *t, struct notification *n, uint64_t tag)
{
    message_put(t, 0, tag, (const uint64_t[MSG_REG_WORDS]){n->bits});
    n->bits = 0;
}

/* @t, to which @n is bound, gets its bits as a message now or when it next receives. */
static void signal_bound(struct thread *t, struct notification *n)
{
    enum quoll_thread_state s = thread_state(t);

    if (s == THREAD_RECEIVING || s == THREAD_RECEIVING_PLAIN) {
        node_unlink(&t->n);
        t->reply = NULL;
        take_bits(t, n, KIND_NOTIFICATION << TAG_KIND_SHIFT);
        sched_wake(t);
    } else {
        thread_set(t, s, t->flags | TF_SIGNALLED);
    }
}

struct thread *notification_signal_one(struct notification *n, uint64_t bits)
{
    struct thread *t = (struct thread *)n->n.next;

    n->bits |= bits;
    if (!n->bits) {
        return NULL;
    }
    if (&t->n != &n->n) {
        node_unlink(&t->n);
        take_bits(t, n, 0);
        return t;
    }
    if (n->bound) {
        signal_bound(n->bound, n);
    }
    return NULL;
}

void notification_signal(struct notification *n, uint64_t bits)
{
    struct thread *t = notification_signal_one(n, bits);

    if (t) {
        sched_wake(t);
    }
}

int notification_wait(struct thread *t, struct notification *n, bool block)
{
    if (n->bits) {
        take_bits(t, n, 0);
        if (n->bound) {
            thread_set(n->bound, thread_state(n->bound), n->bound->flags & ~(uint32_t)TF_SIGNALLED);
        }
        return E_OK;
    }
    if (!block) {
        return E_BUSY;
    }
    thread_set(t, THREAD_WAITING, t->flags);
    node_append(&n->n, &t->n);
    return E_OK;
}

bool notification_destroy(struct notification *n)
{
    time_set_deadline(n, 0, 0);
    for (unsigned i = 0; i < WAITERS_A_SHARE && !node_alone(&n->n); i++) {
        ipc_end_wait((struct thread *)n->n.next, E_GONE, E_GONE);
    }
    return node_alone(&n->n);
}
