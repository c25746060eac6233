/*
 * disk_work.c - from requests to work for a drive, and back. Requests that follow each other on the
 * medium, as far as their queue has them already, become one work; the one that ends the run is
 * kept for the next.
 */
#include "disk.h"

#include <quoll/error.h>

/* ---- taking */

/* The sessions of a drive by turns: who was served last comes last. */
static unsigned next_session(const struct disk *d)
{
    uint64_t behind = d->rung & ~((2ull << d->last_session) - 1);

    return (unsigned)__builtin_ctzll(behind != 0 ? behind : d->rung);
}

static bool take_any(struct disk *d)
{
    uint64_t later = 0;

    while (d->rung != 0) {
        unsigned s = next_session(d);

        d->last_session = (uint8_t)s;
        if (disk_request(s, &d->ahead, driver_take)) {
            d->rung |= later;
            return true;
        }
        d->rung &= ~(1ull << s);
        later |= (uint64_t)d->ahead.refused << s;
    }
    d->rung = later;
    if (later != 0) {
        watch_until(driver_now_us());
    }
    return false;
}

static bool continues(const struct work *w, const struct ahead *a)
{
    return a->kind == w->kind && w->kind != WORK_FLUSH && w->parts < PARTS_MAX &&
           a->lba == w->lba + w->bytes / w->disk->block_bytes &&
           w->bytes + a->part.bytes <= WORK_MAX;
}

static void add(struct work *w, const struct ahead *a)
{
    w->part[w->parts++] = a->part;
    w->bytes += a->part.bytes;
}

static void begin(struct work *w, struct disk *d)
{
    const struct ahead *a = &d->ahead;

    w->disk = d;
    w->kind = a->kind;
    w->lba = a->lba;
    w->parts = w->first_part = 0;
    w->bytes = w->done = w->now = w->moved = 0;
    w->tries = w->unready = w->timeouts = 0;
    w->singly = w->apart = false;
    add(w, a);
    w->first_part_end = w->bytes;
}

bool work_take(struct disk *d, struct work *w)
{
    if (!d->ahead.is_there && !take_any(d)) {
        return false;
    }
    begin(w, d);
    d->ahead.is_there = false;
    while (driver_has_more(w->part[0].session) &&
           disk_request(w->part[0].session, &d->ahead, driver_take_more) &&
           continues(w, &d->ahead)) {
        add(w, &d->ahead);
        d->ahead.is_there = false;
    }
    return true;
}

uint32_t work_next(const struct work *w, uint32_t most)
{
    uint32_t n = w->apart ? w->first_part_end - w->done : w->bytes - w->done;

    n = w->singly ? w->disk->block_bytes : n;
    return n < most ? n : most;
}

/* ---- completing */

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
        w->disk = NULL;
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

void disk_forget(struct disk *d, unsigned s)
{
    d->rung &= ~(1ull << s);
    if (d->ahead.is_there && d->ahead.part.session == s) {
        d->ahead.is_there = false;
    }
}

bool work_forget(struct work *w, unsigned s)
{
    bool was_there = false;

    for (unsigned i = w->first_part; w->disk != NULL && i < w->parts; i++) {
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
