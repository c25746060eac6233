/*
 * fake_phys.h - physical memory for host tests of boot code.
 * The test fills phys[]; every window is an exact copy in the heap, so the address sanitizer
 * sees one byte too far. Include it once in a test; phys_release() ends a case.
 */
#ifndef FAKE_PHYS_H
#define FAKE_PHYS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/phys.h"
#include "console/kprintf.h"

#define PHYS_BYTES  0x100000u
#define WINDOWS_MAX 0x20000u

static uint8_t phys[PHYS_BYTES];
static void *windows[WINDOWS_MAX];
static unsigned window_count;
static unsigned log_lines;
static unsigned passed, failed;

void *pa_to_va(uint64_t pa)
{
    return phys + pa;
}

const void *phys_window(uint64_t pa, uint64_t bytes)
{
    if (pa == 0 || bytes == 0 || bytes > PHYS_BYTES || pa > PHYS_BYTES - bytes) {
        return NULL;
    }
    if (pa % 16 == 0 && pa >= 0xe0000 && bytes == 20 && phys[pa] != 'R') {
        return phys + pa; /* the search for the RSDP: 8,192 windows would be slow */
    }
    if (window_count == WINDOWS_MAX) {
        abort();
    }
    void *copy = malloc(bytes);
    memcpy(copy, phys + pa, bytes);
    windows[window_count++] = copy;
    return copy;
}

static void phys_release(void)
{
    while (window_count > 0) {
        free(windows[--window_count]);
    }
}

void kprintf(const char *fmt, ...)
{
    va_list args;
    char line[512];

    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    log_lines++;
    if (getenv("TEST_VERBOSE") != NULL) {
        fputs(line, stderr);
    }
}

static void check(bool good, const char *what, int line)
{
    if (good) {
        passed++;
    } else {
        failed++;
        fprintf(stderr, "line %d: FAILED: %s\n", line, what);
    }
}
#define CHECK(x) check((x), #x, __LINE__)

/* xorshift64: the same sequence on every machine. */
static uint64_t random_state = 0x9e3779b97f4a7c15ull;
static inline uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static inline void put16(uint64_t at, uint64_t v)
{
    memcpy(phys + at, &v, 2);
}
static inline void put32(uint64_t at, uint64_t v)
{
    memcpy(phys + at, &v, 4);
}
static inline void put64(uint64_t at, uint64_t v)
{
    memcpy(phys + at, &v, 8);
}

static inline int report(void)
{
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

#endif
