/*
 * screen.c - a terminal, its history and the view of both; see screen.h.
 * libvterm calls back for every change; each only marks what the next look has to compare.
 */
#include "screen.h"

#include <assert.h>

/* ---- what has changed ---- */

void dirty_add(struct dirty *dirty, unsigned row, unsigned first, unsigned end)
{
    if (first < dirty->first[row] || dirty->end[row] == 0) {
        dirty->first[row] = (uint8_t)first;
    }
    if (end > dirty->end[row]) {
        dirty->end[row] = (uint8_t)end;
    }
}

void dirty_all(struct dirty *dirty, unsigned rows, unsigned columns)
{
    for (unsigned row = 0; row < rows; row++) {
        dirty_add(dirty, row, 0, columns);
    }
}

static unsigned bounded(int value, unsigned most)
{
    if (value < 0) {
        return 0;
    }
    return (unsigned)value < most ? (unsigned)value : most;
}

/* A row of the terminal lies lower in the view while that is scrolled. */
static void mark(struct screen *screen, unsigned row, unsigned first, unsigned end)
{
    if (row + screen->scrolled < screen->rows && first < end) {
        dirty_add(&screen->dirty, row + screen->scrolled, first, end);
    }
}

/* ---- libvterm's cells to ours ---- */

uint16_t screen_colour(const VTermColor *colour)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(colour)) {
        return COLOUR_DEFAULT_FG;
    }
    if (VTERM_COLOR_IS_DEFAULT_BG(colour)) {
        return COLOUR_DEFAULT_BG;
    }
    if (VTERM_COLOR_IS_INDEXED(colour)) {
        return colour->indexed.idx;
    }
    return (uint16_t)(COLOUR_DIRECT | colour->rgb.red >> 3 << 10 | colour->rgb.green >> 3 << 5 |
                      colour->rgb.blue >> 3);
}

static uint32_t code_of(uint32_t first)
{
    if (first == UINT32_MAX) {
        return ' ' | CELL_TAIL;
    }
    return first == 0 ? ' ' : first & CELL_CODE_MASK;
}

static struct cell cell_of(const VTermScreenCell *from)
{
    struct cell cell = {
        .what = code_of(from->chars[0]),
        .fg = screen_colour(&from->fg),
        .bg = screen_colour(&from->bg),
    };

    cell.what |= (from->attrs.bold != 0 || from->attrs.blink != 0 ? CELL_BOLD : 0u) |
                 (from->attrs.underline != 0 ? CELL_UNDERLINE : 0u) |
                 (from->attrs.italic != 0 ? CELL_ITALIC : 0u) |
                 (from->attrs.strike != 0 ? CELL_STRIKE : 0u) | (from->width == 2 ? CELL_WIDE : 0u);
    if (from->attrs.reverse != 0) {
        uint16_t fg = cell.fg;

        cell.fg = cell.bg;
        cell.bg = fg;
    }
    return cell;
}

/* ---- the history ---- */

static unsigned history_slot(const struct history *history, unsigned age)
{
    return (history->newest + HISTORY_LINES - age) % HISTORY_LINES;
}

static void history_add(struct history *history, const VTermScreenCell *cells, unsigned columns)
{
    unsigned slot, length = 0;

    history->newest = (history->newest + 1) % HISTORY_LINES;
    slot = history->newest;
    for (unsigned i = 0; i < columns; i++) {
        history->lines[slot][i] = cell_of(&cells[i]);
        if (!cell_is_same(history->lines[slot][i], cell_blank())) {
            length = i + 1;
        }
    }
    history->lengths[slot] = (uint8_t)length;
    if (history->count < HISTORY_LINES) {
        history->count++;
    }
}

/* ---- what libvterm tells ---- */

static int on_damage(VTermRect rect, void *user)
{
    struct screen *screen = user;
    unsigned end = bounded(rect.end_row, screen->rows);

    for (unsigned row = bounded(rect.start_row, end); row < end; row++) {
        mark(screen, row, bounded(rect.start_col, screen->columns),
             bounded(rect.end_col, screen->columns));
    }
    return 1;
}

static int on_cursor(VTermPos pos, VTermPos old, int visible, void *user)
{
    struct screen *screen = user;

    (void)old;
    (void)visible;
    screen->cursor_row = bounded(pos.row, screen->rows - 1);
    screen->cursor_column = bounded(pos.col, screen->columns - 1);
    return 1;
}

static enum cursor_shape shape_of(int shape)
{
    switch (shape) {
    case VTERM_PROP_CURSORSHAPE_UNDERLINE:
        return CURSOR_UNDERLINE;
    case VTERM_PROP_CURSORSHAPE_BAR_LEFT:
        return CURSOR_BAR;
    default:
        return CURSOR_BLOCK;
    }
}

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    struct screen *screen = user;

    switch (property) {
    case VTERM_PROP_CURSORVISIBLE:
        screen->cursor_visible = value->boolean != 0;
        return 1;
    case VTERM_PROP_CURSORSHAPE:
        screen->cursor_shape = shape_of(value->number);
        return 1;
    case VTERM_PROP_MOUSE:
        screen->mouse_mode = (unsigned)value->number;
        return 1;
    default:
        return 1;
    }
}

static int on_bell(void *user)
{
    struct screen *screen = user;

    screen->bells++;
    return 1;
}

static int on_line(int columns, const VTermScreenCell *cells, void *user)
{
    struct screen *screen = user;

    history_add(&screen->history, cells, bounded(columns, SCREEN_COLUMNS_MAX));
    screen->lines++;
    if (screen->scrolled != 0) {
        if (screen->scrolled < screen->history.count) {
            screen->scrolled++; /* the view stays on its lines */
        }
        dirty_all(&screen->dirty, screen->rows, screen->columns);
    }
    return 1;
}

static const VTermScreenCallbacks screen_callbacks = {
    .damage = on_damage,
    .movecursor = on_cursor,
    .settermprop = on_property,
    .bell = on_bell,
    .sb_pushline = on_line,
};

static void *take(size_t size, void *pool)
{
    return pool_take(pool, size);
}

static void give(void *block, void *pool)
{
    pool_give(pool, block);
}

static VTermAllocatorFunctions allocator = {take, give};

/* ---- the terminal ---- */

static void pass_on(void *context, const char *bytes, size_t count)
{
    struct screen *screen = context;

    (void)vterm_input_write(screen->vt, bytes, count);
}

static void answer(const char *bytes, size_t count, void *user)
{
    struct screen *screen = user;

    screen->reply(screen->context, bytes, count);
}

void screen_init(struct screen *screen, struct pool *pool, unsigned rows, unsigned columns,
                 void (*reply)(void *context, const char *bytes, size_t count), void *context)
{
    assert(rows >= SCREEN_ROWS_MIN && rows <= SCREEN_ROWS_MAX && columns >= SCREEN_COLUMNS_MIN &&
           columns <= SCREEN_COLUMNS_MAX);
    memset(screen, 0, sizeof(*screen));
    screen->pool = pool;
    screen->rows = rows;
    screen->columns = columns;
    screen->reply = reply;
    screen->context = context;
    guard_init(&screen->guard, pass_on, screen);
    screen->vt = vterm_new_with_allocator((int)rows, (int)columns, &allocator, pool);
    vterm_set_utf8(screen->vt, 1);
    vterm_output_set_callback(screen->vt, answer, screen);
    screen->state = vterm_obtain_state(screen->vt);
    screen->grid = vterm_obtain_screen(screen->vt);
    vterm_screen_set_callbacks(screen->grid, &screen_callbacks, screen);
    vterm_screen_set_damage_merge(screen->grid, VTERM_DAMAGE_CELL);
    vterm_screen_enable_altscreen(screen->grid, 1);
    vterm_screen_reset(screen->grid, 1);
    dirty_all(&screen->dirty, rows, columns);
}

void screen_free(struct screen *screen)
{
    vterm_free(screen->vt);
    screen->vt = NULL;
}

void screen_write(struct screen *screen, const void *bytes, size_t count)
{
    guard_write(&screen->guard, bytes, count);
    vterm_screen_flush_damage(screen->grid);
}

static void write_position(struct screen *screen, unsigned row, unsigned column)
{
    char text[16] = {'\x1b', '['};
    size_t length = 2;
    unsigned numbers[2] = {row + 1, column + 1};

    for (unsigned i = 0; i < 2; i++) { /* below 1000: SCREEN_..._MAX are */
        text[length++] = (char)('0' + numbers[i] / 100);
        text[length++] = (char)('0' + numbers[i] / 10 % 10);
        text[length++] = (char)('0' + numbers[i] % 10);
        text[length++] = i == 0 ? ';' : 'H';
    }
    pass_on(screen, text, length);
}

/* The last row that has something on it, or the cursor. */
static unsigned last_used_row(const struct screen *screen)
{
    unsigned row = screen->rows - 1;
    VTermPos pos = {.row = (int)row};

    while (row > screen->cursor_row && vterm_screen_is_eol(screen->grid, pos) != 0) {
        row--;
        pos.row = (int)row;
    }
    return row;
}

/* When the screen becomes smaller, libvterm 0.1.4 scrolls so far that the last used row stays,
 * and moves the cursor as far up, above the screen too. So the cursor waits in that row; without
 * margins and origin mode, which could keep it from there. Its saved place is not checked either.
 */
void screen_resize(struct screen *screen, unsigned rows, unsigned columns)
{
    unsigned row = screen->cursor_row, column = screen->cursor_column;
    uint32_t before = screen->lines;

    assert(rows >= SCREEN_ROWS_MIN && rows <= SCREEN_ROWS_MAX && columns >= SCREEN_COLUMNS_MIN &&
           columns <= SCREEN_COLUMNS_MAX);
    screen_scroll_end(screen);
    pass_on(screen, "\x1b[?6l\x1b[?69l\x1b[r", 14);
    screen->cursor_row = row; /* the last one has moved it */
    write_position(screen, last_used_row(screen), 0);
    screen->rows = rows;
    screen->columns = columns;
    vterm_set_size(screen->vt, (int)rows, (int)columns);
    before = screen->lines - before;
    write_position(screen, row > before ? row - before : 0, column);
    pass_on(screen,
            "\x1b"
            "7",
            2);
    vterm_screen_flush_damage(screen->grid);
    memset(&screen->dirty, 0, sizeof(screen->dirty));
    dirty_all(&screen->dirty, rows, columns);
}

/* ---- the view ---- */

void screen_scroll(struct screen *screen, int lines)
{
    int wanted = (int)screen->scrolled + lines;
    unsigned to = bounded(wanted, screen->history.count);

    if (to != screen->scrolled) {
        screen->scrolled = to;
        dirty_all(&screen->dirty, screen->rows, screen->columns);
    }
}

void screen_scroll_end(struct screen *screen)
{
    screen_scroll(screen, -(int)screen->scrolled);
}

static void read_history(const struct history *history, unsigned age, unsigned first, unsigned end,
                         struct cell *to)
{
    unsigned slot = history_slot(history, age);

    for (unsigned column = first; column < end; column++) {
        *to++ = column < history->lengths[slot] ? history->lines[slot][column] : cell_blank();
    }
}

void screen_read_terminal(const struct screen *screen, unsigned row, unsigned first, unsigned end,
                          struct cell *to)
{
    for (unsigned column = first; column < end; column++) {
        VTermPos pos = {.row = (int)row, .col = (int)column};
        VTermScreenCell cell;

        (void)vterm_screen_get_cell(screen->grid, pos, &cell);
        *to++ = cell_of(&cell);
    }
}

void screen_read(const struct screen *screen, unsigned row, unsigned first, unsigned end,
                 struct cell *to)
{
    if (row < screen->scrolled) {
        read_history(&screen->history, screen->scrolled - row - 1, first, end, to);
    } else {
        screen_read_terminal(screen, row - screen->scrolled, first, end, to);
    }
}

enum cursor_shape screen_cursor(const struct screen *screen, unsigned *row, unsigned *column)
{
    *row = screen->cursor_row + screen->scrolled;
    *column = screen->cursor_column;
    if (!screen->cursor_visible || *row >= screen->rows) {
        *row = 0;
        return CURSOR_HIDDEN;
    }
    return screen->cursor_shape;
}
