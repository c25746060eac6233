/*
 * served.h - sessions that a server has itself, with queues or with memory that it shares with its
 * clients: what devman does for drivers, here by the one who serves (interface `sessions`).
 * A place's memory is made when it is first used, from the server's own untyped, and kept for the
 * next client, cleared: so it is bounded by the number of places. A client that is gone has its
 * places taken when root tells of its death, or when there is no other.
 */
#ifndef QUOLL_SERVED_H
#define QUOLL_SERVED_H

#include <quoll/client_session.h>
#include <stdbool.h>

#define SERVED_MAX   10
#define SERVED_SLOTS (4 + 2 * SESSION_PAGES_MAX) /* of the server's CNode, for a place */

struct served {
    bool used;
    uint32_t client; /* task */
    uint8_t interface;
    uint32_t methods;
    unsigned depth, pages, data_pages; /* as made; depth 0: no queue */
    bool made;
    uint32_t slots;
    struct queue_pages queue; /* the server's view */
    void *data;
    uint64_t wake; /* the client's notification */
    struct queue_manager manager;
};

/* What a server has of them. All but `at` is set by it. */
struct served_all {
    uint32_t slots;    /* the first of count * SERVED_SLOTS empty slots */
    unsigned first_va; /* place n lies at SESSION_VA(first_va + n), SESSION_LARGE_VA(...) */
    unsigned count;    /* at most SERVED_MAX */
    unsigned most;     /* of those for one client */
    unsigned depth;    /* slots of a queue; 0: none */
    unsigned pages;    /* of data: up to QUEUE_DATA_PAGES, or 512 */
    unsigned bit;      /* of SLOT_NOTIFY: doorbell n is bit + n */
    uint64_t system;   /* who lives */
    unsigned reserved; /* so many places, made by served_reserve, are for preferred clients */
    struct served at[SERVED_MAX];
};

struct served_order {
    uint32_t client;
    uint8_t interface;
    uint32_t methods;
    uint64_t notification;
    bool is_preferred;
    struct queue_limits limits; /* ops; the rest is filled in */
};

/** Make the first @count places, which only preferred clients get: no others take their memory.
 * Errors: NO_MEMORY (not all of them are made). */
int served_reserve(struct served_all *all, unsigned count);

/** Open one: its place, and the capabilities for the answer at served_slot. Before a place is
 *  taken from a client that is gone @end is called with it. Errors: LIMIT (none is free, or this
 *  client has as many as one may), NO_MEMORY. */
int served_open(struct served_all *all, const struct served_order *o, void (*end)(unsigned place),
                unsigned *place);

/** Capabilities for the client: its endpoint, and its doorbell. */
uint32_t served_endpoint(const struct served_all *all, unsigned place);
uint32_t served_doorbell(const struct served_all *all, unsigned place);

/** Frames from page @first on, four at most. Errors: BAD_ARG. */
int served_frames(const struct served_all *all, unsigned place, uint32_t client, unsigned first,
                  uint64_t frames[4], size_t *count);

/** Is @place a session of @client? */
bool served_is_of(const struct served_all *all, uint64_t place, uint32_t client);

/** Nothing of it is the client's any more. */
void served_close(struct served_all *all, unsigned place);

/** A task has died (SYSTEM_BIT_DEATH): @end is called for each place whose client is gone. */
void served_bury(struct served_all *all, void (*end)(unsigned place));

/** The name of task @id, empty if there is none that lives. */
void task_name(uint64_t system, uint32_t id, char name[48]);

/** What the manifest's args of this task say of task @id after `@key=`: a list of names with
 *  commas between. With a colon and a range of numbers behind the name, that is given back. */
bool args_allow(uint64_t system, const char *key, uint32_t id, unsigned range[2]);

/** The @index-th of the ranges that stand behind the name, as in name:7+80-99. False: there is
 * none. */
bool args_range(uint64_t system, const char *key, uint32_t id, unsigned index, unsigned range[2]);

#endif
