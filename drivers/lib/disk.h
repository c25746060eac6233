/*
 * disk.h - what drivers of disks have in common, whatever controller is in between: what a drive
 * says of itself, requests of sessions judged and put together to work, its end, its errors.
 * A request's way: disk_request.c (judged), disk_work.c (part of a work), the driver (its
 * commands), disk_work.c (completed) or disk_error.c (tried again, or given up).
 * Invariant: whatever is not part of a work or kept ahead waits in the clients' queues.
 */
#ifndef DISK_H
#define DISK_H

#include <driver.h>

#define SECTOR       512u
#define CD_SECTOR    2048u
#define PARTS_MAX    16u       /* requests that one work serves */
#define REQUEST_MAX  0x100000u /* bytes */
#define WORK_MAX     REQUEST_MAX
#define PACKET_BYTES 12u
#define SENSE_BYTES  16u
#define SIZE_BYTES   8u        /* what READ CAPACITY returns */
#define LATE_US      20000000u /* a drive that is busy for so long is reset */

enum disk_kind { DISK_NONE, DISK_HARD, DISK_CD };

enum work_kind { WORK_READ, WORK_WRITE, WORK_FLUSH };

struct ata_identity;
struct disk;

/* A request, as far as a work serves it. */
struct part {
    uint64_t seq;
    uint32_t offset, bytes; /* of its session's region */
    uint8_t session;
    bool forgotten; /* its session is closed */
};

/* A request that was taken and not begun: it does not continue the work it came after. */
struct ahead {
    bool is_there;
    bool refused; /* so many bad ones that there may be more */
    enum work_kind kind;
    struct part part;
    uint64_t lba;
};

/* A drive, and its requests. */
struct disk {
    enum disk_kind kind;
    char name[8]; /* "disk0" */
    char model[41];
    bool wide; /* 48-bit commands */
    bool dma;  /* the firmware has turned DMA on */
    bool flush, flush_wide;
    uint8_t multiple; /* sectors that one interrupt of PIO hands over */
    uint8_t queue;    /* commands that it queues; 0: it does not */
    uint32_t block_bytes;
    uint64_t blocks;      /* 0: no medium */
    uint64_t rung;        /* sessions that may have requests, a bit each */
    uint8_t last_session; /* that was served */
    struct ahead ahead;
};

/* What is done for a drive by one command, if all goes well: requests of one session that follow
 * each other on the medium. */
struct work {
    struct disk *disk; /* null: nothing */
    enum work_kind kind;
    struct part part[PARTS_MAX];
    unsigned parts, first_part;       /* those before it are completed */
    uint64_t lba;                     /* of its first block */
    uint32_t done, bytes;             /* of all of it */
    uint32_t now;                     /* bytes of the current command */
    uint32_t moved;                   /* of those, by the driver itself (PIO) */
    uint32_t first_part_end;          /* where in the work part[first_part] ends */
    uint8_t tries, unready, timeouts; /* of the current command */
    bool singly;                      /* block by block, to find the bad one */
    bool apart;                       /* request by request: one of them is forgotten */
};

/* ---- written by the driver */

/** The drive that session @s is with; a null pointer if it is not there. */
struct disk *disk_of_session(unsigned s);

/** Look after all drives, as the watch was set for; whoever wants to be looked at again says
 *  watch_until. */
void disk_look(uint64_t now_us);

/* ---- disk_identify.c */

/** Fill in @d from what it said. Null, or what is wrong with it. */
const char *disk_identify(struct disk *d, const struct ata_identity *id, bool is_packet);

/** Its name, by its number among the device's units; @d->kind is known. */
void disk_name(struct disk *d, unsigned number);

/** Tell devman, and the log: unit @number is @d, moved @how; or is not there. */
void disk_tell(unsigned number, const struct disk *d, const char *how);

/* ---- disk_request.c */

/** The next good request of session @s into @to; bad ones before it are completed. With @take
 *  driver_take, where there is none its client rings for the next one. */
bool disk_request(unsigned s, struct ahead *to,
                  bool (*take)(unsigned s, struct queue_request *request));

/* ---- disk_work.c */

/** Take what is next for @d into @w. False: there is nothing. */
bool work_take(struct disk *d, struct work *w);

/** Bytes of the next command of @w, of at most @most. */
uint32_t work_next(const struct work *w, uint32_t most);

/** w->now more bytes are done: complete the requests that end there. */
void work_advance(struct work *w);

/** The request at w->done can't be done: complete it with @error and go on behind it. */
void work_fail(struct work *w, int error);

/** What is forgotten at its beginning is done. */
void work_skip(struct work *w);

/** Is anything of it left? */
static inline bool work_is_left(const struct work *w)
{
    return w->disk != NULL && w->first_part < w->parts;
}

/** Session @s is closed: nothing that waits for @d is taken of it any more. */
void disk_forget(struct disk *d, unsigned s);

/** Nothing of session @s is begun any more. True: it is part of the work. */
bool work_forget(struct work *w, unsigned s);

/** devman need not age what @w is for: the driver's own watch does. */
void work_waits(const struct work *w);

/* A walk over the memory that a command of @w reads or fills. */
struct work_walk {
    const struct part *next;
    uint32_t left, skip;
};

static inline struct work_walk work_walk(const struct work *w)
{
    const struct part *p = &w->part[w->first_part];

    return (struct work_walk){.next = p,
                              .left = w->now,
                              .skip = p->bytes - (w->first_part_end - w->done)};
}

/** The next piece, as the device finds it. False: that was all. */
static inline bool work_piece(struct work_walk *walk, uint64_t *address, uint32_t *bytes)
{
    const struct part *p = walk->next;
    uint32_t n;

    if (walk->left == 0) {
        return false;
    }
    n = p->bytes - walk->skip < walk->left ? p->bytes - walk->skip : walk->left;
    *address = driver_session_dma(p->session) + p->offset + walk->skip;
    *bytes = n;
    walk->left -= n;
    walk->skip = 0;
    walk->next++;
    return true;
}

/* ---- disk_error.c */

/** The first block of the current command of @w. */
uint64_t work_block(const struct work *w);

/** Into the log: what can't be done, and @why. */
void work_report(const struct work *w, const char *why);

/** The current command failed: it is to be tried again, then block by block, which finds the bad
 *  one; then the request that it belongs to has failed, with the block in the log. */
void work_try_again(struct work *w, const char *why);

/** The drive has not answered (@error TIMEOUT) or is confused: the same, but for at most three
 *  times in all. The caller resets it. */
void work_reset_for(struct work *w, const char *why, int error);

/** What the error register @error says. */
const char *disk_error_words(uint8_t error);

/** The packet command failed: @sense says why. */
void work_sensed(struct work *w, const uint8_t sense[SENSE_BYTES]);

/* ---- disk_packet.c: packets for a CD-ROM drive */

/** READ (10) for w->now bytes of @w; REQUEST SENSE; READ CAPACITY. */
void packet_read(const struct work *w, uint8_t packet[PACKET_BYTES]);
void packet_sense(uint8_t packet[PACKET_BYTES]);
void packet_capacity(uint8_t packet[PACKET_BYTES]);

/** How many blocks a CD has whose READ CAPACITY has returned @size. */
uint64_t packet_blocks(const uint8_t size[SIZE_BYTES]);

/* ---- disk_watch.c: one timer for all; it runs out and is not set back */

/** Have disk_look called at @us at the latest. */
void watch_until(uint64_t us);

/** Have it called sooner or later: a command is at a drive. */
void watch(void);

/** It has run out: what driver_timer calls. */
void watch_over(void);

#define WATCH_US 500000u /* between two looks at a command */

#endif
