/*
 * render.c - what has changed on the current screen, as patches for the display.
 * A copy of what the display shows decides: marks only say where to look, so a mark too many
 * costs a comparison and sends nothing. A patch that the display has no room for stays marked.
 */
#include "console.h"

#include <quoll/abi.h>

#include <stdio.h>

enum { NOTICE_BYTES = SCREEN_COLUMNS_MAX + 1 };

/* What no display shows: unequal to every cell. */
static void forget_shown(struct console *console)
{
    memset(console->shown, 0xff, sizeof(console->shown));
    console->cursor_shown = false;
}

void console_repaint(struct console *console)
{
    forget_shown(console);
    dirty_all(&console->dirty, SCREEN_ROWS_MAX, SCREEN_COLUMNS_MAX);
}

static bool is_usable(const struct display *display)
{
    return display->rows >= SCREEN_ROWS_MIN && display->rows <= SCREEN_ROWS_MAX &&
           display->columns >= SCREEN_COLUMNS_MIN && display->columns <= SCREEN_COLUMNS_MAX &&
           display->buffer != NULL && display->buffer_bytes >= DISPLAY_BUFFER_MIN &&
           display->put != NULL && (display->kind == PICTURE_PIXELS || display->cursor != NULL);
}

int console_set_display(struct console *console, const struct display *display)
{
    if (display == NULL) {
        console->has_display = false;
        return E_OK;
    }
    if (!is_usable(display)) {
        return E_BAD_ARG;
    }
    console->display = *display;
    console->has_display = true;
    for (unsigned i = 0; i < SCREENS; i++) {
        struct screen *screen = &console->screens[i];

        if (screen->rows != display->rows || screen->columns != display->columns) {
            screen_resize(screen, display->rows, display->columns);
        }
    }
    console_repaint(console);
    return E_OK;
}

/* ---- what the display should show ---- */

/* Why the current screen is empty, or an empty text. */
static void write_notice(const struct console *console, char text[NOTICE_BYTES])
{
    const struct session *session = &console->sessions[console->current];

    text[0] = '\0';
    if (!session->open) {
        (void)snprintf(text, NOTICE_BYTES, "Screen %u has no session. Alt-F1 to Alt-F%u change it.",
                       console->current + 1, (unsigned)SCREENS);
    } else if (!session->on_vga) {
        (void)snprintf(text, NOTICE_BYTES,
                       "This session is on serial line %d. `console move screen` brings it back.",
                       session->line);
    }
}

static void read_notice(const char *text, unsigned row, unsigned first, unsigned end,
                        struct cell *to)
{
    size_t length = row == 0 ? strlen(text) : 0;

    for (unsigned column = first; column < end; column++) {
        struct cell cell = cell_blank();

        if (column < length) {
            cell.what = (uint8_t)text[column];
        }
        *to++ = cell;
    }
}

static uint32_t cursor_style(enum cursor_shape shape)
{
    switch (shape) {
    case CURSOR_BLOCK:
        return CELL_CURSOR_BLOCK;
    case CURSOR_UNDERLINE:
        return CELL_CURSOR_LINE;
    case CURSOR_BAR:
        return CELL_CURSOR_BAR;
    default:
        return 0;
    }
}

/* Draw cursor and pointer on cells [first, end) of @row. */
static void overlay(const struct console *console, unsigned row, unsigned first, unsigned end,
                    struct cell *cells)
{
    const struct overlay *o = &console->overlay;

    if (console->display.kind == PICTURE_PIXELS && row == o->cursor_row &&
        o->cursor_column >= first && o->cursor_column < end) {
        cells[o->cursor_column - first].what |= cursor_style(o->cursor);
    }
    if (o->pointer && row == o->pointer_row && o->pointer_column >= first &&
        o->pointer_column < end) {
        struct cell *cell = &cells[o->pointer_column - first];
        uint16_t fg = cell->fg;

        cell->fg = cell->bg;
        cell->bg = fg;
    }
}

static void read_wanted(const struct console *console, const char *notice, unsigned row,
                        unsigned first, unsigned end, struct cell *to)
{
    if (notice[0] != '\0') {
        read_notice(notice, row, first, end, to);
    } else {
        screen_read(&console->screens[console->current], row, first, end, to);
        overlay(console, row, first, end, to);
    }
}

/* ---- cursor and pointer ---- */

static struct overlay overlay_now(const struct console *console, const char *notice)
{
    const struct screen *screen = &console->screens[console->current];
    struct overlay o = {0};

    if (notice[0] == '\0') {
        o.cursor = screen_cursor(screen, &o.cursor_row, &o.cursor_column);
        o.pointer = screen->mouse_mode != VTERM_PROP_MOUSE_NONE;
        o.pointer_row = (unsigned)console->pointer_y / GLYPH_HEIGHT;
        o.pointer_column = (unsigned)console->pointer_x / GLYPH_WIDTH;
        o.pointer = o.pointer && o.pointer_row < screen->rows && o.pointer_column < screen->columns;
    }
    return o;
}

static void mark_overlay(struct dirty *dirty, const struct overlay *o)
{
    dirty_add(dirty, o->cursor_row, o->cursor_column, o->cursor_column + 1);
    if (o->pointer) {
        dirty_add(dirty, o->pointer_row, o->pointer_column, o->pointer_column + 1);
    }
}

static bool same_overlay(const struct overlay *a, const struct overlay *b)
{
    return a->cursor == b->cursor && a->cursor_row == b->cursor_row &&
           a->cursor_column == b->cursor_column && a->pointer == b->pointer &&
           a->pointer_row == b->pointer_row && a->pointer_column == b->pointer_column;
}

static void move_overlay(struct console *console, const char *notice)
{
    struct overlay now = overlay_now(console, notice);

    if (!same_overlay(&now, &console->overlay)) {
        mark_overlay(&console->dirty, &console->overlay);
        mark_overlay(&console->dirty, &now);
        console->overlay = now;
        console->cursor_shown = false;
    }
}

static bool render_cursor(struct console *console)
{
    const struct overlay *o = &console->overlay;
    struct display *display = &console->display;

    if (display->kind == PICTURE_TEXT && !console->cursor_shown) {
        console->cursor_shown =
            display->cursor(display->context, o->cursor_row, o->cursor_column, o->cursor);
        return console->cursor_shown;
    }
    return true;
}

/* ---- patches ---- */

static unsigned skip_same(const struct cell *wanted, const struct cell *shown, unsigned i,
                          unsigned end)
{
    while (i < end && cell_is_same(wanted[i], shown[i])) {
        i++;
    }
    return i;
}

static unsigned skip_different(const struct cell *wanted, const struct cell *shown, unsigned i,
                               unsigned end)
{
    while (i < end && !cell_is_same(wanted[i], shown[i])) {
        i++;
    }
    return i;
}

/* Send columns [@first, @end) of a row where they differ; returns where it had to stop. */
static unsigned render_row(struct console *console, unsigned row, unsigned first, unsigned end,
                           const struct cell *wanted)
{
    struct cell *shown = console->shown[row];
    unsigned most = display_cells_max(&console->display);
    unsigned at = skip_same(wanted, shown, first, end);

    while (at < end) {
        unsigned limit = end - at < most ? end : at + most;
        unsigned stop = skip_different(wanted, shown, at, limit);
        struct display_patch patch =
            display_draw(&console->display, row, at, &wanted[at], stop - at);

        if (!console->display.put(console->display.context, &patch)) {
            return at;
        }
        memcpy(&shown[at], &wanted[at], (stop - at) * sizeof(*shown));
        at = skip_same(wanted, shown, stop, end);
    }
    return end;
}

static void take_marks(struct console *console)
{
    struct screen *screen = &console->screens[console->current];

    for (unsigned row = 0; row < screen->rows; row++) {
        if (screen->dirty.end[row] != 0) {
            dirty_add(&console->dirty, row, screen->dirty.first[row], screen->dirty.end[row]);
        }
    }
    memset(&screen->dirty, 0, sizeof(screen->dirty));
}

bool console_render(struct console *console)
{
    struct cell wanted[SCREEN_COLUMNS_MAX];
    struct dirty *dirty = &console->dirty;
    char notice[NOTICE_BYTES];

    if (!console->has_display) {
        return true;
    }
    write_notice(console, notice);
    take_marks(console);
    move_overlay(console, notice);
    for (unsigned row = 0; row < console->display.rows; row++) {
        unsigned first = dirty->first[row], end = dirty->end[row], done;

        end = end < console->display.columns ? end : console->display.columns;
        if (first < end) {
            read_wanted(console, notice, row, first, end, &wanted[first]);
            done = render_row(console, row, first, end, wanted);
            if (done < end) {
                dirty->first[row] = (uint8_t)done;
                return false;
            }
        }
        dirty->first[row] = 0;
        dirty->end[row] = 0;
    }
    return render_cursor(console);
}
