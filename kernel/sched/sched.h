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
#define TF_BLOCKED (TF_SUSPENDED | TF_NO_SPACE)
/* Flags that keep a thread off the fastpath: part of its state word. */
#define TF_SLOW (TF_SUSPENDED | TF_SIGNALLED | TF_FPU | TF_FSBASE | TF_NO_SPACE)

/** Set @t's state and flags, and with them the word that the fastpath compares. */
void thread_set(struct thread *t, enum quoll_thread_state state, uint32_t flags);

/** @t's wait is over: RUNNING, and ready unless something blocks it. */
void sched_wake(struct thread *t);

/** As sched_wake, but the CPU goes straight to @t at the end of this kernel entry, before others
 *  of its priority and without a slice of its own; it keeps its payer. */
void sched_hand_to(struct thread *t);

/** Take @t out of the ready queue if it is in one. */
void sched_remove(struct thread *t);

/** @t's flags or priority allow it to run now: queue it if it is RUNNING and not current. */
void sched_check(struct thread *t);
void sched_set_priority(struct thread *t, uint32_t prio);

/** The current thread gives way to others of its priority. */
void sched_yield(void);

/** End of every kernel entry but the fastpath: pick, charge, switch. */
void sched_exit(void);

/** The timer interrupt: deadlines and the end of a slice. */
void sched_timer(void);

/** Time up to now is charged to the current payer. */
void sched_charge(void);

/** Arm, move or (deadline 0) clear @n's deadline. */
void sched_set_deadline(struct notification *n, uint64_t deadline, uint64_t bits);

#endif
