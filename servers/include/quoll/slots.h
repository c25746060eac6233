/*
 * slots.h - which slots of a program's own CNode are in use: a bitmap over a range of them.
 * Arithmetic only: taking a slot makes no system call, giving it back empties nothing.
 * A taken run can become the range of another struct slots, so that a task that is made and
 * destroyed again and again has its slots in one place, and gives them back as one.
 */
#ifndef QUOLL_SLOTS_H
#define QUOLL_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SLOTS_WORDS(count) (((count) + 63) / 64)

struct slots {
    uint64_t *used; /* SLOTS_WORDS(count) of the owner's, a bit per slot */
    uint32_t first, count;
    uint32_t next; /* all below first + next are in use */
    uint32_t top;  /* of those from the upper end, the lowest that was ever taken, from first */
};

/** All @count slots from @first on are free. @words: SLOTS_WORDS(@count) of the caller's. */
void slots_init(struct slots *s, uint64_t *words, uint32_t first, uint32_t count);

/** The lowest @count free slots in a row; the first of them, 0 when there are none. */
uint32_t slots_take(struct slots *s, uint32_t count);

/** The highest @count free slots in a row; the first of them, or 0. */
uint32_t slots_take_top(struct slots *s, uint32_t count);

/** Give @count slots from @first on back; they must be empty and taken. */
void slots_give(struct slots *s, uint32_t first, uint32_t count);

/** How many are free. */
uint32_t slots_free(const struct slots *s);

#endif
