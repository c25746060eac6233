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

void life_tell(const struct device *d, enum event_kind kind, const char *text)
{
    struct event e = {.time_us = now_us(),
                      .kind = kind,
                      .cause = d->cause,
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
    if (why[0] == '\0') {
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
    d->quiet = true; /* what the device could reach under the predecessor is free from here on */
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
    if (d->instances > 1) {
        d->restarts++;
    }
    life_tell(d, d->instances > 1 ? EVENT_RESTARTED : EVENT_STARTED, "");
}

/* ---- after a death */

static void give_up(struct device *d)
{
    char path[TREE_PATH];

    d->state = DEVICE_GAVE_UP;
    session_end_all(d);
    device_release_irqs(d);
    tree_path(&devman.tree, d->node, path);
    log_line("%s: gave %s up after %u deaths in a row; start %s tries again", path,
             d->driver->manifest.name, d->policy.count, path);
    life_tell(d, EVENT_GAVE_UP, d->why);
}

static void stay_stopped(struct device *d)
{
    d->state = DEVICE_STOPPED;
    session_end_all(d);
    device_release_irqs(d);
    life_tell(d, EVENT_STOPPED, "");
}

void life_silenced(struct device *d)
{
    uint64_t wait = 0;

    d->phase_tsc[PHASE_RECLAIM] = rdtsc();
    instance_reclaim(d);
    if (d->cause == CAUSE_STOP) {
        stay_stopped(d);
        return;
    }
    if (!d->ordered && policy_death(&d->driver->policy, &d->policy, now_us(), d->worked, &wait) ==
                           POLICY_GIVE_UP) {
        give_up(d);
        return;
    }
    if (wait == 0) {
        life_start(d);
        return;
    }
    d->state = DEVICE_RESTARTING;
    d->restart_at_us = now_us() + wait;
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
    life_tell(d, EVENT_DIED, d->why);
    d->state = DEVICE_PREPARING;
    d->phase_tsc[PHASE_QUIET] = rdtsc();
    instance_stop(d);
    session_down_all(d, !d->ordered);
    if (bus_silence(d)) {
        life_silenced(d);
    }
}

int life_order(struct device *d, enum death_cause cause)
{
    bool alive = d->alive;

    if (d->driver == NULL) {
        return E_GONE;
    }
    if (cause == CAUSE_NONE) { /* start */
        if (alive || d->state == DEVICE_PREPARING) {
            return E_BUSY;
        }
        policy_forgive(&d->policy);
        life_start(d);
        return E_OK;
    }
    if (!alive) {
        if (cause == CAUSE_STOP && d->state == DEVICE_RESTARTING) {
            d->cause = cause;
            stay_stopped(d);
            return E_OK;
        }
        return E_BUSY;
    }
    death_by_order(d, cause);
    return E_OK;
}
