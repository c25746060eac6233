/*
 * deadline.h - the deadline of the task's notification: there is one, so who sets it takes it from
 * whoever had set it before. Sockets have one that is far away, and set it anew only if it was
 * taken from them. A task that uses sockets sets it by this alone.
 */
#ifndef QUOLL_DEADLINE_H
#define QUOLL_DEADLINE_H

#include <stdint.h>

struct task_deadline {
    uint64_t tsc, bits;
};

/* As it was set last; it may have passed. */
extern struct task_deadline task_deadline;

/** Have SLOT_NOTIFY signalled with @bits when the TSC reaches @tsc; 0: not at all. Errors: those of
 *  the call. */
int task_set_deadline(uint64_t tsc, uint64_t bits);

#endif
