/*
 * kprintf.h - formatted text for the kernel log and for sentences.
 * Formats: %s %c %d %i %u %x %X %p %%, lengths l ll z, width, flags 0 and -, precision for %s
 * (also '*' for both). Anything else is printed as it stands.
 */
#ifndef CONSOLE_KPRINTF_H
#define CONSOLE_KPRINTF_H

#include <stdarg.h>
#include <stddef.h>

/** Append to the kernel log, and to the console in debug builds or once console_emergency
 *  has been called. Never blocks, works at any time after the kernel's stack exists. */
void kprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void kvprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/** Format into @buffer of @bytes bytes (at least 1), always NUL-terminated, cut off if too
 *  long. Returns the length that the whole text would have, without the NUL. */
size_t ksnprintf(char *buffer, size_t bytes, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
size_t kvsnprintf(char *buffer, size_t bytes, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
