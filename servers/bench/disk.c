/*
 * disk.c - what a request of a disk costs: all instructions from its submission to the client that
 * knows its end, whoever runs them, without waiting for the disk. A thread of the lowest priority
 * counts while nobody else runs, two instructions a turn: so what is left of the TSC's difference
 * is work (where the TSC counts instructions). Only on a disk that begins with `MARK`, for half of
 * it is written to.
 */
#include "drv.h"
#include "measure.h"

#include <idl/block_queue.h>
#include <idl/devman.h>
#include <quoll/client.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdio.h>
#include <string.h>

extern const char peer_idle[], peer_idle_end[];

#define MARK        "quoll test disk\n"
#define REGION      0x200000u
#define FIRST       2048u  /* block, of what is used */
#define SPAN        32768u /* blocks; where it ends random and sequential ones begin anew */
#define BLOCK       512u
#define DEEP        8u
#define IDLE_TURN   2u /* instructions of peer_idle's loop */
#define PRIORITY_1  1u
#define TURNS_WARM  2u
#define ROUNDS_MANY 200u
#define ROUNDS_DMA  40u /* of 64 KiB and more */
#define ROUNDS_PIO  8u  /* each takes an emulator as long as 262,144 accesses to ports */

/* What is measured; struct bench has it as `words`, coded. */
struct row {
    uint32_t bytes;
    unsigned depth;
    bool write, random;
};

static struct client_session *s;
static struct lab_peer idle;
static struct row row;
static char path[DEVMAN_PATH_MAX + 1];
static uint64_t next_block, seed;

/* ---- which rows there are */

static bool find_disk(uint64_t devman, bool *dma)
{
    struct devman_node_state node, device;

    for (uint32_t i = 0; devman_call_find(devman, "block", i, &node) == E_OK; i++) {
        char *end = strrchr(node.where, '/');
        if (strncmp(node.id, "disk", 4) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s", node.where);
        *end = '\0';
        *dma = devman_call_find(devman, node.where, 0, &device) == E_OK &&
               device.protection != DEVMAN_DMA_NONE;
        return true;
    }
    return false;
}

static int one(uint32_t op, uint64_t first, uint32_t bytes)
{
    uint64_t seq;
    int error = queue_submit(&s->queue, op, 0, bytes, (uint64_t[4]){first}, &seq);

    return error != E_OK ? error : drv_await(seq);
}

enum how { UNKNOWN, NO_DISK, BY_PIO, BY_DMA };

static bool is_marked(void)
{
    return s != NULL && one(BLOCK_OP_READ, 0, BLOCK) == E_OK &&
           memcmp(s->data, MARK, sizeof(MARK) - 1) == 0;
}

/* How the disk that may be used is served: the same for the life of the system. */
static enum how look(void)
{
    static enum how found;
    bool dma = false;

    if (found != UNKNOWN)
        return found;
    found = NO_DISK;
    lab_begin();
    s = drv_open("block", BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, 1);
    if (find_disk(drv_devman(), &dma)) {
        drv_close();
        s = drv_open(path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, 1);
        if (is_marked())
            found = dma ? BY_DMA : BY_PIO;
    }
    drv_close();
    lab_end();
    return found;
}

static bool is_by_dma(void)
{
    return look() == BY_DMA;
}

static bool is_by_pio(void)
{
    return look() == BY_PIO;
}

/* ---- requests */

static uint64_t place(void)
{
    uint64_t blocks = row.bytes / BLOCK, first = next_block;

    if (row.random) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        return FIRST + (seed >> 33) % (SPAN / blocks) * blocks;
    }
    next_block = (next_block + blocks) % SPAN;
    return FIRST + first;
}

static int submit(uint32_t offset)
{
    const uint64_t args[4] = {place()};
    uint64_t seq;

    return queue_submit(&s->queue, row.write ? BLOCK_OP_WRITE : BLOCK_OP_READ, offset, row.bytes,
                        args, &seq);
}

/* As many as are outstanding in a turn; each has bytes of its own as long as the region has. */
static int turn(void)
{
    struct queue_done done;
    unsigned ended = 0;
    int error = E_OK;

    if (row.depth > 1)
        queue_client_hold(&s->queue);
    for (unsigned i = 0; error == E_OK && i < row.depth; i++)
        error = submit(i * row.bytes % REGION);
    queue_client_ring(&s->queue);
    while (error == E_OK && ended < row.depth) {
        error = queue_collect(&s->queue, &done);
        if (error == E_OK) {
            error = (int)done.status;
            ended++;
        } else if (error == E_BUSY) {
            uint64_t bits;
            error = E_OK;
            if (queue_client_about_to_sleep(&s->queue))
                (void)sys_wait(SLOT_NOTIFY, &bits);
        }
    }
    return error;
}

/* ---- the measurement */

static void setup(const struct bench *b, struct measure *m)
{
    (void)m;
    row = (struct row){.bytes = b->words & ~0xffu,
                       .depth = (b->words & 1) != 0 ? DEEP : 1,
                       .write = (b->words & 2) != 0,
                       .random = (b->words & 4) != 0};
    next_block = 0;
    seed = 1;
    lab_peer_make(&idle, false, BLOB(peer_idle), 1, 0, PRIORITY_1);
    lab_peer_start(&idle);
}

static uint64_t work_so_far(void)
{
    const struct peer_page *p = idle.page;

    return rdtsc() - p->count * IDLE_TURN;
}

static uint64_t run(struct measure *m)
{
    uint64_t left = m->rounds == ROUNDS_WARM ? TURNS_WARM : m->rounds;

    s = drv_open(path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, REGION / 4096);
    for (uint32_t *sample = m->samples; s != NULL && left != 0; left--, sample++) {
        uint64_t before = work_so_far();
        if (turn() != E_OK)
            break;
        *sample = (uint32_t)((work_so_far() - before) / row.depth);
    }
    drv_close();
    return left;
}

#define CODE(bytes, random, write, deep) ((bytes) | (random) << 2 | (write) << 1 | (deep))
#define ROW(order, random, way, write, how, size, bytes, rounds)                                   \
    {"disk.ata." order "." way "." how "." size ".qd1",                                            \
     rounds,                                                                                       \
     CODE(bytes, random, write, 0),                                                                \
     true,                                                                                         \
     setup,                                                                                        \
     run},                                                                                         \
        {"disk.ata." order "." way "." how "." size ".qd8",                                        \
         (rounds) / 4,                                                                             \
         CODE(bytes, random, write, 1),                                                            \
         true,                                                                                     \
         setup,                                                                                    \
         run},
#define SIZES(order, random, way, write, how, few)                                                 \
    ROW(order, random, way, write, how, "512", 0x200, ROUNDS_MANY)                                 \
    ROW(order, random, way, write, how, "4k", 0x1000, ROUNDS_MANY)                                 \
    ROW(order, random, way, write, how, "64k", 0x10000, few)                                       \
    ROW(order, random, way, write, how, "128k", 0x20000, few)                                      \
    ROW(order, random, way, write, how, "1m", 0x100000, few)
#define ROWS(how, few)                                                                             \
    SIZES("seq", 0, "read", 0, how, few)                                                           \
    SIZES("seq", 0, "write", 1, how, few)                                                          \
    SIZES("rand", 1, "read", 0, how, few)                                                          \
    SIZES("rand", 1, "write", 1, how, few)

static const struct bench dma_list[] = {ROWS("dma", ROUNDS_DMA)};
static const struct bench pio_list[] = {ROWS("pio", ROUNDS_PIO)};

const struct bench_area area_disk_dma = {dma_list, sizeof dma_list / sizeof dma_list[0], 0,
                                         is_by_dma};
const struct bench_area area_disk_pio = {pio_list, sizeof pio_list / sizeof pio_list[0], 0,
                                         is_by_pio};
