/*
 * queue_client.c - the client's end of a session's queue (quoll/queue.h, docs/sessions.md).
 * Sound against any driver: D is believed only about requests that the private table has as
 * outstanding, and each of those is accepted once. Until it acknowledges a new epoch this end may
 * touch C and D, however late it sees the epoch: devman touches them only after that.
 */
#include <quoll/queue.h>

int queue_client_open(struct queue_client *q, struct queue_pages pages, uint64_t wake_driver,
                      uint64_t wake_manager)
{
    uint32_t slots = queue_get_u32(&pages.m->limits.slots); /* once: M may be another server's */
    uint64_t life = queue_get(&pages.m->life);

    if (!queue_slots_are_sound(slots)) {
        return E_BAD_ARG;
    }
    *q = (struct queue_client){.p = pages,
                               .wake_driver = wake_driver,
                               .wake_manager = wake_manager,
                               .next = 1,
                               .slots = slots};
    /* A driver that has died since the session was opened: that epoch is to be acknowledged. */
    q->epoch = queue_state_of(life) == QUEUE_UP ? life >> 2 : 0;
    return E_OK;
}

/* What this end may do now. */
enum phase {
    PHASE_UP,
    PHASE_NEW_EPOCH, /* accept what D shows, then acknowledge */
    PHASE_HELD,      /* touch neither C nor D */
    PHASE_CLOSED,
};

__attribute__((noinline)) static enum phase phase_of(struct queue_client *q, uint64_t life)
{
    if (queue_state_of(life) == QUEUE_CLOSED) {
        return PHASE_CLOSED;
    }
    if (life >> 2 != q->epoch) {
        return PHASE_NEW_EPOCH;
    }
    if (q->held && queue_state_of(life) == QUEUE_UP) {
        q->held = false;
        q->recovered = true;
    }
    return q->held ? PHASE_HELD : PHASE_UP;
}

static inline enum phase client_phase(struct queue_client *q)
{
    uint64_t life = queue_get(&q->p.m->life);

    return life == queue_life(q->epoch, QUEUE_UP) && !q->held ? PHASE_UP : phase_of(q, life);
}

/* The flag is in C, so it must be taken back before an acknowledgement hands C over. */
static void client_awake(struct queue_client *q)
{
    if (q->asleep) {
        queue_put(&q->p.c->sleep, 0);
        q->asleep = false;
    }
}

/* Apart, since a system call spoils every register: who need not wake anybody saves none. */
__attribute__((noinline)) static void wake_driver(const struct queue_client *q)
{
    queue_wake(q->wake_driver);
}

int queue_submit(struct queue_client *q, uint32_t op, uint64_t offset, uint64_t length,
                 const uint64_t args[4], uint64_t *seq)
{
    static const uint64_t none[4];
    unsigned slot = (unsigned)q->next & (q->slots - 1);
    struct queue_slot *req = &q->p.c->req[slot];
    enum phase phase = client_phase(q);
    int error = queue_check(&q->p.m->limits, op, offset, length);

    if (phase != PHASE_UP || error || q->outstanding >> slot & 1) {
        return phase == PHASE_CLOSED ? E_GONE : error ? error : E_BUSY;
    }
    client_awake(q);
    queue_put_u32(&req->op, op);
    queue_put_u32(&req->flags, 0);
    queue_put(&req->offset, offset);
    queue_put(&req->length, length);
    args = args != NULL ? args : none;
    queue_put(&req->arg[0], args[0]);
    queue_put(&req->arg[1], args[1]);
    queue_put(&req->arg[2], args[2]);
    queue_put(&req->arg[3], args[3]);
    q->outstanding |= 1ull << slot;
    *seq = q->next++;
    /* Orders the request's words and its buffer before the number ... */
    if (q->holds) {
        queue_put(&req->seq, *seq);
        q->owes = true;
        return E_OK;
    }
    /* ... and (the fence of rule 6) the number before the look at the driver's flag. */
    queue_put_fence(&req->seq, *seq);
    if (queue_get_fenced(&q->p.d->sleep)) {
        wake_driver(q);
    }
    return E_OK;
}

/* The own flag again is the fence of rule 6, one for all of the batch. */
void queue_client_ring(struct queue_client *q)
{
    bool owes = q->owes;

    q->holds = q->owes = false;
    if (owes && !q->held) { /* after a restart devman issues the batch again */
        queue_put_fence(&q->p.c->sleep, q->asleep ? QUEUE_SLEEPS : QUEUE_AWAKE);
        if (queue_get_fenced(&q->p.d->sleep)) {
            wake_driver(q);
        }
    }
}

static unsigned slot_after(const struct queue_client *q, unsigned slot)
{
    return (slot + 1) & (q->slots - 1);
}

/* Does D say so of an outstanding one? */
static inline bool is_completed(const struct queue_client *q, unsigned slot)
{
    return queue_get_fenced(&q->p.d->done[slot].seq) == queue_seq_of(q->next, q->slots, slot);
}

/* The lowest of the slots in @mask that D says is completed; `slots`: none. */
static unsigned find_among(const struct queue_client *q, uint64_t mask)
{
    for (; mask != 0; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(mask);

        if (is_completed(q, slot)) {
            return slot;
        }
    }
    return q->slots;
}

__attribute__((noinline)) static unsigned find_from_look(const struct queue_client *q)
{
    uint64_t before = (1ull << q->look) - 1;
    unsigned slot = find_among(q, q->outstanding & ~before);

    return slot != q->slots ? slot : find_among(q, q->outstanding & before);
}

/* The first outstanding slot that D says is completed, from q->look on, which mostly is that one;
 * `slots`: none. While the driver lives, its count says whether there is one, so that an idle look
 * costs one load; of a dead one every slot is looked at, since it may not have come to counting. */
static inline unsigned find_completed(const struct queue_client *q, bool lives)
{
    if (q->outstanding == 0 || (lives && queue_get_fenced(&q->p.d->count) == q->accepted)) {
        return q->slots;
    }
    return q->outstanding >> q->look & 1 && is_completed(q, q->look) ? q->look : find_from_look(q);
}

/* Not outstanding any more. */
static void forget(struct queue_client *q, unsigned slot, struct queue_done *done)
{
    done->seq = queue_seq_of(q->next, q->slots, slot);
    q->accepted++;
    q->outstanding &= ~(1ull << slot);
    q->look = slot_after(q, slot);
}

static inline bool accept_one(struct queue_client *q, bool lives, struct queue_done *done)
{
    unsigned slot = find_completed(q, lives);

    if (slot == q->slots) {
        return false;
    }
    /* After the load of its number, which was stored last. */
    done->status = queue_get(&q->p.d->done[slot].status);
    done->value = queue_get(&q->p.d->done[slot].value);
    forget(q, slot, done);
    /* Before the caller reuses the buffer: otherwise a successor would issue it again. */
    queue_put(&q->p.c->req[slot].seq, 0);
    return true;
}

/* The session is over: no one will answer this one. */
static bool give_up_one(struct queue_client *q, struct queue_done *done)
{
    if (q->outstanding == 0) {
        return false;
    }
    forget(q, (unsigned)__builtin_ctzll(q->outstanding), done);
    done->status = E_DEAD;
    done->value = 0;
    return true;
}

static void acknowledge(struct queue_client *q)
{
    uint64_t epoch = queue_get(&q->p.m->life) >> 2;

    /* `next`, and all that was cleared before it, is there for whoever sees `ack`. */
    queue_put(&q->p.c->next, q->next);
    queue_put(&q->p.c->ack, epoch);
    q->epoch = epoch;
    q->accepted = 0;
    q->held = true;
    q->owes = false; /* the successor looks by itself, and C must not be touched */
    queue_wake(q->wake_manager);
}

/* What is left of a driver that has died, or of the session. */
__attribute__((noinline)) static int collect_rest(struct queue_client *q, enum phase phase,
                                                  struct queue_done *done)
{
    if (phase == PHASE_HELD) {
        return E_BUSY;
    }
    client_awake(q);
    if (accept_one(q, false, done)) {
        return E_OK;
    }
    if (phase == PHASE_CLOSED) {
        return give_up_one(q, done) ? E_OK : E_GONE;
    }
    if (phase == PHASE_NEW_EPOCH) {
        acknowledge(q);
    }
    return E_BUSY;
}

int queue_collect(struct queue_client *q, struct queue_done *done)
{
    enum phase phase = client_phase(q);

    if (phase != PHASE_UP) {
        return collect_rest(q, phase, done);
    }
    client_awake(q);
    return accept_one(q, true, done) ? E_OK : E_BUSY;
}

bool queue_recovered(struct queue_client *q)
{
    bool recovered;

    (void)client_phase(q);
    recovered = q->recovered;
    q->recovered = false;
    return recovered;
}

/* Is none of the outstanding ones left to wait for? */
static bool client_has_all(const struct queue_client *q)
{
    bool all = q->outstanding == 0 || find_completed(q, true) != q->slots;

    for (uint64_t left = q->outstanding; all && left != 0; left &= left - 1) {
        all = find_among(q, left & -left) != q->slots;
    }
    return all;
}

/* Would queue_collect do anything, and is it what is waited for? */
static bool client_has_work(const struct queue_client *q, enum phase phase, enum queue_sleep until)
{
    switch (phase) {
    case PHASE_NEW_EPOCH:
        return true;
    case PHASE_CLOSED:
        return q->outstanding != 0;
    case PHASE_HELD:
        return false;
    default:
        return until == QUEUE_SLEEPS_ALL ? client_has_all(q) : find_completed(q, true) != q->slots;
    }
}

static bool about_to_sleep(struct queue_client *q, enum queue_sleep until)
{
    enum phase phase;

    queue_client_ring(q);
    phase = client_phase(q);
    /* devman's changes of M need no flag, and no second look: it signals after each of them, and a
     * signal stays until it is waited for. While C is devman's the flag must not be touched. */
    if (phase == PHASE_UP) {
        q->asleep = true;
        queue_put_fence(&q->p.c->sleep, until); /* before the second look: rule 6 */
    }
    if (!client_has_work(q, phase, until)) {
        return true;
    }
    client_awake(q);
    return false;
}

bool queue_client_about_to_sleep(struct queue_client *q)
{
    return about_to_sleep(q, QUEUE_SLEEPS);
}

bool queue_client_about_to_sleep_for_all(struct queue_client *q)
{
    return about_to_sleep(q, QUEUE_SLEEPS_ALL);
}
