/*
 * queue_manager.c - devman's end of a session's queue (quoll/queue.h, docs/sessions.md): opening,
 * a death and the successor, closing, and what tells a driver that serves from one that does not.
 * Sound against a client and a driver that lie: a client's words decide only what is issued again
 * to it, a driver's only how it is aged, audited, and how far its successor thinks it came.
 * Never waits; called by devman alone.
 */
#include <quoll/queue.h>
#include <string.h>

static void set_life(struct queue_manager *q, enum queue_state state)
{
    queue_put(&q->p.m->life, queue_life(q->epoch, state));
}

static enum queue_state state_of(const struct queue_manager *q)
{
    return queue_state_of(queue_get(&q->p.m->life));
}

static bool limits_are_sound(const struct queue_limits *limits)
{
    return queue_slots_are_sound(limits->slots) && limits->data_bytes <= QUEUE_DATA_LARGE &&
           (limits->ops_allowed & ~limits->ops_known) == 0 &&
           (limits->ops_wait & ~limits->ops_known) == 0;
}

/* Of C and of D. */
static size_t bytes_of(uint32_t slots)
{
    return queue_control_pages(slots) / 2 * (size_t)QUEUE_PAGE_BYTES;
}

int queue_manager_open(struct queue_manager *q, struct queue_pages pages,
                       const struct queue_limits *limits, uint64_t wake_client,
                       uint64_t wake_driver)
{
    if (!limits_are_sound(limits)) {
        return E_BAD_ARG;
    }
    *q = (struct queue_manager){
        .p = pages, .wake_client = wake_client, .wake_driver = wake_driver, .epoch = 1, .next = 1};
    memset(pages.c, 0, bytes_of(limits->slots));
    memset(pages.d, 0, bytes_of(limits->slots));
    memset(pages.m, 0, QUEUE_PAGE_BYTES);
    pages.m->limits = *limits;
    pages.m->next = 1;
    set_life(q, QUEUE_UP);
    return E_OK;
}

void queue_manager_down(struct queue_manager *q, bool counts)
{
    enum queue_state state = state_of(q);

    if (state == QUEUE_CLOSED) {
        return;
    }
    /* Nothing of a session that was not UP was with the instance that died. */
    q->strike = q->strike || (state == QUEUE_UP && counts);
    q->oldest = 0;
    q->epoch++;
    set_life(q, QUEUE_RESTARTING);
    queue_wake(q->wake_client);
}

void queue_manager_close(struct queue_manager *q)
{
    set_life(q, QUEUE_CLOSED);
    queue_wake(q->wake_client);
    queue_wake(q->wake_driver);
}

/* devman's memory of @seq in @slot; a new one if it was not outstanding at the death before. */
static struct queue_memory *memory_of(struct queue_manager *q, unsigned slot, uint64_t seq)
{
    struct queue_memory *memory = &q->p.m->slot[slot];

    if (memory->seq != seq) {
        *memory = (struct queue_memory){.seq = seq};
    }
    return memory;
}

/* The one word of a dead driver that is read: how far it came with a request. It cannot be used to
 * read or write anything (at most the request's own length), so a lie costs only this request's
 * bytes, which the driver could have spoilt before. The furthest of several instances counts. */
static void keep_progress(struct queue_manager *q, unsigned slot, struct queue_memory *memory)
{
    uint64_t said = queue_get(&q->p.d->done[slot].progress);
    uint64_t length = queue_get(&q->p.c->req[slot].length);
    uint32_t bytes = (uint32_t)said;

    if (queue_progress_is_of(said, memory->seq) && bytes <= length && bytes > memory->done_bytes) {
        memory->done_bytes = bytes;
    }
}

/* Count the death against a request; true when that was one too many. */
static bool strike(const struct queue_manager *q, struct queue_memory *memory)
{
    memory->strikes += q->strike;
    return q->strike && memory->strikes >= QUEUE_POISON;
}

/* Go through the slots in the order of their numbers: which are outstanding, and which is the
 * oldest that has had too many deaths. Each word of C is read once. */
static uint64_t find_outstanding(struct queue_manager *q, uint64_t next,
                                 struct queue_recovery *found)
{
    uint32_t slots = q->p.m->limits.slots;
    uint64_t mask = 0;

    for (uint64_t number = next - slots; number != next; number++) {
        unsigned slot = (unsigned)number & (slots - 1);
        uint64_t seq = queue_get(&q->p.c->req[slot].seq);
        struct queue_memory *memory;

        if (seq == 0) {
            continue;
        }
        if (seq != number || number > next) { /* the second: before number 1 */
            found->ignored++;
            continue;
        }
        memory = memory_of(q, slot, seq);
        keep_progress(q, slot, memory);
        if (strike(q, memory) && found->poison == 0) {
            found->poison = seq;
            continue;
        }
        mask |= 1ull << slot;
        found->reissued++;
    }
    return mask;
}

/* D as a new instance expects it, with the answer to what killed its predecessors. */
static void renew_d(struct queue_manager *q, uint64_t poison)
{
    struct queue_done_slot *done = &q->p.d->done[poison & (q->p.m->limits.slots - 1)];

    memset(q->p.d, 0, bytes_of(q->p.m->limits.slots));
    if (poison) {
        done->status = E_DEAD;
        done->taken = poison;
        q->p.d->count = 1;
        queue_put(&done->seq, poison);
    }
}

int queue_manager_up(struct queue_manager *q, struct queue_recovery *found)
{
    struct queue_recovery all = {0};
    enum queue_state state = state_of(q);
    uint64_t next, mask;

    if (state != QUEUE_RESTARTING) {
        return state == QUEUE_CLOSED ? E_GONE : E_EXISTS;
    }
    if (queue_get(&q->p.c->ack) != q->epoch) {
        return E_BUSY;
    }
    next = queue_get(&q->p.c->next); /* after `ack`, as it was stored before */
    if (next < q->next || next > QUEUE_SEQ_MAX) {
        queue_manager_close(q);
        return E_BAD_ARG;
    }
    mask = find_outstanding(q, next, &all);
    renew_d(q, all.poison);
    q->strike = false;
    q->next = next;
    q->p.m->next = next;
    q->p.m->reissue = mask;
    set_life(q, QUEUE_UP); /* orders all of the above: both ends look only after they see it */
    queue_wake(q->wake_client);
    queue_wake(q->wake_driver);
    *found = all;
    return E_OK;
}

uint64_t queue_manager_age(struct queue_manager *q, uint64_t now)
{
    uint64_t oldest = 0;

    for (unsigned slot = 0; slot < q->p.m->limits.slots; slot++) {
        const struct queue_done_slot *done = &q->p.d->done[slot];
        uint64_t taken = queue_get(&done->taken);

        /* `seq` is read second: what was completed meanwhile is not called outstanding. */
        if (taken & QUEUE_WAITS || queue_get(&done->seq) >= taken) {
            continue;
        }
        oldest = oldest == 0 || taken < oldest ? taken : oldest;
    }
    if (oldest == 0 || state_of(q) != QUEUE_UP) {
        q->oldest = 0;
        return 0;
    }
    if (oldest != q->oldest) {
        q->oldest = oldest;
        q->since = now;
    }
    return now - q->since;
}

bool queue_manager_is_used(const struct queue_manager *q)
{
    const struct queue_limits *limits = &q->p.m->limits;

    for (unsigned slot = 0; slot < limits->slots; slot++) {
        const struct queue_slot *r = &q->p.c->req[slot];
        uint32_t op = queue_get_u32(&r->op);

        if (queue_get(&r->seq) > queue_get(&q->p.d->done[slot].seq) && op < QUEUE_OPS_MAX &&
            (limits->ops_wait >> op & 1) == 0) {
            return true;
        }
    }
    return false;
}

struct queue_finding queue_manager_audit(const struct queue_manager *q)
{
    uint32_t slots = q->p.m->limits.slots;
    uint64_t sleep = queue_get(&q->p.d->sleep);

    if (sleep > 1) {
        return (struct queue_finding){"D's sleep flag is neither 0 nor 1", 0, sleep};
    }
    for (unsigned slot = 0; slot < slots; slot++) {
        const struct queue_done_slot *done = &q->p.d->done[slot];
        uint64_t seq = queue_get(&done->seq); /* before `taken`, which only grows */
        uint64_t taken = queue_get(&done->taken) & ~QUEUE_WAITS;

        if (taken != 0 && (taken & (slots - 1)) != slot) {
            return (struct queue_finding){"D says that a number of another slot was taken", slot,
                                          taken};
        }
        if (seq != 0 && ((seq & (slots - 1)) != slot || seq > taken)) {
            return (struct queue_finding){"D completes a request that was not taken", slot, seq};
        }
    }
    return (struct queue_finding){0};
}
