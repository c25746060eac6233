/*
 * notification.c - a word of sticky bits: signalling never blocks.
 */
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <sched/sched.h>

void notification_signal(struct notification *n, uint64_t bits)
{
    struct thread *t = n->bound;

    n->bits |= bits;
    if (!n->bits) {
        return;
    }
    if (!node_alone(&n->n)) {
        t = (struct thread *)n->n.next;
        node_unlink(&t->n);
        thread_result(t, E_OK);
        thread_regs(t)->rdx = n->bits;
        n->bits = 0;
        sched_wake(t);
        return;
    }
    if (!t) {
        return;
    }
    enum quoll_thread_state s = thread_state(t);
    if (s == THREAD_RECEIVING || s == THREAD_RECEIVING_PLAIN) {
        uint64_t w[MSG_REG_WORDS] = {n->bits};
        node_unlink(&t->n);
        t->reply = NULL;
        n->bits = 0;
        message_put(t, 0, KIND_NOTIFICATION << TAG_KIND_SHIFT, w);
        sched_wake(t);
    } else {
        thread_set(t, s, t->flags | TF_SIGNALLED);
    }
}

int notification_wait(struct thread *t, struct notification *n, bool block)
{
    if (n->bits) {
        thread_result(t, E_OK);
        thread_regs(t)->rdx = n->bits;
        n->bits = 0;
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

void notification_destroy(struct notification *n)
{
    sched_set_deadline(n, 0, 0);
    while (!node_alone(&n->n)) {
        ipc_end_wait((struct thread *)n->n.next, E_GONE, E_GONE);
    }
}
