/*
 * disk_request.c - clients' requests, judged before anything of them reaches the drive, and what
 * clients may ask of it.
 */
#include "disk.h"

#include <idl/block_queue.h>
#include <idl/block_server.h>
#include <quoll/error.h>

#define REFUSED_MAX 64u /* bad requests at a time; others have their turn, too */
#define ALIGNMENT   4u  /* of a buffer */

static struct ahead *taken; /* where the block_start_* functions put what they accept */

/* ---- judging */

/* In blocks; the product can't overflow, as a medium has less than 2^48. */
static int judge(const struct disk *d, const struct queue_request *r, uint64_t first)
{
    uint64_t blocks = r->length / d->block_bytes;

    if (blocks == 0 || r->length % d->block_bytes != 0 || r->length > REQUEST_MAX ||
        r->offset % ALIGNMENT != 0 || first >= d->blocks || blocks > d->blocks - first) {
        return E_BAD_ARG;
    }
    return E_OK;
}

static void accept(unsigned s, const struct queue_request *r, enum work_kind kind, uint64_t lba)
{
    *taken = (struct ahead){.is_there = true,
                            .kind = kind,
                            .lba = lba,
                            .part = {.session = (uint8_t)s,
                                     .seq = r->seq,
                                     .offset = (uint32_t)r->offset,
                                     .bytes = (uint32_t)r->length}};
}

static void start(struct queue_driver *queue, const struct queue_request *r, enum work_kind kind,
                  uint64_t first)
{
    unsigned s = driver_session_of(queue);
    const struct disk *d = disk_of_session(s);
    int error = d == NULL ? E_NOT_FOUND : judge(d, r, first);

    if (error == E_OK && kind == WORK_WRITE && d->kind == DISK_CD) {
        error = E_UNSUPPORTED;
    }
    if (error != E_OK) {
        driver_complete(s, r->seq, error, 0);
        return;
    }
    accept(s, r, kind, first);
}

void block_start_read(struct queue_driver *queue, const struct queue_request *r, uint64_t first)
{
    start(queue, r, WORK_READ, first);
}

void block_start_write(struct queue_driver *queue, const struct queue_request *r, uint64_t first)
{
    start(queue, r, WORK_WRITE, first);
}

static void start_flush(unsigned s, const struct queue_request *r)
{
    const struct disk *d = disk_of_session(s);
    int error = d == NULL ? E_NOT_FOUND : E_OK;

    if (error == E_OK && r->length != 0) {
        error = E_BAD_ARG; /* it has no buffer: its work is done when nothing of it is left */
    }
    if (error != E_OK || !d->flush) { /* a drive that keeps nothing back has done it already */
        driver_complete(s, r->seq, error, 0);
        return;
    }
    accept(s, r, WORK_FLUSH, 0);
}

void block_start_flush(struct queue_driver *queue, const struct queue_request *r)
{
    start_flush(driver_session_of(queue), r);
}

void block_start_trim(struct queue_driver *queue, const struct queue_request *r, uint64_t first,
                      uint64_t count)
{
    (void)first;
    (void)count;
    driver_complete(driver_session_of(queue), r->seq, E_UNSUPPORTED, 0);
}

/* ---- taking */

bool disk_request(unsigned s, struct ahead *to,
                  bool (*take)(unsigned s, struct queue_request *request))
{
    struct queue_request r;

    to->is_there = to->refused = false;
    taken = to;
    for (unsigned i = 0; i < REFUSED_MAX; i++) {
        if (!take(s, &r)) {
            return false;
        }
        if (r.op == QUEUE_OP_FLUSH) {
            start_flush(s, &r);
        } else {
            block_dispatch_request(driver_queue(s), &r);
        }
        if (to->is_there) {
            return true;
        }
    }
    to->refused = true;
    return false;
}

/* ---- asking */

int block_serve_info(struct call *call, struct block_geometry *result)
{
    const struct disk *d = disk_of_session(call_session(call));

    if (d == NULL) {
        return E_NOT_FOUND;
    }
    *result = (struct block_geometry){.blocks = d->blocks,
                                      .block_bytes = d->block_bytes,
                                      .most_bytes = REQUEST_MAX,
                                      .is_read_only = d->kind == DISK_CD};
    return E_OK;
}
