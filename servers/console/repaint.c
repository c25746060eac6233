/*
 * repaint.c - what a terminal at a serial line is told when a session moves there: the modes, the
 * screen's contents row by row as the line has room, then cursor and colours. What libvterm does
 * not tell (margins, tab stops) is not carried over.
 */
#include "console.h"

#include <stdio.h>

/* A cell's worst: a change of all attributes, and four bytes of UTF-8. */
enum { CELL_BYTES_MAX = 56 };

_Static_assert(CELL_BYTES_MAX *SCREEN_COLUMNS_MAX + 256 <= RING_BYTES, "a row fits an empty queue");

static void put(struct line *line, const char *text)
{
    (void)ring_write(&line->output, text, strlen(text));
}

static void put_colour(struct line *line, unsigned base, uint16_t colour, uint16_t normal)
{
    char text[32];

    if (colour == normal) {
        return;
    }
    if ((colour & COLOUR_DIRECT) != 0) {
        uint32_t rgb = colour & 0x7fff;

        (void)snprintf(text, sizeof(text), ";%u;2;%u;%u;%u", base + 8, rgb >> 10 << 3,
                       (rgb >> 5 & 31) << 3, (rgb & 31) << 3);
    } else if (colour < 8) {
        (void)snprintf(text, sizeof(text), ";%u", base + colour);
    } else {
        (void)snprintf(text, sizeof(text), ";%u;5;%u", base + 8, colour);
    }
    put(line, text);
}

static void put_style(struct line *line, struct cell cell)
{
    put(line, "\x1b[0");
    put(line, (cell.what & CELL_BOLD) != 0 ? ";1" : "");
    put(line, (cell.what & CELL_ITALIC) != 0 ? ";3" : "");
    put(line, (cell.what & CELL_UNDERLINE) != 0 ? ";4" : "");
    put(line, (cell.what & CELL_STRIKE) != 0 ? ";9" : "");
    put_colour(line, 30, cell.fg, COLOUR_DEFAULT_FG);
    put_colour(line, 40, cell.bg, COLOUR_DEFAULT_BG);
    put(line, "m");
}

static void put_code(struct line *line, uint32_t code)
{
    char bytes[5] = {0};

    if (code < 0x80) {
        bytes[0] = (char)code;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
    } else {
        bytes[0] = (char)(0xf0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
    }
    put(line, bytes);
}

static bool same_style(struct cell a, struct cell b)
{
    const uint32_t styles = CELL_BOLD | CELL_ITALIC | CELL_UNDERLINE | CELL_STRIKE;

    return a.fg == b.fg && a.bg == b.bg && ((a.what ^ b.what) & styles) == 0;
}

/* What is blank at its end is left out, but not before the cursor: a prompt is all of the prompt.
 */
static void put_row(struct line *line, const struct screen *screen, unsigned row)
{
    struct cell cells[SCREEN_COLUMNS_MAX], style = cell_blank();
    unsigned end = screen->columns;
    unsigned least = row == screen->cursor_row ? screen->cursor_column : 0;
    char place[24];

    screen_read_terminal(screen, row, 0, screen->columns, cells);
    while (end > least && cell_is_same(cells[end - 1], cell_blank())) {
        end--;
    }
    (void)snprintf(place, sizeof(place), "\x1b[0m\x1b[%uH", row + 1);
    put(line, place);
    for (unsigned i = 0; i < end; i++) {
        if (!same_style(style, cells[i])) {
            style = cells[i];
            put_style(line, style);
        }
        if ((cells[i].what & CELL_TAIL) == 0) {
            put_code(line, cell_code(cells[i]));
        }
    }
}

/* The attributes that the session's next characters will have. */
static void put_pen(struct line *line, const struct screen *screen)
{
    static const struct {
        VTermAttr attribute;
        const char *code;
    } flags[] = {
        {VTERM_ATTR_BOLD, ";1"},  {VTERM_ATTR_ITALIC, ";3"},  {VTERM_ATTR_UNDERLINE, ";4"},
        {VTERM_ATTR_BLINK, ";5"}, {VTERM_ATTR_REVERSE, ";7"}, {VTERM_ATTR_STRIKE, ";9"},
    };
    VTermValue value;

    put(line, "\x1b[0");
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        memset(&value, 0, sizeof(value));
        (void)vterm_state_get_penattr(screen->state, flags[i].attribute, &value);
        put(line, value.number != 0 ? flags[i].code : "");
    }
    (void)vterm_state_get_penattr(screen->state, VTERM_ATTR_FOREGROUND, &value);
    put_colour(line, 30, screen_colour(&value.color), COLOUR_DEFAULT_FG);
    (void)vterm_state_get_penattr(screen->state, VTERM_ATTR_BACKGROUND, &value);
    put_colour(line, 40, screen_colour(&value.color), COLOUR_DEFAULT_BG);
    put(line, "m");
}

static void put_modes(struct line *line, const struct screen *screen, bool on)
{
    char text[16];

    for (unsigned mode = 0; mode < GUARD_MODES; mode++) {
        if ((screen->guard.modes >> mode & 1) == on) {
            (void)ring_write(&line->output, text,
                             guard_mode_sequence(&screen->guard, (enum guard_mode)mode, text));
        }
    }
}

static void put_end(struct line *line, const struct screen *screen)
{
    char place[24];

    put_pen(line, screen);
    (void)snprintf(place, sizeof(place), "\x1b[%u;%uH", screen->cursor_row + 1,
                   screen->cursor_column + 1);
    put(line, place);
}

void repaint_start(struct line *line)
{
    line->repaint_row = 0;
}

void repaint_go_on(struct line *line, const struct screen *screen)
{
    if (line->repaint_row == CONSOLE_NONE || ring_used(&line->output) != 0) {
        return; /* a row at a time, so that it fits */
    }
    if ((unsigned)line->repaint_row == screen->rows) {
        put_end(line, screen);
        line->repaint_row = CONSOLE_NONE;
        return;
    }
    if (line->repaint_row == 0) {
        put_modes(line, screen, false);
        put_modes(line, screen, true);
        put(line, "\x1b[0m\x1b[2J");
    }
    put_row(line, screen, (unsigned)line->repaint_row);
    line->repaint_row++;
}

void repaint_leave(struct line *line)
{
    static const char text[] =
        "\x1b[0m\x1b[?1l\x1b>\x1b[?25h\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b[?1049l"
        "\r\n(the session has moved to the screen)\r\n";

    line->repaint_row = CONSOLE_NONE;
    if (ring_room(&line->output) >= sizeof(text)) { /* else it is a line that nobody reads */
        put(line, text);
    }
}
