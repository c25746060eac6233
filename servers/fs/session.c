/*
 * session.c - disks by sessions of the interface block. The session's data region holds what was
 * read last: a few blocks where tables and directories are, and a long stretch of a file that is
 * read on and on. A driver that dies is waited for: its queue issues again what was not done.
 * Invariant: what is kept is what the disk has; a write drops it first. What is gathered to be
 * written is written before it is read.
 */
#include "server.h"

#include <idl/block_queue.h>
#include <idl/devman.h>
#include <stdio.h>
#include <string.h>

enum {
    DATA_PAGES = 290,            /* so that the stream has room for a request of 1 MiB */
    SMALL_BYTES = 2 * 4096,      /* the part of the region for single blocks */
    GATHER_BYTES = 128 * 1024,   /* the part for what is to be written */
    AHEAD_BYTES_MIN = 16 * 1024, /* of what is read on and on; each time twice as much */
    READ_METHODS = BLOCK_RIGHT_INFO | BLOCK_RIGHT_READ | BLOCK_RIGHT_FLUSH,
};

struct disk disks[DISKS_MAX];

/* A part of the data region, and the blocks that are in it. */
struct kept {
    uint32_t at, bytes; /* of the region */
    uint64_t first;
    uint32_t count;
    uint32_t ahead; /* bytes that the next read that goes on takes, at least */
};

static struct {
    char path[DEVMAN_PATH_MAX + 1];
    struct client_session session;
    uint32_t most; /* blocks of one request */
    struct kept small, stream, gather;
    int failed; /* how a write ended that nobody waited for */
} drivers[DISKS_MAX];

/* ---- which there are */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Units of drivers are named after what they are: cd0 of one, disk1 of another. Here they are
 * counted over all drivers. */
static void add(const char *path)
{
    const char *kind = strncmp(last_part(path), "cd", 2) == 0 ? "cd" : "disk";
    unsigned count = 0, i = 0;

    while (i < DISKS_MAX && disks[i].name[0] != '\0') {
        if (strcmp(drivers[i].path, path) == 0) {
            return;
        }
        count += strncmp(disks[i].name, kind, strlen(kind)) == 0;
        i++;
    }
    if (i < DISKS_MAX) {
        (void)snprintf(disks[i].name, sizeof(disks[i].name), "%s%u", kind, count);
        memcpy(drivers[i].path, path, strlen(path) + 1);
    }
}

int disks_find(void)
{
    struct devman_node_state node;
    int error = E_OK, count = 0;

    for (uint32_t i = 0; error == E_OK; i++) {
        error = devman_call_find(SLOT_DEVMAN, "block", i, &node);
        if (error == E_OK) {
            add(node.where);
        }
    }
    while (count < DISKS_MAX && disks[count].name[0] != '\0') {
        count++;
    }
    return error == E_NOT_FOUND ? count : -error;
}

/* ---- opening */

static unsigned index_of(const struct disk *disk)
{
    return (unsigned)(disk - disks);
}

const char *disk_device(const struct disk *disk)
{
    return drivers[index_of(disk)].path;
}

static int open_session(unsigned i, uint32_t methods, unsigned pages)
{
    drivers[i].session = (struct client_session){.devman = SLOT_DEVMAN,
                                                 .slots = SLOT_SESSIONS + i * SESSION_SLOTS,
                                                 .place = i,
                                                 .bits = BIT_DISK};
    return client_session_open(&drivers[i].session, drivers[i].path, BLOCK_INTERFACE, methods,
                               pages);
}

/* What it is, by a session that keeps nobody else from it. */
static int ask(unsigned i, struct block_geometry *shape)
{
    int error = open_session(i, BLOCK_RIGHT_INFO, 0);

    if (error == E_OK) {
        error = block_call_info(drivers[i].session.endpoint, shape);
        client_session_close(&drivers[i].session);
    }
    if (error == E_OK &&
        (shape->block_bytes < DISK_BLOCK_MIN || shape->block_bytes > DISK_BLOCK_MAX ||
         (shape->block_bytes & (shape->block_bytes - 1)) != 0 ||
         shape->most_bytes < shape->block_bytes)) {
        error = E_UNSUPPORTED;
    }
    return error;
}

int disk_open(struct disk *disk)
{
    unsigned i = index_of(disk);
    struct block_geometry shape = {0};
    int error = ask(i, &shape);
    uint32_t region;

    if (error == E_OK) {
        error = open_session(i, shape.is_read_only ? READ_METHODS : BLOCK_RIGHTS_ALL, DATA_PAGES);
    }
    if (error != E_OK) {
        return error;
    }
    region = (uint32_t)drivers[i].session.data_bytes;
    drivers[i].small = (struct kept){.at = 0, .bytes = SMALL_BYTES, .ahead = SMALL_BYTES};
    drivers[i].stream =
        (struct kept){.at = SMALL_BYTES, .bytes = region - SMALL_BYTES - GATHER_BYTES};
    drivers[i].gather = (struct kept){.at = region - GATHER_BYTES, .bytes = GATHER_BYTES};
    drivers[i].failed = E_OK;
    drivers[i].most = shape.most_bytes / shape.block_bytes;
    disk->block_bytes = shape.block_bytes;
    disk->blocks = shape.blocks;
    disk->is_read_only = shape.is_read_only;
    disk->is_lost = false;
    disk->is_open = true;
    return E_OK;
}

void disk_close(struct disk *disk)
{
    client_session_close(&drivers[index_of(disk)].session);
    disk->is_open = false;
}

/* ---- requests, one at a time */

/* A request that ends so: its driver was given up, or it alone, for it killed several. */
static int given_up(struct disk *disk)
{
    disk->is_lost = queue_client_closed(&drivers[index_of(disk)].session.queue);
    return disk->is_lost ? E_GONE : E_IO;
}

/* Wait for request @seq. */
static int finish(struct disk *disk, uint64_t seq, struct queue_done *done)
{
    struct queue_client *queue = &drivers[index_of(disk)].session.queue;

    for (;;) {
        int error = queue_collect(queue, done);
        if (error == E_GONE) {
            disk->is_lost = true;
            return E_GONE;
        }
        if (error == E_OK && done->seq == seq) {
            return done->status == E_DEAD ? given_up(disk) : E_OK;
        }
        if (error == E_BUSY && queue_client_about_to_sleep(queue)) {
            server_wait(BIT_DISK);
        }
    }
}

enum what { WHAT_READ, WHAT_WRITE, WHAT_FLUSH };

static int submit(struct queue_client *queue, enum what what, uint64_t first, uint32_t at,
                  uint32_t bytes, uint64_t *seq)
{
    switch (what) {
    case WHAT_READ:
        return block_submit_read(queue, first, at, bytes, seq);
    case WHAT_WRITE:
        return block_submit_write(queue, first, at, bytes, seq);
    default:
        return block_submit_flush(queue, seq);
    }
}

/* BUSY: the driver restarts. What comes of that is told by a signal. */
static int submit_when_up(struct disk *disk, enum what what, uint64_t first, uint32_t at,
                          uint32_t bytes, uint64_t *seq)
{
    struct queue_client *queue = &drivers[index_of(disk)].session.queue;
    struct queue_done none;
    int error;

    while ((error = submit(queue, what, first, at, bytes, seq)) == E_BUSY) {
        if (queue_collect(queue, &none) == E_BUSY && queue_client_about_to_sleep(queue)) {
            server_wait(BIT_DISK);
        }
    }
    disk->is_lost |= error == E_GONE;
    return error;
}

static int transfer(struct disk *disk, enum what what, uint64_t first, uint32_t count, uint32_t at)
{
    uint32_t bytes = count * disk->block_bytes, moved = bytes;
    struct queue_done done;
    uint64_t seq;
    int error = disk->is_lost ? E_GONE : submit_when_up(disk, what, first, at, bytes, &seq);

    if (error == E_OK) {
        error = finish(disk, seq, &done);
    }
    if (error == E_OK) {
        error = what == WHAT_READ    ? block_finish_read(&done, bytes, &moved)
                : what == WHAT_WRITE ? block_finish_write(&done, bytes, &moved)
                                     : block_finish_flush(&done);
    }
    return error == E_OK && moved != bytes ? E_IO : error;
}

/* ---- blocks */

static bool has(const struct kept *k, uint64_t block)
{
    return block >= k->first && block - k->first < k->count;
}

static bool overlaps(const struct kept *k, uint64_t first, uint32_t count)
{
    return k->count != 0 && first < k->first + k->count && k->first < first + count;
}

static uint32_t least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/* How many blocks to read from block @first on, where @count are wanted: more if what is kept is
 * being read on and on, more of it each time. */
static uint32_t read_ahead(const struct disk *disk, struct kept *k, uint64_t first, uint32_t count)
{
    bool goes_on = k->count != 0 && first == k->first + k->count;
    uint32_t blocks;

    if (k->at != 0) { /* not the small one, whose reads are always of its size */
        k->ahead = goes_on ? least(2ull * k->ahead, k->bytes) : AHEAD_BYTES_MIN / 2;
    }
    blocks = goes_on || k->at == 0 ? k->ahead / disk->block_bytes : 0;
    blocks = blocks > count ? blocks : count;
    blocks = least(blocks, k->bytes / disk->block_bytes);
    blocks = least(blocks, drivers[index_of(disk)].most);
    return least(blocks, disk->blocks - first);
}

/* Blocks that are written one behind the other go to the disk together: when one comes that is
 * elsewhere, when they are read, and at a flush. So their order is kept. */
static int write_out(struct disk *disk)
{
    struct kept *gather = &drivers[index_of(disk)].gather;
    uint32_t at = gather->at, left = gather->count;
    uint64_t first = gather->first;
    int error = E_OK;

    gather->count = 0;
    while (error == E_OK && left != 0) {
        uint32_t n = least(left, drivers[index_of(disk)].most);
        error = transfer(disk, WHAT_WRITE, first, n, at);
        at += n * disk->block_bytes;
        first += n;
        left -= n;
    }
    if (error != E_OK) {
        drivers[index_of(disk)].failed = error; /* who wrote them learns it from the next flush */
    }
    return error;
}

static int fill(struct disk *disk, struct kept *k, uint64_t first, uint32_t count)
{
    uint32_t blocks = read_ahead(disk, k, first, count);
    int error = E_OK;

    k->count = 0;
    if (overlaps(&drivers[index_of(disk)].gather, first, blocks)) {
        error = write_out(disk);
    }
    if (error != E_OK) {
        return error;
    }
    error = transfer(disk, WHAT_READ, first, blocks, k->at);
    if (error == E_IO && blocks > 1) { /* a bad block behind those that are wanted? */
        blocks = count < blocks ? count : 1;
        error = transfer(disk, WHAT_READ, first, blocks, k->at);
    }
    if (error == E_OK) {
        k->first = first;
        k->count = blocks;
    }
    return error;
}

static const uint8_t *block_in(const struct disk *disk, const struct kept *k, uint64_t block)
{
    const uint8_t *region = drivers[index_of(disk)].session.data;

    return region + k->at + (block - k->first) * disk->block_bytes;
}

static bool fits(const struct disk *disk, uint64_t first, uint32_t count)
{
    return first <= disk->blocks && count <= disk->blocks - first;
}

int disk_get(struct disk *disk, uint64_t first, uint32_t count, void *to)
{
    struct kept *small = &drivers[index_of(disk)].small, *stream = &drivers[index_of(disk)].stream;
    uint8_t *at = to;
    int error = fits(disk, first, count) ? E_OK : E_BAD_ARG;

    while (error == E_OK && count != 0) {
        struct kept *k = has(small, first) ? small : stream;
        uint32_t n;
        if (!has(k, first)) {
            k = count == 1 && first != stream->first + stream->count ? small : stream;
            error = fill(disk, k, first, count);
        }
        if (error == E_OK) {
            n = least(k->count - (first - k->first), count);
            memcpy(at, block_in(disk, k, first), (size_t)n * disk->block_bytes);
            at += (size_t)n * disk->block_bytes;
            first += n;
            count -= n;
        }
    }
    return error;
}

/* Put as many of @count blocks as there is room for behind those that are gathered. */
static uint32_t gather_more(struct disk *disk, uint64_t first, uint32_t count, const void *from)
{
    struct kept *gather = &drivers[index_of(disk)].gather;
    uint8_t *region = drivers[index_of(disk)].session.data;
    uint32_t n = least(count, gather->bytes / disk->block_bytes - gather->count);

    if (gather->count == 0) {
        gather->first = first;
    }
    memcpy(region + gather->at + (size_t)gather->count * disk->block_bytes, from,
           (size_t)n * disk->block_bytes);
    gather->count += n;
    return n;
}

static void forget(struct kept *k, uint64_t first, uint32_t count)
{
    if (overlaps(k, first, count)) {
        k->count = 0;
    }
}

int disk_put(struct disk *disk, uint64_t first, uint32_t count, const void *from)
{
    struct kept *gather = &drivers[index_of(disk)].gather;
    const uint8_t *at = from;
    int error = disk->is_read_only ? E_READ_ONLY : fits(disk, first, count) ? E_OK : E_BAD_ARG;

    if (error == E_OK) {
        forget(&drivers[index_of(disk)].small, first, count);
        forget(&drivers[index_of(disk)].stream, first, count);
    }
    while (error == E_OK && count != 0) {
        uint32_t n;
        if (gather->count != 0 && (first != gather->first + gather->count ||
                                   gather->count == gather->bytes / disk->block_bytes)) {
            error = write_out(disk);
        }
        if (error == E_OK) {
            n = gather_more(disk, first, count, at);
            at += (size_t)n * disk->block_bytes;
            first += n;
            count -= n;
        }
    }
    return error;
}

int disk_flush(struct disk *disk)
{
    int error = disk->is_read_only ? E_OK : write_out(disk);

    if (error == E_OK) {
        error = drivers[index_of(disk)].failed;
    }
    drivers[index_of(disk)].failed = E_OK;
    if (error == E_OK && !disk->is_read_only) {
        error = transfer(disk, WHAT_FLUSH, 0, 0, 0);
    }
    return error;
}
