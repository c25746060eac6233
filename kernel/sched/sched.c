/*
 * sched.c - which thread runs: ready queues and dispatch.
 * Runs with interrupts off on the CPU that owns the threads. Time and budgets: time.c.
 */
#include <arch/asm.h>
#include <ipc/ipc.h>
#include <sched/sched.h>
#include <sched/time.h>

/* Threads with empty Budgets that one kernel entry passes over before it lets interrupts in. */
#define PARKED_PER_ENTRY 16

void thread_set(struct thread *t, enum quoll_thread_state state, uint32_t flags)
{
    /* Flags stand elsewhere for a running thread than for a waiting one, so that the fastpath's
     * "my word + 1 == its word" can't hold when both have one. Bits 8-15: home CPU, 0. */
    uint32_t slow = flags & TF_SLOW;

    t->flags = flags;
    t->n.word = (uint32_t)state | (state == THREAD_RUNNING ? slow << 16 : slow << 24);
}

/* At the @front stands who was interrupted in its slice and has the rest of it to come. */
static void enqueue(struct cpu *cpu, struct thread *t, bool front)
{
    struct node *q = &cpu->ready[t->n.prio];

    t->slice_end = front ? cpu->slice_end : 0;
    node_append(front ? q->next : q, &t->n);
    t->flags |= TF_QUEUED;
    t->payer = t->own; /* a donation ends where the scheduler decides */
    cpu->ready_bits[t->n.prio / 64] |= 1ull << (t->n.prio & 63);
    cpu->ready_groups |= 1u << t->n.prio / 64;
    if (t->n.prio > cpu->max_ready) {
        cpu->max_ready = t->n.prio;
    }
}

static void update_max_ready(struct cpu *cpu)
{
    if (!cpu->ready_groups) {
        cpu->max_ready = 0;
        return;
    }
    unsigned group = 31 - (unsigned)__builtin_clz(cpu->ready_groups);
    cpu->max_ready = 64 * group + 63 - (uint32_t)__builtin_clzll(cpu->ready_bits[group]);
}

static void dequeue(struct cpu *cpu, struct thread *t)
{
    unsigned group = t->n.prio / 64;

    node_unlink(&t->n);
    t->flags &= ~(uint32_t)TF_QUEUED;
    if (node_alone(&cpu->ready[t->n.prio])) {
        cpu->ready_bits[group] &= ~(1ull << (t->n.prio & 63));
        if (!cpu->ready_bits[group]) {
            cpu->ready_groups &= ~(1u << group);
        }
        update_max_ready(cpu);
    }
}

void sched_remove(struct thread *t)
{
    if (t->flags & TF_QUEUED) {
        dequeue(cpu_self(), t);
    } else if (t->flags & TF_PARKED) {
        budget_unpark(t);
    }
}

static bool runnable(const struct thread *t)
{
    return thread_state(t) == THREAD_RUNNING && !(t->flags & TF_BLOCKED);
}

void sched_check(struct thread *t)
{
    struct cpu *cpu = cpu_self();

    if (!runnable(t)) {
        if (t->flags & TF_QUEUED) {
            dequeue(cpu, t);
        }
        if (cpu->direct == t) {
            cpu->direct = NULL;
        }
    } else if (t != current() && !(t->flags & TF_QUEUED) && cpu->direct != t) {
        enqueue(cpu, t, false);
    }
}

void sched_wake(struct thread *t)
{
    struct cpu *cpu = cpu_self();

    thread_set(t, THREAD_RUNNING, t->flags);
    if (!cpu->direct && t->n.prio > cpu->max_ready && t != current() && runnable(t)) {
        /* it will be the first of its queue: spare it the way through */
        t->payer = t->own;
        cpu->direct = t;
    } else {
        sched_check(t);
    }
}

void sched_hand_to(struct thread *t)
{
    struct cpu *cpu = cpu_self();

    thread_set(t, THREAD_RUNNING, t->flags);
    if (t->payer != cpu->payer) {
        t->payer = t->own;
    }
    if (cpu->direct || t == current() || !runnable(t)) {
        sched_check(t);
    } else {
        cpu->direct = t;
    }
}

void sched_set_priority(struct thread *t, uint32_t prio)
{
    if (t->flags & TF_QUEUED) {
        dequeue(cpu_self(), t);
        t->n.prio = prio;
        enqueue(cpu_self(), t, false);
    } else {
        t->n.prio = prio;
    }
}

void sched_yield(void)
{
    cpu_self()->resched = true;
}

static void switch_to(struct cpu *cpu, struct thread *from, struct thread *to)
{
    cpu->tss.rsp[0] = (uint64_t)to;
    if (to->cr3 != from->cr3) {
        write_cr3(to->cr3);
    }
    if ((from->flags | to->flags) & TF_FPU) {
        fpu_switch(from, to);
    }
    if ((from->flags | to->flags) & TF_FSBASE) {
        wrmsr(MSR_FS_BASE, to->flags & TF_FSBASE ? to->fs_base : 0);
    }
}

static void new_slice(struct cpu *cpu)
{
    cpu->slice_end = rdtsc() + cpu->slice_ticks;
}

/* The first of the highest ready queue, taken out and given a slice, or the idle thread. */
static struct thread *pick(struct cpu *cpu)
{
    if (!cpu->ready_groups) {
        return cpu->idle;
    }
    struct thread *t = (struct thread *)cpu->ready[cpu->max_ready].next;
    dequeue(cpu, t);
    if (t->slice_end) {
        cpu->slice_end = t->slice_end;
    } else {
        new_slice(cpu);
    }
    return t;
}

/* Who runs next by priority, taken out of the queues; who goes on without a rival is @from. */
static struct thread *choose(struct cpu *cpu, struct thread *from)
{
    struct thread *to = cpu->direct;
    bool stays = runnable(from), front = !cpu->resched;
    uint32_t prio = from->n.prio;

    if (to) {
        cpu->direct = NULL;
        if (to->n.prio >= cpu->max_ready && !(stays && prio > to->n.prio)) {
            if (stays) {
                enqueue(cpu, from, front);
            }
            if (to->payer != cpu->payer) {
                new_slice(cpu); /* woken, not lent the time of who handed over */
            }
            return to;
        }
        enqueue(cpu, to, false);
    }
    if (stays) {
        if (prio > cpu->max_ready || (prio == cpu->max_ready && (front || !cpu->ready_groups))) {
            return from;
        }
        enqueue(cpu, from, front);
    }
    return pick(cpu);
}

void sched_exit(void)
{
    struct cpu *cpu = cpu_self();
    struct thread *from = current(), *to = choose(cpu, from);

    for (unsigned i = 0; to->payer != cpu->payer && !time_charge_to(to); i++) {
        to = i < PARKED_PER_ENTRY ? pick(cpu) : cpu->idle;
    }
    cpu->resched = false;
    if (to != from) {
        switch_to(cpu, from, to);
    }
    if (cpu->ready_groups && cpu->slice_end < cpu->timer_tsc) {
        time_arm(cpu->slice_end);
    }
}
