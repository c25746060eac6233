/*
 * measure.c - runs one benchmark: fresh lab, warm-up, rounds, order statistics, clean-up.
 * The empty TSC pair is measured each time and is all that is subtracted.
 */
#include "measure.h"
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* measure.asm knows these by value. */
_Static_assert(SYS_NULL == 1 && SYS_SIGNAL == 5 && SYS_WAIT == 6, "numbers in the assembly");
_Static_assert(SYS_SEND == 2 && SYS_RECV == 3 && SYS_REPLY == 4, "numbers in the assembly");
_Static_assert(SYS_CALL == 0 && SYS_REPLY_RECV == -1, "numbers in the assembly");
_Static_assert(offsetof(struct measure, rounds) == 8, "M_ROUNDS");
_Static_assert(offsetof(struct measure, op) == 16, "M_CAP");
_Static_assert(offsetof(struct measure, op.words) == 32, "M_WORDS");
_Static_assert(offsetof(struct measure, undo) == 80, "M_OTHER");
_Static_assert(offsetof(struct measure, end) == 144, "M_END");
_Static_assert(offsetof(struct peer_page, stamp) == 32, "STAMP");
_Static_assert(offsetof(struct peer_page, bad) == 64, "BAD");
_Static_assert(offsetof(struct peer_page, seed) == 72, "SEED");
_Static_assert(offsetof(struct peer_page, delay) == 80, "DELAY");

#define NOPS       100u
#define NOP_ROUNDS 101u

static uint32_t samples[ROUNDS_MAX];

static void sift_down(uint32_t *v, uint64_t from, uint64_t count)
{
    uint64_t child;

    while ((child = 2 * from + 1) < count) {
        uint32_t top = v[from];

        if (child + 1 < count && v[child + 1] > v[child])
            child++;
        if (top >= v[child])
            return;
        v[from] = v[child];
        v[child] = top;
        from = child;
    }
}

/* Heap sort: no recursion, no memory. */
static void sort(uint32_t *v, uint64_t count)
{
    for (uint64_t i = count / 2; i-- > 0;)
        sift_down(v, i, count);
    for (uint64_t end = count; end-- > 1;) {
        uint32_t top = v[0];

        v[0] = v[end];
        v[end] = top;
        sift_down(v, 0, end);
    }
}

/* Median of @loop, which touches no kernel object. */
static uint32_t median_of(uint64_t (*loop)(struct measure *m))
{
    struct measure m = {.samples = samples, .rounds = NOP_ROUNDS};

    (void)loop(&m);
    sort(samples, m.rounds);
    return samples[m.rounds / 2];
}

static uint64_t less(uint32_t sample, uint32_t empty)
{
    return sample > empty ? sample - empty : 0;
}

static bool is_filled(uint64_t slot)
{
    struct msg m = {.w = {slot}};

    return sys_invoke(SLOT_CNODE, OP_CNODE_INFO, &m) == E_OK && m.w[0] != OBJ_NULL;
}

uint64_t measure_filling(struct measure *m)
{
    struct msg once = {.tag = m->op.tag};
    uint64_t slot = m->undo.words[0];

    memcpy(once.w, m->op.words, sizeof once.w);
    if (sys_call(m->op.cap, &once) != E_OK || !is_filled(slot))
        return m->rounds;
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, slot, 0, 0, 0, 0, 0);
    return measure_invoke(m);
}

/* @rounds rounds of @b in the lab that setup has built; false with the reason in @r. */
static bool run_rounds(const struct bench *b, struct measure *m, uint64_t rounds, struct result *r)
{
    uint64_t left = rounds;

    m->rounds = rounds;
    if (lab_error() == NULL)
        left = b->run(m);
    if (lab_error() != NULL)
        (void)snprintf(r->why, sizeof r->why, "%s", lab_error());
    else if (left != 0)
        (void)snprintf(r->why, sizeof r->why, "round %u of %u did not give what it should",
                       (unsigned)(rounds - left + 1), (unsigned)rounds);
    return r->why[0] == '\0';
}

/* Warm up, measure, count. */
static bool run_marked(const struct bench *b, struct measure *m, struct result *r)
{
    bool ok = run_rounds(b, m, ROUNDS_WARM, r);

    if (ok) {
        measure_mark_begin();
        ok = run_rounds(b, m, b->rounds, r);
        measure_mark_end();
    }
    return ok;
}

/* A counter of time can hit that number once, but not with a quarter of its samples each below and
 * above the median, too. It is one or the other for good. */
bool measure_counts(void)
{
    static enum { UNKNOWN, COUNTS, MEASURES } found;

    if (found == UNKNOWN) {
        uint32_t wanted = median_of(measure_empty) + NOPS;
        bool counts = median_of(measure_nops) == wanted;

        counts =
            counts && samples[NOP_ROUNDS / 4] == wanted && samples[NOP_ROUNDS * 3 / 4] == wanted;
        found = counts ? COUNTS : MEASURES;
    }
    return found == COUNTS;
}

bool measure_bench(const struct bench *b, struct result *r)
{
    struct measure m = {.samples = samples};
    uint32_t empty = median_of(measure_empty);
    bool counts = measure_counts();
    bool ok;

    lab_begin();
    b->setup(b, &m);
    ok = run_marked(b, &m, r);
    lab_end();
    if (ok && lab_error() != NULL)
        (void)snprintf(r->why, sizeof r->why, "clean-up: %s", lab_error());
    if (r->why[0] != '\0')
        return false;
    sort(samples, b->rounds);
    r->median = less(samples[b->rounds / 2], empty);
    r->min = less(samples[0], empty);
    r->max = less(samples[b->rounds - 1], empty);
    r->n = b->rounds;
    r->unit = counts ? "instructions" : "tsc";
    if (m.finish != NULL)
        m.finish(b, r);
    return true;
}
