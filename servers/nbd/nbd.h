/*
 * nbd.h - a client's connection by the NBD protocol, without sockets and without a disk: bytes and
 * blocks come and go by functions port_..., which the server brings (main.c, disk.c), or a test.
 *   option.c    from the greeting until an export is chosen
 *   transmit.c  requests and replies
 * Invariant: whatever a client sends, memory is this structure and its window of the disk's region.
 */
#ifndef NBD_H
#define NBD_H

#include "wire.h"

#include <quoll/abi.h>
#include <quoll/error.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    NBD_CONNECTIONS = 8,
    NBD_JOBS = 32,        /* of a connection, a power of two: what was asked and not answered */
    NBD_IN_BYTES = 512,   /* of an option's data; what is longer is refused */
    NBD_OUT_BYTES = 512,  /* the answers to an option */
    NBD_SKIP_MAX = 65536, /* of an option's data that is refused; beyond, the connection ends */
};

#define NBD_EXPORT "disk0"

/* What a connection has of a disk. */
struct nbd_disk {
    uint64_t bytes;
    uint32_t block_bytes;
    bool is_read_only;
    uint8_t *window; /* blocks go through it; a part of the region that the driver's device has */
    uint32_t window_bytes, most_bytes; /* most_bytes: of one request to the driver */
};

enum nbd_what { NBD_JOB_ANSWER, NBD_JOB_READ, NBD_JOB_WRITE, NBD_JOB_FLUSH };

/* A piece of a request, or all of it. They are submitted and answered in their order. */
struct nbd_job {
    enum nbd_what what;
    enum { JOB_FILLING, JOB_READY, JOB_BUSY, JOB_DONE } state;
    bool begins, ends; /* the request's first, its last */
    bool is_answered;  /* its reply's header is made, if it has one; data may follow */
    uint64_t cookie;   /* the client's name for the request */
    uint64_t first_block;
    uint32_t at, bytes;  /* of the window */
    uint32_t moved;      /* of those: received, or sent */
    uint64_t window_end; /* what the window's put was behind it */
    uint32_t error;      /* enum nbd_error */
};

struct nbd {
    unsigned number;
    enum {
        NBD_GREETED,   /* its flags are waited for */
        NBD_CHOOSES,   /* options */
        NBD_TRANSMITS, /* requests */
        NBD_FINISHES,  /* it has said that it goes: the rest of the answers */
        NBD_ENDED,
    } phase;
    bool no_zeroes;
    bool wants_in, wants_out; /* the last pump stopped for want of bytes, or of room */

    uint8_t in[NBD_IN_BYTES]; /* the header that is being received, then an option's data */
    uint32_t in_have;
    bool has_option;
    uint32_t option, option_bytes;
    uint8_t out[NBD_OUT_BYTES];
    uint32_t out_have, out_sent;

    bool is_open;
    struct nbd_disk disk;

    bool has_request; /* one is being cut into jobs */
    enum nbd_command command;
    bool is_fua, has_begun;
    uint64_t cookie, offset;
    uint32_t left;  /* of the request's bytes, no job has them yet */
    uint32_t error; /* of the request as such: its data is skipped */

    struct nbd_job job[NBD_JOBS];
    uint32_t first, submitted, next; /* counters: answered, given to the disk, made */
    unsigned busy;                   /* jobs that the disk has */
    uint32_t carried;                /* the error of the request whose pieces are being answered */
    uint64_t window_put, window_get;
};

/* ---- what the embedder brings */

/** Bytes from the client, at most @n: how many, 0: none now, below 0: there will be none. */
long port_receive(unsigned number, void *to, size_t n);

/** Bytes to the client: how many were taken, 0: none now, below 0: it is gone. */
long port_send(unsigned number, const void *from, size_t n);

/** The disk, to read and write if nobody else writes. Errors: NOT_FOUND (there is none), LIMIT (too
 *  many have it), those of a session with its driver. */
int port_open(unsigned number, struct nbd_disk *disk);

/** Have @job, number @index, done; its bytes lie at job->at of the window. nbd_done says when.
 *  Errors: BUSY (later), others: never. */
int port_submit(unsigned number, unsigned index, const struct nbd_job *job);

/* ---- the connection */

/** Begin as connection @number, with the greeting. */
void nbd_begin(struct nbd *c, unsigned number);

/** Do what can be done. Afterwards wants_in and wants_out say for what it waits, beside the disk;
 *  NBD_ENDED: close it, and forget it once `busy` is 0. */
void nbd_pump(struct nbd *c);

/** The disk has done job @index, or @error. */
void nbd_done(struct nbd *c, unsigned index, int error);

/** Is nothing of a client under way, either way? */
static inline bool nbd_is_idle(const struct nbd *c)
{
    return c->first == c->next && !c->has_request && c->out_have == 0;
}

/* ---- between the two files */

/** Receive until @want bytes lie in c->in. False: not yet, or the connection has ended. */
bool nbd_gather(struct nbd *c, uint32_t want);

/** Take @n bytes that nobody wants, of at most @most. */
uint32_t nbd_skip(struct nbd *c, uint32_t most);

/** Take in one thing: true, it was done. */
bool nbd_negotiate(struct nbd *c);
bool nbd_take_request(struct nbd *c);

/** Answer what is done: true, something was sent. */
bool nbd_answer_jobs(struct nbd *c);

#endif
