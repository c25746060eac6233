/*
 * screen.c - the line editor's picture of the line on a terminal, and how to bring it up to date.
 * Only what changed is sent: appending at the end costs the bytes appended and nothing else.
 * A column a character; the terminal's width is not known, so moving the cursor within a line
 * that wraps shows in the wrong place (the line itself is right, and ^L draws it anew).
 */
#include <stdio.h>
#include <string.h>
#include "lineedit.h"

#define BACKSPACES_MAX 4 /* beyond these a cursor sequence is shorter */

void lineedit_write(struct lineedit *e, const char *s)
{
    e->on.write(e->on.context, s, strlen(s));
}

/* Columns of the @n bytes at @s: all bytes but UTF-8 continuations. */
static size_t columns(const char *s, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)s[i] & 0xc0) != 0x80;
    return count;
}

static void move_to_column(struct lineedit *e, size_t column)
{
    char sequence[16];

    if (column < e->shown_column && e->shown_column - column <= BACKSPACES_MAX) {
        e->on.write(e->on.context, "\b\b\b\b", e->shown_column - column);
    } else if (column < e->shown_column) {
        (void)snprintf(sequence, sizeof(sequence), "\x1b[%uD",
                       (unsigned)(e->shown_column - column));
        lineedit_write(e, sequence);
    } else if (column > e->shown_column) {
        (void)snprintf(sequence, sizeof(sequence), "\x1b[%uC",
                       (unsigned)(column - e->shown_column));
        lineedit_write(e, sequence);
    }
    e->shown_column = column;
}

/* Write the text from the first byte that differs on, and erase what stood behind it. */
static void write_dirty(struct lineedit *e)
{
    size_t n = e->length - e->dirty;

    if (e->dirty != e->shown_cursor)
        move_to_column(e, columns(e->line, e->dirty));
    if (n > 0)
        e->on.write(e->on.context, e->line + e->dirty, n);
    e->shown_column += columns(e->line + e->dirty, n);
    if (e->shown_column < e->shown_width)
        lineedit_write(e, "\x1b[J");
    e->shown_width = e->shown_column;
    e->shown_cursor = e->length;
    e->dirty = LINE_CLEAN;
}

void lineedit_refresh(struct lineedit *e)
{
    if (e->utf8_left > 0)
        return;
    if (e->dirty != LINE_CLEAN)
        write_dirty(e);
    if (e->cursor != e->shown_cursor)
        move_to_column(e, columns(e->line, e->cursor));
    e->shown_cursor = e->cursor;
}

void lineedit_redraw(struct lineedit *e)
{
    lineedit_write(e, e->prompt);
    e->shown_cursor = e->shown_column = e->shown_width = 0;
    e->dirty = 0;
    lineedit_refresh(e);
}
