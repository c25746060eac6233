/*
 * queue_driver.c - a driver's end of a session's queue (quoll/queue.h, docs/sessions.md).
 * Sound against any client: a request is copied once, judged by M's limits, and known afterwards
 * by the private masks alone. A successor begins with what devman put into M; what its predecessor
 * wrote is not looked at.
 */
#include <quoll/queue.h>

/* Invalid requests are completed at once; so many in one queue_take, so that a client on another
 * CPU that keeps writing new ones cannot keep the driver in it. */
#define REFUSALS_MAX QUEUE_SLOTS_MAX

int queue_driver_open(struct queue_driver *q, struct queue_pages pages, uint64_t wake_client)
{
    enum queue_state state = queue_state_of(queue_get(&pages.m->life));

    if (state != QUEUE_UP) {
        return state == QUEUE_CLOSED ? E_GONE : E_BUSY;
    }
    if (!queue_slots_are_sound(pages.m->limits.slots)) {
        return E_BAD_ARG;
    }
    *q = (struct queue_driver){.p = pages,
                               .wake_client = wake_client,
                               .limits = pages.m->limits,
                               .count = queue_get(
                                   &pages.d->count), /* devman's: of one it has answered */
                               .next = queue_get(&pages.m->next),
                               .reissue = queue_get(&pages.m->reissue)};
    return E_OK;
}

static unsigned slot_of(const struct queue_driver *q, uint64_t seq)
{
    return (unsigned)(seq & (q->limits.slots - 1));
}

static bool is_taken(const struct queue_driver *q, uint64_t seq)
{
    unsigned slot = slot_of(q, seq);

    return (q->taken >> slot & 1) && queue_seq_of(q->next, q->limits.slots, slot) == seq;
}

/* The lowest number that devman said to issue again and that C still shows, or 0. */
static uint64_t next_reissue(struct queue_driver *q)
{
    for (uint64_t seq = q->next - q->limits.slots; q->reissue && seq != q->next; seq++) {
        unsigned slot = slot_of(q, seq);

        if (!(q->reissue >> slot & 1)) {
            continue;
        }
        if (queue_get_fenced(&q->p.c->req[slot].seq) == seq) {
            return seq;
        }
        q->reissue &= ~(1ull << slot); /* the client took it back, which it may not: its loss */
    }
    return 0;
}

/* The number that may be taken now, or 0. A slot that is still taken is never looked at: an honest
 * client uses it again only after the completion. */
static uint64_t next_number(struct queue_driver *q)
{
    unsigned slot = slot_of(q, q->next);
    uint64_t seq;

    q->held_back = false;
    if (q->flushing) {
        return 0;
    }
    seq = q->reissue != 0 ? next_reissue(q) : 0;
    if (seq == 0 && !(q->taken >> slot & 1) &&
        queue_get_fenced(&q->p.c->req[slot].seq) == q->next) {
        seq = q->next;
    }
    if (seq == 0) {
        return 0;
    }
    /* Everything with a lower number has been taken before, so a FLUSH waits for all of it. */
    slot = slot_of(q, seq);
    if (q->taken && queue_get_u32(&q->p.c->req[slot].op) == QUEUE_OP_FLUSH) {
        q->held_back = true;
        return 0;
    }
    return seq;
}

/* Copy the words after the number, each once. */
static inline uint32_t copy_request(const struct queue_slot *from, struct queue_request *to)
{
    to->op = queue_get_u32(&from->op);
    to->offset = queue_get(&from->offset);
    to->length = queue_get(&from->length);
    to->arg[0] = queue_get(&from->arg[0]);
    to->arg[1] = queue_get(&from->arg[1]);
    to->arg[2] = queue_get(&from->arg[2]);
    to->arg[3] = queue_get(&from->arg[3]);
    return queue_get_u32(&from->flags);
}

/* What the predecessor had done of it, as devman has checked and kept it. The copied length is
 * what counts now. */
static uint32_t resume_at(const struct queue_driver *q, const struct queue_request *request)
{
    const struct queue_memory *memory = &q->p.m->slot[slot_of(q, request->seq)];
    uint64_t bytes = memory->seq == request->seq ? memory->done_bytes : 0;

    return (uint32_t)(bytes < request->length ? bytes : request->length);
}

/* Private first, then D's word for devman: from here on the request is this instance's to answer.
 */
static inline void mark_taken(struct queue_driver *q, uint64_t seq, uint32_t op)
{
    unsigned slot = slot_of(q, seq);
    bool waits = op < QUEUE_OPS_MAX && (q->limits.ops_wait >> op & 1);

    if (seq == q->next) {
        q->next++;
    } else {
        q->reissue &= ~(1ull << slot);
    }
    q->taken |= 1ull << slot;
    /* Low words of numbers recur: none of a predecessor in this slot may be taken for this one's.
     */
    queue_put(&q->p.d->done[slot].progress, queue_progress_word(seq, 0));
    queue_put(&q->p.d->done[slot].taken, seq | (waits ? QUEUE_WAITS : 0));
}

/* As it mostly is: nothing of a predecessor's, no FLUSH, nothing invalid. Else nothing has changed,
 * and the request is copied again, to be judged by that copy. */
static inline bool take_plain(struct queue_driver *q, struct queue_request *request)
{
    uint64_t seq = q->next;
    unsigned slot = slot_of(q, seq);
    const struct queue_slot *from = &q->p.c->req[slot];

    if (q->reissue != 0 || q->flushing || (q->taken >> slot & 1) ||
        queue_get_fenced(&from->seq) != seq || copy_request(from, request) != 0 ||
        request->op == QUEUE_OP_FLUSH ||
        queue_check(&q->limits, request->op, request->offset, request->length) != E_OK) {
        return false;
    }
    q->held_back = false;
    request->seq = seq;
    request->resume = 0;
    mark_taken(q, seq, request->op);
    return true;
}

__attribute__((noinline)) static int take_any(struct queue_driver *q, struct queue_request *request)
{
    for (unsigned refused = 0; refused < REFUSALS_MAX; refused++) {
        uint64_t seq = next_number(q);
        bool again = seq != q->next;
        uint32_t flags;
        int error;

        if (seq == 0) {
            return E_BUSY;
        }
        request->seq = seq;
        flags = copy_request(&q->p.c->req[slot_of(q, seq)], request);
        if (request->op == QUEUE_OP_FLUSH && q->taken) {
            q->held_back = true;
            return E_BUSY; /* it became one between two looks: its client's game, and later */
        }
        error = queue_check(&q->limits, request->op, request->offset, request->length);
        error = error || flags == 0 ? error : E_BAD_ARG;
        mark_taken(q, seq, request->op);
        if (error) {
            (void)queue_complete(q, seq, (uint32_t)error, 0);
            continue;
        }
        request->resume = again ? resume_at(q, request) : 0;
        q->flushing = request->op == QUEUE_OP_FLUSH;
        return E_OK;
    }
    return E_BUSY;
}

int queue_take(struct queue_driver *q, struct queue_request *request)
{
    queue_driver_awake(q);
    return take_plain(q, request) ? E_OK : take_any(q, request);
}

/* Apart, since a system call spoils every register: who need not wake anybody saves none. */
__attribute__((noinline)) static void signal_client(const struct queue_driver *q)
{
    queue_wake(q->wake_client);
}

/* The client looks again after it has set its flag, so here only the last completion counts for one
 * that waits for all; and of what it had submitted by then nothing is hidden from this look. */
static inline void wake_client(const struct queue_driver *q)
{
    uint64_t sleep = queue_get_fenced(&q->p.c->sleep);

    if (sleep != QUEUE_AWAKE &&
        (sleep != QUEUE_SLEEPS_ALL || (q->taken == 0 && !queue_driver_sees(q)))) {
        signal_client(q);
    }
}

int queue_complete(struct queue_driver *q, uint64_t seq, uint32_t status, uint64_t value)
{
    unsigned slot = slot_of(q, seq);
    struct queue_done_slot *done = &q->p.d->done[slot];

    if (!is_taken(q, seq)) {
        return E_BAD_ARG;
    }
    q->taken &= ~(1ull << slot);
    q->flushing = false; /* while it was set nothing else was taken */
    queue_put(&done->status, status);
    queue_put(&done->value, value);
    /* Orders status, value and the data before the number, and that before the count ... */
    queue_put(&done->seq, seq);
    q->count++;
    if (q->holds) {
        queue_put(&q->p.d->count, q->count);
        q->owes = true;
        return E_OK;
    }
    /* ... and (the fence of rule 6) both before the look at the client's flag. */
    queue_put_fence(&q->p.d->count, q->count);
    wake_client(q);
    return E_OK;
}

/* The own flag again is the fence of rule 6, one for all of the batch. */
void queue_driver_ring(struct queue_driver *q)
{
    bool owes = q->owes;

    q->holds = q->owes = false;
    if (owes) {
        queue_put_fence(&q->p.d->sleep, q->asleep);
        wake_client(q);
    }
}

uint64_t *queue_progress_place(struct queue_driver *q, uint64_t seq)
{
    return is_taken(q, seq) ? &q->p.d->done[slot_of(q, seq)].progress : NULL;
}

int queue_progress(struct queue_driver *q, uint64_t seq, uint32_t bytes)
{
    uint64_t *place = queue_progress_place(q, seq);

    if (place == NULL) {
        return E_BAD_ARG;
    }
    queue_put(place, queue_progress_word(seq, bytes));
    return E_OK;
}

int queue_waits(struct queue_driver *q, uint64_t seq)
{
    if (!is_taken(q, seq)) {
        return E_BAD_ARG;
    }
    queue_put(&q->p.d->done[slot_of(q, seq)].taken, seq | QUEUE_WAITS);
    return E_OK;
}

bool queue_driver_about_to_sleep(struct queue_driver *q)
{
    if (q->owes) {
        queue_driver_ring(q);
    }
    q->asleep = true;
    queue_put_fence(&q->p.d->sleep, 1); /* before the second look: rule 6 */
    if (next_number(q) == 0) {
        return true;
    }
    queue_driver_awake(q);
    return false;
}
