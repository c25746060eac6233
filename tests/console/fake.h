/*
 * fake.h - a display made of memory, for tests of the console: takes patches as the vga driver
 * would, can refuse them, and counts.
 */
#ifndef TESTS_CONSOLE_FAKE_H
#define TESTS_CONSOLE_FAKE_H

#include "../../servers/console/console.h"

struct fake {
    uint16_t cells[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
    uint32_t pixels[SCREEN_ROWS_MAX * GLYPH_HEIGHT][SCREEN_COLUMNS_MAX * GLYPH_WIDTH];
    uint32_t buffer[GLYPH_HEIGHT * GLYPH_WIDTH * SCREEN_COLUMNS_MAX];
    struct display display;
    unsigned patches, drawn; /* drawn: cells */
    unsigned room;           /* patches that are still taken */
    bool outside;
    unsigned cursor_row, cursor_column;
    enum cursor_shape cursor;
};

void fake_init(struct fake *fake, enum picture_kind kind, unsigned rows, unsigned columns);

/** Does the display show what a redraw of everything would? */
bool fake_is_right(struct fake *fake, const struct console *console);

#endif
