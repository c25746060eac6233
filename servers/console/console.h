/*
 * console.h - the console: four sessions, each with a virtual console of its own, and the devices
 * below them: one display with keyboard and mouse, and serial lines. A session is on the screen,
 * on a serial line, or on both, and can be moved while it runs.
 * No system calls here: bytes, keys and patches go in and come out, a wrapper moves them.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "display.h"
#include "ring.h"
#include "screen.h"

#include <quoll/input_event.h>

enum {
    CONSOLE_SESSIONS = SCREENS,
    CONSOLE_LINES = 4,
    CONSOLE_ROWS = 25, /* of a terminal before there is a display */
    CONSOLE_COLUMNS = 80,
    CONSOLE_NONE = -1,
};

enum console_device {
    CONSOLE_VGA = 1,
    CONSOLE_SERIAL = 2,
    CONSOLE_BOTH = CONSOLE_VGA | CONSOLE_SERIAL,
};

struct session {
    bool open;
    bool on_vga;
    int line;           /* or CONSOLE_NONE */
    bool from_keyboard; /* what the terminal says now are keys, not answers */
    struct ring input;
    uint32_t lost; /* keys for which there was no room */
};

struct line {
    bool present;
    int session; /* or CONSOLE_NONE */
    struct ring output;
    int repaint_row; /* the next row to send after a move, or CONSOLE_NONE */
};

/* What is drawn on top of the cells. */
struct overlay {
    unsigned cursor_row, cursor_column;
    enum cursor_shape cursor;
    unsigned pointer_row, pointer_column;
    bool pointer;
};

struct console {
    struct pool pool;
    struct screen screens[SCREENS];
    struct session sessions[CONSOLE_SESSIONS];
    struct line lines[CONSOLE_LINES];
    unsigned current; /* the screen that the display shows */
    struct display display;
    bool has_display;
    struct cell shown[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
    struct dirty dirty; /* besides the screen's own */
    struct overlay overlay;
    bool cursor_shown; /* a text display has it as in overlay */
    int pointer_x, pointer_y;
    uint8_t buttons;
};

void console_init(struct console *console);

/* ---- sessions ---- */

/** Open a session on the first free virtual console; its number goes to *session.
 *  Errors: E_LIMIT (all four are open). */
int console_open(struct console *console, unsigned *session);

/** Open the session of virtual console @screen. Errors: E_BAD_ARG (no such one), E_EXISTS. */
int console_open_at(struct console *console, unsigned screen);

/** End it: its terminal is cleared, its serial line free. Errors: E_BAD_ARG (not open). */
int console_close(struct console *console, unsigned session);

/** Output of a session: returns how many bytes were taken, less than @count while its serial line
 *  is behind. */
size_t console_feed(struct console *console, unsigned session, const void *bytes, size_t count);

/** Input for a session's client: takes at most @count bytes, returns how many there were. */
size_t console_read(struct console *console, unsigned session, void *to, size_t count);

/** Put the session on the screen, on serial line @line, or both (enum console_device). The
 *  terminal at the line is told what the session's screen shows.
 *  Errors: E_BAD_ARG (session not open, no such device or line), E_BUSY (another's line). */
int console_move(struct console *console, unsigned session, unsigned devices, unsigned line);

/* ---- keyboard and mouse ---- */

/** Alt-F1 to Alt-F4 change the screen, Shift-PgUp and -PgDn look at what has left it; all others
 *  go to the session. */
void console_key(struct console *console, const struct key_event *key);
void console_mouse(struct console *console, const struct mouse_event *mouse);

/* ---- serial lines ---- */

/** There is a line @line, or no longer; a session that was on it goes to the screen. */
void console_set_line(struct console *console, unsigned line, bool present);

/** Bytes from a line: returns how many were taken, less than @count while its session does not
 *  read. Without a session they are dropped. */
size_t console_serial_in(struct console *console, unsigned line, const void *bytes, size_t count);

/** Bytes for a line: at most @count to @to, returns how many. */
size_t console_serial_out(struct console *console, unsigned line, void *to, size_t count);

/* ---- the display ---- */

/** Use this display from now on; all terminals get its size. A null pointer: none.
 *  Errors: E_BAD_ARG (size or buffer outside of what the console can do); nothing is changed. */
int console_set_display(struct console *console, const struct display *display);

/** The display shows no one knows what: send everything again. */
void console_repaint(struct console *console);

/** Show screen @screen (0 to 3). Errors: E_BAD_ARG. */
int console_show(struct console *console, unsigned screen);

/** Send what has changed to the display. False if it had no room for everything: once more later.
 */
bool console_render(struct console *console);

/* keys.c: what a key says to the session of @screen; false if nothing. */
bool keys_write(struct screen *screen, const struct key_event *key);

/* repaint.c: bring the terminal at @line to what the session's screen shows. */
void repaint_start(struct line *line);
void repaint_go_on(struct line *line, const struct screen *screen);
void repaint_leave(struct line *line);

#endif
