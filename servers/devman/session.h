/*
 * session.h - a client's connection to a device: a capability with its own badge and rights and,
 * for asynchronous requests, three pages and a data region. All of it is devman's and the
 * device's, not the driver's: a restart below it goes unnoticed but for what docs/sessions.md says.
 */
#ifndef DEVMAN_SESSION_H
#define DEVMAN_SESSION_H

#include <quoll/queue.h>
#include <stdbool.h>
#include <stdint.h>

struct device;

#define SESSIONS       MANIFEST_SESSIONS
#define SESSION_FRAMES (QUEUE_AT_DATA + QUEUE_DATA_PAGES) /* at most */
#define SESSION_LARGE  (QUEUE_DATA_LARGE / QUEUE_PAGE_BYTES)

struct session_order {
    uint32_t client; /* task number */
    uint8_t interface;
    uint32_t methods;    /* mask; those that the interface has not are left out */
    uint32_t unit;       /* of the device */
    unsigned data_pages; /* 0: no queue */
    unsigned depth;      /* slots of the queue; 0: QUEUE_SLOTS_NARROW */
    uint32_t notify;     /* handle of the client's notification, 0: none; taken over on success */
};

struct session_answer {
    uint32_t session;                  /* its number, for pages and close */
    uint32_t endpoint, doorbell;       /* capabilities to hand to the client */
    unsigned slots, pages, data_pages; /* 0: no queue */
};

/** Open a session with @d's driver. Errors: BUSY (another has what is exclusive), GONE (given up or
 * stopped), BAD_ARG (the driver has no such interface; too many pages or slots for it; a queue
 * needs a notification), LIMIT (sessions of the device or in all), NO_MEMORY. */
int session_open(struct device *d, const struct session_order *order,
                 struct session_answer *answer);

/** How many @client has, those included that its drivers have not let go of. */
unsigned session_count(uint32_t client);

/** Up to four frames of session @number from page @first on, for its client: handles to send.
 *  Errors: BAD_ARG (not this client's, past the last page). */
int session_pages(uint32_t number, uint32_t client, unsigned first, uint32_t frame[4],
                  unsigned *count);

/** End it. Its memory is free once the driver has let go. Errors: BAD_ARG. */
int session_close(uint32_t number, uint32_t client);

/** A task has died: end its sessions, as if it had closed them. */
void session_task_died(void);

/** The driver of @d says that it has let go of the session in @place.
 *  Errors: BAD_ARG (it is not being closed). */
int session_closed(struct device *d, unsigned place, uint32_t generation);

/** Map all of @d's sessions into its new instance. */
int session_map_all(struct device *d);

/** @d's instance has died; @counts: of itself. */
void session_down_all(struct device *d, bool counts);

/** The successor is attached. Sessions whose clients have not acknowledged yet follow later. */
void session_up_all(struct device *d);

/** No successor will come: clients are told, and keep what they have mapped until they close it. */
void session_end_all(struct device *d);

/** @d's device is idle: sessions that were closed under a dead driver are gone. */
void session_release_all(struct device *d);

/** Look after @d's sessions: clients that have acknowledged, closings that take too long.
 *  Returns the age of the oldest request at the driver, in microseconds; *@late: a closing is. */
uint64_t session_watch(struct device *d, uint64_t now, bool *late, struct queue_finding *finding);

/** Have a look at all of them: a client has acknowledged. */
void session_acknowledged(void);

/** Has a client of @d a request in a queue that the driver has not completed, and that is none that
 *  may wait for ever? By the clients' own words: for statistics only. */
bool session_has_requests(const struct device *d);

#endif
