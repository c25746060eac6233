/*
 * life.c - a device's way from found to running, and back there after a death:
 *   waiting -> preparing (its bus) -> starting (probe, quiet, attach) -> running
 *   running -> preparing (its bus silences it) -> restarting -> preparing -> ...
 */
#include "devman.h"
#include "session.h"

#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define LEAVE_MAX_US 800000u /* for detach; drivers/framework/driver.h promises it */

void life_tell(const struct device *d, enum event_kind kind, const char *text)
{
    struct event e = {.time_us = now_us(),
                      .kind = kind,
                      .cause = kind == EVENT_DIED || kind == EVENT_GAVE_UP ? d->cause : CAUSE_NONE,
                      .instance = d->instances,
                      .node = d->node->id};

    if (d->driver != NULL) {
        (void)snprintf(e.driver, sizeof(e.driver), "%s", d->driver->manifest.name);
    }
    (void)snprintf(e.text, sizeof(e.text), "%s", text);
    event_add(&devman.events, &e);
    serve_event();
}

static void refuse(struct device *d)
{
    char path[TREE_PATH];

    tree_path(&devman.tree, d->node, path);
    log_line("%s: %s was not started: %s", path, d->driver->manifest.name, d->why);
    d->state = DEVICE_REFUSED;
    d->rejected = d->driver;
    life_tell(d, EVENT_REFUSED, d->why);
    session_end_all(d);
    device_release_irqs(d);
    d->driver = NULL;
}

void life_match(struct device *d)
{
    struct driver *driver;
    unsigned score;

    if (d->driver != NULL || !d->node->present || d->node->id == 0) {
        return;
    }
    driver = drivers_match(d->node, &score);
    if (driver == NULL) {
        d->state = DEVICE_WAITING;
        return;
    }
    d->driver = driver;
    d->node->is_bus = driver->manifest.bus;
    life_start(d);
}

void life_start(struct device *d)
{
    int error = E_OK;

    d->phase_tsc[PHASE_LOAD] = rdtsc();
    if (!device_has_needs(d, d->driver)) {
        refuse(d);
        return;
    }
    d->state = DEVICE_PREPARING;
    error = device_make(d);
    if (error == E_OK) {
        error = dma_make(d);
    }
    if (error == E_OK) {
        error = device_make_irqs(d);
    }
    if (error != E_OK) {
        (void)snprintf(d->why, sizeof(d->why), "failed to make its objects: %s",
                       quoll_strerror(error));
        refuse(d);
        return;
    }
    if (bus_prepare(d)) {
        life_prepared(d, E_OK);
    }
}

void life_prepared(struct device *d, int status)
{
    if (d->state != DEVICE_PREPARING) {
        return; /* stopped meanwhile */
    }
    if (status != E_OK) {
        (void)snprintf(d->why, sizeof(d->why), "its bus could not make it ready: %s",
                       quoll_strerror(status));
        refuse(d);
        return;
    }
    if (instance_start(d) != E_OK) {
        instance_stop(d);
        instance_reclaim(d);
        refuse(d);
        return;
    }
    d->state = DEVICE_STARTING;
    d->started_us = now_us();
    d->phase_tsc[PHASE_ATTACH] = rdtsc();
    watch_begin(d, d->started_us);
}

/* ---- the driver speaks */

void life_probed(struct device *d, const char *why)
{
    d->probed = why[0] == '\0';
    if (d->probed) {
        return;
    }
    (void)snprintf(d->why, sizeof(d->why), "%s", why);
    instance_stop(d);
    instance_reclaim(d);
    refuse(d);
}

void life_quiet(struct device *d, const char *why)
{
    if (why[0] != '\0') {
        death(d, CAUSE_EXIT, "it could not quiet the device: %s", why);
        return;
    }
    d->quiet = true;
    dma_idle(d);
    if (dma_open(d) != E_OK) {
        death(d, CAUSE_EXIT, "its device could not be let to its memory");
    }
}

void life_attached(struct device *d, const char *why)
{
    if (why[0] != '\0') {
        death(d, CAUSE_EXIT, "it could not attach: %s", why);
        return;
    }
    (void)device_bind_irqs(d, d->endpoint);
    d->state = DEVICE_RUNNING;
    d->phase_tsc[PHASE_RUN] = rdtsc();
    session_up_all(d);
    bus_restarted(d);
    if (d->succeeds) {
        d->restarts++;
    }
    life_tell(d, d->succeeds ? EVENT_RESTARTED : EVENT_STARTED, "");
}

/* ---- after a death */

void life_decide(struct device *d, char *text, size_t size)
{
    const struct policy *p = &d->driver->policy;

    d->verdict = POLICY_RESTART;
    d->wait_us = 0;
    if (!d->ordered) {
        d->verdict = policy_death(p, &d->policy, now_us(), d->worked, &d->wait_us);
    }
    if (d->cause == CAUSE_STOP) {
        (void)snprintf(text, size, "stays stopped");
    } else if (d->verdict == POLICY_GIVE_UP) {
        (void)snprintf(text, size, "given up: %u deaths within %lu ms without a request done",
                       p->deaths, (unsigned long)(p->window_us / 1000));
    } else if (d->wait_us != 0) {
        (void)snprintf(text, size, "restarts in %lu ms", (unsigned long)(d->wait_us / 1000));
    } else {
        (void)snprintf(text, size, "restarts at once");
    }
}

static void give_up(struct device *d)
{
    d->state = DEVICE_GAVE_UP;
    session_end_all(d);
    device_release_irqs(d);
    life_tell(d, EVENT_GAVE_UP, d->died_of);
}

static void stay_stopped(struct device *d)
{
    d->state = DEVICE_STOPPED;
    session_end_all(d);
    dma_release(d);
    device_release_irqs(d);
    life_tell(d, EVENT_STOPPED, "");
}

/* Nobody's any more: what is found under its name later can be something else. */
static void unbind(struct device *d)
{
    d->driver = d->rejected = NULL;
    d->state = DEVICE_WAITING;
    d->succeeds = d->probed = false;
    unit_lose_all(d);
    policy_forgive(&d->policy);
}

void life_silenced(struct device *d)
{
    d->phase_tsc[PHASE_RECLAIM] = rdtsc();
    instance_reclaim(d);
    if (d->cause == CAUSE_STOP) {
        stay_stopped(d);
        if (!d->node->present) {
            unbind(d);
        }
        return;
    }
    if (d->verdict == POLICY_GIVE_UP) {
        give_up(d);
        return;
    }
    d->succeeds = true;
    if (d->wait_us == 0) {
        life_start(d);
        return;
    }
    d->state = DEVICE_RESTARTING;
    d->restart_at_us = now_us() + d->wait_us;
    devman_due(d->restart_at_us);
}

uint64_t life_tick(uint64_t now)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 1; i < devman.tree.count; i++) {
        struct device *d = &devman.device[i];
        if (d->state != DEVICE_RESTARTING) {
            continue;
        }
        if (d->restart_at_us <= now) {
            life_start(d);
        } else if (d->restart_at_us < next) {
            next = d->restart_at_us;
        }
    }
    return next;
}

void life_end(struct device *d)
{
    life_tell(d, EVENT_DIED, d->died_of);
    d->state = DEVICE_PREPARING;
    session_down_all(d, !d->ordered);
    if (bus_silence(d)) {
        life_silenced(d);
    }
}

/* A clean record; a device without a driver is matched again. */
static int start(struct device *d)
{
    if (d->alive || d->state == DEVICE_PREPARING) {
        return E_BUSY;
    }
    policy_forgive(&d->policy);
    d->succeeds = false;
    if (d->driver != NULL) {
        life_start(d);
    } else {
        life_match(d);
    }
    return d->driver != NULL ? E_OK : E_GONE;
}

/* It is dead already: only what follows can be changed. */
static void order_dying(struct device *d, enum death_cause cause)
{
    if (cause == CAUSE_STOP) {
        d->cause = CAUSE_STOP;
    } else if (cause == CAUSE_RESTART && d->cause != CAUSE_STOP) {
        d->verdict = POLICY_RESTART;
        d->wait_us = 0;
    }
}

void life_lost(struct device *d)
{
    d->node->present = false;
    life_tell(d, EVENT_DEVICE_GONE, "");
    if (device_is_dying(d)) {
        order_dying(d, CAUSE_STOP);
        return;
    }
    if (d->alive) {
        d->leaving = CAUSE_NONE; /* there is nothing to let go of */
        death_by_order(d, CAUSE_STOP);
        return;
    }
    d->wanted_order = DRIVER_ORDER_NONE;
    if (d->driver != NULL && d->state != DEVICE_STOPPED && d->state != DEVICE_GAVE_UP) {
        stay_stopped(d);
    }
    unbind(d);
}

/* It lets go of its device in its own way. One that does not listen, as it has not attached yet or
 * is single-stepped, is ended at once. */
static void leave(struct device *d, enum death_cause cause)
{
    if (d->state != DEVICE_RUNNING || d->steps_left != 0) {
        death_by_order(d, cause);
        return;
    }
    if (d->leaving == CAUSE_NONE) {
        d->leave_by_us = now_us() + LEAVE_MAX_US;
        d->info->leave = 1;
        (void)sys_signal(d->order);
        devman_due(d->leave_by_us);
    }
    d->leaving = d->leaving == CAUSE_STOP ? CAUSE_STOP : cause;
}

int life_left(struct device *d)
{
    if (d->leaving == CAUSE_NONE) {
        return E_BAD_ARG;
    }
    death_by_order(d, d->leaving);
    dma_idle(d); /* as it says; it does not reach memory any more */
    return E_OK;
}

int life_order(struct device *d, enum death_cause cause)
{
    if (cause == CAUSE_NONE || (cause == CAUSE_RESTART && !d->alive)) {
        return start(d);
    }
    if (d->driver == NULL) {
        return E_GONE;
    }
    if (device_is_dying(d)) {
        order_dying(d, cause);
        return E_OK;
    }
    if (d->alive && cause == CAUSE_KILL) {
        death_by_order(d, cause);
        return E_OK;
    }
    if (d->alive) {
        leave(d, cause);
        return E_OK;
    }
    if (cause == CAUSE_STOP && d->state == DEVICE_RESTARTING) {
        stay_stopped(d);
        return E_OK;
    }
    return E_BUSY;
}
