/*
 * orderings.c - orders of events, enumerated: everything that four threads can do with one
 * endpoint, one notification and their Replies, compared step by step with a model of the
 * specification (model.h). Two ways through it, and a third in states.c:
 *   programs   each thread has a short program; all ways to interleave them
 *   alphabets  each thread may do any of some things; all sequences of a length
 * The soak.* tests are the same, longer; `test` runs them only when told to.
 */
#include "stage.h"
#include <stdio.h>
#include <string.h>

#define ACTIONS_MAX 32

struct scenario {
    const char *role[MODEL_THREADS]; /* what each thread does */
    bool programs;                   /* in this order, each once */
    unsigned length;                 /* of the sequences, at most */
    unsigned each;                   /* what one thread does at most */
    bool spaces;                     /* B and D live in address spaces of their own */
    unsigned bound;
    uint8_t priority[MODEL_THREADS];
    unsigned sequences; /* how many there are */
};

struct roles {
    struct model_step action[MODEL_THREADS][ACTIONS_MAX];
    unsigned count[MODEL_THREADS];
};

/* ---- sequences */

static bool parse_roles(const struct scenario *sc, struct roles *r)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        const char *text = sc->role[i];

        r->count[i] = 0;
        while (r->count[i] < ACTIONS_MAX && stage_next_action(&text, &r->action[i][r->count[i]]))
            r->action[i][r->count[i]++].thread = (uint8_t)i;
        if (!test_expect(sc->role[i], (uint64_t)text[0], 0))
            return false;
    }
    return true;
}

/* Where the enumeration stands at one length of the prefix. */
struct level {
    struct model m;
    unsigned used[MODEL_THREADS];
    unsigned next; /* the choice to be tried: thread * ACTIONS_MAX + action */
    bool leaf;     /* none was possible so far */
};

/* The next choice that is possible at @l, or false. */
static bool choose(const struct scenario *sc, const struct roles *r, struct level *l,
                   struct model_step *s)
{
    for (; l->next < MODEL_THREADS * ACTIONS_MAX; l->next++) {
        unsigned i = l->next / ACTIONS_MAX, k = l->next % ACTIONS_MAX;
        bool turn = sc->programs ? k == l->used[i] : l->used[i] < sc->each;

        if (k < r->count[i] && turn && model_can_move(&l->m, i)) {
            *s = r->action[i][k];
            l->next++;
            return true;
        }
    }
    return false;
}

/* All sequences, each performed when it can't be made longer. How many; 0 after a failure. */
static unsigned enumerate(const struct scenario *sc, const struct roles *r)
{
    static struct level level[STAGE_STEPS_MAX + 1];
    struct stage_sequence sequence = {0};
    unsigned performed = 0;

    memset(level, 0, sizeof level[0]);
    stage_model(&level[0].m);
    for (;;) {
        struct level *l = &level[sequence.count];
        struct model_step s;

        if (sequence.count < sc->length && choose(sc, r, l, &s)) {
            struct level *deeper = l + 1;

            l->leaf = false;
            *deeper = *l;
            deeper->next = 0;
            deeper->leaf = true;
            deeper->used[s.thread]++;
            stage_model_step(&deeper->m, s, sequence.count);
            sequence.step[sequence.count++] = s;
            continue;
        }
        if (sequence.count == 0)
            return performed;
        if (l->leaf) {
            if (!stage_perform(&sequence, 0))
                return 0;
            performed++;
        }
        sequence.count--;
    }
}

static void run(const struct scenario *sc)
{
    struct roles r;

    if (parse_roles(sc, &r) && stage_build(sc->priority, sc->bound, sc->spaces))
        EXPECT(enumerate(sc, &r), sc->sequences);
}

/* ---- the programs */

#define EQUAL                                                                                      \
    {                                                                                              \
        130, 130, 130, 130                                                                         \
    }
#define RISING                                                                                     \
    {                                                                                              \
        130, 131, 132, 133                                                                         \
    }
#define FALLING                                                                                    \
    {                                                                                              \
        133, 132, 131, 130                                                                         \
    }

#define NONE MODEL_NOBODY

#define PROGRAMS(name, together, who, prio, number, a, b, c, d)                                    \
    static void name(void)                                                                         \
    {                                                                                              \
        static const struct scenario sc = {.role = {a, b, c, d},                                   \
                                           .programs = true,                                       \
                                           .length = STAGE_STEPS_MAX,                              \
                                           .spaces = !(together),                                  \
                                           .bound = (who),                                         \
                                           .priority = prio,                                       \
                                           .sequences = (number)};                                 \
                                                                                                   \
        run(&sc);                                                                                  \
    }

PROGRAMS(two_clients, false, NONE, EQUAL, 659, "call call", "call send", "recv answer_recv answer",
         "suspend:A resume:A")
PROGRAMS(two_servers, false, NONE, RISING, 1230, "call call", "call call",
         "recv answer_recv answer_recv", "recv answer_recv answer")
PROGRAMS(destroyed, false, NONE, FALLING, 927, "call call", "call", "recv answer_recv answer",
         "kill_reply:C kill_endpoint")
PROGRAMS(server_suspended, true, NONE, RISING, 951, "call call", "call", "recv answer_recv answer",
         "suspend:C resume:C cancel:A")
PROGRAMS(client_killed, false, NONE, EQUAL, 379, "call call", "call call",
         "recv answer answer_recv", "kill_thread:A cancel_calls")
PROGRAMS(faults, true, NONE, FALLING, 654, "fault", "call call", "recv answer refuse",
         "resume:A cancel:A")
PROGRAMS(bound, true, 2, RISING, 3219, "signal signal", "call call", "recv answer_recv wait",
         "suspend:C resume:C signal")
PROGRAMS(waiters, true, 2, EQUAL, 1482, "signal wait", "signal", "wait poll recv",
         "kill_notification call")
PROGRAMS(more_waiters, true, 2, EQUAL, 6855, "signal wait", "signal call", "wait poll recv",
         "kill_notification call")

/* ---- the alphabets */

#define ALPHABETS(name, who, prio, number, a, b, c, d)                                             \
    static void name(void)                                                                         \
    {                                                                                              \
        static const struct scenario sc = {.role = {a, b, c, d},                                   \
                                           .length = 5,                                            \
                                           .each = 3,                                              \
                                           .bound = (who),                                         \
                                           .priority = prio,                                       \
                                           .sequences = (number)};                                 \
                                                                                                   \
        run(&sc);                                                                                  \
    }

ALPHABETS(all_rendezvous, NONE, FALLING, 19186, "call", "call send", "recv answer answer_recv",
          "recv answer answer_recv")
ALPHABETS(all_suspended, NONE, EQUAL, 52389, "call", "call", "recv answer_recv answer",
          "suspend:A resume:A cancel:A suspend:C resume:C cancel:C")
ALPHABETS(all_destroyed, NONE, RISING, 32916, "call", "call", "recv answer_recv",
          "kill_endpoint kill_reply:C kill_thread:A kill_thread:C cancel_calls cancel_badge:A")
ALPHABETS(all_bound, 2, FALLING, 108135, "signal", "call send", "recv plain wait poll answer",
          "suspend:C resume:C signal kill_notification")
ALPHABETS(all_faults, NONE, EQUAL, 71798, "fault", "call", "recv answer refuse answer_recv",
          "suspend:A resume:A cancel:A kill_reply:C kill_thread:A")
ALPHABETS(all_answered, NONE, RISING, 14674, "call", "call", "recv answer_recv",
          "answer_for:C kill_reply:C recv answer kill_thread:D")

/* ---- sequences that have found something once */

static const char *const found[] = {
    "A.recv B.call A.answer_recv B.call A.answer_recv",
};

static void listed(void)
{
    static const uint8_t rising[] = RISING;
    struct stage_sequence s;

    if (!stage_build(rising, NONE, true))
        return;
    for (unsigned i = 0; i < sizeof found / sizeof found[0]; i++)
        if (!test_expect(found[i], stage_parse(found[i], &s), 1) || !stage_perform(&s, 0))
            return;
}

static const struct test list[] = {
    {"kernel.orderings.two_clients", two_clients},
    {"kernel.orderings.two_servers", two_servers},
    {"kernel.orderings.destroyed", destroyed},
    {"kernel.orderings.server_suspended", server_suspended},
    {"kernel.orderings.client_killed", client_killed},
    {"kernel.orderings.faults", faults},
    {"kernel.orderings.bound", bound},
    {"kernel.orderings.waiters", waiters},
    {"kernel.orderings.listed", listed},
    {"soak.orderings.waiters", more_waiters},
    {"soak.orderings.rendezvous", all_rendezvous},
    {"soak.orderings.suspended", all_suspended},
    {"soak.orderings.destroyed", all_destroyed},
    {"soak.orderings.bound", all_bound},
    {"soak.orderings.faults", all_faults},
    {"soak.orderings.answered", all_answered},
};

TEST_AREA(tests_orderings);
