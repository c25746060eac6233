/*
 * budget.c - who gets the CPU when Budgets are used up. Shares are measured by what the kernel has
 * charged; a tick of the emulated timer may come late, so a share may be off by one overrun.
 */
#include "test.h"
#include <quoll/load.h>

#define HIGH     100u
#define LOW      90u
#define SERVER   110u
#define RUN_US   200000u
#define PERMILLE 1000u

/* @used ticks as a share of @elapsed. */
static uint64_t share(uint64_t used, uint64_t elapsed)
{
    return used * PERMILLE / elapsed;
}

/* Let the loads run; the TSC ticks that went by. */
static uint64_t run(struct load *const *loads, unsigned count)
{
    uint64_t start = rdtsc();

    for (unsigned i = 0; i < count; i++)
        load_start(loads[i]);
    test_sleep_us(RUN_US);
    return rdtsc() - start;
}

static void hog_leaves_the_rest(void)
{
    struct load hog, rest;
    struct load *const all[] = {&rest, &hog};
    uint64_t elapsed;

    if (!load_make(&hog, LOAD_SPIN, HIGH, 1000, 10000, 0) ||
        !load_make(&rest, LOAD_SPIN, LOW, 0, 0, 0))
        return;
    elapsed = run(all, 2);
    EXPECT(share(load_consumed(&rest), elapsed) >= 850, 1);
    EXPECT(share(load_consumed(&hog), elapsed) <= 150, 1);
    EXPECT(share(load_consumed(&hog), elapsed) >= 50, 1);
}

static void unlimited_hog_starves(void)
{
    struct load hog, rest;
    struct load *const all[] = {&rest, &hog};

    if (!load_make(&hog, LOAD_SPIN, HIGH, 0, 0, 0) || !load_make(&rest, LOAD_SPIN, LOW, 0, 0, 0))
        return;
    (void)run(all, 2);
    EXPECT(rest.page->count, 0);
}

/* The client never gets its answer and pays for one slice; the server's own Budget does the rest.
 */
static void looping_server_is_stopped(void)
{
    struct load server, client, rest;
    struct load *const all[] = {&server, &rest, &client};
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t elapsed;

    if (!load_make(&server, LOAD_SERVE, SERVER, 1000, 10000, ep) ||
        !load_make(&client, LOAD_CALL, HIGH, 0, 0, ep) ||
        !load_make(&rest, LOAD_SPIN, LOW, 0, 0, 0))
        return;
    elapsed = run(all, 3);
    EXPECT(client.page->count, 0);
    EXPECT(share(load_consumed(&rest), elapsed) >= 800, 1);
    EXPECT(share(load_consumed(&server), elapsed) <= 150, 1);
    EXPECT(share(load_consumed(&client), elapsed) <= 100, 1);
}

/* One request is longer than the poor client's whole Budget: the server finishes it on its own. */
static void poor_client_blocks_nobody(void)
{
    struct load server, poor, rich;
    struct load *const all[] = {&server, &poor, &rich};
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t elapsed;

    if (!load_make(&server, LOAD_SERVE, SERVER, 0, 0, ep) ||
        !load_make(&poor, LOAD_CALL, HIGH, 1000, 100000, ep) ||
        !load_make(&rich, LOAD_CALL, HIGH, 0, 0, ep))
        return;
    /* Short beside the time between interrupts: what is left of it after one is the server's cost.
     */
    server.page->work = quoll_info()->tsc_hz / 5000;
    elapsed = run(all, 3);
    for (unsigned i = 0; i < 100 && poor.page->count == 0; i++) {
        test_sleep_us(100000);
    }
    EXPECT(poor.page->count > 0, 1);
    EXPECT(rich.page->count > poor.page->count, 1);
    EXPECT(share(load_consumed(&rich), elapsed) >= 700, 1);
}

/* Threads that share a Budget share what it gives. */
static void sharers_of_a_budget(void)
{
    struct load one, two, rest;
    struct load *const all[] = {&rest, &one, &two};
    const struct lab_thread *t = &two.peer.t;
    uint64_t elapsed;

    if (!load_make(&one, LOAD_SPIN, HIGH, 2000, 10000, 0) ||
        !load_make(&two, LOAD_SPIN, HIGH, 0, 0, 0) || !load_make(&rest, LOAD_SPIN, LOW, 0, 0, 0))
        return;
    EXPECT_OK(OP5(t->thread, OP_THREAD_CONFIGURE, SLOT_CNODE, two.peer.vspace, 0, t->buffer_frame,
                  one.budget));
    elapsed = run(all, 3);
    EXPECT(one.page->count > 0, 1);
    EXPECT(two.page->count > 0, 1);
    EXPECT(share(load_consumed(&one), elapsed) <= 260, 1);
    EXPECT(share(load_consumed(&rest), elapsed) >= 700, 1);
}

/* A parked thread can be suspended, destroyed, and moved to another Budget. */
static void parked_threads_can_go(void)
{
    struct load a, b, c;
    struct load *const all[] = {&a, &b, &c};
    uint64_t count;

    if (!load_make(&a, LOAD_SPIN, HIGH, 1000, 10000000, 0) ||
        !load_make(&b, LOAD_SPIN, HIGH, 1000, 10000000, 0) ||
        !load_make(&c, LOAD_SPIN, HIGH, 1000, 10000000, 0))
        return;
    (void)run(all, 3); /* each has had its 1 ms and waits for the rest of 10 s */
    count = b.page->count;
    EXPECT(count > 0, 1);
    EXPECT_OK(OP0(a.peer.t.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, c.peer.t.thread));
    EXPECT_OK(OP0(b.peer.t.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP5(b.peer.t.thread, OP_THREAD_CONFIGURE, SLOT_CNODE, b.peer.vspace, 0,
                  b.peer.t.buffer_frame, SLOT_BUDGET));
    EXPECT_OK(OP0(b.peer.t.thread, OP_THREAD_RESUME));
    test_sleep_us(5000);
    EXPECT(b.page->count > count, 1);
    count = a.page->count;
    EXPECT_OK(OP0(a.peer.t.thread, OP_THREAD_RESUME));
    test_sleep_us(5000);
    EXPECT(a.page->count, count);
}

/* Its death while it pays, while its thread is parked, and while a server runs on it. */
static void budget_dies(void)
{
    struct load spin, parked, server, client;
    struct load *const all[] = {&server, &client, &spin, &parked};
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    if (!load_make(&spin, LOAD_SPIN, LOW, 0, 0, 0) ||
        !load_make(&parked, LOAD_SPIN, HIGH, 1000, 10000000, 0) ||
        !load_make(&server, LOAD_SERVE, LOW, 0, 0, ep) ||
        !load_make(&client, LOAD_CALL, LOW, 0, 0, ep))
        return;
    (void)run(all, 4);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, client.budget));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, spin.budget));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, parked.budget));
    test_sleep_us(5000);
    EXPECT_OK(OP0(spin.peer.t.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_STOPPED);
    EXPECT_OK(OP0(parked.peer.t.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_STOPPED);
    EXPECT(server.page->count > 0, 1);
}

static const struct test list[] = {
    {"kernel.budget.hog_leaves_the_rest", hog_leaves_the_rest},
    {"kernel.budget.unlimited_hog_starves", unlimited_hog_starves},
    {"kernel.budget.looping_server_is_stopped", looping_server_is_stopped},
    {"kernel.budget.poor_client_blocks_nobody", poor_client_blocks_nobody},
    {"kernel.budget.sharers_of_a_budget", sharers_of_a_budget},
    {"kernel.budget.parked_threads_can_go", parked_threads_can_go},
    {"kernel.budget.dies", budget_dies},
};

TEST_AREA(tests_budget);
