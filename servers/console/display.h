/*
 * display.h - what the console knows of a display, and how cells become what it shows: VGA text
 * cells or pixels. A wrapper fills in struct display; the console hands it patches that hold what
 * has changed and nothing else.
 */
#ifndef CONSOLE_DISPLAY_H
#define CONSOLE_DISPLAY_H

#include "cell.h"
#include "screen.h"

enum {
    GLYPH_WIDTH = 8,
    GLYPH_HEIGHT = 16,
};

enum picture_kind {
    PICTURE_TEXT,   /* uint16_t: character of code page 437, attribute << 8 */
    PICTURE_PIXELS, /* uint32_t: 0x00RRGGBB */
};

/* A rectangle, in cells (always of one row) or in pixels; its data row by row. */
struct display_patch {
    unsigned x, y, width, height;
    const void *data;
};

struct display {
    enum picture_kind kind;
    unsigned rows, columns; /* in characters */
    void *buffer;           /* a patch's data is made here; put may exchange it */
    size_t buffer_bytes;    /* at least DISPLAY_BUFFER_MIN */
    void *context;
    /** Take a patch. False if there is no room now: it comes again with the next rendering. */
    bool (*put)(void *context, const struct display_patch *patch);
    /** Text only: the cursor's place. False if there is no room now. */
    bool (*cursor)(void *context, unsigned row, unsigned column, enum cursor_shape shape);
};

enum { DISPLAY_BUFFER_MIN = GLYPH_WIDTH * GLYPH_HEIGHT * 4 };

/** How many cells of one row fit the display's buffer. */
unsigned display_cells_max(const struct display *display);

/** Make the patch that shows @count cells at row @row from column @column on. */
struct display_patch display_draw(const struct display *display, unsigned row, unsigned column,
                                  const struct cell *cells, unsigned count);

/* text_cells.c and pixels.c: the data for @count cells of one row. */
void text_draw(const struct cell *cells, unsigned count, uint16_t *to);
void pixels_draw(const struct cell *cells, unsigned count, uint32_t *to);

#endif
