/*
 * log.c - devman's lines in the system log. root answers at once and waits for nobody.
 */
#include "devman.h"

#include <quoll/client.h>
#include <stdarg.h>
#include <stdio.h>

void log_line(const char *format, ...)
{
    char line[320];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    (void)system_log_write(SLOT_SYSTEM, line);
}

uint64_t ticks_to_us(uint64_t ticks)
{
    uint64_t hz = quoll_info()->tsc_hz;

    return ticks / hz * 1000000 + ticks % hz * 1000000 / hz;
}
