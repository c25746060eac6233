/*
 * block.c - a disk as its clients see it: patterns written and read back, requests that are wrong,
 * a driver that dies at any instruction of a read, a write and a flush, and under load. The disk is
 * one that begins with `MARK` and 64 MiB long; tests/system/test_ata.py makes it, and compares what
 * is on it afterwards. No other disk is ever written to.
 */
#include "client.h"
#include "test.h"

#include <idl/block_queue.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define MARK         "quoll test disk\n"
#define BLOCK        512u
#define BLOCKS       131072u
#define REGION       0x200000u
#define WORDS        (BLOCK / 8)
#define MOST         0x100000u
#define DEPTH        32u
#define PIECE        4096u
#define PIECE_BLOCKS (PIECE / BLOCK)
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

static struct client_session *s;
static char path[DEVMAN_PATH_MAX + 1];

/* ---- contents: each word says its place and the writing it is of */

static uint64_t word_of(uint64_t block, unsigned i, uint64_t seed)
{
    return (block * WORDS + i) * 0x9e3779b97f4a7c15ull ^ seed * 0xd1b54a32d192ed03ull;
}

static uint64_t *words_at(uint32_t offset)
{
    return (uint64_t *)(void *)((char *)s->data + offset);
}

static void fill(uint32_t offset, uint64_t first, uint32_t bytes, uint64_t seed)
{
    uint64_t *to = words_at(offset);

    for (uint32_t i = 0; i < bytes / 8; i++)
        to[i] = word_of(first + i / WORDS, i % WORDS, seed);
}

static bool holds(uint32_t offset, uint64_t first, uint32_t bytes, uint64_t seed)
{
    const uint64_t *from = words_at(offset);

    for (uint32_t i = 0; i < bytes / 8; i++) {
        if (from[i] != word_of(first + i / WORDS, i % WORDS, seed))
            return test_expect("the word at", first * BLOCK + i * 8ull, UINT64_MAX);
    }
    return true;
}

/* ---- requests */

/* While the driver restarts the queue says BUSY. */
static int submit(uint32_t op, uint64_t first, uint32_t offset, uint32_t bytes, uint64_t *seq)
{
    const uint64_t args[4] = {first};
    struct queue_done done;
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < 5000; i++) {
        error = queue_submit(&s->queue, op, offset, bytes, args, seq);
        if (error == E_BUSY && queue_collect(&s->queue, &done) == E_BUSY)
            (void)client_wait(0, 1000);
    }
    return error;
}

static int request(uint32_t op, uint64_t first, uint32_t offset, uint32_t bytes)
{
    struct queue_done done = {0};
    uint64_t seq;
    int error = submit(op, first, offset, bytes, &seq);

    if (error == E_OK)
        error = client_await(s, seq, &done);
    if (error == E_OK)
        error = (int)done.status;
    return error == E_OK && done.value != bytes ? E_BAD_ANSWER : error;
}

static bool wrote(uint64_t first, uint32_t bytes, uint64_t seed)
{
    fill(0, first, bytes, seed);
    return test_expect_error("write", request(BLOCK_OP_WRITE, first, 0, bytes), E_OK);
}

static bool reads_back(uint64_t first, uint32_t bytes, uint64_t seed)
{
    memset(s->data, 0x5a, bytes);
    return test_expect_error("read", request(BLOCK_OP_READ, first, 0, bytes), E_OK) &&
           holds(0, first, bytes, seed);
}

/* ---- the disk */

static bool find_disk(void)
{
    struct devman_node_state node;

    for (uint32_t i = 0; devman_call_find(CLIENT_DEVMAN, "block", i, &node) == E_OK; i++) {
        if (strncmp(node.id, "disk", 4) == 0) {
            (void)snprintf(path, sizeof(path), "%s", node.where);
            return true;
        }
    }
    return false;
}

static bool open_disk(void)
{
    (void)client_wait(0, 50000); /* for the end of the last one's session */
    if (find_disk())
        s = client_open(path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, REGION / 4096);
    return s != NULL && test_expect("its region", s->data_bytes, REGION);
}

static bool is_marked(void)
{
    return request(BLOCK_OP_READ, 0, 0, BLOCK) == E_OK &&
           memcmp(s->data, MARK, sizeof(MARK) - 1) == 0;
}

static bool has_test_disk(void)
{
    static bool asked, found;

    if (asked || !client_has_devman())
        return found;
    asked = true;
    lab_begin();
    if (find_disk()) {
        s = client_open(path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, 1);
        found = s != NULL && is_marked();
        client_end();
    }
    lab_end();
    return found;
}

/* ---- tests */

static void info(void)
{
    struct block_geometry g = {0};

    EXPECT(open_disk(), true);
    EXPECT_OK(block_call_info(s->endpoint, &g));
    EXPECT(g.blocks, BLOCKS);
    EXPECT(g.block_bytes, BLOCK);
    EXPECT(g.most_bytes, MOST);
    EXPECT(g.is_read_only, false);
}

/* test_ata.py knows them, too. */
static void sizes(void)
{
    static const uint32_t sectors[] = {1, 2, 3, 8, 16, 17, 64, 128, 255, 256, 257, 1024, 2048};

    EXPECT(open_disk(), true);
    for (unsigned i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
        uint32_t bytes = sectors[i] * BLOCK;
        EXPECT(wrote(1000 + 2048ull * i, bytes, i + 1), true);
        EXPECT(reads_back(1000 + 2048ull * i, bytes, i + 1), true);
    }
    EXPECT(wrote(BLOCKS - 2048, MOST, 99), true);
    EXPECT(reads_back(BLOCKS - 2048, MOST, 99), true);
    EXPECT_OK(request(BLOCK_OP_FLUSH, 0, 0, 0));
}

/* A queue full of requests; each has one end, and all that is read is what was written. */
static bool run_deep(uint32_t op, uint64_t step)
{
    struct queue_done done;
    unsigned ended = 0;
    uint64_t seq;

    for (unsigned i = 0; i < DEPTH; i++) {
        if (!test_expect_error("submit", submit(op, DEPTH_AT + i * step, i * PIECE, PIECE, &seq),
                               E_OK))
            return false;
    }
    while (ended < DEPTH) {
        int error = queue_collect(&s->queue, &done);
        if (error == E_BUSY && queue_client_about_to_sleep(&s->queue))
            (void)client_wait(4, 1000000);
        if (error == E_OK && !test_expect_error("its end", (int)done.status, E_OK))
            return false;
        ended += error == E_OK;
    }
    return test_expect("the queue is idle", queue_client_idle(&s->queue), 1);
}

static void deep(uint64_t step, uint64_t seed)
{
    EXPECT(open_disk(), true);
    for (unsigned i = 0; i < DEPTH; i++)
        fill(i * PIECE, DEPTH_AT + i * step, PIECE, seed);
    EXPECT(run_deep(BLOCK_OP_WRITE, step), true);
    memset(s->data, 0, DEPTH * PIECE);
    EXPECT(run_deep(BLOCK_OP_READ, step), true);
    for (unsigned i = 0; i < DEPTH; i++)
        EXPECT(holds(i * PIECE, DEPTH_AT + i * step, PIECE, seed), true);
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
    } wrong[] = {{BLOCKS, 0, 512},
                 {BLOCKS - 1, 0, 1024},
                 {UINT64_MAX, 0, 512},
                 {1ull << 55, 0, 512},
                 {0, 0, 0},
                 {0, 0, 511},
                 {0, 0, 513},
                 {0, 1, 512},
                 {0, 2, 512},
                 {0, REGION - 511, 512},
                 {0, REGION, 512},
                 {0, 0, MOST + 512}};

    EXPECT(open_disk(), true);
    memset(s->data, 0x77, REGION);
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        for (uint32_t op = BLOCK_OP_READ; op <= BLOCK_OP_WRITE; op++)
            EXPECT_ERROR(request(op, wrong[i].first, wrong[i].offset, wrong[i].bytes), E_BAD_ARG);
    }
    for (uint32_t i = 0; i < REGION; i++) {
        if (((uint8_t *)s->data)[i] != 0x77)
            EXPECT(i, REGION);
    }
    EXPECT(is_marked(), true);
}

/* ---- deaths */

static uint32_t pid_now(struct devman_driver_state *d)
{
    return client_settle("ata") && client_driver("ata", d) ? d->pid : 0;
}

static bool die_after(unsigned n)
{
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < 1000; i++) {
        error = client_die_after("ata", n);
        if (error == E_BUSY)
            (void)client_wait(0, 1000);
    }
    return test_expect_error("die_after", error, E_OK);
}

static bool write_life(unsigned n)
{
    return wrote(DEATHS_AT, PIECE, n);
}

static bool read_life(unsigned n)
{
    (void)n;
    return reads_back(DEATHS_AT + 64, PIECE, 7);
}

static bool flush_life(unsigned n)
{
    (void)n;
    return test_expect_error("flush", request(BLOCK_OP_FLUSH, 0, 0, 0), E_OK);
}

/* Until several requests in a row have ended before their driver did. */
static void live(bool (*act)(unsigned n), unsigned stride)
{
    struct devman_driver_state d;
    unsigned outlived = 0, deaths = 0;

    EXPECT(open_disk() && wrote(DEATHS_AT + 64, PIECE, 7), true);
    for (unsigned n = 1; outlived < OUTLIVES && n < STEPS_MAX; n += stride) {
        uint32_t pid = pid_now(&d);
        EXPECT(pid != 0 && die_after(n) && act(n), true);
        outlived = pid_now(&d) == pid ? outlived + 1 : 0;
        deaths += outlived == 0;
        if (act == write_life)
            EXPECT(die_after(0) && reads_back(DEATHS_AT, PIECE, n), true);
    }
    EXPECT(die_after(0), true);
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

    EXPECT(open_disk(), true);
    EXPECT_OK(devman_call_kill_often(CLIENT_DEVMAN, "ata", KILLS, EVERY_US));
    for (; t.left != 0 || n < LOAD_PLACES; n++) {
        uint64_t first = LOAD_AT + n * 7919ull % LOAD_PLACES * PIECE_BLOCKS;
        EXPECT(wrote(first, PIECE, 300 + n) && reads_back(first, PIECE, 300 + n), true);
        if (n % 16 == 0)
            EXPECT_OK(request(BLOCK_OP_FLUSH, 0, 0, 0));
        EXPECT_OK(devman_call_killed(CLIENT_DEVMAN, "ata", &t));
    }
    EXPECT(t.kills, KILLS);
    EXPECT(client_settle("ata"), true);
    for (unsigned i = n - LOAD_PLACES; i < n; i++) {
        uint64_t first = LOAD_AT + i * 7919ull % LOAD_PLACES * PIECE_BLOCKS;
        EXPECT(reads_back(first, PIECE, 300 + i), true);
    }
}

#define EACH(name) {"soak.block.each." #name, name##_each},
#define SOME(name) {"block.deaths." #name, name##_some},

static const struct test list[] = {{"block.info", info},
                                   {"block.sizes", sizes},
                                   {"block.deep.random", deep_random},
                                   {"block.deep.neighbours", deep_neighbours},
                                   {"block.refused", refused},
                                   {"block.load", load},
                                   LIVES(SOME) LIVES(EACH)};

TEST_AREA_OF(tests_block, list, has_test_disk);
