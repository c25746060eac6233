/*
 * cell.h - one place of a screen, as the console's parts pass it to each other: 8 bytes, so that
 * two cells are compared at once and a history of lines stays small.
 */
#ifndef CONSOLE_CELL_H
#define CONSOLE_CELL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Styles; a cell's code point takes the 21 bits below them. */
enum cell_style {
    CELL_BOLD = 1 << 21,
    CELL_UNDERLINE = 1 << 22,
    CELL_ITALIC = 1 << 23,
    CELL_STRIKE = 1 << 24,
    CELL_WIDE = 1 << 25,         /* the left half of a wide character */
    CELL_TAIL = 1 << 26,         /* the right half */
    CELL_CURSOR_BLOCK = 1 << 27, /* where pixels have to show the cursor */
    CELL_CURSOR_LINE = 1 << 28,
    CELL_CURSOR_BAR = 1 << 29,
};

enum {
    CELL_CODE_MASK = (1 << 21) - 1,
    CELL_CURSORS = CELL_CURSOR_BLOCK | CELL_CURSOR_LINE | CELL_CURSOR_BAR,
    COLOUR_DIRECT = 0x8000, /* then 5 bits each of red, green, blue; else one of 256 */
    COLOUR_DEFAULT_FG = 7,
    COLOUR_DEFAULT_BG = 0,
};

struct cell {
    uint32_t what; /* code point and styles */
    uint16_t fg, bg;
};

_Static_assert(sizeof(struct cell) == 8, "compared and stored as 8 bytes");

static inline uint32_t cell_code(struct cell cell)
{
    return cell.what & CELL_CODE_MASK;
}

static inline bool cell_is_same(struct cell a, struct cell b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static inline struct cell cell_blank(void)
{
    return (struct cell){.what = ' ', .fg = COLOUR_DEFAULT_FG, .bg = COLOUR_DEFAULT_BG};
}

#endif
