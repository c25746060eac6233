/*
 * transmit.c - requests and replies. A request is cut into jobs of half a window at most; jobs go
 * to the disk as soon as they are whole, many at a time, and are answered in the order in which
 * they were asked. Data goes between socket and window once, and nowhere else. A read that fails
 * behind its first piece, whose reply has been begun, ends the connection: there is no other way to
 * say it.
 */
#include "nbd.h"

#include <string.h>

static struct nbd_job *job_at(struct nbd *c, uint32_t counter)
{
    return &c->job[counter % NBD_JOBS];
}

/* ---- bytes */

bool nbd_gather(struct nbd *c, uint32_t want)
{
    long n = 1;

    while (c->in_have < want && n > 0) {
        n = port_receive(c->number, c->in + c->in_have, want - c->in_have);
        c->in_have += n > 0 ? (uint32_t)n : 0;
    }
    if (n < 0) {
        c->phase = NBD_ENDED;
    }
    c->wants_in |= n == 0;
    return c->in_have >= want;
}

uint32_t nbd_skip(struct nbd *c, uint32_t most)
{
    static uint8_t nowhere[4096];
    long n =
        port_receive(c->number, nowhere, most < sizeof(nowhere) ? most : (uint32_t)sizeof(nowhere));

    if (n < 0) {
        c->phase = NBD_ENDED;
    }
    c->wants_in |= n == 0;
    return n > 0 ? (uint32_t)n : 0;
}

/* ---- jobs */

static bool has_room(const struct nbd *c)
{
    return c->next - c->first < NBD_JOBS;
}

/* @bytes of the window in one piece, for @job; they are free again when it is answered. */
static bool take_window(struct nbd *c, struct nbd_job *job, uint32_t bytes)
{
    uint32_t size = c->disk.window_bytes, at;
    uint64_t put;

    if (c->window_put == c->window_get) {
        c->window_put = c->window_get = 0;
    }
    put = c->window_put;
    at = (uint32_t)(put % size);
    if (at + bytes > size) {
        put += size - at;
        at = 0;
    }
    if (put + bytes - c->window_get > size) {
        return false;
    }
    c->window_put = put + bytes;
    job->at = at;
    job->bytes = bytes;
    job->window_end = c->window_put;
    return true;
}

/* The next job, of what is being asked; it begins the request if none did. */
static struct nbd_job *make_job(struct nbd *c, enum nbd_what what)
{
    struct nbd_job *job = job_at(c, c->next);

    *job = (struct nbd_job){.what = what,
                            .state = JOB_READY,
                            .begins = !c->has_begun,
                            .ends = true,
                            .cookie = c->cookie};
    c->has_begun = true;
    c->next++;
    return job;
}

/* Whole blocks, so many that two pieces fit the window. */
static uint32_t piece_bytes(const struct nbd *c)
{
    uint32_t half = c->disk.window_bytes / 2;
    uint32_t most = half < c->disk.most_bytes ? half : c->disk.most_bytes;

    most -= most % c->disk.block_bytes;
    return c->left < most ? c->left : most;
}

/* A piece of the data. False: there is no room for it now. */
static bool make_piece(struct nbd *c, enum nbd_what what)
{
    uint32_t bytes = piece_bytes(c);
    struct nbd_job place, *job;

    if (!has_room(c) || !take_window(c, &place, bytes)) {
        return false;
    }
    job = make_job(c, what);
    job->at = place.at;
    job->bytes = place.bytes;
    job->window_end = place.window_end;
    job->state = what == NBD_JOB_WRITE ? JOB_FILLING : JOB_READY;
    job->first_block = c->offset / c->disk.block_bytes;
    c->offset += bytes;
    c->left -= bytes;
    job->ends = c->left == 0 && !(what == NBD_JOB_WRITE && c->is_fua);
    return true;
}

static bool make_flush(struct nbd *c)
{
    struct nbd_job *job;

    if (!has_room(c)) {
        return false;
    }
    job = make_job(c, NBD_JOB_FLUSH);
    if (c->disk.is_read_only) {
        job->state = JOB_DONE; /* nothing was written */
    }
    c->has_request = false;
    return true;
}

/* ---- requests as they come */

/* What is wrong with it; 0: nothing. */
static uint32_t judge(const struct nbd *c, unsigned flags)
{
    uint64_t size = c->disk.bytes;
    bool is_write = c->command == NBD_CMD_WRITE;

    if (c->command > NBD_CMD_FLUSH || (flags & ~NBD_CMD_FLAG_FUA) != 0 ||
        (c->is_fua && c->disk.is_read_only)) {
        return NBD_EINVAL;
    }
    if (is_write && c->disk.is_read_only) {
        return NBD_EPERM;
    }
    if (c->command == NBD_CMD_FLUSH) {
        return c->offset == 0 && c->left == 0 ? 0 : NBD_EINVAL;
    }
    if (c->left == 0 || c->left > NBD_PAYLOAD_MAX ||
        (c->offset | c->left) % c->disk.block_bytes != 0) {
        return NBD_EINVAL;
    }
    if (c->offset > size || c->left > size - c->offset) {
        return is_write ? NBD_ENOSPC : NBD_EINVAL;
    }
    return 0;
}

static bool take_header(struct nbd *c)
{
    unsigned flags;

    if (!nbd_gather(c, NBD_REQUEST_BYTES)) {
        return false;
    }
    c->in_have = 0;
    flags = (unsigned)nbd_get(c->in + 4, 2);
    c->command = (enum nbd_command)nbd_get(c->in + 6, 2);
    c->cookie = nbd_get(c->in + 8, 8);
    c->offset = nbd_get(c->in + 16, 8);
    c->left = (uint32_t)nbd_get(c->in + 24, 4);
    if (nbd_get(c->in, 4) != NBD_REQUEST_MAGIC ||
        (c->command == NBD_CMD_WRITE && c->left > NBD_PAYLOAD_MAX)) {
        c->phase = NBD_ENDED;
        return false;
    }
    if (c->command == NBD_CMD_DISC) {
        c->phase = NBD_FINISHES;
        return true;
    }
    c->is_fua = (flags & NBD_CMD_FLAG_FUA) != 0;
    c->error = judge(c, flags);
    c->has_begun = false;
    c->has_request = true;
    return true;
}

/* The data of a write that is refused, then its answer. */
static bool take_refused(struct nbd *c)
{
    struct nbd_job *job;

    while (c->command == NBD_CMD_WRITE && c->left != 0) {
        uint32_t n = nbd_skip(c, c->left);
        if (n == 0) {
            return false;
        }
        c->left -= n;
    }
    if (!has_room(c)) {
        return false;
    }
    job = make_job(c, NBD_JOB_ANSWER);
    job->state = JOB_DONE;
    job->error = c->error;
    c->has_request = false;
    return true;
}

static bool take_read(struct nbd *c)
{
    if (!make_piece(c, NBD_JOB_READ)) {
        return false;
    }
    c->has_request = c->left != 0;
    return true;
}

/* The last job, if it is a write whose data is still to come. */
static struct nbd_job *filling(struct nbd *c)
{
    struct nbd_job *job = c->next != c->first ? job_at(c, c->next - 1) : NULL;

    return job != NULL && job->state == JOB_FILLING ? job : NULL;
}

static bool fill(struct nbd *c, struct nbd_job *job)
{
    long n =
        port_receive(c->number, c->disk.window + job->at + job->moved, job->bytes - job->moved);

    if (n < 0) {
        c->phase = NBD_ENDED;
    }
    c->wants_in |= n == 0;
    job->moved += n > 0 ? (uint32_t)n : 0;
    if (job->moved == job->bytes) {
        job->state = JOB_READY;
        c->has_request = c->left != 0 || c->is_fua;
    }
    return n > 0;
}

static bool take_write(struct nbd *c)
{
    struct nbd_job *job = filling(c);

    if (job != NULL) {
        return fill(c, job);
    }
    return c->left != 0 ? make_piece(c, NBD_JOB_WRITE) : make_flush(c);
}

bool nbd_take_request(struct nbd *c)
{
    if (!c->has_request) {
        return has_room(c) && take_header(c);
    }
    if (c->error != 0) {
        return take_refused(c);
    }
    switch (c->command) {
    case NBD_CMD_READ:
        return take_read(c);
    case NBD_CMD_WRITE:
        return take_write(c);
    default:
        return make_flush(c);
    }
}

/* ---- the disk */

/* Did the disk refuse one? Then there is something to answer. */
static bool submit(struct nbd *c)
{
    bool refused = false;

    for (; c->submitted != c->next; c->submitted++) {
        struct nbd_job *job = job_at(c, c->submitted);
        int error;
        if (job->state == JOB_FILLING) {
            break;
        }
        if (job->state == JOB_DONE) {
            continue;
        }
        error = port_submit(c->number, c->submitted % NBD_JOBS, job);
        if (error == E_BUSY) {
            break;
        }
        job->state = error == E_OK ? JOB_BUSY : JOB_DONE;
        job->error = error == E_OK ? 0 : NBD_EIO;
        c->busy += error == E_OK;
        refused |= error != E_OK;
    }
    return refused;
}

void nbd_done(struct nbd *c, unsigned index, int error)
{
    struct nbd_job *job = &c->job[index];

    job->state = JOB_DONE;
    job->error = error == E_OK ? 0 : NBD_EIO;
    job->moved = 0;
    c->busy--;
}

/* ---- replies */

static void put_reply(struct nbd *c, const struct nbd_job *job, uint32_t error)
{
    nbd_put(c->out, 4, NBD_REPLY_MAGIC);
    nbd_put(c->out + 4, 4, error);
    nbd_put(c->out + 8, 8, job->cookie);
    c->out_have = NBD_REPLY_BYTES;
}

/* Its header, if it is time for it, and whether its data is to be sent. */
static bool open_reply(struct nbd *c, const struct nbd_job *job)
{
    bool is_read = job->what == NBD_JOB_READ;

    if (is_read && !job->begins && job->error != 0 && c->carried == 0) {
        c->phase = NBD_ENDED;
        return false;
    }
    c->carried = job->begins || c->carried == 0 ? job->error : c->carried;
    if (is_read ? job->begins : job->ends) {
        put_reply(c, job, c->carried);
    }
    return is_read && c->carried == 0;
}

static bool send_out(struct nbd *c)
{
    long n = 1;

    while (c->out_sent < c->out_have && n > 0) {
        n = port_send(c->number, c->out + c->out_sent, c->out_have - c->out_sent);
        c->out_sent += n > 0 ? (uint32_t)n : 0;
    }
    if (n < 0) {
        c->phase = NBD_ENDED;
    }
    c->wants_out |= n == 0;
    if (c->out_sent < c->out_have) {
        return false;
    }
    c->out_have = c->out_sent = 0;
    return true;
}

static bool send_data(struct nbd *c, struct nbd_job *job)
{
    long n = 1;

    while (job->moved < job->bytes && n > 0) {
        n = port_send(c->number, c->disk.window + job->at + job->moved, job->bytes - job->moved);
        job->moved += n > 0 ? (uint32_t)n : 0;
    }
    if (n < 0) {
        c->phase = NBD_ENDED;
    }
    c->wants_out |= n == 0;
    return job->moved == job->bytes;
}

/* The first job is done: its header once, then its data, then it is no more. */
bool nbd_answer_jobs(struct nbd *c)
{
    struct nbd_job *job = job_at(c, c->first);
    bool has_data;

    if (c->first == c->submitted || job->state != JOB_DONE) {
        return false;
    }
    if (!job->is_answered && c->out_have != 0 && !send_out(c)) {
        return false; /* what ended the handshake */
    }
    if (!job->is_answered) {
        has_data = open_reply(c, job);
        job->is_answered = true;
        job->moved = has_data ? 0 : job->bytes;
    }
    if (c->phase == NBD_ENDED || !send_out(c) || !send_data(c, job)) {
        return false;
    }
    if (job->bytes != 0) {
        c->window_get = job->window_end;
    }
    c->first++;
    return true;
}

void nbd_pump(struct nbd *c)
{
    bool moved = true;

    c->wants_in = c->wants_out = false;
    while (moved && c->phase != NBD_ENDED) {
        c->wants_in = c->wants_out = false;
        moved = (c->out_have != 0 && send_out(c)) | nbd_answer_jobs(c);
        if (c->phase == NBD_GREETED || c->phase == NBD_CHOOSES) {
            moved |= nbd_negotiate(c);
        } else if (c->phase == NBD_TRANSMITS) {
            moved |= nbd_take_request(c);
            moved |= submit(c);
        } else if (c->phase == NBD_FINISHES) {
            moved |= submit(c);
            if (c->out_have == 0 && c->first == c->next) {
                c->phase = NBD_ENDED;
            }
        }
    }
}
