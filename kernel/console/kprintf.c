/*
 * kprintf.c - formatted text into the log, onto the console, or into a buffer.
 */
#include "console/kprintf.h"

#include "console/console.h"
#include "console/format.h"
#include "console/klog.h"

static void log_put(struct format_sink *sink, char c)
{
    (void)sink;
    klog_put(c);
    console_put(c);
}

void kvprintf(const char *fmt, va_list args)
{
    struct format_sink sink = {.put = log_put};
    format_to(&sink, fmt, args);
}

void kprintf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    kvprintf(fmt, args);
    va_end(args);
}

struct buffer_sink {
    struct format_sink sink; /* first: buffer_put converts back */
    char *buffer;
    size_t bytes;
    size_t length; /* that the whole text would have */
};

static void buffer_put(struct format_sink *sink, char c)
{
    struct buffer_sink *to = (struct buffer_sink *)sink;
    if (to->length + 1 < to->bytes) {
        to->buffer[to->length] = c;
    }
    to->length++;
}

size_t kvsnprintf(char *buffer, size_t bytes, const char *fmt, va_list args)
{
    struct buffer_sink to = {.sink.put = buffer_put, .buffer = buffer, .bytes = bytes};

    format_to(&to.sink, fmt, args);
    buffer[to.length < bytes ? to.length : bytes - 1] = '\0';
    return to.length;
}

size_t ksnprintf(char *buffer, size_t bytes, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    size_t length = kvsnprintf(buffer, bytes, fmt, args);
    va_end(args);
    return length;
}
