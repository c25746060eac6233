/*
 * sched.c - which thread runs: ready queues and dispatch.
 * Runs with interrupts off on the CPU that owns the threads. Time and budgets: time.c.
 */
#include <ipc/ipc.h>
#include <object/thread_debug.h>
#include <sched/dispatch.h>

/* Threads with empty Budgets that one kernel entry passes over before it lets interrupts in. */
#define PARKED_PER_ENTRY 16

void sched_update_max_ready(struct cpu *cpu)
{
    uint32_t max = cpu->front ? cpu->front->n.prio : 0;

    for (unsigned group = 4; cpu->ready_count && group-- > 0;) {
        if (cpu->ready_bits[group]) {
            uint32_t queued = 64 * group + 63 - (uint32_t)__builtin_clzll(cpu->ready_bits[group]);
            max = queued > max ? queued : max;
            break;
        }
    }
    cpu->max_ready = max;
}

static void put_in_queue(struct cpu *cpu, struct thread *t, struct node *before)
{
    node_append(before, &t->n);
    bit_set(cpu->ready_bits, t->n.prio);
    t->flags |= TF_QUEUED;
    cpu->ready_count++;
    if (t->n.prio > cpu->max_ready) {
        cpu->max_ready = t->n.prio;
    }
}

/* Queue @t behind its equals; it will have a new slice. */
static void enqueue(struct cpu *cpu, struct thread *t)
{
    t->slice_end = 0;
    t->payer = t->own; /* a donation ends where the scheduler decides */
    put_in_queue(cpu, t, &cpu->ready[t->n.prio]);
    sched_arm_slice(cpu);
}

/* The thread at the front goes into its queue, before its equals. */
static void queue_front(struct cpu *cpu)
{
    struct thread *t = cpu->front;

    cpu->front = NULL;
    t->payer = t->own;
    put_in_queue(cpu, t, cpu->ready[t->n.prio].next);
}

/* Interrupted in its slice: see dispatch.h. */
static void put_front(struct cpu *cpu, struct thread *t)
{
    if (cpu->front) {
        queue_front(cpu);
    }
    sched_put_front(cpu, t);
}

static void dequeue(struct cpu *cpu, struct thread *t)
{
    t->flags &= ~(uint32_t)TF_QUEUED;
    cpu->ready_count--;
    node_unlink(&t->n);
    if (node_alone(&cpu->ready[t->n.prio])) {
        bit_clear(cpu->ready_bits, t->n.prio);
        sched_update_max_ready(cpu);
    }
}

void sched_remove(struct thread *t)
{
    struct cpu *cpu = cpu_self();

    if (t->flags & TF_QUEUED) {
        dequeue(cpu, t);
    } else if (cpu->front == t) {
        cpu->front = NULL;
        sched_update_max_ready(cpu);
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
        if (!(t->flags & TF_PARKED)) {
            sched_remove(t);
        }
        if (cpu->direct == t) {
            cpu->direct = NULL;
        }
    } else if (t != current() && t != cpu->direct && t != cpu->front && !(t->flags & TF_QUEUED)) {
        enqueue(cpu, t);
    }
}

void sched_wake(struct thread *t)
{
    struct cpu *cpu = cpu_self();

    thread_set(t, THREAD_RUNNING, t->flags);
    if (!cpu->direct && t->n.prio > cpu->max_ready && t->n.word == THREAD_RUNNING &&
        t != current()) {
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

    if (t->payer != cpu->payer || cpu->direct || t == current()) {
        sched_wake(t); /* the slice that it came in is over */
        return;
    }
    thread_set(t, THREAD_RUNNING, t->flags);
    if (runnable(t)) {
        cpu->direct = t;
    }
}

void sched_set_priority(struct thread *t, uint32_t prio)
{
    struct cpu *cpu = cpu_self();

    if (cpu->front == t) {
        queue_front(cpu);
    }
    if (t->flags & TF_QUEUED) {
        dequeue(cpu, t);
        t->n.prio = prio;
        enqueue(cpu, t);
    } else {
        t->n.prio = prio;
    }
}

void sched_yield(void)
{
    cpu_self()->resched = true;
}

/* What only some threads have is switched when one of the two has it. */
static __attribute__((noinline)) void switch_extras(struct thread *from, struct thread *to)
{
    if ((from->flags | to->flags) & TF_FPU) {
        fpu_switch(from, to);
    }
    if ((from->flags | to->flags) & TF_FSBASE) {
        wrmsr(MSR_FS_BASE, to->flags & TF_FSBASE ? to->fs_base : 0);
    }
    if ((from->flags | to->flags) & TF_DEBUG) {
        debug_switch(to);
    }
}

static void switch_to(struct cpu *cpu, struct thread *from, struct thread *to)
{
    sched_enter(cpu, from, to);
    if ((from->flags | to->flags) & TF_EXTRAS) {
        switch_extras(from, to);
    }
}

static void new_slice(struct cpu *cpu)
{
    cpu->slice_end = rdtsc() + cpu->slice_ticks;
}

/* The first of the highest priority that is ready, taken out, or the idle thread. */
static struct thread *pick(struct cpu *cpu)
{
    struct thread *t = cpu->front;

    if (t && t->n.prio >= cpu->max_ready) {
        sched_take_front(cpu, t);
        return t;
    }
    if (!cpu->ready_count) {
        cpu->slice_end = TIMER_OFF;
        return cpu->idle;
    }
    t = (struct thread *)cpu->ready[cpu->max_ready].next;
    dequeue(cpu, t);
    cpu->slice_end = t->slice_end;
    if (!t->slice_end) {
        new_slice(cpu);
    }
    return t;
}

/* The current thread @from can run on, but somebody else may have to run: take out who does. */
static struct thread *choose(struct cpu *cpu, struct thread *from)
{
    uint32_t prio = from->n.prio;
    bool anyone = cpu->ready_count || cpu->front;

    if (!anyone || prio > cpu->max_ready || (prio == cpu->max_ready && !cpu->resched)) {
        return from;
    }
    if (cpu->resched) {
        enqueue(cpu, from);
    } else {
        put_front(cpu, from);
    }
    return pick(cpu);
}

/* Who runs after @from by priority, taken out of the queues. */
static struct thread *next_thread(struct cpu *cpu, struct thread *from)
{
    struct thread *to = cpu->direct;
    bool stays = runnable(from);

    if (to) {
        cpu->direct = NULL;
        if (to->n.prio < cpu->max_ready || (stays && to->n.prio < from->n.prio)) {
            enqueue(cpu, to);
        } else {
            if (stays) {
                put_front(cpu, from);
            }
            if (to->payer != cpu->payer) {
                new_slice(cpu); /* woken, not lent the time of who handed over */
            }
            return to;
        }
    }
    return stays ? choose(cpu, from) : pick(cpu);
}

/* Who runs next pays for it; who can't is parked, and the next one is asked. */
static __attribute__((noinline)) struct thread *who_can_pay(struct cpu *cpu, struct thread *to)
{
    for (unsigned i = 0; to->payer != cpu->payer && !time_charge_to(to); i++) {
        to = i < PARKED_PER_ENTRY ? pick(cpu) : cpu->idle;
    }
    return to;
}

void sched_exit(void)
{
    struct cpu *cpu = cpu_self();
    struct thread *from = current(), *to = next_thread(cpu, from);

    cpu->resched = false;
    if (to->payer != cpu->payer) {
        to = who_can_pay(cpu, to);
    }
    if (to != from) {
        switch_to(cpu, from, to);
        if (cpu->ready_count || cpu->front) {
            sched_arm_slice(cpu);
        }
    }
}

void sched_wake_and_exit(struct thread *t)
{
    sched_wake(t);
    sched_exit();
}
