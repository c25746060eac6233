/*
 * disk.c - the first disk, by two sessions with its driver: one that writes, which only one client
 * at a time can have and nobody until fs was told to let go of the disk, and one that reads, whose
 * region is shared out among the others. A session is opened with its first client and closed with
 * its last. A driver that dies is waited for; one that is given up fails what it had and what comes
 * after.
 */
#include "server.h"

#include <idl/block_queue.h>
#include <idl/devman.h>
#include <idl/fs.h>
#include <quoll/task.h>
#include <string.h>

enum {
    READERS = 4,
    LARGE_PAGES = QUEUE_DATA_LARGE / QUEUE_PAGE_BYTES,
    NOBODY = 0xff,
    READ_METHODS = BLOCK_RIGHT_INFO | BLOCK_RIGHT_READ,
    WRITE_METHODS = READ_METHODS | BLOCK_RIGHT_WRITE | BLOCK_RIGHT_FLUSH,
};

/* One of the driver's requests, and whose it is. */
struct owner {
    uint8_t connection, job;
    enum nbd_what what;
    uint32_t bytes;
};

struct share {
    struct client_session session;
    struct block_geometry shape;
    unsigned users;                      /* parts of the region that can be had */
    uint8_t user[READERS];               /* the connection that has each */
    struct owner owner[QUEUE_SLOTS_MAX]; /* by a request's slot */
};

static struct share shares[2]; /* the writer's, the readers' */
static struct {
    struct share *share; /* null: none */
    uint32_t window;     /* where its part of the region begins */
} places[NBD_CONNECTIONS];

/* ---- sessions */

/* The first disk that is no CD. */
static int find_first(char *path)
{
    struct devman_node_state node;
    const char *name;
    int error;

    for (uint32_t i = 0;; i++) {
        error = devman_call_find(SLOT_DEVMAN, "block", i, &node);
        if (error != E_OK) {
            return error;
        }
        name = strrchr(node.where, '/');
        if (strncmp(name != NULL ? name + 1 : node.where, "cd", 2) != 0) {
            memcpy(path, node.where, sizeof(node.where));
            return E_OK;
        }
    }
}

/* That which fs calls so: `umount disk0` is to be about the same one. Without fs all only read. */
static int find(char path[FS_DEVICE_MAX + 1])
{
    int error = fs_call_device(SLOT_FS, NBD_EXPORT, path);

    return error == E_BAD_CAP || error == E_DEAD ? find_first(path) : error;
}

_Static_assert(FS_DEVICE_MAX == DEVMAN_PATH_MAX, "a path is a path");

/* Only a disk that somebody has let go of, with `umount disk0`, may be written by the network. */
static bool is_let_go(void)
{
    struct fs_volume volume;
    bool is = false;

    for (uint32_t i = 0; !is && fs_call_volume_at(SLOT_FS, i, &volume) == E_OK; i++) {
        is = strcmp(volume.name, NBD_EXPORT) == 0 && volume.is_let_go;
    }
    return is;
}

static int open_session(struct share *share, const char *path, uint32_t methods, unsigned pages)
{
    unsigned place = (unsigned)(share - shares);

    share->session = (struct client_session){.devman = SLOT_DEVMAN,
                                             .slots = SLOT_SESSIONS + place * SESSION_SLOTS,
                                             .place = place,
                                             .bits = BIT_DISK,
                                             .depth = pages != 0 ? QUEUE_SLOTS_MAX : 0};
    return client_session_open(&share->session, path, BLOCK_INTERFACE, methods, pages);
}

/* What the disk is, by a session that keeps nobody else from it. */
static int ask(struct share *share, const char *path)
{
    struct block_geometry *shape = &share->shape;
    int error = open_session(share, path, BLOCK_RIGHT_INFO, 0);

    if (error == E_OK) {
        error = block_call_info(share->session.endpoint, shape);
        client_session_close(&share->session);
    }
    if (error == E_OK && ((shape->block_bytes & (shape->block_bytes - 1)) != 0 ||
                          shape->most_bytes < shape->block_bytes)) {
        error = E_UNSUPPORTED;
    }
    return error;
}

/* With a small region where there is no memory for a large one. */
static int open_share(struct share *share, const char *path, uint32_t methods, unsigned users)
{
    int error = ask(share, path);

    if (error == E_OK && (methods & BLOCK_RIGHT_WRITE) != 0 && share->shape.is_read_only) {
        error = E_BUSY; /* then it is a reader, too */
    }
    if (error != E_OK) {
        return error;
    }
    error = open_session(share, path, methods, LARGE_PAGES);
    if (error == E_NO_MEMORY) {
        error = open_session(share, path, methods, QUEUE_DATA_PAGES);
    }
    share->users = users;
    memset(share->user, NOBODY, sizeof(share->user));
    return error;
}

/* ---- clients */

static int take_part(struct share *share, unsigned number, struct nbd_disk *disk)
{
    uint32_t part = (uint32_t)share->session.data_bytes / share->users;
    unsigned i = 0;

    while (i < share->users && share->user[i] != NOBODY) {
        i++;
    }
    if (i == share->users) {
        return E_LIMIT;
    }
    share->user[i] = (uint8_t)number;
    places[number].share = share;
    places[number].window = i * part;
    *disk = (struct nbd_disk){.bytes = share->shape.blocks * share->shape.block_bytes,
                              .block_bytes = share->shape.block_bytes,
                              .is_read_only = share != &shares[0],
                              .window = (uint8_t *)share->session.data + i * part,
                              .window_bytes = part,
                              .most_bytes = share->shape.most_bytes / share->shape.block_bytes *
                                            share->shape.block_bytes};
    return E_OK;
}

int port_open(unsigned number, struct nbd_disk *disk)
{
    char path[FS_DEVICE_MAX + 1];
    int error = find(path);

    if (error != E_OK) {
        return error;
    }
    error = shares[0].session.is_open || !is_let_go()
                ? E_BUSY
                : open_share(&shares[0], path, WRITE_METHODS, 1);
    if (error == E_OK) {
        return take_part(&shares[0], number, disk);
    }
    if (error != E_BUSY) {
        return error;
    }
    error = shares[1].session.is_open ? E_OK : open_share(&shares[1], path, READ_METHODS, READERS);
    return error == E_OK ? take_part(&shares[1], number, disk) : error;
}

bool disk_is_gone(unsigned number)
{
    const struct share *share = places[number].share;

    return share != NULL && queue_client_closed(&share->session.queue);
}

void disk_leave(unsigned number)
{
    struct share *share = places[number].share;
    bool is_used = false;

    places[number].share = NULL;
    for (unsigned i = 0; share != NULL && i < share->users; i++) {
        if (share->user[i] == number) {
            share->user[i] = NOBODY;
        }
        is_used |= share->user[i] != NOBODY;
    }
    if (share != NULL && !is_used) {
        client_session_close(&share->session);
    }
}

/* ---- requests */

int port_submit(unsigned number, unsigned index, const struct nbd_job *job)
{
    struct share *share = places[number].share;
    struct queue_client *queue = &share->session.queue;
    uint32_t at = places[number].window + job->at;
    uint64_t seq = 0;
    int error;

    queue_client_hold(queue);
    if (job->what == NBD_JOB_READ) {
        error = block_submit_read(queue, job->first_block, at, job->bytes, &seq);
    } else if (job->what == NBD_JOB_WRITE) {
        error = block_submit_write(queue, job->first_block, at, job->bytes, &seq);
    } else {
        error = queue_submit(queue, QUEUE_OP_FLUSH, 0, 0, NULL, &seq); /* what is before it, too */
    }
    if (error == E_OK) {
        share->owner[seq % QUEUE_SLOTS_MAX] =
            (struct owner){(uint8_t)number, (uint8_t)index, job->what, job->bytes};
    }
    return error;
}

static int result(const struct queue_done *done, const struct owner *owner)
{
    uint32_t moved = owner->bytes;
    int error;

    if (owner->what == NBD_JOB_READ) {
        error = block_finish_read(done, owner->bytes, &moved);
    } else if (owner->what == NBD_JOB_WRITE) {
        error = block_finish_write(done, owner->bytes, &moved);
    } else {
        error = (int)done->status;
    }
    return error == E_OK && moved != owner->bytes ? E_IO : error;
}

bool disk_collect(void)
{
    struct queue_done done;
    bool any = false;

    for (unsigned i = 0; i < 2; i++) {
        struct share *share = &shares[i];
        while (share->session.is_open && queue_collect(&share->session.queue, &done) == E_OK) {
            const struct owner *owner = &share->owner[done.seq % QUEUE_SLOTS_MAX];
            nbd_done(&connections[owner->connection], owner->job, result(&done, owner));
            any = true;
        }
    }
    return any;
}

void disk_ring(void)
{
    for (unsigned i = 0; i < 2; i++) {
        if (shares[i].session.is_open) {
            queue_client_ring(&shares[i].session.queue);
        }
    }
}

bool disk_about_to_sleep(void)
{
    for (unsigned i = 0; i < 2; i++) {
        if (shares[i].session.is_open && !queue_client_about_to_sleep(&shares[i].session.queue)) {
            return false;
        }
    }
    return true;
}
