/*
 * work.c - from clients' requests to work for a drive, and back. A request is judged before
 * anything of it reaches the drive. Requests that follow each other on the medium, as far as their
 * queue has them already, become one command; the one that ends the run is kept for the next.
 */
#include "ata.h"

#include <idl/block_queue.h>
#include <quoll/error.h>

#define REFUSED_MAX 64u /* bad requests at a time; others have their turn, too */
#define ALIGNMENT   4u  /* of a buffer */

static struct ahead *taken; /* where the block_start_* functions put what they accept */

/* ---- judging */

static struct unit *unit_of(unsigned s)
{
    return unit_at(driver_session_unit(s));
}

/* In blocks; the product can't overflow, as a medium has less than 2^48. */
static int judge(const struct unit *u, const struct queue_request *r, uint64_t first)
{
    uint64_t blocks = r->length / u->block_bytes;

    if (blocks == 0 || r->length % u->block_bytes != 0 || r->length > REQUEST_MAX ||
        r->offset % ALIGNMENT != 0 || first >= u->blocks || blocks > u->blocks - first) {
        return E_BAD_ARG;
    }
    return E_OK;
}

static void accept(unsigned s, const struct queue_request *r, enum work_kind kind, uint64_t lba)
{
    *taken = (struct ahead){
        .is_there = true,
        .unit = unit_of(s),
        .kind = kind,
        .lba = lba,
        .part = {.session = s, .seq = r->seq, .offset = r->offset, .bytes = (uint32_t)r->length}};
}

static void start(struct queue_driver *queue, const struct queue_request *r, enum work_kind kind,
                  uint64_t first)
{
    unsigned s = driver_session_of(queue);
    const struct unit *u = unit_of(s);
    int error = u == NULL ? E_NOT_FOUND : judge(u, r, first);

    if (error == E_OK && kind == WORK_WRITE && u->kind == UNIT_CD) {
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
    const struct unit *u = unit_of(s);

    if (u == NULL || !u->flush) {
        driver_complete(s, r->seq, u == NULL ? E_NOT_FOUND : E_OK, 0); /* it keeps nothing back */
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

/* The next good request of session @s into @to. With @take driver_take, where there is none its
 * client rings for the next one. */
static bool take_from(unsigned s, struct ahead *to,
                      bool (*take)(unsigned s, struct queue_request *request))
{
    struct queue_request r;

    *to = (struct ahead){.is_there = false};
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

/* The sessions of a drive by turns: who was served last comes last. */
static unsigned next_session(const struct unit *u)
{
    uint64_t behind = u->rung & ~((2ull << u->last_session) - 1);

    return (unsigned)__builtin_ctzll(behind != 0 ? behind : u->rung);
}

static bool take_any(struct unit *u)
{
    uint64_t later = 0;

    while (u->rung != 0) {
        unsigned s = next_session(u);

        u->last_session = (uint8_t)s;
        if (take_from(s, &u->ahead, driver_take)) {
            u->rung |= later;
            return true;
        }
        u->rung &= ~(1ull << s);
        later |= (uint64_t)u->ahead.refused << s;
    }
    u->rung = later;
    if (later != 0) {
        watch_until(driver_now_us());
    }
    return false;
}

static bool continues(const struct work *w, const struct ahead *a)
{
    return a->unit == w->unit && a->kind == w->kind && w->kind != WORK_FLUSH &&
           w->parts < PARTS_MAX && a->lba == w->lba + w->bytes / w->unit->block_bytes &&
           w->bytes + a->part.bytes <= WORK_MAX;
}

static void add(struct work *w, const struct ahead *a)
{
    w->part[w->parts++] = a->part;
    w->bytes += a->part.bytes;
}

static void begin(struct work *w, const struct ahead *a)
{
    w->unit = a->unit;
    w->kind = a->kind;
    w->lba = a->lba;
    w->parts = w->first_part = 0;
    w->bytes = w->done = w->now = w->moved = 0;
    w->tries = w->unready = w->timeouts = 0;
    w->singly = w->apart = false;
    add(w, a);
    w->first_part_end = w->bytes;
}

bool work_take(struct unit *u)
{
    struct work *w = &u->channel->work;

    if (!u->ahead.is_there && !take_any(u)) {
        return false;
    }
    begin(w, &u->ahead);
    while (take_from(w->part[0].session, &u->ahead, driver_take_more) && continues(w, &u->ahead)) {
        add(w, &u->ahead);
    }
    return true;
}

/* ---- completing */

bool work_is_left(const struct work *w)
{
    return w->unit != NULL && w->first_part < w->parts;
}

static void complete_first(struct work *w, int error)
{
    const struct part *p = &w->part[w->first_part++];

    if (!p->forgotten) {
        driver_complete(p->session, p->seq, error, error == E_OK ? p->bytes : 0);
    }
    if (w->first_part < w->parts) {
        w->first_part_end += w->part[w->first_part].bytes;
    }
}

/* What is forgotten is skipped, so a command begins at somebody's request. */
static void skip_forgotten(struct work *w)
{
    while (w->first_part < w->parts && w->part[w->first_part].forgotten) {
        w->done = w->first_part_end;
        complete_first(w, E_OK);
    }
}

void work_skip(struct work *w)
{
    skip_forgotten(w);
    if (!work_is_left(w)) {
        w->unit = NULL;
    }
}

static void settle(struct work *w)
{
    w->tries = w->unready = w->timeouts = 0;
    w->now = w->moved = 0;
    work_skip(w);
}

/* All are one session's: it hears of them at once. */
void work_advance(struct work *w)
{
    unsigned session = w->part[w->first_part].session;
    bool several = w->parts - w->first_part > 1;

    w->done += w->now;
    if (several) {
        driver_hold(session);
    }
    while (w->first_part < w->parts && w->first_part_end <= w->done) {
        complete_first(w, E_OK);
    }
    if (several) {
        driver_ring(session);
    }
    settle(w);
}

void work_fail(struct work *w, int error)
{
    w->done = w->first_part_end;
    w->singly = false;
    complete_first(w, error);
    settle(w);
}

/* ---- closed sessions */

static void forget_unit(struct unit *u, unsigned s)
{
    u->rung &= ~(1ull << s);
    if (u->ahead.is_there && u->ahead.part.session == s) {
        u->ahead.is_there = false;
    }
}

bool work_forget(struct channel *c, unsigned s)
{
    struct work *w = &c->work;
    bool was_there = false;

    for (unsigned i = 0; i < DRIVES; i++) {
        forget_unit(&c->unit[i], s);
    }
    for (unsigned i = w->first_part; w->unit != NULL && i < w->parts; i++) {
        if (w->part[i].session == s && !w->part[i].forgotten) {
            w->part[i].forgotten = w->apart = was_there = true;
        }
    }
    return was_there;
}

void work_waits(const struct work *w)
{
    for (unsigned i = w->first_part; i < w->parts; i++) {
        if (!w->part[i].forgotten) {
            (void)queue_waits(driver_queue(w->part[i].session), w->part[i].seq);
        }
    }
}
