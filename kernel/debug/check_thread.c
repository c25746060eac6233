/*
 * check_thread.c - each thread's own fields and its Replies.
 */
#include <arch/cpu.h>
#include <arch/paging.h>
#include <debug/check.h>
#include <object/slot.h>
#include <object/thread.h>
#include <sched/sched.h>

/* The fields that only speed up what the slots say. */
static void check_cached(const struct thread *t)
{
    const struct slot *s = t->slots;
    bool space = s[TS_CNODE].type && s[TS_VSPACE].type && s[TS_BUDGET].type;
    const struct table *v = (const struct table *)s[TS_VSPACE].obj;

    SAME("thread: CNode", t, t->cnode, s[TS_CNODE].obj);
    SAME("thread: CNode's size", t, t->cnode_slots, t->cnode ? 1ull << s[TS_CNODE].size_bits : 0);
    SAME("thread: cr3", t, t->cr3, v ? v->cr3 : paging_kernel_cr3());
    SAME("thread: buffer", t, t->buffer, s[TS_BUFFER].type ? direct(s[TS_BUFFER].obj) : NULL);
    SAME("thread: Budget", t, t->own, s[TS_BUDGET].obj);
    SAME("thread: notification", t, t->bound, s[TS_BOUND].obj);
    SAME("thread: NO_SPACE", t, !(t->flags & TF_NO_SPACE), space);
}

static void check_flags(const struct thread *t)
{
    bool running = thread_state(t) == THREAD_RUNNING, ready = running && !(t->flags & TF_BLOCKED);
    bool queued = ready && t != current() && t != cpu_self()->front;
    uint32_t slow = (t->flags & TF_SLOW) << (running ? 16 : 24);

    SAME("thread: state word", t, t->n.word, thread_state(t) | slow);
    SAME("thread: QUEUED", t, !(t->flags & TF_QUEUED), !queued);
    CHECK("thread: PARKED", t, t->flags, running || !(t->flags & TF_PARKED));
    SAME("thread: SIGNALLED", t, !(t->flags & TF_SIGNALLED), !t->bound || !t->bound->bits);
    check_seen.ready -= (t->flags & (TF_QUEUED | TF_PARKED)) != 0;
    check_seen.bindings -= t->bound != NULL;
}

static void check_state(const struct thread *t)
{
    enum quoll_thread_state state = thread_state(t);
    const struct reply *r = t->reply;
    uint64_t tag = thread_regs(t)->rsi, words = tag & TAG_WORDS_MASK;

    if (state == THREAD_CALLING || state == THREAD_FAULTED) {
        check_seen.held--;
        CHECK("thread: reply that holds it", t, r, r && r->n.next == &t->n);
    } else if (state != THREAD_RUNNING && state != THREAD_STOPPED) {
        check_seen.queued--;
    }
    if (state == THREAD_RECEIVING) {
        CHECK("thread: armed reply", t, r, r && r->owner == t && r->n.next == &r->n);
    } else if (state == THREAD_QUEUED) {
        SAME("thread: kind in a queued call's tag", t, tag & (TAG_KIND_MASK | TAG_RESERVED), 0);
        CHECK("thread: words in a queued call's tag", t, words, words <= MSG_EXTRA_MAX);
    }
}

static void check_replies(const struct thread *t)
{
    bool ok = true;

    for (struct reply *const *link = &t->replies; *link && ok; link = &(*link)->next) {
        ok = check_pointer("thread: replies", t, *link, 32) &&
             SAME("reply: link", *link, (*link)->link, link) &&
             SAME("reply: thread", *link, (*link)->owner, t);
        check_seen.replies--;
    }
}

void check_threads(void)
{
    bool ok = true;

    for (struct thread *t = thread_first(), *last = NULL; t && ok; last = t, t = t->all_next) {
        ok = SAME("thread: previous of all", t, t->all_prev, last);
        check_seen.threads--;
        check_cached(t);
        check_flags(t);
        check_state(t);
        check_replies(t);
    }
}
