/*
 * list.h - the timers of all sessions: which is due, and when the next one is. No hardware, no
 * system call: builds for the host too. All times are in nanoseconds of the driver's clock.
 */
#ifndef TIMER_LIST_H
#define TIMER_LIST_H

#include <idl/timer.h>
#include <stdbool.h>
#include <stdint.h>

#define LIST_SESSIONS 16
#define LIST_WAITS    32 /* of a session: its queue has no more slots */
#define LIST_ENTRIES  (LIST_WAITS + TIMER_PER_SESSION)
#define LIST_NEVER    UINT64_MAX

enum list_kind {
    LIST_WAIT,  /* a request of the queue, to be completed */
    LIST_SIGNAL /* a notification, to be signalled; periodic ones stay */
};

struct list_entry {
    uint64_t deadline_ns, period_ns; /* period 0: once */
    uint64_t id;                     /* the request's or the timer's number */
};

struct list {
    struct {
        uint64_t used; /* a bit for each entry: waits first */
        struct list_entry entry[LIST_ENTRIES];
    } session[LIST_SESSIONS];
    uint64_t next_ns; /* not after the earliest deadline */
};

/* One that is due. */
struct list_due {
    enum list_kind kind;
    unsigned session, place; /* place: as list_add returned it */
    uint64_t id;
    bool ended; /* it was its last time */
};

void list_init(struct list *l);

/** Add @e to session @s. Its place among those of its kind, or -1: there is none. */
int list_add(struct list *l, unsigned s, enum list_kind kind, const struct list_entry *e);

/** The place of the LIST_SIGNAL with @id in session @s, or -1. */
int list_find(const struct list *l, unsigned s, uint64_t id);

void list_remove(struct list *l, unsigned s, enum list_kind kind, unsigned place);

/** Forget all of session @s. */
void list_forget(struct list *l, unsigned s);

/** Take one that is due at @now_ns; a periodic one is due again at its next period after that,
 *  however many were missed. False: none is, and next_ns is exact. */
bool list_take_due(struct list *l, uint64_t now_ns, struct list_due *due);

#endif
