/*
 * time.h - who pays for the CPU, and the one-shot timer.
 * The timer is set for the earliest of: the first deadline, the end of the payer's Budget, and,
 * while somebody is ready, the end of the slice. It may be early (the tick then looks again), so
 * most switches need not touch it; it is never late.
 */
#ifndef SCHED_TIME_H
#define SCHED_TIME_H

#include <arch/cpu.h>

/** This CPU's clock starts, its idle thread pays for itself; @ready has a queue per priority. */
void time_init(struct node *ready);

/** Time up to now is charged to the current payer. */
void time_charge(void);

/** @t's payer becomes this CPU's, @t's own Budget if the payer's is used up. False: that one is,
 *  too, and @t is parked until its period ends. */
bool time_charge_to(struct thread *t);

/** The timer fires at @tsc at the latest. */
void time_arm(uint64_t tsc);

/** The timer interrupt: deadlines, the end of a slice or of a Budget. */
void time_tick(void);

/** Arm, move or (@at 0) clear @t, whose kind is set. */
void time_set(struct timer *t, uint64_t at);
/** Arm, move or (deadline 0) clear @n's deadline. */
void time_set_deadline(struct notification *n, uint64_t deadline, uint64_t bits);

/** @budget_us in each @period_us, 0 for unlimited; the thread's priorities are at most @max_prio.
 */
void budget_init(struct budget *b, uint32_t budget_us, uint32_t period_us, uint64_t max_prio);

/** @t no longer waits for its Budget's period to end. */
void budget_unpark(struct thread *t);

/** @b is about to go: nobody is charged to it any more. */
void budget_destroy(struct budget *b);

#endif
