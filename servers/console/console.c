/*
 * console.c - sessions and the devices below them; see console.h. What is drawn is in render.c.
 * Invariant: lines[l].session == s exactly when sessions[s].line == l.
 */
#include "console.h"

#include <quoll/abi.h>

enum {
    KEY_BYTES_MAX = 32, /* more than any key's or mouse report's sequence */
    WHEEL_LINES = 3,
};

static bool is_open(const struct console *console, unsigned session)
{
    return session < CONSOLE_SESSIONS && console->sessions[session].open;
}

static struct line *line_of(struct console *console, const struct session *session)
{
    return session->line == CONSOLE_NONE ? NULL : &console->lines[session->line];
}

/* What a terminal says: keys always, answers to questions unless another terminal gives them. */
static void take_reply(void *context, const char *bytes, size_t count)
{
    struct session *session = context;

    if (session->from_keyboard || session->line == CONSOLE_NONE) {
        (void)ring_write(&session->input, bytes, count);
    }
}

static unsigned rows_now(const struct console *console)
{
    return console->has_display ? console->display.rows : CONSOLE_ROWS;
}

static unsigned columns_now(const struct console *console)
{
    return console->has_display ? console->display.columns : CONSOLE_COLUMNS;
}

static void reset_session(struct console *console, unsigned i)
{
    struct session *session = &console->sessions[i];

    memset(session, 0, sizeof(*session));
    session->line = CONSOLE_NONE;
    session->on_vga = true;
    screen_init(&console->screens[i], &console->pool, rows_now(console), columns_now(console),
                take_reply, session);
}

void console_init(struct console *console)
{
    memset(console, 0, sizeof(*console));
    for (unsigned i = 0; i < CONSOLE_LINES; i++) {
        console->lines[i].session = CONSOLE_NONE;
        console->lines[i].repaint_row = CONSOLE_NONE;
    }
    for (unsigned i = 0; i < CONSOLE_SESSIONS; i++) {
        reset_session(console, i);
    }
}

/* ---- sessions ---- */

static void redraw_screen(struct console *console, unsigned i)
{
    struct screen *screen = &console->screens[i];

    dirty_all(&screen->dirty, screen->rows, screen->columns);
}

int console_open_at(struct console *console, unsigned screen)
{
    if (screen >= CONSOLE_SESSIONS) {
        return E_BAD_ARG;
    }
    if (console->sessions[screen].open) {
        return E_EXISTS;
    }
    console->sessions[screen].open = true;
    redraw_screen(console, screen);
    return E_OK;
}

int console_open(struct console *console, unsigned *session)
{
    for (unsigned i = 0; i < CONSOLE_SESSIONS; i++) {
        if (console_open_at(console, i) == E_OK) {
            *session = i;
            return E_OK;
        }
    }
    return E_LIMIT;
}

static void leave_line(struct console *console, struct session *session)
{
    struct line *line = line_of(console, session);

    if (line != NULL) {
        repaint_leave(line);
        line->session = CONSOLE_NONE;
        session->line = CONSOLE_NONE;
    }
}

int console_close(struct console *console, unsigned session)
{
    if (!is_open(console, session)) {
        return E_BAD_ARG;
    }
    leave_line(console, &console->sessions[session]);
    screen_free(&console->screens[session]);
    reset_session(console, session);
    return E_OK;
}

size_t console_feed(struct console *console, unsigned session, const void *bytes, size_t count)
{
    struct line *line;

    if (!is_open(console, session)) {
        return 0;
    }
    line = line_of(console, &console->sessions[session]);
    if (line != NULL) {
        if (line->repaint_row != CONSOLE_NONE) {
            return 0; /* the terminal must see what came before, first */
        }
        count = ring_write(&line->output, bytes, count);
    }
    screen_write(&console->screens[session], bytes, count);
    return count;
}

size_t console_read(struct console *console, unsigned session, void *to, size_t count)
{
    return is_open(console, session) ? ring_read(&console->sessions[session].input, to, count) : 0;
}

static int check_move(const struct console *console, unsigned session, unsigned devices,
                      unsigned line)
{
    if (!is_open(console, session) || devices == 0 || devices > CONSOLE_BOTH) {
        return E_BAD_ARG;
    }
    if ((devices & CONSOLE_SERIAL) == 0) {
        return E_OK;
    }
    if (line >= CONSOLE_LINES || !console->lines[line].present) {
        return E_BAD_ARG;
    }
    if (console->lines[line].session != CONSOLE_NONE &&
        console->lines[line].session != (int)session) {
        return E_BUSY;
    }
    return E_OK;
}

int console_move(struct console *console, unsigned session, unsigned devices, unsigned line)
{
    struct session *s = &console->sessions[session < CONSOLE_SESSIONS ? session : 0];
    int error = check_move(console, session, devices, line);

    if (error != E_OK) {
        return error;
    }
    if ((devices & CONSOLE_SERIAL) == 0 || s->line != (int)line) {
        leave_line(console, s);
    }
    if ((devices & CONSOLE_SERIAL) != 0 && s->line == CONSOLE_NONE) {
        s->line = (int)line;
        console->lines[line].session = (int)session;
        repaint_start(&console->lines[line]);
        repaint_go_on(&console->lines[line], &console->screens[session]);
    }
    s->on_vga = (devices & CONSOLE_VGA) != 0;
    redraw_screen(console, session);
    return E_OK;
}

/* ---- keyboard and mouse ---- */

int console_show(struct console *console, unsigned screen)
{
    if (screen >= SCREENS) {
        return E_BAD_ARG;
    }
    console->current = screen;
    redraw_screen(console, screen);
    return E_OK;
}

/* Keys of the console itself; true if it was one. */
static bool take_own_key(struct console *console, const struct key_event *key)
{
    struct screen *screen = &console->screens[console->current];
    unsigned held = key->modifiers & (MODIFIER_SHIFT | MODIFIER_CTRL | MODIFIER_ALT);
    int page = (int)screen->rows - 1;

    if (held == MODIFIER_ALT && key->code >= KEY_F1 && key->code < KEY_F1 + SCREENS) {
        (void)console_show(console, key->code - KEY_F1);
        return true;
    }
    if (held == MODIFIER_SHIFT && (key->code == KEY_PAGE_UP || key->code == KEY_PAGE_DOWN)) {
        screen_scroll(screen, key->code == KEY_PAGE_UP ? page : -page);
        return true;
    }
    return false;
}

/* The session that keyboard and mouse belong to, or a null pointer. */
static struct session *session_at_keyboard(struct console *console)
{
    struct session *session = &console->sessions[console->current];

    return session->open && session->on_vga ? session : NULL;
}

static bool has_room(struct session *session)
{
    if (ring_room(&session->input) >= KEY_BYTES_MAX) {
        return true;
    }
    session->lost++; /* never half of a sequence */
    return false;
}

void console_key(struct console *console, const struct key_event *key)
{
    struct screen *screen = &console->screens[console->current];
    struct session *session = session_at_keyboard(console);

    if (key->action == KEY_RELEASED || take_own_key(console, key) || session == NULL ||
        !has_room(session)) {
        return;
    }
    session->from_keyboard = true;
    if (keys_write(screen, key)) {
        screen_scroll_end(screen);
    }
    session->from_keyboard = false;
}

static int clamp(int value, int most)
{
    if (value < 0) {
        return 0;
    }
    return value < most ? value : most;
}

/* libvterm's numbers: 1 left, 2 middle, 3 right. */
static void report_buttons(struct screen *screen, uint8_t before, uint8_t now)
{
    static const uint8_t buttons[] = {MOUSE_LEFT, MOUSE_MIDDLE, MOUSE_RIGHT};

    for (int i = 0; i < 3; i++) {
        if (((before ^ now) & buttons[i]) != 0) {
            vterm_mouse_button(screen->vt, i + 1, (now & buttons[i]) != 0, VTERM_MOD_NONE);
        }
    }
}

static void report_mouse(struct console *console, struct session *session, struct screen *screen,
                         const struct mouse_event *mouse)
{
    uint8_t before = console->buttons;

    session->from_keyboard = true;
    if (has_room(session)) {
        vterm_mouse_move(screen->vt, console->pointer_y / GLYPH_HEIGHT,
                         console->pointer_x / GLYPH_WIDTH, VTERM_MOD_NONE);
    }
    if (before != mouse->buttons && has_room(session)) {
        report_buttons(screen, before, mouse->buttons);
    }
    if (mouse->wheel != 0 && has_room(session)) {
        vterm_mouse_button(screen->vt, mouse->wheel < 0 ? 4 : 5, true, VTERM_MOD_NONE);
    }
    session->from_keyboard = false;
}

void console_mouse(struct console *console, const struct mouse_event *mouse)
{
    struct screen *screen = &console->screens[console->current];
    struct session *session = session_at_keyboard(console);

    console->pointer_x =
        clamp(console->pointer_x + mouse->dx, (int)screen->columns * GLYPH_WIDTH - 1);
    console->pointer_y =
        clamp(console->pointer_y + mouse->dy, (int)screen->rows * GLYPH_HEIGHT - 1);
    if (session != NULL && screen->mouse_mode != VTERM_PROP_MOUSE_NONE) {
        report_mouse(console, session, screen, mouse);
    } else if (mouse->wheel != 0) {
        screen_scroll(screen, -mouse->wheel * WHEEL_LINES);
    }
    console->buttons = mouse->buttons;
}

/* ---- serial lines ---- */

void console_set_line(struct console *console, unsigned line, bool present)
{
    struct line *l = &console->lines[line < CONSOLE_LINES ? line : 0];

    if (line >= CONSOLE_LINES) {
        return;
    }
    if (!present && l->session != CONSOLE_NONE) {
        (void)console_move(console, (unsigned)l->session, CONSOLE_VGA, 0);
    }
    if (!present || !l->present) {
        memset(&l->output, 0, sizeof(l->output));
    }
    l->present = present;
}

size_t console_serial_in(struct console *console, unsigned line, const void *bytes, size_t count)
{
    if (line >= CONSOLE_LINES || console->lines[line].session == CONSOLE_NONE) {
        return count;
    }
    return ring_write(&console->sessions[console->lines[line].session].input, bytes, count);
}

size_t console_serial_out(struct console *console, unsigned line, void *to, size_t count)
{
    struct line *l = &console->lines[line < CONSOLE_LINES ? line : 0];
    size_t done;

    if (line >= CONSOLE_LINES) {
        return 0;
    }
    done = ring_read(&l->output, to, count);
    if (l->session != CONSOLE_NONE) {
        repaint_go_on(l, &console->screens[l->session]);
    }
    return done;
}
