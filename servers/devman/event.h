/*
 * event.h - what has happened to devices and drivers, for those who ask: the last EVENTS_KEPT
 * events by number. Who asks too late is told from which number on they are there.
 */
#ifndef DEVMAN_EVENT_H
#define DEVMAN_EVENT_H

#include "tree.h"

#define EVENTS_KEPT 128
#define EVENT_TEXT  161

enum death_cause {
    CAUSE_NONE,
    CAUSE_FAULT,
    CAUSE_EXIT,
    CAUSE_BUDGET,
    CAUSE_HEARTBEAT,
    CAUSE_REQUEST_AGE,
    CAUSE_IRQ_UNACKED,
    CAUSE_IRQ_STORM,
    CAUSE_BAD_MESSAGE,
    CAUSE_KILL,
    CAUSE_RESTART,
    CAUSE_STOP,
    CAUSE_DMA, /* its device went where it may not */
};

enum event_kind {
    EVENT_DEVICE_ADDED,
    EVENT_DEVICE_GONE,
    EVENT_STARTED,
    EVENT_DIED,
    EVENT_RESTARTED,
    EVENT_GAVE_UP,
    EVENT_STOPPED,
    EVENT_REFUSED,
};

struct event {
    uint64_t number; /* from 1 */
    uint64_t time_us;
    enum event_kind kind;
    enum death_cause cause;
    uint32_t instance;
    uint16_t node;
    char driver[16];
    char text[EVENT_TEXT];
};

struct events {
    struct event event[EVENTS_KEPT];
    uint64_t last; /* number of the newest; 0: none yet */
};

/** Enter an event; number is set here. */
void event_add(struct events *e, const struct event *event);

/** The first event with a number above @after that is still kept; a null pointer if none is. */
const struct event *event_after(const struct events *e, uint64_t after);

const char *event_kind_name(enum event_kind kind);
const char *death_cause_name(enum death_cause cause);

#endif
