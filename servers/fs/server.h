/*
 * server.h - the fs server's own part: its loop, its clients, its disks' drivers, the time.
 *   main.c      the loop; session.c disk.h by sessions with drivers; clock.c the time
 *   client.c    the tasks that call: what each may reach, its window
 *   serve.c     the interface fs
 * All calls are answered before the next is received: a disk's driver is waited for, and while it
 * restarts that is a delay.
 */
#ifndef FS_SERVER_H
#define FS_SERVER_H

#include "fs.h"

#include <quoll/client_session.h>
#include <quoll/serve.h>

enum {
    CLIENTS_MAX = 8,
    WINDOW_BYTES = FS_WINDOW_PAGES * 4096,
    WINDOW_SLOTS = 20,         /* of a client's frames: FS_WINDOW_PAGES, in fours */
    SESSION_CLOCK = DISKS_MAX, /* sessions before it are disks' */

    SLOT_DEVMAN = SLOT_FREE,
    SLOT_SYSTEM = SLOT_FREE + 1,
    SLOT_TABLES = SLOT_FREE + 2, /* page tables of the windows */
    SLOT_SESSIONS = SLOT_FREE + 8,
    SLOT_WINDOWS = SLOT_SESSIONS + (DISKS_MAX + 1) * SESSION_SLOTS,
};

/* Of its notification, beside SYSTEM_BIT_DEATH. */
#define BIT_DISK 1ull

/* ---- main.c */

/** Wait for @bit, which a driver signals; other bits that come meanwhile are kept for the loop. */
void server_wait(uint64_t bit);

/* ---- client.c */

struct client {
    uint32_t task; /* 0: none */
    struct access access;
    bool has_window;
    uint8_t *window;
};

/** The task that calls. Errors: NO_RIGHT (its manifest has no `files`), LIMIT (too many tasks have
 *  called that still live). */
int client_of(uint32_t task, struct client **client);

/** Make its window, if it has none. Errors: LIMIT, NO_MEMORY. */
int client_make_window(struct client *client);

/** The slot of frame @page of the window. */
uint64_t client_frame(const struct client *client, unsigned page);

/** @count bytes at @at of its window; a null pointer: not all of them lie there. */
void *client_bytes(const struct client *client, uint64_t at, uint64_t count);

/** Copy a path from its window, and check it. Errors: BAD_ARG. */
int client_path(const struct client *client, const struct fs_text *text, char path[PATH_BYTES]);

/** Forget tasks that are dead: their files are closed, their windows taken back. */
void clients_bury(void);

#endif
