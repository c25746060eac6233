/*
 * format.h - the formatter's output: whoever wants characters one by one.
 */
#ifndef CONSOLE_FORMAT_H
#define CONSOLE_FORMAT_H

#include <stdarg.h>

struct format_sink {
    void (*put)(struct format_sink *sink, char c);
};

/** Format as kprintf.h says and give each character to @sink->put. */
void format_to(struct format_sink *sink, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
