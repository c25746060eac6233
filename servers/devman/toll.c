/*
 * toll.c - kills at moments that nobody has chosen, for tests of what a death may cost: by devman's
 * own timer, which interrupts every driver. It counts what each of them has met, so that a test can
 * tell whether it has tested anything.
 */
#include "devman.h"
#include "session.h"

#define FIRST_US  300000u /* time for a client to begin with what the kills are to meet */
#define WAIT_US   100u
#define WAITS_MAX 2000u

/* xorshift64: nothing but that the moments differ depends on it. */
static uint64_t draw(uint64_t below)
{
    static uint64_t state;

    if (state == 0) {
        state = rdtsc() | 1;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

void toll_begin(struct device *d, uint32_t times, uint32_t every_us)
{
    d->toll = (struct toll){.left = times, .every_us = every_us, .at_us = now_us() + FIRST_US};
    devman_due(d->toll.at_us);
}

static bool is_in_handler(const struct device *d)
{
    enum quoll_thread_state state = instance_thread_state(d);

    return d->state == DEVICE_RUNNING && state != THREAD_RECEIVING && state != THREAD_WAITING &&
           state != THREAD_RECEIVING_PLAIN;
}

static bool has_requests(const struct device *d)
{
    bool has = session_has_requests(d);

    for (unsigned i = 0; i < DRIVER_KEPT; i++) {
        has |= d->status->kept_since[i] != 0;
    }
    return has;
}

/* Every other kill waits for the driver to be at work, if that is soon: most drivers sleep most of
 * the time, and a death in one's sleep shows little. At work for a queue, if it has one at all. */
static bool lies_in_wait(struct device *d, bool works)
{
    if (d->toll.kills % 2 != 0 || (works && (has_requests(d) || d->toll.waited > WAITS_MAX / 2))) {
        return false;
    }
    return d->toll.waited++ < WAITS_MAX;
}

/* One that is not there, or stopped or given up meanwhile, is not killed; its turn comes again. */
static void take(struct device *d, uint64_t now)
{
    bool works = d->alive && is_in_handler(d);

    if (d->alive && lies_in_wait(d, works)) {
        d->toll.at_us = now + 1 + draw(WAIT_US);
        return;
    }
    d->toll.at_us = now + 1 + draw(2ull * d->toll.every_us);
    d->toll.waited = 0;
    if (!d->alive) {
        return;
    }
    d->toll.left--;
    d->toll.kills++;
    d->toll.in_handler += works;
    d->toll.with_requests += has_requests(d);
    death_by_order(d, CAUSE_KILL);
}

uint64_t toll_tick(uint64_t now)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 1; i < devman.tree.count; i++) {
        struct device *d = &devman.device[i];

        if (d->toll.left != 0 && d->toll.at_us <= now) {
            take(d, now);
        }
        if (d->toll.left != 0 && d->toll.at_us < next) {
            next = d->toll.at_us;
        }
    }
    return next;
}
