/*
 * server.h - the console as a server: its loop, its clients, its devices.
 *   main.c       the loop
 *   terminals.c  the interface `terminal`, one session of the core for each client
 *   line.c       the serial line, through sessions with its driver
 *   picture.c    the display, keyboard.c keys and mouse: the same with theirs
 * The core (console.h) knows no system call; here bytes are moved between it and the world.
 */
#ifndef CONSOLE_SERVER_H
#define CONSOLE_SERVER_H

#include "console.h"

#include <quoll/client_session.h>
#include <quoll/serve.h>

extern struct console console;

/* Slots of the console's CNode. */
#define SLOT_DEVMAN  (SLOT_FREE + 0)
#define SLOT_LINE    (SLOT_FREE + 8)
#define SLOT_SCREEN  (SLOT_LINE + SESSION_SLOTS)
#define SLOT_KEYS    (SLOT_SCREEN + SESSION_SLOTS)
#define SLOT_POINTER (SLOT_KEYS + SESSION_SLOTS)
#define SLOT_INPUT   (SLOT_POINTER + SESSION_SLOTS)

/* Bits of its notification. */
#define BIT_LINE  1ull
#define BIT_RETRY 2ull /* the deadline: try again to open what was not there */

/* ---- terminals.c */

/** Go on with reads and writes that wait. True: something moved. */
bool terminals_pump(void);

/** The serial line has come (back): the session that is to be on it goes there. */
void terminals_line_is_there(void);

/* ---- line.c */

/** Once, before the first client. */
void line_begin(void);

/** Take what the driver has done, and the bytes that it has received; opens the sessions when they
 *  are not. True: something moved. */
bool line_take(void);

/** Hand it the next read and what is to be written. True: something moved. */
bool line_give(void);

/** Has everything that was written left the line? Asks the driver to say so if not. */
bool line_is_flushed(void);

/** True: the driver will signal when there is more. */
bool line_about_to_sleep(void);

/* ---- picture.c */

/** Draw what has changed; opens the session when it is not. True: something moved. */
bool picture_pump(void);

/** Is there a display? Its driver may be between two lives. */
bool picture_is_there(void);

/** Ask for pixels, or for text, of a display that is there; one at a time. */
void picture_ask(bool pixels);

/** Has it been answered? @status: OK, NOT_FOUND (the display went away), UNSUPPORTED, IO, DEAD (it
 *  killed the driver again and again), BUSY (not yet, after five seconds). */
bool picture_answered(int *status);

bool picture_about_to_sleep(void);

/* ---- keyboard.c */

/** Take keys and the mouse's movements; opens the session when it is not. True: something moved. */
bool keyboard_pump(void);

bool keyboard_about_to_sleep(void);

/* ---- main.c */

/* When a device that was not there is looked for again: soon at first, then now and then. */
struct retry {
    uint64_t at_tsc;
    unsigned tries;
};

/** It was not there: the loop comes back when it is time. */
void server_try_later(struct retry *r);

/** The loop comes round at @tsc, or before. */
void server_wake_at(uint64_t tsc);

/** Is it time? */
bool server_is_time(const struct retry *r);

/** How often a driver below the console had a successor. */
extern uint64_t server_restarts;

#endif
