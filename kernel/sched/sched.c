/*
 * sched.c - ready queues, dispatch and the timer.
 * Runs with interrupts off on the CPU that owns the threads.
 */
#include <arch/asm.h>
#include <arch/timer.h>
#include <ipc/ipc.h>
#include <sched/sched.h>

void thread_set(struct thread *t, enum quoll_thread_state state, uint32_t flags)
{
    /* Flags stand elsewhere for a running thread than for a waiting one, so that the fastpath's
     * "my word + 1 == its word" can't hold when both have one. Bits 8-15: home CPU, 0. */
    uint32_t slow = flags & TF_SLOW;

    t->flags = flags;
    t->n.word = (uint32_t)state | (state == THREAD_RUNNING ? slow << 16 : slow << 24);
}

static void update_max_ready(struct cpu *cpu)
{
    cpu->max_ready = 0;
    for (unsigned i = 4; i-- > 0;) {
        if (cpu->ready_bits[i]) {
            cpu->max_ready = 64 * i + 63 - (uint32_t)__builtin_clzll(cpu->ready_bits[i]);
            return;
        }
    }
}

static bool none_ready(const struct cpu *cpu)
{
    return !(cpu->ready_bits[0] | cpu->ready_bits[1] | cpu->ready_bits[2] | cpu->ready_bits[3]);
}

static void enqueue(struct thread *t, bool front)
{
    struct cpu *cpu = cpu_self();
    struct ready_queue *q = &cpu->ready[t->n.prio];
    struct node *n = &t->n;

    if (!q->head) {
        n->next = n->prev = NULL;
        q->head = q->tail = n;
    } else if (front) {
        n->prev = NULL;
        n->next = q->head;
        q->head->prev = n;
        q->head = n;
    } else {
        n->next = NULL;
        n->prev = q->tail;
        q->tail->next = n;
        q->tail = n;
    }
    t->flags |= TF_QUEUED;
    t->payer = t->own; /* a donation ends where the scheduler decides */
    cpu->ready_bits[n->prio / 64] |= 1ull << (n->prio & 63);
    if (n->prio > cpu->max_ready) {
        cpu->max_ready = n->prio;
    }
}

void sched_remove(struct thread *t)
{
    struct cpu *cpu = cpu_self();
    struct node *n = &t->n;
    struct ready_queue *q = &cpu->ready[n->prio];

    if (!(t->flags & TF_QUEUED)) {
        return;
    }
    if (n->prev) {
        n->prev->next = n->next;
    } else {
        q->head = n->next;
    }
    if (n->next) {
        n->next->prev = n->prev;
    } else {
        q->tail = n->prev;
    }
    t->flags &= ~(uint32_t)TF_QUEUED;
    if (!q->head) {
        cpu->ready_bits[n->prio / 64] &= ~(1ull << (n->prio & 63));
        update_max_ready(cpu);
    }
}

static bool runnable(const struct thread *t)
{
    return thread_state(t) == THREAD_RUNNING && !(t->flags & TF_BLOCKED);
}

void sched_check(struct thread *t)
{
    if (t != current() && runnable(t) && !(t->flags & TF_QUEUED) && cpu_self()->direct != t) {
        enqueue(t, false);
    } else if (!runnable(t)) {
        sched_remove(t);
        if (cpu_self()->direct == t) {
            cpu_self()->direct = NULL;
        }
    }
}

void sched_wake(struct thread *t)
{
    thread_set(t, THREAD_RUNNING, t->flags);
    sched_check(t);
}

void sched_hand_to(struct thread *t)
{
    struct cpu *cpu = cpu_self();

    thread_set(t, THREAD_RUNNING, t->flags);
    if (cpu->direct || t == current() || !runnable(t)) {
        sched_check(t);
    } else {
        cpu->direct = t;
    }
}

void sched_set_priority(struct thread *t, uint32_t prio)
{
    bool queued = t->flags & TF_QUEUED;

    sched_remove(t);
    t->n.prio = prio;
    if (queued) {
        enqueue(t, false);
    }
}

void sched_yield(void)
{
    cpu_self()->slice_end = 1; /* over */
}

void sched_charge(void)
{
    struct cpu *cpu = cpu_self();
    struct thread *t = current();
    uint64_t now = rdtsc();

    if (t == cpu->idle) {
        cpu->idle_ticks += now - cpu->charged_to_tsc;
    } else if (t->payer) {
        t->payer->consumed += now - cpu->charged_to_tsc;
    }
    cpu->charged_to_tsc = now;
}

/* Arm the timer for the next deadline or, with others waiting, the end of the slice. */
static void set_timer(struct cpu *cpu)
{
    uint64_t at = cpu->timers ? cpu->timers->deadline : 0;

    if (cpu->slice_end && (!at || cpu->slice_end < at)) {
        at = cpu->slice_end;
    }
    if (at != cpu->timer_tsc) {
        cpu->timer_tsc = at;
        timer_set(at);
    }
}

static void switch_to(struct thread *from, struct thread *to)
{
    struct cpu *cpu = cpu_self();

    cpu->tss.rsp[0] = (uint64_t)to;
    if (to->cr3 != read_cr3()) {
        write_cr3(to->cr3);
    }
    if ((from->flags | to->flags) & TF_FPU) {
        fpu_switch(from, to);
    }
    if ((from->flags | to->flags) & TF_FSBASE) {
        wrmsr(MSR_FS_BASE, to->flags & TF_FSBASE ? to->fs_base : 0);
    }
}

/* The head of the highest ready queue, taken out, or the idle thread. */
static struct thread *pick(struct cpu *cpu)
{
    if (none_ready(cpu)) {
        return cpu->idle;
    }
    struct thread *t = (struct thread *)cpu->ready[cpu->max_ready].head;
    sched_remove(t);
    return t;
}

void sched_exit(void)
{
    struct cpu *cpu = cpu_self();
    struct thread *from = current(), *to = cpu->direct;
    bool slice_over = cpu->slice_end && rdtsc() >= cpu->slice_end;
    bool stays = from != cpu->idle && runnable(from);

    cpu->direct = NULL;
    if (slice_over) {
        cpu->slice_end = 0;
    }
    if (to && (none_ready(cpu) || to->n.prio >= cpu->max_ready) &&
        !(stays && from->n.prio > to->n.prio)) {
        sched_charge();
        if (stays) {
            enqueue(from, true);
        }
        switch_to(from, to);
    } else {
        if (to) {
            enqueue(to, false);
        }
        bool rivals = !none_ready(cpu) && cpu->max_ready >= from->n.prio;
        if (!stays || (rivals && (cpu->max_ready > from->n.prio || slice_over))) {
            sched_charge();
            if (stays) {
                enqueue(from, !slice_over);
            }
            to = pick(cpu);
            to->payer = to->own;
            switch_to(from, to);
        }
    }
    if (!none_ready(cpu) && !cpu->slice_end && current() != cpu->idle) {
        cpu->slice_end = rdtsc() + cpu->tsc_hz / 1000000 * SLICE_US;
    } else if (none_ready(cpu)) {
        cpu->slice_end = 0;
    }
    set_timer(cpu);
}

void sched_set_deadline(struct notification *n, uint64_t deadline, uint64_t bits)
{
    struct cpu *cpu = cpu_self();

    for (struct notification **p = &cpu->timers; *p; p = &(*p)->timer_next) {
        if (*p == n) {
            *p = n->timer_next;
            break;
        }
    }
    n->deadline = deadline;
    n->deadline_bits = bits;
    if (!deadline) {
        return;
    }
    struct notification **p = &cpu->timers;
    while (*p && (*p)->deadline <= deadline) {
        p = &(*p)->timer_next;
    }
    n->timer_next = *p;
    *p = n;
}

void sched_timer(void)
{
    struct cpu *cpu = cpu_self();
    uint64_t now = rdtsc();

    cpu->timer_tsc = 0;
    while (cpu->timers && cpu->timers->deadline <= now) {
        struct notification *n = cpu->timers;
        cpu->timers = n->timer_next;
        n->deadline = 0;
        notification_signal(n, n->deadline_bits);
    }
}
