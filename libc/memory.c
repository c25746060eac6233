/*
 * memory.c - memcpy and its kin; the compiler calls the first four by itself.
 * Copies run on the string instructions: on every CPU since 2008 they move whole cache lines.
 * KEEP_LOOP stops the compiler from turning a loop here into a call of the function it is in.
 */
#include <string.h>
#include <stdint.h>

#define KEEP_LOOP() __asm__ volatile("" ::: "memory")

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *d = to;
    size_t words = n / 8, tail = n % 8;

    __asm__ volatile("rep movsq" : "+D"(d), "+S"(from), "+c"(words)::"memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(tail)::"memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    /* Forward is safe unless the target starts inside the source (also covers d < s). */
    if ((uintptr_t)d - (uintptr_t)s >= n) {
        size_t words = n / 8, tail = n % 8;

        __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words)::"memory");
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(tail)::"memory");
        return to;
    }
    while (n > 0) {
        n--;
        d[n] = s[n];
        KEEP_LOOP();
    }
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    void *d = to;
    uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;
    size_t words = n / 8, tail = n % 8;

    __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(tail) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i])
            return x[i] - y[i];
    }
    return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
    const uint8_t *p = s;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == (uint8_t)byte)
            return (void *)(uintptr_t)&p[i];
    }
    return NULL;
}
