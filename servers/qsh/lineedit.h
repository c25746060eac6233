/*
 * lineedit.h - the line editor: a state machine that is fed bytes and writes bytes through a
 * callback, and does no I/O of its own.
 * What is typed changes the line at once, the screen only in lineedit_refresh, so that a block
 * of input costs one redraw.
 */
#ifndef QSH_LINEEDIT_H
#define QSH_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "history.h"
#include "keys.h"

#define LINE_BYTES_MAX 4095
#define LINE_CLEAN     SIZE_MAX

enum lineedit_event {
    LINE_NONE,     /* go on */
    LINE_READY,    /* the line is in .line */
    LINE_TOO_LONG, /* it ended, but was longer than LINE_BYTES_MAX: nothing is kept */
    LINE_CANCELED, /* ^C */
};

struct lineedit_callbacks {
    /* Write bytes to the terminal as they are. */
    void (*write)(void *context, const char *bytes, size_t n);
    /* The @index-th word that can stand at @word_start of @line, NULL past the last; valid until
     * the next call. */
    const char *(*candidate)(void *context, const char *line, size_t word_start, size_t index);
    void *context;
};

struct lineedit {
    struct lineedit_callbacks on;
    const char *prompt;
    struct keys keys;
    struct history history;
    size_t history_back;            /* the history line shown, 0 for the one being typed */
    char draft[LINE_BYTES_MAX + 1]; /* the one being typed, while a history line is shown */

    char line[LINE_BYTES_MAX + 1]; /* NUL-terminated */
    size_t length, cursor;
    bool too_long;
    unsigned utf8_left; /* bytes that the character before the cursor still lacks */
    bool tabbed;        /* the last key was a Tab that left a choice */

    /* The screen: columns count from the end of the prompt. Text before @dirty is as shown. */
    size_t dirty; /* first byte that differs from the screen, or LINE_CLEAN */
    size_t shown_cursor, shown_column, shown_width;
};

/** Once, before anything else. */
void lineedit_init(struct lineedit *e, const char *prompt, struct lineedit_callbacks on);

/** Write the prompt and start an empty line. */
void lineedit_begin(struct lineedit *e);

/** Take one byte of input. On an event but LINE_NONE the screen is right and the cursor stands at
 *  the start of the next row; go on with lineedit_begin. */
enum lineedit_event lineedit_feed(struct lineedit *e, uint8_t byte);

/** Make the screen show the line; call when a block of input is used up. Does nothing while the
 *  last character typed is incomplete, so that no half of one is sent. */
void lineedit_refresh(struct lineedit *e);

/* ---- for complete.c */

/** Insert at the cursor; false, and too_long set, if the line would not fit. */
bool lineedit_insert(struct lineedit *e, const char *bytes, size_t n);

/** Write prompt and line anew from the start of a row. */
void lineedit_redraw(struct lineedit *e);

void lineedit_write(struct lineedit *e, const char *s);

/** The Tab key: extend the word before the cursor; the second Tab lists what it could be. */
void lineedit_complete(struct lineedit *e);

#endif
