/*
 * screen.c - text on the VGA text buffer or on a linear framebuffer.
 * White on black only: all-ones is white in every pixel format, so none has to be decoded.
 * The font is PSF version 1, linked in by font.asm: magic 36 04, mode, height, then the glyphs,
 * eight pixels wide; glyphs 32 to 126 are ASCII in the font that the build takes.
 */
#include "boot/phys.h"
#include "console/console.h"
#include "lib/string.h"

#define VGA_TEXT_PA    0xb8000u
#define VGA_COLUMNS    80u
#define VGA_ROWS       25u
#define VGA_LIGHT_GREY 0x0700u

#define FONT_HEADER_BYTES 4u
#define GLYPH_WIDTH       8u

extern const uint8_t screen_font[];

static struct boot_framebuffer target;
static bool known; /* screen_init was called */
static uint32_t columns, rows, column, row;

static uint32_t glyph_height(void)
{
    return screen_font[3];
}

static volatile uint16_t *text_cell(uint32_t x, uint32_t y)
{
    volatile uint16_t *cells = pa_to_va(VGA_TEXT_PA);
    return &cells[y * VGA_COLUMNS + x];
}

static uint8_t *pixel_line(uint32_t y)
{
    uint8_t *base = pa_to_va(target.pa);
    return base + (uint64_t)y * target.pitch;
}

static void draw_glyph(uint8_t c)
{
    const uint8_t *glyph = screen_font + FONT_HEADER_BYTES + (uint32_t)c * glyph_height();
    uint32_t pixel_bytes = target.bpp / 8;

    for (uint32_t y = 0; y < glyph_height(); y++) {
        uint8_t *to =
            pixel_line(row * glyph_height() + y) + (uint64_t)column * GLYPH_WIDTH * pixel_bytes;
        for (uint32_t x = 0; x < GLYPH_WIDTH; x++) {
            uint8_t ink = (glyph[y] & (0x80u >> x)) != 0 ? 0xff : 0;
            for (uint32_t i = 0; i < pixel_bytes; i++) {
                *to++ = ink;
            }
        }
    }
}

static void draw(char c)
{
    uint8_t code = (uint8_t)c;

    if (code < ' ' || code > '~') {
        code = '?';
    }
    if (target.pa == 0) {
        *text_cell(column, row) = (uint16_t)(VGA_LIGHT_GREY | code);
    } else {
        draw_glyph(code);
    }
}

static void blank_row(uint32_t y)
{
    if (target.pa != 0) {
        memset(pixel_line(y * glyph_height()), 0, (uint64_t)target.pitch * glyph_height());
        return;
    }
    for (uint32_t x = 0; x < VGA_COLUMNS; x++) {
        *text_cell(x, y) = VGA_LIGHT_GREY | ' ';
    }
}

/* Reading a framebuffer is very slow on real hardware; so a full framebuffer starts again at the
 * top, with the line below the newest kept blank, and only text memory really scrolls. */
static void new_line(void)
{
    column = 0;
    if (row + 1 < rows) {
        row++;
    } else if (target.pa != 0) {
        row = 0;
    } else {
        for (uint32_t y = 1; y < rows; y++) {
            for (uint32_t x = 0; x < columns; x++) {
                *text_cell(x, y - 1) = *text_cell(x, y);
            }
        }
    }
    blank_row(row);
    if (target.pa != 0) {
        blank_row((row + 1) % rows);
    }
}

void screen_put(char c)
{
    if (!known) {
        return;
    }
    if (c == '\n') {
        new_line();
        return;
    }
    if (c == '\r') {
        column = 0;
        return;
    }
    if (c == '\b') {
        column -= column > 0;
        return;
    }
    if (column == columns) {
        new_line();
    }
    draw(c);
    column++;
}

void screen_clear(void)
{
    if (!known) {
        return;
    }
    for (uint32_t y = 0; y < rows; y++) {
        blank_row(y);
    }
    column = 0;
    row = 0;
}

void screen_init(const struct boot_framebuffer *fb)
{
    target = *fb;
    columns = VGA_COLUMNS;
    rows = VGA_ROWS;
    if (target.pa != 0) {
        columns = target.width / GLYPH_WIDTH;
        rows = target.height / glyph_height();
    }
    known = columns > 0 && rows > 0;
    if (CONFIG_DEBUG) {
        screen_clear();
    }
}
