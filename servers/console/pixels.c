/*
 * pixels.c - cells as pixels, in Terminus 8x16. Bold is brighter, and one pixel wider; italics
 * lean; the cursor is part of the picture.
 */
#include "display.h"

#include "colour.h"

#include <font/terminus.h>

enum {
    UNDERLINE_ROW = 14,
    STRIKE_ROW = 8,
    CURSOR_LINE_ROW = 13, /* to the bottom */
    BAR = 0xc0,
    REPLACEMENT = 0xfffd,
};

_Static_assert((int)TERMINUS_ROWS == (int)GLYPH_HEIGHT, "the font's size");

static const uint8_t *find_glyph(uint32_t code)
{
    unsigned low = 0, high = TERMINUS_CODES;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (terminus_codes[middle] < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < TERMINUS_CODES && terminus_codes[low] == code) {
        return terminus_glyphs[terminus_places[low]];
    }
    return NULL;
}

static const uint8_t *glyph_of(uint32_t code)
{
    const uint8_t *glyph = find_glyph(code);

    glyph = glyph != NULL ? glyph : find_glyph(REPLACEMENT);
    return glyph != NULL ? glyph : find_glyph('?');
}

/* One row of a glyph with its styles, leftmost pixel in bit 7. */
static unsigned styled_row(const uint8_t *glyph, unsigned row, uint32_t what)
{
    unsigned bits = glyph[row];

    if ((what & CELL_BOLD) != 0) {
        bits |= bits >> 1;
    }
    if ((what & CELL_ITALIC) != 0) {
        bits = row < GLYPH_HEIGHT / 2 ? bits >> 1 : bits;
    }
    if (((what & CELL_UNDERLINE) != 0 && row == UNDERLINE_ROW) ||
        ((what & CELL_STRIKE) != 0 && row == STRIKE_ROW)) {
        bits = 0xff;
    }
    if ((what & CELL_CURSOR_LINE) != 0 && row >= CURSOR_LINE_ROW) {
        bits ^= 0xff;
    }
    if ((what & CELL_CURSOR_BAR) != 0) {
        bits ^= BAR;
    }
    return (what & CELL_CURSOR_BLOCK) != 0 ? bits ^ 0xff : bits;
}

static void draw_cell(struct cell cell, uint32_t *to, unsigned row_pixels)
{
    const uint8_t *glyph = glyph_of(cell_code(cell));
    uint32_t colours[2] = {
        colour_rgb(cell.bg),
        colour_rgb((cell.what & CELL_BOLD) != 0 ? colour_bright(cell.fg) : cell.fg),
    };

    for (unsigned row = 0; row < GLYPH_HEIGHT; row++) {
        unsigned bits = styled_row(glyph, row, cell.what);

        for (unsigned x = 0; x < GLYPH_WIDTH; x++) {
            to[row * row_pixels + x] = colours[bits >> (GLYPH_WIDTH - 1 - x) & 1];
        }
    }
}

void pixels_draw(const struct cell *cells, unsigned count, uint32_t *to)
{
    for (unsigned i = 0; i < count; i++) {
        draw_cell(cells[i], to + i * GLYPH_WIDTH, count * GLYPH_WIDTH);
    }
}
