/*
 * states.c - every state that four threads can get into in some steps, and in each of them all that
 * any thread can do, compared with the model: the third way through the orders of events
 * (orderings.c). States that differ only in which thread is which count as one.
 */
#include "stage.h"
#include <string.h>

#define STATES_MAX 16384u
#define HASH_SLOTS 32768u
#define NONE       MODEL_NOBODY

/* A state lies a step behind another: by that way it is reached again. */
struct reached {
    uint32_t from;
    struct model_step step;
};

static struct {
    struct reached reached[STATES_MAX];
    uint64_t known[HASH_SLOTS];
    unsigned count;     /* of those reached */
    unsigned length;    /* steps at most, the last one included */
    unsigned bound;     /* whom the notification is bound to */
    unsigned performed; /* steps tried */
} search;

/* Is it new? Then it is known from now on. */
static bool is_new(uint64_t hash)
{
    unsigned slot = (unsigned)(hash >> 32) % HASH_SLOTS;

    for (unsigned i = 0; i < HASH_SLOTS; i++, slot = (slot + 1) % HASH_SLOTS) {
        if (search.known[slot] == hash)
            return false;
        if (search.known[slot] == 0) {
            search.known[slot] = hash;
            return true;
        }
    }
    return false;
}

/* The steps to state @index. */
static void way_to(unsigned index, struct stage_sequence *way)
{
    unsigned length = 0;

    for (unsigned i = index; i != 0; i = search.reached[i].from)
        length++;
    way->count = length;
    for (unsigned i = index; i != 0; i = search.reached[i].from)
        way->step[--length] = search.reached[i].step;
}

/* Threads that have had no part in @way are alike, but for the one that the notification is bound
 * to: of the others only the first needs to be tried. */
static unsigned had_part(const struct stage_sequence *way)
{
    unsigned threads = search.bound == NONE ? 0 : 1u << search.bound;

    for (unsigned n = 0; n < way->count; n++) {
        threads |= 1u << way->step[n].thread;
        if (way->step[n].op >= M_ANSWER_FOR)
            threads |= 1u << way->step[n].target;
    }
    return threads;
}

static bool is_worth_trying(unsigned threads, unsigned i)
{
    unsigned before = (1u << i) - 1;

    return threads & 1u << i || (threads & before) == before;
}

/* All that can be done in state @index. False after a failure. */
static bool leave_state(unsigned index, const struct model *m, const struct stage_sequence *way)
{
    unsigned threads = had_part(way);
    struct stage_sequence longer = *way;

    longer.count++;
    for (unsigned choice = 0; choice < MODEL_THREADS * M_OPS * MODEL_THREADS; choice++) {
        struct model_step s = {(uint8_t)(choice / MODEL_THREADS / M_OPS),
                               (uint8_t)(choice / MODEL_THREADS % M_OPS),
                               (uint8_t)(choice % MODEL_THREADS)};
        struct model after = *m;

        if ((s.op < M_ANSWER_FOR && s.target != 0) || !model_can_move(m, s.thread) ||
            !is_worth_trying(threads, s.thread) ||
            !is_worth_trying(threads | 1u << s.thread, s.target))
            continue;
        longer.step[way->count] = s;
        if (!stage_perform(&longer, way->count))
            return false;
        search.performed++;
        stage_model_step(&after, s, way->count);
        if (longer.count < search.length && search.count < STATES_MAX &&
            is_new(model_hash(&after, search.bound)))
            search.reached[search.count++] = (struct reached){index, s};
    }
    return true;
}

/* Every step from every state: @steps of them. */
static void explore(unsigned length, unsigned bound, unsigned steps)
{
    static const uint8_t priorities[] = {PUPPET_PRIORITY, PUPPET_PRIORITY, PUPPET_PRIORITY,
                                         PUPPET_PRIORITY};
    struct stage_sequence way;
    struct model m;

    if (!stage_build(priorities, bound, false))
        return;
    memset(search.known, 0, sizeof search.known);
    search.count = 1;
    search.length = length;
    search.bound = bound;
    search.performed = 0;
    for (unsigned index = 0; index < search.count; index++) {
        way_to(index, &way);
        stage_model(&m);
        for (unsigned n = 0; n < way.count; n++)
            stage_model_step(&m, way.step[n], n);
        if (!leave_state(index, &m, &way))
            return;
    }
    EXPECT(search.count < STATES_MAX, 1);
    EXPECT(search.performed, steps);
}

static void three_steps(void)
{
    explore(3, NONE, 5957);
}

static void two_steps_bound(void)
{
    explore(2, 0, 1463);
}

static void five_steps(void)
{
    explore(5, NONE, 172578);
}

static void four_steps_bound(void)
{
    explore(4, 0, 113932);
}

static const struct test list[] = {
    {"kernel.orderings.states", three_steps},
    {"kernel.orderings.states_bound", two_steps_bound},
    {"soak.orderings.states", five_steps},
    {"soak.orderings.states_bound", four_steps_bound},
};

TEST_AREA(tests_states);
