/*
 * client_session.h - a client's end of a session with a driver: opened through devman, with its
 * queue and its data region mapped. One thread a task. The session's bit is set in the task's
 * notification when its queue has news.
 */
#ifndef QUOLL_CLIENT_SESSION_H
#define QUOLL_CLIENT_SESSION_H

#include <quoll/queue.h>
#include <quoll/task.h>
#include <stddef.h>

#define SESSION_PAGES_MAX (QUEUE_AT_DATA + QUEUE_DATA_PAGES)
#define SESSION_SLOTS                                                                              \
    (4 + (SESSION_PAGES_MAX + 3) / 4 *                                                             \
             4) /* of the task's CNode, for one session; pages come in fours */

/* Where a task maps its sessions, and large data regions: the page tables there exist from the
 * start. */
#define SESSION_AT(n)       (0x100000ull + (uint64_t)(n)*SESSION_PAGES_MAX * QUEUE_PAGE_BYTES)
#define SESSION_VA(n)       (TASK_INFO_VA + SESSION_AT(n))
#define SESSION_LARGE_VA(n) (TASK_INFO_VA + 0x1000000ull + (uint64_t)(n)*QUEUE_DATA_LARGE)
#define SESSION_COUNT       12
_Static_assert(SESSION_AT(SESSION_COUNT) <= 0x200000, "one page table");

struct client_session {
    uint64_t devman; /* handle; set by the caller, like the next five */
    bool is_served;  /* that handle is of a server that has sessions itself (quoll/served.h) */
    uint64_t slots;  /* the first of SESSION_SLOTS empty slots */
    unsigned place;  /* 0 to SESSION_COUNT - 1: where it is mapped */
    uint64_t bits;   /* of SLOT_NOTIFY, signalled for it */
    unsigned depth;  /* slots of its queue, a power of two up to QUEUE_SLOTS_MAX; 0: 32 */

    uint32_t number; /* devman's */
    uint64_t endpoint, doorbell;
    void *data;
    size_t data_bytes;
    struct queue_client queue;
    bool is_open;
};

/** Open a session of @interface with the driver of @what (a path, or the interface's name) and
 *  @data_pages pages of data; 0: no queue; above QUEUE_DATA_PAGES, up to 512: one large page of
 *  QUEUE_DATA_LARGE bytes, of interfaces whose requests can be that long. Errors: those of
 *  devman.open, NO_MEMORY (the pages can't be mapped). */
int client_session_open(struct client_session *s, const char *what, unsigned interface,
                        uint32_t methods, unsigned data_pages);

/** End it: its capabilities and pages are gone. */
void client_session_close(struct client_session *s);

#endif
