/*
 * dispatch.h - the CPU goes from one thread to another: the short ways for the ends of kernel
 * entries that have little to decide, inlined where they are hot. Each proves that sched_exit would
 * do the same, or leaves it to sched_exit. A thread is plain if it has no slow flag: its state word
 * is then its state alone.
 */
#ifndef SCHED_DISPATCH_H
#define SCHED_DISPATCH_H

#include <arch/spec.h>
#include <debug/trace.h>
#include <sched/sched.h>
#include <sched/time.h>

/** @t is interrupted in its slice, the rest of which is still to come. It is the first that runs
 *  when those of higher priority wait again, which is mostly soon: no queue is touched. */
static inline void sched_put_front(struct cpu *cpu, struct thread *t)
{
    t->slice_end = cpu->slice_end;
    cpu->front = t;
    if (t->n.prio > cpu->max_ready) {
        cpu->max_ready = t->n.prio;
    }
}

/** The front, which is the highest that is ready, runs on. */
static inline void sched_take_front(struct cpu *cpu, struct thread *t)
{
    cpu->front = NULL;
    cpu->slice_end = t->slice_end;
    t->payer = t->own; /* a donation ends where the scheduler decides */
    if (cpu->ready_count) {
        sched_update_max_ready(cpu);
    } else {
        cpu->max_ready = 0;
    }
}

/** The one-shot timer will end the slice, if anybody is ready. */
static inline void sched_arm_slice(const struct cpu *cpu)
{
    if (cpu->slice_end < cpu->timer_tsc) {
        time_arm(cpu->slice_end);
    }
}

static inline void sched_enter(struct cpu *cpu, const struct thread *from, struct thread *to)
{
    trace(TRACE_SWITCH, (uint64_t)to, to->n.prio, 0, 0);
    cpu->tss.rsp[0] = (uint64_t)to;
    if (to->cr3 != from->cr3) {
        write_cr3(to->cr3);
        if (to != cpu->idle) {
            spec_barrier();
        }
    }
}

/** May the CPU go from @from, which is about to wait, to @to, which runs on its payer? */
static inline bool sched_may_hand(const struct cpu *cpu, const struct thread *from,
                                  const struct thread *to)
{
    return !(from->flags & TF_EXTRAS) && to->n.prio >= cpu->max_ready &&
           !((uint64_t)cpu->direct | cpu->resched);
}

/** The end of a kernel entry at TSC @now by the running thread @from whose last act is to end @t's
 *  wait: @t gets a slice of its own. */
static inline void sched_exit_waking(struct cpu *cpu, struct thread *from, struct thread *t,
                                     uint64_t now)
{
    if (t->flags & TF_SLOW || from->n.word != THREAD_RUNNING || from->n.prio >= t->n.prio ||
        t->own != cpu->payer || cpu->front || (uint64_t)cpu->direct | cpu->resched) {
        sched_wake_and_exit(t);
        return;
    }
    t->n.word = THREAD_RUNNING;
    t->payer = t->own;
    sched_put_front(cpu, from);
    cpu->slice_end = now + cpu->slice_ticks;
    sched_enter(cpu, from, t);
    sched_arm_slice(cpu);
}

/** The end of a kernel entry in which the plain thread @from has begun to wait. */
static inline void sched_exit_waiting(struct cpu *cpu, const struct thread *from)
{
    struct thread *to = cpu->front;

    if (!to || to->n.word != THREAD_RUNNING || to->n.prio < cpu->max_ready ||
        to->own != cpu->payer || (uint64_t)cpu->direct | cpu->resched) {
        sched_exit();
        return;
    }
    sched_take_front(cpu, to);
    sched_enter(cpu, from, to);
    if (cpu->ready_count) {
        sched_arm_slice(cpu);
    }
}

/** The end of a kernel entry of thread @from. */
static inline void sched_leave(struct cpu *cpu, const struct thread *from)
{
    if (from->n.word != THREAD_RUNNING || from->n.prio < cpu->max_ready ||
        (uint64_t)cpu->direct | cpu->resched || from->payer != cpu->payer) {
        sched_exit();
    }
}

#endif
