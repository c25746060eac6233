/*
 * output.c - gathering output for the terminal.
 * One buffer of the size of a message: full, it is sent, so nothing grows and order is kept.
 */
#include "output.h"
#include <quoll/abi.h>
#include <quoll/client.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 100 /* a driver that was given up answers GONE at once, for ever */

void output_flush(struct output *o)
{
    int error = E_GONE;

    for (unsigned tries = 0; o->used > 0 && error == E_GONE; tries++) {
        if (tries == TRIES_MAX)
            abort(); /* nobody left to tell but root, which sees the fault */
        error = terminal_write(o->terminal, o->bytes, o->used);
    }
    o->used = 0;
}

void output_raw(struct output *o, const char *bytes, size_t n)
{
    if (n > 0)
        o->mid_row = bytes[n - 1] != '\n';
    while (n > 0) {
        size_t room = sizeof(o->bytes) - o->used;
        size_t part = n < room ? n : room;

        memcpy(o->bytes + o->used, bytes, part);
        o->used += part;
        bytes += part;
        n -= part;
        if (o->used == sizeof(o->bytes))
            output_flush(o);
    }
}

void output_text(struct output *o, const char *text, size_t n)
{
    while (n > 0) {
        const char *newline = memchr(text, '\n', n);
        size_t part = newline ? (size_t)(newline - text) : n;

        output_raw(o, text, part);
        if (!newline)
            return;
        output_raw(o, "\r\n", 2);
        text += part + 1;
        n -= part + 1;
    }
}

void output_string(struct output *o, const char *text)
{
    output_text(o, text, strlen(text));
}

void output_printf(struct output *o, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    output_string(o, text);
}

void output_fresh_row(struct output *o)
{
    if (o->mid_row)
        output_raw(o, "\r\n", 2);
}
