/*
 * display.c - patches for either kind of display, see display.h.
 */
#include "display.h"

unsigned display_cells_max(const struct display *display)
{
    size_t bytes = display->kind == PICTURE_TEXT ? sizeof(uint16_t)
                                                 : GLYPH_WIDTH * GLYPH_HEIGHT * sizeof(uint32_t);
    size_t count = display->buffer_bytes / bytes;

    return count < SCREEN_COLUMNS_MAX ? (unsigned)count : SCREEN_COLUMNS_MAX;
}

struct display_patch display_draw(const struct display *display, unsigned row, unsigned column,
                                  const struct cell *cells, unsigned count)
{
    if (display->kind == PICTURE_TEXT) {
        text_draw(cells, count, display->buffer);
        return (struct display_patch){column, row, count, 1, display->buffer};
    }
    pixels_draw(cells, count, display->buffer);
    return (struct display_patch){column * GLYPH_WIDTH, row * GLYPH_HEIGHT, count * GLYPH_WIDTH,
                                  GLYPH_HEIGHT, display->buffer};
}
