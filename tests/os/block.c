/*
 * block.c - a disk as its clients see it: patterns written and read back, requests that are wrong,
 * a driver that dies at any instruction of a read, a write and a flush, and under load. The disk is
 * disk.h's; tests/system/test_ata.py compares what is on it afterwards.
 */
#include "disk.h"
#include "test.h"

#include <quoll/error.h>
#include <string.h>

#define DEPTH        32u
#define PIECE        4096u
#define PIECE_BLOCKS (PIECE / DISK_BLOCK)
#define DEPTH_AT     40000u
#define DEPTH_STEP   1237u /* blocks between two requests: none is the next one's neighbour */
#define DEATHS_AT    100000u
#define LOAD_AT      110000u
#define LOAD_PLACES  1024u
#define OUTLIVES     8u
#define STEPS_MAX    40000u
#define DEATHS_MIN   8u
#define STRIDE       61u /* in `make test`; `make soak` takes each */
#define KILLS        20u
#define EVERY_US     10000u

/* ---- tests */

static void info(void)
{
    struct block_geometry g = {0};

    EXPECT(disk_open(), true);
    EXPECT_OK(block_call_info(disk->endpoint, &g));
    EXPECT(g.blocks, DISK_BLOCKS);
    EXPECT(g.block_bytes, DISK_BLOCK);
    EXPECT(g.most_bytes, DISK_MOST);
    EXPECT(g.is_read_only, false);
}

/* test_ata.py knows them, too. */
static void sizes(void)
{
    static const uint32_t sectors[] = {1, 2, 3, 8, 16, 17, 64, 128, 255, 256, 257, 1024, 2048};

    EXPECT(disk_open(), true);
    for (unsigned i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
        uint32_t bytes = sectors[i] * DISK_BLOCK;
        EXPECT(disk_wrote(1000 + 2048ull * i, bytes, i + 1), true);
        EXPECT(disk_reads_back(1000 + 2048ull * i, bytes, i + 1), true);
    }
    EXPECT(disk_wrote(DISK_BLOCKS - 2048, DISK_MOST, 99), true);
    EXPECT(disk_reads_back(DISK_BLOCKS - 2048, DISK_MOST, 99), true);
    EXPECT_OK(disk_request(BLOCK_OP_FLUSH, 0, 0, 0));
}

/* A queue full of requests; each has one end, and all that is read is what was written. */
static bool run_deep(uint32_t op, uint64_t step)
{
    struct queue_done done;
    unsigned ended = 0;
    uint64_t seq;

    for (unsigned i = 0; i < DEPTH; i++) {
        if (!test_expect_error("submit",
                               disk_submit(op, DEPTH_AT + i * step, i * PIECE, PIECE, &seq), E_OK))
            return false;
    }
    while (ended < DEPTH) {
        int error = queue_collect(&disk->queue, &done);
        if (error == E_BUSY && queue_client_about_to_sleep(&disk->queue))
            (void)client_wait(4, 1000000);
        if (error == E_OK && !test_expect_error("its end", (int)done.status, E_OK))
            return false;
        ended += error == E_OK;
    }
    return test_expect("the queue is idle", queue_client_idle(&disk->queue), 1);
}

static void deep(uint64_t step, uint64_t seed)
{
    EXPECT(disk_open(), true);
    for (unsigned i = 0; i < DEPTH; i++)
        disk_fill(i * PIECE, DEPTH_AT + i * step, PIECE, seed);
    EXPECT(run_deep(BLOCK_OP_WRITE, step), true);
    memset(disk->data, 0, DEPTH * PIECE);
    EXPECT(run_deep(BLOCK_OP_READ, step), true);
    for (unsigned i = 0; i < DEPTH; i++)
        EXPECT(disk_holds(i * PIECE, DEPTH_AT + i * step, PIECE, seed), true);
}

static void deep_random(void)
{
    deep(DEPTH_STEP, 200);
}

static void deep_neighbours(void)
{
    deep(PIECE_BLOCKS, 201);
}

static void refused(void)
{
    static const struct {
        uint64_t first;
        uint32_t offset, bytes;
    } wrong[] = {{DISK_BLOCKS, 0, 512},
                 {DISK_BLOCKS - 1, 0, 1024},
                 {UINT64_MAX, 0, 512},
                 {1ull << 55, 0, 512},
                 {0, 0, 0},
                 {0, 0, 511},
                 {0, 0, 513},
                 {0, 1, 512},
                 {0, 2, 512},
                 {0, DISK_REGION - 511, 512},
                 {0, DISK_REGION, 512},
                 {0, 0, DISK_MOST + 512}};

    EXPECT(disk_open(), true);
    memset(disk->data, 0x77, DISK_REGION);
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        for (uint32_t op = BLOCK_OP_READ; op <= BLOCK_OP_WRITE; op++)
            EXPECT_ERROR(disk_request(op, wrong[i].first, wrong[i].offset, wrong[i].bytes),
                         E_BAD_ARG);
    }
    for (uint32_t i = 0; i < DISK_REGION; i++) {
        if (((uint8_t *)disk->data)[i] != 0x77)
            EXPECT(i, DISK_REGION);
    }
    EXPECT(disk_is_marked(), true);
}

/* A request that the queue's library would not have made: written over it before the driver is
 * told. Answered as it must be, and nothing was done. */
static bool forge(const struct queue_slot *wanted, int error)
{
    struct queue_done done = {0};
    struct queue_slot *slot;
    uint64_t seq;

    queue_client_hold(&disk->queue);
    if (!test_expect_error("submit", disk_submit(BLOCK_OP_READ, 0, 0, DISK_BLOCK, &seq), E_OK))
        return false;
    slot = &disk->queue.p.c->req[seq & (disk->queue.slots - 1)];
    slot->op = wanted->op;
    slot->flags = wanted->flags;
    slot->offset = wanted->offset;
    slot->length = wanted->length;
    slot->arg[0] = wanted->arg[0];
    queue_client_ring(&disk->queue);
    return test_expect_error("await", client_await(disk, seq, &done), E_OK) &&
           test_expect_error("its end", (int)done.status, error);
}

/* Numbers that nobody has given: ahead, behind, and in another's slot. */
static void forge_numbers(void)
{
    struct queue_c *c = disk->queue.p.c;
    uint64_t next = disk->queue.next, slots = disk->queue.slots;
    const uint64_t wrong[] = {next + 1, next + slots, next - 1, UINT64_MAX, QUEUE_SEQ_MAX};

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct queue_slot *slot = &c->req[(next + 1) & (slots - 1)];

        *slot = (struct queue_slot){.op = BLOCK_OP_WRITE, .length = DISK_BLOCK, .seq = wrong[i]};
        (void)sys_signal(disk->queue.wake_driver);
        test_sleep_us(1000);
        slot->seq = 0;
    }
}

static void forged(void)
{
    static const struct {
        struct queue_slot slot;
        int error;
    } wrong[] = {
        {{.op = 77, .length = DISK_BLOCK}, E_BAD_CALL},
        {{.op = QUEUE_OPS_MAX - 1, .length = DISK_BLOCK}, E_BAD_CALL},
        {{.op = BLOCK_OP_WRITE, .flags = 1, .length = DISK_BLOCK}, E_BAD_ARG},
        {{.op = BLOCK_OP_WRITE, .offset = DISK_REGION, .length = DISK_BLOCK}, E_BAD_ARG},
        {{.op = BLOCK_OP_WRITE, .offset = DISK_REGION - 511, .length = DISK_BLOCK}, E_BAD_ARG},
        {{.op = BLOCK_OP_WRITE, .offset = UINT64_MAX, .length = DISK_BLOCK}, E_BAD_ARG},
        {{.op = BLOCK_OP_WRITE, .offset = DISK_BLOCK, .length = UINT64_MAX}, E_BAD_ARG},
        {{.op = BLOCK_OP_WRITE, .length = DISK_BLOCK, .arg = {DISK_BLOCKS}}, E_BAD_ARG},
        {{.op = BLOCK_OP_WRITE, .length = DISK_BLOCK, .arg = {UINT64_MAX}}, E_BAD_ARG},
        {{.op = BLOCK_OP_FLUSH, .length = DISK_BLOCK}, E_BAD_ARG},
        {{.op = QUEUE_OP_FLUSH, .length = DISK_BLOCK}, E_BAD_ARG},
        {{.op = BLOCK_OP_TRIM}, E_UNSUPPORTED},
    };

    EXPECT(disk_open(), true);
    memset(disk->data, 0x77, DISK_REGION);
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        EXPECT(forge(&wrong[i].slot, wrong[i].error), true);
    forge_numbers();
    for (uint32_t i = 0; i < DISK_REGION; i++) {
        if (((uint8_t *)disk->data)[i] != 0x77)
            EXPECT(i, DISK_REGION);
    }
    EXPECT(disk_is_marked(), true);
}

/* ---- deaths */

static bool write_life(unsigned n)
{
    return disk_wrote(DEATHS_AT, PIECE, n);
}

static bool read_life(unsigned n)
{
    (void)n;
    return disk_reads_back(DEATHS_AT + 64, PIECE, 7);
}

static bool flush_life(unsigned n)
{
    (void)n;
    return test_expect_error("flush", disk_request(BLOCK_OP_FLUSH, 0, 0, 0), E_OK);
}

/* Until several requests in a row have ended before their driver did. */
static void live(bool (*act)(unsigned n), unsigned stride)
{
    unsigned outlived = 0, deaths = 0;

    EXPECT(disk_open() && disk_wrote(DEATHS_AT + 64, PIECE, 7), true);
    for (unsigned n = 1; outlived < OUTLIVES && n < STEPS_MAX; n += stride) {
        uint32_t pid = disk_driver_pid();
        EXPECT(pid != 0 && disk_die_after(n) && act(n), true);
        outlived = disk_driver_pid() == pid ? outlived + 1 : 0;
        deaths += outlived == 0;
        if (act == write_life)
            EXPECT(disk_die_after(0) && disk_reads_back(DEATHS_AT, PIECE, n), true);
    }
    EXPECT(disk_die_after(0), true);
    EXPECT(outlived, OUTLIVES);
    EXPECT(deaths >= DEATHS_MIN, true);
}

#define LIVES(X) X(write) X(read) X(flush)
#define LIFE(name)                                                                                 \
    static void name##_each(void)                                                                  \
    {                                                                                              \
        live(name##_life, 1);                                                                      \
    }                                                                                              \
    static void name##_some(void)                                                                  \
    {                                                                                              \
        live(name##_life, STRIDE);                                                                 \
    }
LIVES(LIFE)

/* One place after the other, each with what was written there last; killed at random moments. */
static void load(void)
{
    struct devman_toll t = {.left = 1};
    unsigned n = 0;

    EXPECT(disk_open(), true);
    EXPECT_OK(devman_call_kill_often(CLIENT_DEVMAN, disk_device, KILLS, EVERY_US));
    for (; t.left != 0 || n < LOAD_PLACES; n++) {
        uint64_t first = LOAD_AT + n * 7919ull % LOAD_PLACES * PIECE_BLOCKS;
        EXPECT(disk_wrote(first, PIECE, 300 + n) && disk_reads_back(first, PIECE, 300 + n), true);
        if (n % 16 == 0)
            EXPECT_OK(disk_request(BLOCK_OP_FLUSH, 0, 0, 0));
        EXPECT_OK(devman_call_killed(CLIENT_DEVMAN, disk_device, &t));
    }
    EXPECT(t.kills, KILLS);
    EXPECT(client_settle(disk_device), true);
    for (unsigned i = n - LOAD_PLACES; i < n; i++) {
        uint64_t first = LOAD_AT + i * 7919ull % LOAD_PLACES * PIECE_BLOCKS;
        EXPECT(disk_reads_back(first, PIECE, 300 + i), true);
    }
}

#define EACH(name) {"soak.block.each." #name, name##_each},
#define SOME(name) {"block.deaths." #name, name##_some},

static const struct test list[] = {{"block.info", info},
                                   {"block.sizes", sizes},
                                   {"block.deep.random", deep_random},
                                   {"block.deep.neighbours", deep_neighbours},
                                   {"block.refused", refused},
                                   {"block.forged", forged},
                                   {"block.load", load},
                                   LIVES(SOME) LIVES(EACH)};

TEST_AREA_OF(tests_block, list, disk_is_there);
