/*
 * stdlib.h - numbers from text, sorting, and giving up.
 * There is no heap: a program's memory is what its manifest grants.
 */
#if __STDC_HOSTED__
#include_next <stdlib.h>
#else
#ifndef LIBC_STDLIB_H
#define LIBC_STDLIB_H

#include <stddef.h>

/** As in C11, but saturates at ULONG_MAX without errno. */
unsigned long strtoul(const char *restrict s, char **restrict end, int base);

/** As in C11. */
int abs(int x);

/** As in C11 (heap sort: in place, no recursion, not stable). */
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));

/** End this thread with an exception fault, which root logs. */
_Noreturn void abort(void);

#endif
#endif
