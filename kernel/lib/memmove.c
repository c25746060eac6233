/*
 * memmove.c - copying between ranges that may overlap.
 */
#include <stdint.h>

#include "lib/string.h"

void *memmove(void *to, const void *from, size_t bytes)
{
    /* Wraps to a huge number when to < from: forwards is then right as well. */
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        void *d = to;
        const void *s = from;
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(bytes) : : "memory");
        return to;
    }
    char *d = (char *)to + bytes - 1;
    const char *s = (const char *)from + bytes - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(bytes) : : "memory", "cc");
    return to;
}
