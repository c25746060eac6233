/*
 * event.c - see event.h.
 */
#include "event.h"

void event_add(struct events *e, const struct event *event)
{
    struct event *to = &e->event[e->last % EVENTS_KEPT];

    *to = *event;
    to->number = ++e->last;
}

const struct event *event_after(const struct events *e, uint64_t after)
{
    uint64_t oldest = e->last > EVENTS_KEPT ? e->last - EVENTS_KEPT + 1 : 1;
    uint64_t number = after + 1 > oldest ? after + 1 : oldest;

    return number > e->last || after >= e->last ? NULL : &e->event[(number - 1) % EVENTS_KEPT];
}

const char *event_kind_name(enum event_kind kind)
{
    static const char *const names[] = {
        [EVENT_DEVICE_ADDED] = "added",  [EVENT_DEVICE_GONE] = "gone",
        [EVENT_STARTED] = "started",     [EVENT_DIED] = "died",
        [EVENT_RESTARTED] = "restarted", [EVENT_GAVE_UP] = "gave-up",
        [EVENT_STOPPED] = "stopped",     [EVENT_REFUSED] = "refused",
    };

    return names[kind];
}

const char *death_cause_name(enum death_cause cause)
{
    static const char *const names[] = {
        [CAUSE_NONE] = "none",
        [CAUSE_FAULT] = "fault",
        [CAUSE_EXIT] = "exit",
        [CAUSE_BUDGET] = "budget",
        [CAUSE_HEARTBEAT] = "heartbeat",
        [CAUSE_REQUEST_AGE] = "request age",
        [CAUSE_IRQ_UNACKED] = "irq-unacked",
        [CAUSE_IRQ_STORM] = "irq-storm",
        [CAUSE_BAD_MESSAGE] = "bad message",
        [CAUSE_KILL] = "killed by hand",
        [CAUSE_RESTART] = "restarted by hand",
        [CAUSE_STOP] = "stopped by hand",
        [CAUSE_DMA] = "dma",
    };

    return names[cause];
}
