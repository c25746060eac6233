/*
 * stdio.h - formatting into memory. There are no streams: bytes go out through a capability.
 * %f and its kin are left out, user programs are built without floating point.
 */
#if __STDC_HOSTED__
#include_next <stdio.h>
#else
#ifndef LIBC_STDIO_H
#define LIBC_STDIO_H

#include <stdarg.h>
#include <stddef.h>

/** As in C11: at most @n bytes with the NUL; returns the length that the whole would have had. */
__attribute__((format(printf, 3, 4))) int snprintf(char *restrict to, size_t n,
                                                   const char *restrict format, ...);
__attribute__((format(printf, 3, 0))) int vsnprintf(char *restrict to, size_t n,
                                                    const char *restrict format, va_list args);

#endif
#endif
