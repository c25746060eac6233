/*
 * memcpy.c - copying forwards, eight bytes at a time.
 * rep movsq and not movsb: emulators and CPUs without ERMS pay per element, and the flags on
 * which these rely (DF clear) hold in C everywhere in the kernel.
 */
#include <stdint.h>

#include "lib/string.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *d = to;
    const void *s = from;
    size_t words = bytes / 8;
    size_t rest = bytes % 8;

    __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(rest) : : "memory");
    return to;
}
