/*
 * memset.c - filling, eight bytes at a time; see memcpy.c for why.
 */
#include <stdint.h>

#include "lib/string.h"

void *memset(void *to, int value, size_t bytes)
{
    void *d = to;
    uint64_t pattern = 0x0101010101010101ull * (uint8_t)value;
    size_t words = bytes / 8;
    size_t rest = bytes % 8;

    __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(pattern) : "memory");
    return to;
}
