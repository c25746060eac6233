/*
 * text_cells.c - cells as VGA text shows them: a character of code page 437 and 16 colours.
 * What the code page has not becomes the nearest that it has, else a question mark.
 */
#include "display.h"

#include "colour.h"

#include <font/codepage.h>

enum { UNKNOWN = '?' };

/* Stand-ins, by code point. */
static const uint16_t stand_ins[][2] = {
    {0x00a6, '|'},     {0x00a9, 'c'},  {0x00ad, '-'},  {0x00ae, 'R'},  {0x00b4, '\''},
    {0x00b8, ','},     {0x00d7, 'x'},  {0x1e9e, 0xe1}, {0x2010, '-'},  {0x2011, '-'},
    {0x2012, '-'},     {0x2013, '-'},  {0x2014, 0xc4}, {0x2018, '\''}, {0x2019, '\''},
    {0x201a, ','},     {0x201c, '"'},  {0x201d, '"'},  {0x201e, '"'},  {0x2026, 0xfa},
    {0x2039, '<'},     {0x203a, '>'},  {0x20ac, 'E'},  {0x2212, '-'},  {0x2501, 0xcd},
    {0x2503, 0xba},    {0x250f, 0xc9}, {0x2513, 0xbb}, {0x2517, 0xc8}, {0x251b, 0xbc},
    {0x256d, 0xda},    {0x256e, 0xbf}, {0x256f, 0xd9}, {0x2570, 0xc0}, {0x25c6, 0x04},
    {0xfffd, UNKNOWN},
};

static uint8_t stand_in(uint32_t code)
{
    for (unsigned i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++) {
        if (stand_ins[i][0] == code) {
            return (uint8_t)stand_ins[i][1];
        }
    }
    return UNKNOWN;
}

static uint8_t place_of(uint32_t code)
{
    unsigned low = 0, high = CODEPAGE_CODES;

    if (code >= ' ' && code < 0x7f) {
        return (uint8_t)code;
    }
    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (codepage_codes[middle] < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < CODEPAGE_CODES && codepage_codes[low] == code) {
        return codepage_places[low];
    }
    return stand_in(code);
}

void text_draw(const struct cell *cells, unsigned count, uint16_t *to)
{
    for (unsigned i = 0; i < count; i++) {
        struct cell cell = cells[i];
        uint16_t fg = (cell.what & CELL_BOLD) != 0 ? colour_bright(cell.fg) : cell.fg;
        unsigned attribute = colour_vga(fg) | (unsigned)colour_vga(cell.bg) << 4;

        to[i] = (uint16_t)(place_of(cell_code(cell)) | attribute << 8);
    }
}
