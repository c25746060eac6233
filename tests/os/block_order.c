/*
 * block_order.c - writes around flushes while the disk's driver dies: some writes, a flush, some
 * more, a flush; either all of them outstanding at once, so that the queue's own FLUSH is what
 * orders them, or each when the one before was acknowledged. What is written says its round and its
 * half. tests/system/test_disk_order.py reads from a log of the medium's writes whether the order
 * was kept; here only that each request has one end.
 */
#include "disk.h"
#include "test.h"

#include <quoll/error.h>
#include <string.h>

#define PIECE       4096u
#define WRITES      4u /* of a half */
#define PLACES_AT   50000u
#define PLACE_STEP  1237u
#define SEED        1000u /* of round 0; test_disk_order.py has these, too */
#define SUMMARY     2u    /* the block that says how many rounds there were */
#define OUTLIVES    4u
#define STEPS_MAX   80000u
#define DEATHS_MIN  8u
#define STRIDE      997u /* in `make test` ... */
#define STRIDE_LONG 13u  /* ... and in `make soak`: block.c has each instruction of one request */
#define KILLS       30u
#define EVERY_US    3000u
#define BIT_QUEUE   4u

static unsigned rounds, submitted, ended;
static bool failed;

static int take_end(void)
{
    struct queue_done done;
    int error = queue_collect(&disk->queue, &done);

    if (error == E_OK) {
        ended++;
        failed |= done.status != E_OK;
    }
    return error;
}

/* While the driver restarts the queue says BUSY. */
static void push(uint32_t op, uint64_t first, uint32_t offset, uint32_t bytes)
{
    const uint64_t args[4] = {first};
    int error = E_BUSY;
    uint64_t seq;

    while (error == E_BUSY) {
        error = queue_submit(&disk->queue, op, offset, bytes, args, &seq);
        if (error == E_BUSY && take_end() == E_BUSY)
            (void)client_wait(BIT_QUEUE, 1000);
    }
    submitted++;
    failed |= error != E_OK;
}

static void drain(void)
{
    while (ended < submitted && !failed) {
        if (take_end() == E_BUSY && queue_client_about_to_sleep(&disk->queue))
            (void)client_wait(BIT_QUEUE, 1000000);
    }
}

/* Half a round: its writes and its flush. */
static void run_half(unsigned half, bool at_once)
{
    for (unsigned i = 0; i < WRITES; i++) {
        uint32_t offset = (half * WRITES + i) * PIECE;
        uint64_t first = PLACES_AT + (uint64_t)(half * WRITES + i) * PLACE_STEP;

        disk_fill(offset, first, PIECE, SEED + 2ull * rounds + half);
        push(BLOCK_OP_WRITE, first, offset, PIECE);
    }
    if (!at_once)
        drain();
    push(at_once ? QUEUE_OP_FLUSH : BLOCK_OP_FLUSH, 0, 0, 0);
    if (!at_once)
        drain();
}

static bool run_round(bool at_once)
{
    run_half(0, at_once);
    run_half(1, at_once);
    drain();
    rounds++;
    return test_expect("all have ended well", !failed && ended == submitted, true);
}

static bool begin(void)
{
    rounds = submitted = ended = 0;
    failed = false;
    return disk_open();
}

static bool sum_up(void)
{
    uint64_t count = rounds;

    memset(disk->data, 0, DISK_BLOCK);
    memcpy(disk->data, &count, sizeof(count));
    return test_expect_error("the summary", disk_request(BLOCK_OP_WRITE, SUMMARY, 0, DISK_BLOCK),
                             E_OK);
}

/* Deaths at one instruction of a round after the other, until rounds are outlived. */
static void step_through(unsigned stride, bool at_once)
{
    unsigned outlived = 0, deaths = 0;

    EXPECT(begin(), true);
    for (unsigned n = 1; outlived < OUTLIVES && n < STEPS_MAX; n += stride) {
        uint32_t pid = disk_driver_pid();
        EXPECT(pid != 0 && disk_die_after(n) && run_round(at_once), true);
        outlived = disk_driver_pid() == pid ? outlived + 1 : 0;
        deaths += outlived == 0;
    }
    EXPECT(disk_die_after(0) && sum_up(), true);
    EXPECT(outlived, OUTLIVES);
    EXPECT(deaths >= DEATHS_MIN, true);
}

static void some_at_once(void)
{
    step_through(STRIDE, true);
}

static void some_in_turn(void)
{
    step_through(STRIDE, false);
}

static void more_at_once(void)
{
    step_through(STRIDE_LONG, true);
}

static void more_in_turn(void)
{
    step_through(STRIDE_LONG, false);
}

/* At random moments, without single steps. */
static void killed(void)
{
    struct devman_toll t = {.left = 1};

    EXPECT(begin(), true);
    EXPECT_OK(devman_call_kill_often(CLIENT_DEVMAN, disk_device, KILLS, EVERY_US));
    while (t.left != 0) {
        EXPECT(run_round(rounds % 2 == 0), true);
        EXPECT_OK(devman_call_killed(CLIENT_DEVMAN, disk_device, &t));
    }
    EXPECT(t.kills, KILLS);
    EXPECT(client_settle(disk_device) && sum_up(), true);
}

static const struct test list[] = {
    {"disk.order.at_once", some_at_once},
    {"disk.order.in_turn", some_in_turn},
    {"disk.order.killed", killed},
    {"soak.disk.order.at_once", more_at_once},
    {"soak.disk.order.in_turn", more_in_turn},
};

TEST_AREA_OF(tests_block_order, list, disk_is_there);
