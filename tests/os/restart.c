/*
 * restart.c - a retype of much memory goes in shares: what others do half-way. The worker has a
 * lower priority than the test's thread: it runs while that sleeps, and is caught in the middle of
 * its one system call by a short sleep. How much it has done by then is anybody's guess, and must
 * make no difference.
 */
#include "test.h"

#define WORKER_PRIORITY 110u
#define MEMORY_BITS     FRAME_2M_BITS
#define MEMORY_BYTES    (1u << MEMORY_BITS)
#define CNODE_BITS      15u /* slots: half of the memory */
#define STRIDE          512u
#define WORDS           4u /* at each: as many as a capability slot has */
#define PATTERN         0x5ec7e7de7ec7edull
#define SLEEP_US        10u
#define ATTEMPTS        500u
#define NAPS            20000u /* 0.2 s at least */
#define FRAME_VA        0x5000000000ull
#define SMALL_VA        (FRAME_VA + MEMORY_BYTES) /* of a frame that has a table */

static struct puppet worker;
static uint64_t memory; /* an untyped full of PATTERN */
static uint64_t target; /* an empty slot, and one more behind it */

/* What is asked how often depends on the time: it is no part of the test's results. */
static uint64_t ask(uint64_t cap, uint32_t label, unsigned word)
{
    struct msg m = {0};

    return sys_invoke(cap, label, &m) == E_OK ? m.w[word] : UINT64_MAX;
}

static uint64_t used(void)
{
    return ask(memory, OP_UNTYPED_INFO, 2);
}

static int retype(unsigned type, uint64_t bits, uint64_t slot)
{
    return OP5(memory, OP_UNTYPED_RETYPE, type, bits, 0, slot, 1);
}

static bool map(uint64_t va, uint64_t frame)
{
    return test_expect_error("mapping a frame",
                             lab_map(SLOT_VSPACE, va, frame, RIGHT_READ | RIGHT_WRITE), E_OK);
}

static void write_pattern(uint64_t va, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += STRIDE)
        for (unsigned i = 0; i < WORDS; i++)
            ((volatile uint64_t *)(va + at))[i] = PATTERN;
}

/* @frame, which fills the memory, is all zero. */
static void expect_zero(uint64_t frame)
{
    if (!map(FRAME_VA, frame))
        return;
    for (uint64_t at = 0; at < MEMORY_BYTES; at += STRIDE)
        if (*(volatile uint64_t *)(FRAME_VA + at) != 0) {
            (void)test_expect("offset of a word that is not zero", at, MEMORY_BYTES);
            return;
        }
}

static bool revoke(uint64_t slot)
{
    return test_expect_error("revoking", sys_op(SLOT_CNODE, OP_CNODE_REVOKE, slot, 0, 0, 0, 0, 0),
                             E_OK);
}

static bool prepare(void)
{
    memory = lab_make(OBJ_UNTYPED, MEMORY_BITS);
    target = lab_slot();
    (void)lab_slot();
    if (!puppet_make(&worker, false, WORKER_PRIORITY, 0))
        return false;
    puppets_begin();         /* how many orders it gets depends on the time */
    test_sleep_us(SLEEP_US); /* up to its first wait */
    if (!test_expect_error("frame to write to", retype(OBJ_FRAME, MEMORY_BITS, target), E_OK) ||
        !map(FRAME_VA, target))
        return false;
    write_pattern(FRAME_VA, MEMORY_BYTES);
    return revoke(memory);
}

static uint64_t worker_rip(void)
{
    return ask(worker.thread, OP_THREAD_INFO, 3);
}

/* The worker's result. */
static int finish(void)
{
    for (unsigned i = 0; i < NAPS && !puppet_idle(&worker); i++)
        test_sleep_us(SLEEP_US);
    return puppet_status(&worker);
}

/* Let the worker retype @type of @bits into @target, and return when it is in the middle of it. */
static bool half_way(unsigned type, uint64_t bits)
{
    struct msg m = {.tag = msg_tag(OP_UNTYPED_RETYPE, 0, 0), .w = {type, bits, 0, target, 1}};

    for (unsigned i = 0; i < ATTEMPTS; i++) {
        uint64_t waiting = worker_rip();

        puppet_sys(&worker, SYS_CALL, memory, 0, &m);
        do
            test_sleep_us(SLEEP_US);
        while (!puppet_idle(&worker) && worker_rip() == waiting);
        if (!puppet_idle(&worker) && used() == 0)
            return true;
        if (!test_expect_error("a whole retype", finish(), E_OK) || !revoke(memory))
            return false;
    }
    return test_expect("retypes that were caught half-way", 0, 1);
}

static void goes_on(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT(slot_type(target), OBJ_NULL);
    EXPECT_OK(finish());
    EXPECT(slot_type(target), OBJ_FRAME);
    EXPECT(used(), MEMORY_BYTES);
    expect_zero(target);
}

static void memory_taken(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(retype(OBJ_FRAME, FRAME_4K_BITS, target + 1));
    EXPECT_ERROR(finish(), E_NO_MEMORY);
    EXPECT(slot_type(target), OBJ_NULL);
    EXPECT(used(), 1u << FRAME_4K_BITS);
}

static void slot_filled(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(OP4(SLOT_CNODE, OP_CNODE_COPY, target, 0, SLOT_NOTIFY, RIGHT_ALL));
    EXPECT_ERROR(finish(), E_EXISTS);
    EXPECT(slot_type(target), OBJ_NOTIFICATION);
    EXPECT(used(), 0);
}

static void untyped_gone(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, memory));
    EXPECT_ERROR(finish(), E_BAD_CAP);
    EXPECT(slot_type(target), OBJ_NULL);
}

static void untyped_moved(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_MOVE, target + 1, 0, memory));
    memory = target + 1;
    EXPECT_ERROR(finish(), E_BAD_CAP);
    EXPECT(used(), 0);
    EXPECT_OK(retype(OBJ_FRAME, MEMORY_BITS, target));
    expect_zero(target);
}

static void retyper_destroyed(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, worker.thread));
    EXPECT(slot_type(target), OBJ_NULL);
    EXPECT(used(), 0);
    /* What it has zeroed is as good as what this call zeroes. */
    EXPECT_OK(retype(OBJ_FRAME, MEMORY_BITS, target));
    expect_zero(target);
}

static void retyper_suspended(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(OP0(worker.thread, OP_THREAD_SUSPEND));
    test_sleep_us(1000);
    EXPECT(slot_type(target), OBJ_NULL);
    EXPECT_OK(OP0(worker.thread, OP_THREAD_RESUME));
    EXPECT_OK(finish());
    expect_zero(target);
}

/* Two want the same memory; the one that is ready first gets it. */
static void two_at_once(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(retype(OBJ_FRAME, MEMORY_BITS, target + 1));
    EXPECT(puppet_idle(&worker), 0);
    EXPECT_ERROR(finish(), E_NO_MEMORY);
    EXPECT(used(), MEMORY_BYTES);
    expect_zero(target + 1);
}

/* The object moves on behind what was taken meanwhile: little, or more than was zero by then. */
static void goes_on_behind(unsigned type, uint64_t bits)
{
    if (!prepare() || !half_way(OBJ_CNODE, CNODE_BITS))
        return;
    EXPECT_OK(retype(type, bits, target + 1));
    EXPECT_OK(finish());
    EXPECT(used(), MEMORY_BYTES);
    EXPECT(slot_type(target), OBJ_CNODE);
    for (uint64_t slot = STRIDE / 32; slot < 1u << CNODE_BITS; slot += STRIDE / 32) {
        EXPECT_OK(OP1(target, OP_CNODE_INFO, slot));
        EXPECT(test_out.w[0], OBJ_NULL);
    }
}

static void goes_on_behind_little(void)
{
    goes_on_behind(OBJ_ENDPOINT, 0);
}

static void goes_on_behind_much(void)
{
    goes_on_behind(OBJ_CNODE, CNODE_BITS);
}

/* What is zero already becomes somebody's frame, is written to, and is free again: nobody may go on
 * believing that it is zero. */
static void written_meanwhile(void)
{
    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    EXPECT_OK(retype(OBJ_FRAME, FRAME_4K_BITS, target + 1));
    if (!map(SMALL_VA, target + 1))
        return;
    write_pattern(SMALL_VA, 1u << FRAME_4K_BITS);
    if (!revoke(memory))
        return;
    EXPECT(used(), 0);
    EXPECT_OK(finish());
    expect_zero(target);
}

/* The same with a share of a second retype in between, of objects of another size. */
static void written_and_begun_again(void)
{
    uint64_t other;

    if (!prepare() || !half_way(OBJ_FRAME, MEMORY_BITS))
        return;
    other = target + 1;
    EXPECT_OK(retype(OBJ_FRAME, FRAME_4K_BITS, other));
    if (!map(SMALL_VA, other))
        return;
    write_pattern(SMALL_VA, 1u << FRAME_4K_BITS);
    if (!revoke(memory))
        return;
    EXPECT_OK(retype(OBJ_CNODE, CNODE_BITS, other));
    EXPECT_OK(OP4(other, OP_CNODE_COPY, 1, 0, SLOT_NOTIFY, RIGHT_ALL));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, other));
    EXPECT(used(), 0);
    EXPECT_OK(finish());
    expect_zero(target);
}

static void limits(void)
{
    uint64_t first = lab_slot();
    uint64_t before = lab_used_bytes();

    for (unsigned i = 1; i <= RETYPE_COUNT_MAX; i++)
        (void)lab_slot();
    EXPECT_ERROR(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, 0, first,
                     RETYPE_COUNT_MAX + 1),
                 E_BAD_ARG);
    /* More than is ever zeroed at once, before it is looked at whether there is so much. */
    EXPECT_ERROR(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_1G_BITS, 0, first, 2),
                 E_BAD_ARG);
    EXPECT_ERROR(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_UNTYPED, 40, 0, first, 2), E_NO_MEMORY);
    EXPECT(lab_used_bytes(), before);
    EXPECT_OK(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, 0, first, RETYPE_COUNT_MAX));
    EXPECT(slot_type(first + RETYPE_COUNT_MAX - 1), OBJ_ENDPOINT);
    EXPECT(slot_type(first + RETYPE_COUNT_MAX), OBJ_NULL);
}

static const struct test list[] = {
    {"kernel.restart.goes_on", goes_on},
    {"kernel.restart.memory_taken", memory_taken},
    {"kernel.restart.slot_filled", slot_filled},
    {"kernel.restart.untyped_gone", untyped_gone},
    {"kernel.restart.untyped_moved", untyped_moved},
    {"kernel.restart.retyper_destroyed", retyper_destroyed},
    {"kernel.restart.retyper_suspended", retyper_suspended},
    {"kernel.restart.two_at_once", two_at_once},
    {"kernel.restart.goes_on_behind_little", goes_on_behind_little},
    {"kernel.restart.goes_on_behind_much", goes_on_behind_much},
    {"kernel.restart.written_meanwhile", written_meanwhile},
    {"kernel.restart.written_and_begun_again", written_and_begun_again},
    {"kernel.restart.limits", limits},
};

TEST_AREA(tests_restart);
