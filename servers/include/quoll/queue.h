/*
 * queue.h - a session's queue of asynchronous requests: pages of devman's memory, of three kinds,
 * that two tasks share which trust neither each other nor that the other lives. docs/sessions.md
 * has the rules and the reasons.
 *   C  the client writes, the driver and devman read: requests
 *   D  the driver writes, the client and devman read: completions (devman zeroes it after a death)
 *   M  devman writes, both read: the state of the session, its limits, what is issued again
 * Invariant: each end keeps what it relies on in its own memory (struct queue_client, _driver,
 * _manager); a word of a shared page is read once, judged, and used only as far as it harms no one
 * but its writer.
 * One thread per end; no system call but a signal (queue_wake).
 */
#ifndef QUOLL_QUEUE_H
#define QUOLL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <quoll/abi.h>

#define QUEUE_SLOTS_MAX    64 /* a power of two; a mask of slots is one word */
#define QUEUE_SLOTS_NARROW 32 /* so many fit one page each of C and D; more take two */
#define QUEUE_PAGE_BYTES   4096
#define QUEUE_DATA_PAGES   16         /* of a session's data region, unless that is ... */
#define QUEUE_DATA_LARGE   0x200000ul /* ... one large page of so many bytes */
#define QUEUE_OPS_MAX      32
#define QUEUE_OP_FLUSH     0u                 /* any other: the @async method's index + 1 */
#define QUEUE_SEQ_MAX      ((1ull << 62) - 1) /* numbers start at 1; 0 is no request */
#define QUEUE_WAITS        (1ull << 63)       /* in queue_done.taken: devman does not age it */
#define QUEUE_POISON       3                  /* deaths that one request may be outstanding at */

enum queue_state {
    QUEUE_RESTARTING = 0, /* the driver died: the client acknowledges, then touches nothing */
    QUEUE_UP = 1,
    QUEUE_CLOSED = 2, /* by devman: given up, closed, or the client broke the rules; for ever */
};

/* ------------------------------------------------------------------------------------ pages */

/* When the client is to be signalled. */
enum queue_sleep {
    QUEUE_AWAKE = 0,
    QUEUE_SLEEPS = 1,     /* when something is completed */
    QUEUE_SLEEPS_ALL = 2, /* when all that it has submitted is completed */
};

/* A request in C. `seq` is stored last and lies in slot seq % slots. */
struct queue_slot {
    uint64_t seq;
    uint32_t op, flags;      /* no flag is defined: 0 */
    uint64_t offset, length; /* of its buffer in the data region */
    uint64_t arg[4];
};

struct queue_c {
    uint64_t next;  /* stored before `ack`: the first number that is not used yet */
    uint64_t ack;   /* the epoch whose beginning the client has seen */
    uint64_t sleep; /* enum queue_sleep: when to signal the client */
    uint64_t spare[5];
    struct queue_slot req[QUEUE_SLOTS_MAX];
};

/* A completion in D, one cache line. */
struct queue_done_slot {
    uint64_t seq; /* stored last */
    uint64_t value;
    uint64_t status;
    uint64_t taken;    /* the number last taken from this slot, QUEUE_WAITS with it */
    uint64_t progress; /* low 32 bits of a number << 32 | bytes done: one store */
    uint64_t spare[3];
};

struct queue_d {
    uint64_t sleep; /* 1: signal the driver when something is submitted */
    uint64_t count; /* of completions since devman zeroed it, stored after `seq` */
    uint64_t spare[6];
    struct queue_done_slot done[QUEUE_SLOTS_MAX];
};

/* What a request must keep to. Bit k of a mask is op k. */
struct queue_limits {
    uint32_t slots;       /* a power of two, 1 to QUEUE_SLOTS_MAX */
    uint32_t ops_known;   /* the interface's */
    uint32_t ops_allowed; /* this session's right */
    uint32_t ops_wait;    /* may take for ever (@waits) */
    uint64_t data_bytes;
};

/* What devman keeps over deaths about the request that was outstanding in a slot. */
struct queue_memory {
    uint64_t seq;
    uint64_t done_bytes; /* D's progress, checked against the request's length */
    uint64_t strikes;    /* consecutive deaths that count */
};

struct queue_m {
    uint64_t life;    /* epoch << 2 | state: one store, so they never disagree */
    uint64_t next;    /* the client's `next` as devman accepted it */
    uint64_t reissue; /* bit per slot: the successor issues it again */
    struct queue_limits limits;
    uint64_t spare[2];
    struct queue_memory slot[QUEUE_SLOTS_MAX];
};

_Static_assert(sizeof(struct queue_slot) == 64, "ABI: a request is one cache line");
_Static_assert(offsetof(struct queue_slot, op) == 8 && offsetof(struct queue_slot, flags) == 12 &&
                   offsetof(struct queue_slot, offset) == 16 &&
                   offsetof(struct queue_slot, length) == 24 &&
                   offsetof(struct queue_slot, arg) == 32,
               "ABI: request");
_Static_assert(offsetof(struct queue_c, ack) == 8 && offsetof(struct queue_c, sleep) == 16 &&
                   offsetof(struct queue_c, req) == 64,
               "ABI: C");
_Static_assert(sizeof(struct queue_done_slot) == 64 &&
                   offsetof(struct queue_done_slot, value) == 8 &&
                   offsetof(struct queue_done_slot, status) == 16 &&
                   offsetof(struct queue_done_slot, taken) == 24 &&
                   offsetof(struct queue_done_slot, progress) == 32,
               "ABI: completion");
_Static_assert(offsetof(struct queue_d, count) == 8 && offsetof(struct queue_d, done) == 64,
               "ABI: D");
_Static_assert(sizeof(struct queue_limits) == 24 && offsetof(struct queue_m, next) == 8 &&
                   offsetof(struct queue_m, reissue) == 16 &&
                   offsetof(struct queue_m, limits) == 24 && offsetof(struct queue_m, slot) == 64,
               "ABI: M");
_Static_assert(offsetof(struct queue_c, req[QUEUE_SLOTS_NARROW]) <= QUEUE_PAGE_BYTES &&
                   offsetof(struct queue_d, done[QUEUE_SLOTS_NARROW]) <= QUEUE_PAGE_BYTES &&
                   sizeof(struct queue_c) <= 2ul * QUEUE_PAGE_BYTES &&
                   sizeof(struct queue_d) <= 2ul * QUEUE_PAGE_BYTES &&
                   sizeof(struct queue_m) <= QUEUE_PAGE_BYTES,
               "C and D are one page or two, M is one");
_Static_assert((QUEUE_SLOTS_MAX & (QUEUE_SLOTS_MAX - 1)) == 0 && QUEUE_SLOTS_MAX <= 64, "one mask");

/* C, D and M as one end has them mapped; which it may write is up to its mappings. */
struct queue_pages {
    struct queue_c *c;
    struct queue_d *d;
    struct queue_m *m;
};

/* Where a task has them, in pages from the session's first on: there is always room for two of C
 * and D. A data region of small pages follows; a large one lies elsewhere. */
enum queue_place { QUEUE_AT_C = 0, QUEUE_AT_D = 2, QUEUE_AT_M = 4, QUEUE_AT_DATA = 5 };

/* How many pages C, D and M are. */
static inline unsigned queue_control_pages(uint32_t slots)
{
    return slots > QUEUE_SLOTS_NARROW ? 5 : 3;
}

/* Where the @page-th of a session's pages lies, of those that are there. */
static inline unsigned queue_place_of(uint32_t slots, unsigned page)
{
    unsigned each = queue_control_pages(slots) / 2;

    return page < 2 * each ? page / each * 2 + page % each : page - 2 * each + QUEUE_AT_M;
}

static inline struct queue_pages queue_pages_at(uint64_t va)
{
    return (struct queue_pages){
        .c = (struct queue_c *)(va + QUEUE_AT_C * QUEUE_PAGE_BYTES),
        .d = (struct queue_d *)(va + QUEUE_AT_D * QUEUE_PAGE_BYTES),
        .m = (struct queue_m *)(va + QUEUE_AT_M * QUEUE_PAGE_BYTES),
    };
}

/* Who may write what: C the client, D the driver, M nobody but devman, data both. */
static inline bool queue_driver_may_write(unsigned place)
{
    return place >= QUEUE_AT_D && place != QUEUE_AT_M;
}

static inline bool queue_client_may_write(unsigned place)
{
    return place < QUEUE_AT_D || place >= QUEUE_AT_DATA;
}

/* ---------------------------------------------------------------------------- memory order
 * x86 keeps stores in order and loads in order, so acquire and release are plain moves that the
 * compiler must not reorder. Only a load that must not pass an earlier store of the same thread
 * needs the processor's help: rule 6, the publication before the look at the other's flag and the
 * own flag before the second look. queue_put_fence is that store: XCHG, a full fence. */

/* Every access to a shared page goes through these, so a test can stop an end before each. */
#ifdef QUEUE_TEST_STEP
void queue_step(void);
#else
static inline void queue_step(void)
{
}
#endif

static inline uint64_t queue_get(const uint64_t *word)
{
    queue_step();
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint32_t queue_get_u32(const uint32_t *word)
{
    queue_step();
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void queue_put(uint64_t *word, uint64_t value)
{
    queue_step();
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void queue_put_u32(uint32_t *word, uint32_t value)
{
    queue_step();
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* The load after a queue_put_fence. */
static inline uint64_t queue_get_fenced(const uint64_t *word)
{
    queue_step();
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void queue_put_fence(uint64_t *word, uint64_t value)
{
    queue_step();
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* Wake whoever waits for notification @handle; 0: nobody. A test on the host brings its own. */
#ifdef HOST_TEST
void queue_wake(uint64_t handle);
#else
#include <quoll/sys.h>
static inline void queue_wake(uint64_t handle)
{
    if (handle) {
        (void)sys_signal(handle); /* a peer that is gone need not be woken */
    }
}
#endif

/* ------------------------------------------------------------------ what the ends have in common
 */

static inline uint64_t queue_life(uint64_t epoch, enum queue_state state)
{
    return epoch << 2 | (uint64_t)state;
}

static inline enum queue_state queue_state_of(uint64_t life)
{
    return (enum queue_state)(life & 3);
}

static inline bool queue_slots_are_sound(uint32_t slots)
{
    return slots != 0 && slots <= QUEUE_SLOTS_MAX && (slots & (slots - 1)) == 0;
}

/* The highest number below @next that belongs in @slot; wraps below 1 when there is none. At most
 * one number per slot is outstanding, so a mask of slots and `next` say which ones are. */
static inline uint64_t queue_seq_of(uint64_t next, uint32_t slots, unsigned slot)
{
    return next - 1 - ((next - 1 - slot) & (slots - 1));
}

static inline uint64_t queue_progress_word(uint64_t seq, uint32_t bytes)
{
    return seq << 32 | bytes;
}

static inline bool queue_progress_is_of(uint64_t progress, uint64_t seq)
{
    return progress >> 32 == (seq & 0xffffffff);
}

/** May a session with @limits ask for @op on these bytes of the data region? E_OK, E_BAD_CALL (no
 *  such op), E_NO_RIGHT, E_BAD_ARG (not within the data region). */
static inline int queue_check(const struct queue_limits *limits, uint32_t op, uint64_t offset,
                              uint64_t length)
{
    if (op >= QUEUE_OPS_MAX || !(limits->ops_known >> op & 1)) {
        return E_BAD_CALL;
    }
    if (!(limits->ops_allowed >> op & 1)) {
        return E_NO_RIGHT;
    }
    if (offset > limits->data_bytes || length > limits->data_bytes - offset) {
        return E_BAD_ARG;
    }
    return E_OK;
}

/* ----------------------------------------------------------------------------------- client */

/* A client's end; all of it private. */
struct queue_client {
    struct queue_pages p; /* writes C only */
    uint64_t wake_driver, wake_manager;
    uint64_t next;
    uint64_t outstanding; /* bit per slot */
    uint64_t accepted;    /* completions, since D was zeroed */
    uint64_t epoch;       /* the last one that was acknowledged (or opened in) */
    uint32_t slots, look; /* look: the slot that is looked at first */
    bool held;            /* acknowledged, not yet UP: C and D are devman's */
    bool asleep;          /* the flag in C is set */
    bool recovered;
    bool holds, owes; /* a batch: nobody is woken; somebody is to be */
};

struct queue_done {
    uint64_t seq, value;
    uint64_t status; /* as the driver says: E_OK or an error */
};

/** Begin on a session that devman has just opened. @wake_driver: the doorbell; @wake_manager: told
 *  of an acknowledgement (0: devman looks by itself).
 *  Errors: BAD_ARG (M's slots are not a power of two up to QUEUE_SLOTS_MAX). */
int queue_client_open(struct queue_client *q, struct queue_pages pages, uint64_t wake_driver,
                      uint64_t wake_manager);

/** Issue @op with the four words of @args (null: zeros) on @length bytes at @offset of the data
 *  region, which are the driver's until the request's completion was collected. @seq: its number.
 *  Errors: those of queue_check; BUSY (the next slot is occupied, or the driver restarts: collect,
 *  and sleep if there is nothing); GONE (closed). */
int queue_submit(struct queue_client *q, uint32_t op, uint64_t offset, uint64_t length,
                 const uint64_t args[4], uint64_t *seq);

/** From here on to queue_client_ring, what is submitted wakes nobody: a batch has one signal. */
static inline void queue_client_hold(struct queue_client *q)
{
    q->holds = true;
}

/** The batch is complete: wake the driver, if it sleeps. Going to sleep does it, too. */
void queue_client_ring(struct queue_client *q);

/** Take one completion; each outstanding request gets exactly one, in any order. This is also
 *  where a restart is acknowledged, so call it after every wake-up until it says BUSY. After the
 *  end of a session what is still outstanding comes back with E_DEAD, then it says GONE. */
int queue_collect(struct queue_client *q, struct queue_done *done);

/** Does the driver run, as far as this end knows? Who calls one that does not waits for its
 *  successor, be it for ever: its bus may have been stopped. */
static inline bool queue_client_is_up(const struct queue_client *q)
{
    return queue_get(&q->p.m->life) == queue_life(q->epoch, QUEUE_UP) && !q->held;
}

/** Has devman closed the session? Then what is outstanding comes back with E_DEAD, whatever became
 *  of it. */
static inline bool queue_client_closed(const struct queue_client *q)
{
    return queue_state_of(queue_get(&q->p.m->life)) == QUEUE_CLOSED;
}

/** May queue_collect have something to do, be it a restart? A cheap look: where it says no there is
 *  nothing now. */
static inline bool queue_client_sees(const struct queue_client *q)
{
    return !queue_client_is_up(q) ||
           (q->outstanding != 0 && queue_get(&q->p.d->count) != q->accepted);
}

/** Was there a restart since this was asked last, and the queue is up again? */
bool queue_recovered(struct queue_client *q);

/** True: the driver and devman will signal, so wait now. False: there is something to collect. */
bool queue_client_about_to_sleep(struct queue_client *q);

/** The same for a list of requests that is of use only as a whole: one signal, when the last of all
 *  that is outstanding is completed. False also if nothing is outstanding. */
bool queue_client_about_to_sleep_for_all(struct queue_client *q);

static inline bool queue_client_idle(const struct queue_client *q)
{
    return q->outstanding == 0;
}

/* ----------------------------------------------------------------------------------- driver */

/* A driver's end; all of it private. It begins anew with each instance of the driver. */
struct queue_driver {
    struct queue_pages p; /* writes D only */
    uint64_t wake_client;
    struct queue_limits limits; /* a copy of M's */
    uint64_t next;              /* the next number to be taken */
    uint64_t taken;             /* bit per slot: taken and not completed */
    uint64_t count;             /* of completions, as D has it */
    uint64_t reissue;           /* bit per slot: the predecessor's, not taken again yet */
    bool flushing;              /* a FLUSH is taken: nothing else is until it is completed */
    bool held_back;             /* the last look left off at a FLUSH */
    bool asleep;                /* the flag in D is set */
    bool holds, owes;           /* a batch: nobody is woken; somebody is to be */
};

/* A request as it was copied and found valid. */
struct queue_request {
    uint64_t seq;
    uint64_t offset, length;
    uint64_t arg[4];
    uint32_t op;
    uint32_t resume; /* bytes that a dead predecessor has said are done: 0 to length */
};

/** Begin to serve a session, in each instance once. @wake_client: the client's notification.
 *  Errors: BUSY (not UP: the client has not acknowledged yet; try again at devman's signal),
 *  GONE (closed), BAD_ARG (M's slots). */
int queue_driver_open(struct queue_driver *q, struct queue_pages pages, uint64_t wake_client);

/** The next request, valid and copied into @request (which is spoilt where there is none); what is
 * not valid is completed with queue_check's error and never seen. A FLUSH comes when all requests
 * before it are completed, and what follows it when it is. Errors: BUSY (none now). */
int queue_take(struct queue_driver *q, struct queue_request *request);

/** May queue_take have one? A cheap look: where it says no there is none now. */
static inline bool queue_driver_sees(const struct queue_driver *q)
{
    return q->reissue != 0 ||
           queue_get(&q->p.c->req[q->next & (q->limits.slots - 1)].seq) == q->next;
}

/** Is a FLUSH taken, or did the last queue_take leave off at one? Then take again after the next
 *  completion. */
static inline bool queue_driver_is_held_back(const struct queue_driver *q)
{
    return q->flushing || q->held_back;
}

/** The request @seq is done. Errors: BAD_ARG (it is not taken: a bug of the driver). */
int queue_complete(struct queue_driver *q, uint64_t seq, uint32_t status, uint64_t value);

/** From here on to queue_driver_ring, what is completed wakes nobody: a batch has one signal. */
static inline void queue_driver_hold(struct queue_driver *q)
{
    q->holds = true;
}

/** The batch is complete: wake the client, if it sleeps. */
void queue_driver_ring(struct queue_driver *q);

/** Where queue_progress stores for @seq, by queue_put of a queue_progress_word: for who has to say
 * it byte by byte. Good until @seq is completed; a null pointer if it is not taken. */
uint64_t *queue_progress_place(struct queue_driver *q, uint64_t seq);

/** @seq waits for somebody outside, who may take for ever: devman does not age it from here on.
 *  Errors: BAD_ARG (it is not taken). */
int queue_waits(struct queue_driver *q, uint64_t seq);

/** So many bytes of @seq are done, should this instance die before it is completed.
 *  Errors: BAD_ARG (it is not taken). */
int queue_progress(struct queue_driver *q, uint64_t seq, uint32_t bytes);

/** True: the client and devman will signal, so wait now. False: there is something to take. */
bool queue_driver_about_to_sleep(struct queue_driver *q);

/** It does not sleep any more; queue_take says so, too. */
static inline void queue_driver_awake(struct queue_driver *q)
{
    if (q->asleep) {
        queue_put(&q->p.d->sleep, 0);
        q->asleep = false;
    }
}

/** Nothing of this session is in the driver: what must hold before its closing is confirmed. */
static inline bool queue_driver_idle(const struct queue_driver *q)
{
    return q->taken == 0;
}

/** Has devman closed the session? What is taken is then to be stopped and completed. */
static inline bool queue_driver_closed(const struct queue_driver *q)
{
    return queue_state_of(queue_get(&q->p.m->life)) == QUEUE_CLOSED;
}

/* ---------------------------------------------------------------------------------- manager */

/* devman's end; all of it private but what M shows. */
struct queue_manager {
    struct queue_pages p; /* writes M, and D between the acknowledgement and UP */
    uint64_t wake_client, wake_driver;
    uint64_t epoch;
    uint64_t next;          /* the client's, as last accepted */
    uint64_t oldest, since; /* the number that is aged, and when it was first seen so */
    bool strike;            /* the instance died of itself while this queue was UP */
};

/* What a recovery found; all for the log. */
struct queue_recovery {
    uint64_t reissued; /* requests that the successor issues again */
    uint64_t poison;   /* the number that was answered with E_DEAD, 0: none */
    uint64_t ignored;  /* slots whose number was none that the client can have outstanding */
};

/* What a driver wrote that no honest one writes. */
struct queue_finding {
    const char *what; /* null: nothing */
    unsigned slot;
    uint64_t word;
};

/** Make @pages a new session, UP, epoch 1. Errors: BAD_ARG (slots; more data than
 *  QUEUE_DATA_LARGE; a mask with ops that the interface doesn't have). */
int queue_manager_open(struct queue_manager *q, struct queue_pages pages,
                       const struct queue_limits *limits, uint64_t wake_client,
                       uint64_t wake_driver);

/** The driver's threads are suspended. @counts: it died of itself, not by `kill` or `restart`. */
void queue_manager_down(struct queue_manager *q, bool counts);

/** The successor is attached: give it what is outstanding, if the client has acknowledged. Call it
 *  after the attach and at each signal of the client while it says BUSY.
 *  Errors: BUSY (not acknowledged), GONE (closed), BAD_ARG (the client's `next` is one that it
 *  cannot have: the session is closed), EXISTS (is UP). @found is written only on success. */
int queue_manager_up(struct queue_manager *q, struct queue_recovery *found);

/** End the session for ever; both ends are told. Its memory is reused only when the driver has
 *  confirmed that it is idle (queue_driver_idle) or is dead and its device quiet. */
void queue_manager_close(struct queue_manager *q);

/** How long the driver's oldest request has been its oldest, in the unit of @now; 0: none. Asked
 *  periodically. Made from the driver's own words alone: no client can make a driver look late. */
uint64_t queue_manager_age(struct queue_manager *q, uint64_t now);

/** Has the client issued a request that is not completed, of an op that does not wait for ever? By
 *  the word of both ends: nothing may depend on it. */
bool queue_manager_is_used(const struct queue_manager *q);

/** Look over what a live driver has written. A finding is the driver's fault alone. */
struct queue_finding queue_manager_audit(const struct queue_manager *q);

#endif
