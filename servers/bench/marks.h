/*
 * marks.h - the marked rdtscs of marks.inc for loops in C. Between stamp_begin and stamp_end stands
 * one operation; the store of the first reading is in every sample of every benchmark.
 */
#ifndef BENCH_MARKS_H
#define BENCH_MARKS_H

#include <stdint.h>

/** The low half of the counter; a round trip begins behind it. */
static inline uint32_t stamp_begin(void)
{
    uint32_t low;

    __asm__ volatile(".byte 0x41, 0x0f, 0x31" : "=a"(low) : : "rdx", "memory");
    return low;
}

/** The same, and a round trip ends before it. @error is known by then. */
static inline uint32_t stamp_end(int error)
{
    uint32_t low;

    __asm__ volatile(".byte 0x42, 0x0f, 0x31" : "=a"(low) : "r"(error) : "rdx", "memory");
    return low;
}

#endif
