/*
 * lines.h - a set of 64-byte lines, in the order of first use, emptied in no time.
 */
#ifndef TCG_LINES_H
#define TCG_LINES_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_SHIFT 6
#define LINES_MAX  2048u /* a round trip that uses more is not counted */
#define LINE_READ  1u
#define LINE_WRITE 2u

struct line {
    uint64_t number; /* address >> LINE_SHIFT */
    uint32_t how;    /* LINE_READ, LINE_WRITE */
};

struct lines {
    struct line list[LINES_MAX];
    uint32_t count;
    bool overflow;
    uint32_t epoch; /* a slot of another epoch is empty */
    struct {
        uint32_t epoch, index;
    } slot[4 * LINES_MAX];
};

void lines_clear(struct lines *set);

/** Put the line of @address into @set, or add @how to what is known of it. */
void lines_add(struct lines *set, uint64_t address, uint32_t how);

/** Equal for equal sets in equal order, and next to never for others. */
uint64_t lines_hash(const struct lines *set);

#endif
