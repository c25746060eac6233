/*
 * memcmp.c - comparing bytes. Not constant-time: the kernel compares no secrets.
 */
#include <stdint.h>

#include "lib/string.h"

int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    if (bytes == 0) {
        return 0; /* repe would leave the flags as they were */
    }
    __asm__ volatile("repe cmpsb" : "+S"(x), "+D"(y), "+c"(bytes) : : "memory", "cc");
    return (int)x[-1] - (int)y[-1];
}
