/*
 * watch.c - what a driver that still runs may be dying of, looked for at each heartbeat: the
 * heartbeat itself, the age of its oldest request, an interrupt that it leaves unanswered, one that
 * storms, a budget that it always uses up, and words that no honest driver writes.
 */
#include "devman.h"
#include "session.h"

#define STARTING_MAX_US  10000000u /* probe, quiet and attach together */
#define MISSED_MAX       9u        /* looks at an unanswered heartbeat: one after its time, ... */
#define CLOSER           8u        /* ... and so many in the next, ... */
#define CLOSER_MIN_US    10000u    /* ... but so far apart that its Budget lets it run between */
#define STORMS_MAX       3u        /* periods in a row over the limit */
#define HOG_US           500000u   /* so long all of its budget, period for period */
#define DEFAULT_CHECK_US 250000u

static uint32_t every_us(const struct device *d)
{
    uint32_t us = d->driver->manifest.heartbeat_us;

    return us != 0 ? us : DEFAULT_CHECK_US;
}

static uint32_t closer_us(const struct device *d)
{
    uint32_t us = every_us(d) / CLOSER;

    return us > CLOSER_MIN_US ? us : CLOSER_MIN_US;
}

/* Half of the CPU time that it could have had in @us, alone on the machine. */
static uint64_t fair_share_us(const struct device *d, uint64_t us)
{
    const struct driver_manifest *m = &d->driver->manifest;
    uint64_t share = us / 2;

    return m->budget_us != 0 ? share * m->budget_us / m->period_us : share;
}

/* A driver that others kept from running is not to blame; one that waits for something else than
 * the next message, or ran and did not look, is. */
static bool had_its_chance(const struct device *d, uint64_t us)
{
    return instance_thread_state(d) != THREAD_RUNNING ||
           instance_cpu_us(d) - d->watch.cpu_at_beat_us >= fair_share_us(d, us);
}

static bool is_silent(const struct device *d)
{
    return d->watch.beat_sent_us != 0 && d->status->beat != d->watch.beat_sent;
}

/* Many looks: under a hypervisor a virtual CPU can be stopped for long, and that time looks as if
 * the driver that happened to run had used it. It is innocent if it answers as soon as it runs
 * again, and it does so between two looks, unless the CPU is stopped again just then, every time.
 */
static bool beat_is_missing(struct device *d, uint64_t now)
{
    bool first = d->watch.missed == 0;

    if (!is_silent(d)) {
        d->watch.missed = 0;
        return false;
    }
    if ((first && now - d->watch.beat_sent_us < every_us(d)) ||
        !had_its_chance(d, first ? every_us(d) : closer_us(d))) {
        return false;
    }
    d->watch.cpu_at_beat_us = instance_cpu_us(d);
    return ++d->watch.missed >= MISSED_MAX;
}

static void ask_for_beat(struct device *d, uint64_t now)
{
    if (d->watch.beat_sent_us != 0 && d->status->beat != d->watch.beat_sent) {
        return; /* not answered, but it has not had its chance: the same one stays asked for */
    }
    d->info->beat = ++d->watch.beat_sent;
    d->watch.beat_sent_us = now;
    d->watch.missed = 0;
    d->watch.cpu_at_beat_us = instance_cpu_us(d);
    (void)sys_signal(d->heartbeat);
}

/* Messages that it keeps without an answer, by its own word; queue slots, by what they show. */
static uint64_t oldest_request_us(struct device *d, uint64_t now, bool *late)
{
    struct queue_finding finding = {0};
    uint64_t oldest = session_watch(d, now, late, &finding);

    if (finding.what != NULL) {
        death(d, CAUSE_BAD_MESSAGE, "in its queue: %s, slot %u, 0x%lx", finding.what, finding.slot,
              (unsigned long)finding.word);
        return 0;
    }
    for (unsigned i = 0; i < DRIVER_KEPT; i++) {
        uint64_t since = d->status->kept_since[i], tsc = rdtsc();
        if (since != 0 && since < tsc && ticks_to_us(tsc - since) > oldest) {
            oldest = ticks_to_us(tsc - since);
        }
    }
    return oldest;
}

static bool check_requests(struct device *d, uint64_t now)
{
    uint32_t limit = d->driver->manifest.request_limit_us;
    bool late;
    uint64_t age = oldest_request_us(d, now, &late);

    if (!d->alive) {
        return false;
    }
    if (limit != 0 && age > limit) {
        death(d, CAUSE_REQUEST_AGE, "its oldest request is %lu ms old, at most %u are allowed",
              (unsigned long)(age / 1000), limit / 1000);
        return false;
    }
    if (late) {
        death(d, CAUSE_REQUEST_AGE, "it does not let go of a session that was closed");
        return false;
    }
    return true;
}

/* Is interrupt @i delivered and not answered? delivered stands still while it is. One that does not
 * look at its heartbeat either dies of that. */
static bool check_irq(struct device *d, unsigned i, uint64_t now)
{
    struct device_irq *irq = &d->irq[i];
    uint32_t limit = d->driver->manifest.irq_ack_limit_us;
    struct msg m = {0};

    if (sys_invoke(irq->slot, OP_IRQ_INFO, &m) != E_OK) {
        return true;
    }
    irq->storms_in_a_row = m.w[4] != irq->storms ? irq->storms_in_a_row + 1 : 0;
    irq->storms = m.w[4];
    if (irq->storms_in_a_row >= STORMS_MAX) {
        death(d, CAUSE_IRQ_STORM, "interrupt %u comes more than %u times in %u ms", i,
              d->driver->manifest.irq_limit, d->driver->manifest.irq_period_us / 1000);
        return false;
    }
    if ((m.w[3] & IRQ_IS_UNANSWERED) == 0 || m.w[1] != irq->delivered || irq->held_since_us == 0) {
        irq->held_since_us = (m.w[3] & IRQ_IS_UNANSWERED) != 0 ? now : 0;
        irq->delivered = m.w[1];
        return true;
    }
    if (limit != 0 && now - irq->held_since_us > limit && !is_silent(d) &&
        had_its_chance(d, every_us(d))) {
        death(d, CAUSE_IRQ_UNACKED, "interrupt %u has been unacknowledged for %lu ms", i,
              (unsigned long)((now - irq->held_since_us) / 1000));
        return false;
    }
    return true;
}

static bool check_irqs(struct device *d, uint64_t now)
{
    for (unsigned i = 0; i < d->irq_count; i++) {
        if (!check_irq(d, i, now)) {
            return false;
        }
    }
    return true;
}

/* All of its budget in every period since the last look, and the one before? The heartbeat that was
 * asked for in between is answered: one that spins in a handler dies of that. */
static bool check_budget(struct device *d, uint64_t now)
{
    const struct driver_manifest *m = &d->driver->manifest;
    struct msg info = {0};
    uint64_t used, since = now - d->watch.budget_seen_us, hog_before_us = d->watch.hog_us;

    if (m->budget_us == 0 || sys_invoke(d->task.budget, OP_BUDGET_INFO, &info) != E_OK) {
        return true;
    }
    used = ticks_to_us(info.w[0]) - d->watch.budget_used_us;
    d->watch.budget_used_us += used;
    d->watch.budget_seen_us = now;
    d->watch.hog_us = used >= since / m->period_us * m->budget_us * 9 / 10 && since >= m->period_us
                          ? d->watch.hog_us + since
                          : 0;
    if (hog_before_us != 0 && d->watch.hog_us >= HOG_US && d->status->beat == d->watch.beat_sent) {
        death(d, CAUSE_BUDGET, "it has used up all of %u us in each %u us for %lu ms", m->budget_us,
              m->period_us, (unsigned long)(d->watch.hog_us / 1000));
        return false;
    }
    return true;
}

/* Interrupts without end come before everything else that the driver could look at. */
static bool is_storming(const struct device *d)
{
    for (unsigned i = 0; i < d->irq_count; i++) {
        struct msg m = {0};
        if (d->irq[i].storms_in_a_row != 0 ||
            (sys_invoke(d->irq[i].slot, OP_IRQ_INFO, &m) == E_OK && m.w[4] != d->irq[i].storms)) {
            return true;
        }
    }
    return false;
}

/* True: it is dead. */
static bool check_beat(struct device *d, uint64_t now)
{
    if (d->steps_left != 0 || !beat_is_missing(d, now) || is_storming(d)) {
        return false;
    }
    death(d, CAUSE_HEARTBEAT, "no answer for %lu ms",
          (unsigned long)((now - d->watch.beat_sent_us) / 1000));
    return true;
}

static void check(struct device *d, uint64_t now)
{
    if (d->steps_left != 0) { /* single-stepped, it is a thousand times as slow */
        session_up_all(d);
        return;
    }
    if (d->state == DEVICE_STARTING) {
        if (now - d->started_us > STARTING_MAX_US) {
            death(d, CAUSE_REQUEST_AGE, "it has not attached for %u s", STARTING_MAX_US / 1000000);
        }
        return;
    }
    if (check_requests(d, now) && check_irqs(d, now) && check_budget(d, now)) {
        session_up_all(d);
        ask_for_beat(d, now);
    }
}

/* Returns when to look again: soon, if it is late with its heartbeat. */
static uint64_t look(struct device *d, uint64_t now)
{
    struct watch *w = &d->watch;
    bool whole = now >= w->check_at_us;

    if (whole || (w->missed != 0 && now >= w->closer_at_us)) {
        w->closer_at_us = now + closer_us(d);
        if (check_beat(d, now)) {
            return UINT64_MAX;
        }
    }
    if (whole) {
        check(d, now);
        w->check_at_us = now + every_us(d);
    }
    return w->missed != 0 && w->closer_at_us < w->check_at_us ? w->closer_at_us : w->check_at_us;
}

/* Its last handler is all that it does. Returns when to look again. */
static uint64_t check_leaving(struct device *d, uint64_t now)
{
    if (now < d->leave_by_us) {
        return d->leave_by_us;
    }
    death(d, CAUSE_HEARTBEAT, "it has not left in the time it had");
    return UINT64_MAX;
}

void watch_begin(struct device *d, uint64_t now)
{
    d->watch = (struct watch){.check_at_us = now + every_us(d), .budget_seen_us = now};
    devman_due(d->watch.check_at_us);
}

uint64_t watch_tick(uint64_t now)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 1; i < devman.tree.count; i++) {
        struct device *d = &devman.device[i];
        uint64_t due;

        if (!d->alive || device_is_dying(d)) {
            continue;
        }
        due = d->leaving != CAUSE_NONE ? check_leaving(d, now) : look(d, now);
        next = due < next ? due : next;
    }
    return next;
}
