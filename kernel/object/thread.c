/*
 * thread.c - the life of a thread.
 * Invariant: cr3, cnode, buffer, own and bound are those of the capabilities in its slots.
 */
#include <arch/paging.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <lib/string.h>
#include <object/slot.h>
#include <object/thread.h>
#include <sched/sched.h>

#define REPLIES_A_SHARE 16

static struct thread *all_threads; /* under the kernel lock */

struct thread *thread_first(void)
{
    return all_threads;
}

struct thread *thread_of_slot(struct slot *s)
{
    uint64_t object = (uint64_t)s & ~((1ull << THREAD_BITS) - 1);

    return (struct thread *)(object + THREAD_OFFSET);
}

struct thread *thread_init(void *object)
{
    struct thread *t = (struct thread *)((uint8_t *)object + THREAD_OFFSET);

    for (unsigned i = 0; i < TS_COUNT; i++) {
        t->slots[i].flags = SLOT_IN_THREAD;
    }
    t->n.next = t->n.prev = &t->n;
    thread_set(t, THREAD_STOPPED, 0);
    thread_refresh(t);
    thread_result(t, E_OK);
    t->all_next = all_threads;
    if (all_threads) {
        all_threads->all_prev = t;
    }
    all_threads = t;
    return t;
}

void thread_refresh(struct thread *t)
{
    const struct slot *s = t->slots;

    if (t->flags & TF_PARKED) {
        sched_remove(t); /* its Budget may be another now */
    }
    uint32_t flags = t->flags & ~(uint32_t)(TF_NO_SPACE | TF_SIGNALLED);
    bool cnode = s[TS_CNODE].type, vspace = s[TS_VSPACE].type;

    t->cnode = cnode ? (struct slot *)s[TS_CNODE].obj : NULL;
    t->cnode_slots = cnode ? 1ull << s[TS_CNODE].size_bits : 0;
    t->cr3 = vspace ? ((struct table *)s[TS_VSPACE].obj)->cr3 : paging_kernel_cr3();
    t->buffer = s[TS_BUFFER].type ? direct(s[TS_BUFFER].obj) : NULL;
    t->own = s[TS_BUDGET].type ? (struct budget *)s[TS_BUDGET].obj : NULL;
    if (!t->payer || !t->own) {
        t->payer = t->own;
    }
    t->bound = s[TS_BOUND].type ? (struct notification *)s[TS_BOUND].obj : NULL;
    if (!cnode || !vspace || !t->own) {
        flags |= TF_NO_SPACE;
    }
    if (t->bound && t->bound->bits) {
        flags |= TF_SIGNALLED;
    }
    thread_set(t, thread_state(t), flags | (t->flags & TF_QUEUED));
    sched_check(t);
}

void thread_tell_loss(struct thread *t)
{
    enum quoll_object lost = !t->slots[TS_VSPACE].type  ? OBJ_VSPACE
                             : !t->slots[TS_CNODE].type ? OBJ_CNODE
                                                        : OBJ_BUDGET;

    struct fault f = {KIND_CAP_FAULT, lost, 0, 0};

    sched_remove(t);
    ipc_fault(t, &f);
}

void thread_slot_lost(struct slot *s)
{
    struct thread *t = thread_of_slot(s);
    bool had_space = !(t->flags & TF_NO_SPACE);

    thread_refresh(t);
    if (!had_space || !(t->flags & TF_NO_SPACE)) {
        return;
    }
    switch (thread_state(t)) {
    case THREAD_STOPPED:
    case THREAD_FAULTED: /* told when it is to go on: ipc_reply */
    case THREAD_FAULT_QUEUED:
        break;
    default:
        ipc_end_wait(t, E_GONE, E_CANCELED);
        thread_tell_loss(t);
        break;
    }
}

static void stop(struct thread *t)
{
    ipc_end_wait(t, E_GONE, E_GONE);
    sched_remove(t);
    thread_set(t, THREAD_STOPPED, t->flags);
    sched_check(t);
}

/* Some of @t's Replies become nobody's; true when none is left. */
static bool drop_replies(struct thread *t)
{
    for (unsigned i = 0; i < REPLIES_A_SHARE && t->replies; i++) {
        struct reply *r = t->replies;
        reply_empty(r);
        t->replies = r->next;
        if (r->next) {
            r->next->link = &t->replies;
        }
        r->next = NULL;
        r->owner = NULL;
    }
    return !t->replies;
}

bool thread_destroy(struct thread *t)
{
    if (t != current()) {
        stop(t);
    }
    if (!drop_replies(t)) {
        return false;
    }
    stop(t);
    for (unsigned i = 0; i < TS_COUNT; i++) {
        struct slot *s = &t->slots[i];
        if (s->type == OBJ_NOTIFICATION) {
            ((struct notification *)s->obj)->bound = NULL;
        }
        if (s->type != OBJ_NULL) {
            slot_clear(s);
        }
    }
    if (t->all_prev) {
        t->all_prev->all_next = t->all_next;
    } else {
        all_threads = t->all_next;
    }
    if (t->all_next) {
        t->all_next->all_prev = t->all_prev;
    }
    return true;
}
