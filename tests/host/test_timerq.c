/* sources: kernel/sched/timerq.c */
/*
 * test_timerq.c - the queue of deadlines against a plain array: 100,000 random operations, the
 * heap's invariants after each of many, and the length of the way right, which bounds every loop.
 */
#include <sched/timerq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMERS     1000u
#define OPERATIONS 100000u

static unsigned passed, failed;
static struct timer timers[TIMERS];
static struct timer *root;
static bool armed[TIMERS]; /* the model: what should be queued, at timers[i].at */
static unsigned armed_count;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok && failed < 20) {
        printf("FAILED: %s\n", what);
    }
}

static uint64_t random64(void)
{
    static uint64_t x = 88172645463325252ull;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static unsigned log2_above(unsigned n)
{
    unsigned bits = 0;

    while ((n + 1) >> (bits + 1)) {
        bits++;
    }
    return bits; /* floor(log2(n + 1)) */
}

/* Nodes below @t; -1 when an invariant does not hold. The test may recurse. */
static int count_nodes(const struct timer *t, const struct timer *parent)
{
    if (t == NULL) {
        return 0;
    }
    unsigned left = t->left ? t->left->rank : 0, right = t->right ? t->right->rank : 0;
    int a = count_nodes(t->left, t), b = count_nodes(t->right, t);
    bool ok = a >= 0 && b >= 0 && t->parent == parent && left >= right && t->rank == right + 1 &&
              (parent == NULL || parent->at <= t->at) &&
              t->rank <= log2_above((unsigned)(a + b) + 1);

    return ok ? a + b + 1 : -1;
}

static uint64_t model_minimum(void)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < TIMERS; i++) {
        if (armed[i] && timers[i].at < least) {
            least = timers[i].at;
        }
    }
    return least;
}

static void insert(unsigned i, uint64_t at)
{
    timers[i].at = at;
    timerq_insert(&root, &timers[i]);
    armed[i] = true;
    armed_count++;
}

static void remove_one(unsigned i)
{
    timerq_remove(&root, &timers[i]);
    armed_count -= armed[i];
    armed[i] = false;
}

/* One random step. In a growing phase most steps insert, else most take out. */
static void step(bool growing, uint64_t spread)
{
    unsigned i = (unsigned)(random64() % TIMERS);
    bool likely = random64() % 4 != 0;

    if (likely == growing) {
        if (!armed[i]) {
            insert(i, random64() % spread);
        }
    } else if (random64() % 2 && root != NULL) {
        check(root->at == model_minimum(), "the root is the minimum");
        remove_one((unsigned)(root - timers));
    } else {
        remove_one(i); /* queued or not */
    }
    check(timerq_queued(&timers[i]) == armed[i], "queued is what the model says");
}

static void random_operations(void)
{
    for (unsigned n = 0; n < OPERATIONS; n++) {
        /* every other phase has few different deadlines, so that many are equal */
        uint64_t spread = n / 5000 % 2 ? 16 : UINT64_MAX;
        step(n / 2500 % 2 == 0, spread);
        if (n % 16 == 0) {
            check(count_nodes(root, NULL) == (int)armed_count, "heap invariants");
        }
    }
}

static void drain(const char *what)
{
    uint64_t last = 0;

    while (root != NULL && armed_count > 0) {
        check(root->at >= last, what);
        last = root->at;
        remove_one((unsigned)(root - timers));
        check(count_nodes(root, NULL) == (int)armed_count, "heap invariants while draining");
    }
    check(root == NULL && armed_count == 0, "empty after draining");
}

/* The orders that are worst for other heaps: rising, falling, then all removed from the inside. */
static void ordered(bool rising)
{
    for (unsigned i = 0; i < TIMERS; i++) {
        insert(i, rising ? i : TIMERS - i);
    }
    check(count_nodes(root, NULL) == (int)TIMERS, "all are queued");
    for (unsigned i = 0; i < TIMERS; i += 3) {
        remove_one(i);
    }
    check(count_nodes(root, NULL) == (int)armed_count, "heap invariants after removals");
    drain("in order");
}

static void edges(void)
{
    struct timer t = {.at = 5};

    timerq_remove(&root, &t);
    check(root == NULL && !timerq_queued(&t), "removing from nothing");
    timerq_insert(&root, &t);
    check(root == &t && timerq_queued(&t) && t.parent == NULL, "one alone");
    timerq_remove(&root, &t);
    check(root == NULL && !timerq_queued(&t) && t.at == 5, "taken out, its time is kept");
}

int main(void)
{
    edges();
    random_operations();
    drain("in order after random operations");
    ordered(true);
    ordered(false);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
