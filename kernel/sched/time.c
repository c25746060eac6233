/*
 * time.c - charging, slices, deadlines and Budgets.
 * A thread's payer is followed only when the CPU takes it over (cpu->payer), which is at a dispatch
 * or a hand-over; for a waiting thread it is a token that is compared with cpu->payer and else
 * replaced by its own Budget. So a Budget can die at once, whoever was once lent its time.
 * A Budget is filled when it is found empty after its period has ended: it pays at most once a
 * period, and nothing has to be done for those that nobody uses up.
 */
#include <arch/asm.h>
#include <arch/timer.h>
#include <ipc/ipc.h>
#include <sched/sched.h>
#include <sched/time.h>

#define SLICE_US 10000

/* What one kernel entry does of a kind of work whose amount user level controls. */
#define TIMERS_PER_TICK   16
#define UNPARKED_PER_TICK 16

void time_init(struct node *ready)
{
    struct cpu *cpu = cpu_self();

    cpu->ready = ready;
    for (unsigned i = 0; i <= PRIORITY_MAX; i++) {
        node_init(&ready[i], WORD_READY);
    }
    cpu->payer = cpu->idle->own;
    cpu->charged_to_tsc = rdtsc();
    cpu->slice_ticks = cpu->tsc_hz / 1000000 * SLICE_US;
    cpu->timer_tsc = cpu->slice_end = TIMER_OFF;
}

void time_charge(void)
{
    struct cpu *cpu = cpu_self();
    uint64_t now = rdtsc(), spent = now - cpu->charged_to_tsc;

    cpu->payer->consumed += spent;
    cpu->payer->left -= (int64_t)spent;
    cpu->charged_to_tsc = now;
}

void time_arm(uint64_t tsc)
{
    struct cpu *cpu = cpu_self();

    if (tsc < cpu->timer_tsc) {
        cpu->timer_tsc = tsc;
        timer_set(tsc);
    }
}

/* Has @b time left at @now? A new period starts if it is due; what was overdrawn counts, but no
 * more than one period's worth: a machine that stood still is not its threads' fault. */
static bool budget_has_time(struct budget *b, uint64_t now)
{
    if (b->left <= 0 && now >= b->period_end) {
        bool late = now - b->period_end >= (uint64_t)b->period_ticks;
        b->period_end = (late ? now : b->period_end) + (uint64_t)b->period_ticks;
        b->left = b->left < -b->ticks ? 0 : b->left + b->ticks;
    }
    return b->left > 0;
}

static bool is_limited(const struct budget *b)
{
    return b->ticks != TICKS_UNLIMITED;
}

/* @t waits until its Budget's period has ended. */
static void park(struct thread *t)
{
    struct budget *b = t->own;

    thread_set(t, thread_state(t), t->flags | TF_PARKED);
    node_append(&b->parked, &t->n);
    if (!timerq_queued(&b->timer)) {
        b->timer.at = b->period_end;
        timerq_insert(&cpu_self()->timers, &b->timer);
        time_arm(b->timer.at);
    }
}

void budget_unpark(struct thread *t)
{
    struct budget *b = t->own;

    node_unlink(&t->n);
    thread_set(t, thread_state(t), t->flags & ~(uint32_t)TF_PARKED);
    if (node_alone(&b->parked)) {
        timerq_remove(&cpu_self()->timers, &b->timer);
    }
}

/* @b's period has ended: some of those that wait for it run again. */
static void budget_tick(struct budget *b, uint64_t now)
{
    bool filled = budget_has_time(b, now);

    for (unsigned i = 0; filled && i < UNPARKED_PER_TICK && !node_alone(&b->parked); i++) {
        struct thread *t = (struct thread *)b->parked.next;
        budget_unpark(t);
        sched_check(t);
    }
    if (!node_alone(&b->parked)) {
        b->timer.at = filled ? now : b->period_end;
        timerq_insert(&cpu_self()->timers, &b->timer);
    }
}

bool time_charge_to(struct thread *t)
{
    struct cpu *cpu = cpu_self();

    time_charge();
    uint64_t now = cpu->charged_to_tsc;
    if (!budget_has_time(t->payer, now)) {
        t->payer = t->own;
        if (!budget_has_time(t->own, now)) {
            park(t);
            return false;
        }
    }
    cpu->payer = t->payer;
    if (is_limited(t->payer)) {
        time_arm(now + (uint64_t)t->payer->left);
    }
    return true;
}

static void fire(struct timer *timer, uint64_t now)
{
    struct notification *n;

    switch ((enum timer_kind)timer->kind) {
    case TIMER_NOTIFICATION:
        n = (struct notification *)((char *)timer - offsetof(struct notification, timer));
        notification_signal(n, n->deadline_bits);
        break;
    case TIMER_BUDGET:
        budget_tick((struct budget *)((char *)timer - offsetof(struct budget, timer)), now);
        break;
    case TIMER_IRQ:
        irq_timer(timer);
        break;
    }
}

void time_tick(void)
{
    struct cpu *cpu = cpu_self();
    struct thread *t = current();

    time_charge();
    uint64_t now = cpu->charged_to_tsc;
    cpu->timer_tsc = TIMER_OFF;
    for (unsigned i = 0; i < TIMERS_PER_TICK && cpu->timers && cpu->timers->at <= now; i++) {
        struct timer *first = cpu->timers;
        timerq_remove(&cpu->timers, first);
        fire(first, now);
    }
    if (cpu->timers) {
        time_arm(cpu->timers->at);
    }
    if (now >= cpu->slice_end) {
        t->payer = t->own; /* a donation lasts one slice at most */
        cpu->slice_end = now + cpu->slice_ticks;
        cpu->resched = true;
    }
    if (cpu->ready_count || cpu->front) {
        time_arm(cpu->slice_end);
    }
    if (!budget_has_time(cpu->payer, now)) {
        cpu->payer = cpu->idle->own; /* nobody's: sched_exit finds another, or parks the thread */
        cpu->resched = true;         /* behind others that share the Budget */
    } else if (is_limited(cpu->payer)) {
        time_arm(now + (uint64_t)cpu->payer->left);
    }
}

void time_set(struct timer *t, uint64_t at)
{
    struct cpu *cpu = cpu_self();

    timerq_remove(&cpu->timers, t);
    if (at) {
        t->at = at;
        timerq_insert(&cpu->timers, t);
        time_arm(at);
    }
}

void time_set_deadline(struct notification *n, uint64_t deadline, uint64_t bits)
{
    n->deadline_bits = bits;
    time_set(&n->timer, deadline);
}

void budget_init(struct budget *b, uint32_t budget_us, uint32_t period_us, uint64_t max_prio)
{
    uint64_t hz = cpu_self()->tsc_hz;
    bool limited = budget_us && budget_us < period_us;

    node_init(&b->parked, WORD_BUDGET);
    b->timer.kind = TIMER_BUDGET;
    b->budget_us = budget_us;
    b->period_us = period_us;
    b->max_prio = max_prio;
    b->ticks = limited ? (int64_t)(budget_us * hz / 1000000) : TICKS_UNLIMITED;
    b->period_ticks = limited ? (int64_t)(period_us * hz / 1000000) : 0;
    b->left = limited ? 0 : TICKS_UNLIMITED; /* the first period starts with the first use */
}

void budget_destroy(struct budget *b)
{
    struct cpu *cpu = cpu_self();

    if (cpu->payer == b) {
        time_charge();
        cpu->payer = cpu->idle->own;
        current()->payer = current()->own;
    }
}
