/*
 * sched.h - which thread runs: 256 priorities, round robin within one, one-shot timer.
 * Invariants at user level: the current thread is RUNNING and in no queue; no ready thread has a
 * higher priority; every other RUNNING thread without a blocking flag is in a ready queue.
 */
#ifndef SCHED_H
#define SCHED_H

#include <arch/cpu.h>

#define SLICE_US 10000

/* Flags that keep a thread from running whatever its state. */
#define TF_BLOCKED (TF_SUSPENDED | TF_NO_SPACE | TF_PARKED)
/* Flags that keep a thread off the fastpath: part of its state word. */
#define TF_SLOW (TF_BLOCKED | TF_SIGNALLED | TF_EXTRAS)

/* Flags of a thread with registers that others don't have. */
#define TF_EXTRAS (TF_FPU | TF_FSBASE | TF_DEBUG)

/** Set @t's state and flags, and with them the word that the fastpath compares. Flags stand
 *  elsewhere for a running thread than for a waiting one, so that the fastpath's "my word + 1 ==
 *  its word" can't hold when both have one. Bits 8-15: home CPU, 0. */
static inline void thread_set(struct thread *t, enum quoll_thread_state state, uint32_t flags)
{
    t->flags = flags;
    t->n.word = (uint32_t)state | (flags & TF_SLOW) << (state == THREAD_RUNNING ? 16 : 24);
}

/** @t's wait is over: RUNNING, and ready unless something blocks it. It pays for itself. */
void sched_wake(struct thread *t);

/** As sched_wake, but if @t's payer is the current one, the CPU goes straight to @t at the end of
 *  this kernel entry, before others of its priority, on that payer and in the running slice. */
void sched_hand_to(struct thread *t);

/** Take @t out of the queue that it is in while RUNNING: ready or parked. */
void sched_remove(struct thread *t);

/** @t's flags or priority allow it to run now: queue it if it is RUNNING and not current. */
void sched_check(struct thread *t);
void sched_set_priority(struct thread *t, uint32_t prio);

/** The current thread gives way to others of its priority. */
void sched_yield(void);

/** End of every kernel entry but the fastpath: choose who runs, charge, switch. Short ways for
 *  the common cases: dispatch.h. */
void sched_exit(void);

/** sched_wake, then sched_exit. */
void sched_wake_and_exit(struct thread *t);

/** Bring cpu->max_ready in line with the queues and their front. */
void sched_update_max_ready(struct cpu *cpu);

#endif
