/*
 * screen.h - one virtual console: a terminal (libvterm behind guard.h), the lines that left it at
 * the top, and which part of it is looked at. Knows no display: rows of cells are asked for, and
 * what may have changed since is told.
 */
#ifndef CONSOLE_SCREEN_H
#define CONSOLE_SCREEN_H

#include "cell.h"
#include "guard.h"
#include "pool.h"

#include <vterm.h>

enum { HISTORY_LINES = 1000 };

struct history {
    struct cell lines[HISTORY_LINES][SCREEN_COLUMNS_MAX];
    uint8_t lengths[HISTORY_LINES]; /* cells that are kept; the rest is blank */
    unsigned newest, count;
};

enum cursor_shape {
    CURSOR_HIDDEN,
    CURSOR_BLOCK,
    CURSOR_UNDERLINE,
    CURSOR_BAR,
};

/* Where something may have changed: columns [first, end) of each row. */
struct dirty {
    uint8_t first[SCREEN_ROWS_MAX], end[SCREEN_ROWS_MAX];
};

struct screen {
    VTerm *vt;
    VTermScreen *grid;
    VTermState *state;
    struct pool *pool;
    struct guard guard;
    struct history history;
    struct dirty dirty;
    unsigned rows, columns;
    unsigned scrolled; /* lines that the view is above the terminal */
    unsigned cursor_row, cursor_column;
    bool cursor_visible;
    enum cursor_shape cursor_shape;
    unsigned mouse_mode;   /* VTERM_PROP_MOUSE_... */
    uint32_t bells, lines; /* so far: rings, lines to the history */
    void (*reply)(void *context, const char *bytes, size_t count);
    void *context;
};

/** Start with a blank terminal. What it answers, and what keys become, goes to @reply. */
void screen_init(struct screen *screen, struct pool *pool, unsigned rows, unsigned columns,
                 void (*reply)(void *context, const char *bytes, size_t count), void *context);

/** Give all memory back. */
void screen_free(struct screen *screen);

/** Output of the session. Any bytes will do. */
void screen_write(struct screen *screen, const void *bytes, size_t count);

/** Change the size, within the limits of pool.h; the text stays, margins and saved cursor go. */
void screen_resize(struct screen *screen, unsigned rows, unsigned columns);

/** Move the view by @lines, up into the history if positive. */
void screen_scroll(struct screen *screen, int lines);

/** Look at the terminal itself again. */
void screen_scroll_end(struct screen *screen);

/** Copy columns [first, end) of row @row of the view. */
void screen_read(const struct screen *screen, unsigned row, unsigned first, unsigned end,
                 struct cell *to);

/** The same of the terminal itself, whatever part is looked at. */
void screen_read_terminal(const struct screen *screen, unsigned row, unsigned first, unsigned end,
                          struct cell *to);

/** Where the cursor is in the view; CURSOR_HIDDEN if it is not in it. */
enum cursor_shape screen_cursor(const struct screen *screen, unsigned *row, unsigned *column);

/** libvterm's colour as a cell has it. */
uint16_t screen_colour(const VTermColor *colour);

void dirty_all(struct dirty *dirty, unsigned rows, unsigned columns);
void dirty_add(struct dirty *dirty, unsigned row, unsigned first, unsigned end);

#endif
