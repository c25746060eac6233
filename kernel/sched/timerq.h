/*
 * timerq.h - a CPU's deadlines, earliest first: a leftist heap whose nodes lie inside the objects
 * that own them, so nothing is allocated. Its root is the minimum.
 * With n deadlines an insertion or removal follows at most 2 log2(n + 1) links, then climbs at most
 * log2(n + 1) more: nobody can slow the kernel down by arming many.
 */
#ifndef TIMERQ_H
#define TIMERQ_H

#include <stdbool.h>
#include <stdint.h>

/* Whose deadline it is: what sched_timer does when it has passed. */
enum timer_kind { TIMER_NOTIFICATION, TIMER_BUDGET, TIMER_IRQ };

struct timer {
    uint64_t at; /* TSC; does not change while the timer is queued */
    struct timer *left, *right, *parent;
    uint32_t rank; /* nodes on the way right to the end; 0: not queued */
    uint32_t kind;
};

static inline bool timerq_queued(const struct timer *t)
{
    return t->rank;
}

/** Queue @t, which is not queued, by its t->at. Equal deadlines come in no particular order. */
void timerq_insert(struct timer **root, struct timer *t);

/** Take @t out if it is queued, which must be in the queue @root. */
void timerq_remove(struct timer **root, struct timer *t);

#endif
