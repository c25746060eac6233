/*
 * disk_restart.c - from the death of a disk's driver, while a request is at the disk, to the first
 * request that its successor has done: the work of everybody, and how long it took. The driver is
 * made to dereference a null pointer. What waits (resets take 2 ms) is no work: a thread of the
 * lowest priority writes down when it could not run, so the work between any two readings of the
 * TSC can be told, devman's own stamps among them. Only on a disk that is marked (test_disk.h).
 */
#include "drv.h"
#include "measure.h"

#include <idl/block_queue.h>
#include <idl/devman.h>
#include <quoll/client.h>
#include <quoll/deadline.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdio.h>
#include <string.h>
#include <test_disk.h>

extern const char peer_gaps[], peer_gaps_end[];

#define ROUNDS     30u
#define TURNS_WARM 2u
#define PRIORITY_1 1u
#define GAP_PAGES  8u
#define GAPS_MAX   ((GAP_PAGES - 1) * 4096u / sizeof(struct gap))
#define PIECE      0x10000u
#define FIRST      2048u /* block */
#define DATA_PAGES (0x200000u / 4096)
#define LAST_US    500u /* until the last gap has been written down */
#define BIT_LATER  (1ull << 40)

/* When somebody else ran. */
struct gap {
    uint64_t from, to;
};

enum part { DETECT, QUIET, RECLAIM, LOAD, ATTACH, SERVE, TOTAL, ELAPSED, PARTS };

enum kind { ATA_DMA, ATA_PIO, AHCI_DMA, KINDS };

static const struct {
    const char *driver;
    bool by_dma;
} kinds[KINDS] = {
    [ATA_DMA] = {"ata", true}, [ATA_PIO] = {"ata", false}, [AHCI_DMA] = {"ahci", true}};

/* The first marked disk of each kind; "": there is none. */
static struct target {
    char path[DEVMAN_PATH_MAX + 1], device[DEVMAN_PATH_MAX + 1];
} targets[KINDS];

static struct client_session *s;
static struct lab_peer idle;
static enum part measured;          /* of the benchmark that runs */
static const struct target *target; /* its */

/* ---- which rows there are */

static int read_block(uint64_t first, uint32_t bytes)
{
    uint64_t seq;
    int error = queue_submit(&s->queue, BLOCK_OP_READ, 0, bytes, (uint64_t[4]){first}, &seq);

    return error != E_OK ? error : drv_await(seq);
}

static bool is_marked(const struct devman_node_state *node)
{
    bool marked;

    if (strncmp(node->id, "disk", 4) != 0)
        return false;
    s = drv_open(node->where, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, 1);
    marked = s != NULL && read_block(0, 512) == E_OK &&
             memcmp(s->data, TEST_DISK_MARK, sizeof(TEST_DISK_MARK) - 1) == 0;
    drv_close();
    return marked;
}

/* The disk at @path is marked. */
static void remember(uint64_t devman, const char *path)
{
    struct devman_node_state device;
    struct target t;

    (void)snprintf(t.path, sizeof(t.path), "%s", path);
    (void)snprintf(t.device, sizeof(t.device), "%s", path);
    *strrchr(t.device, '/') = '\0';
    if (devman_call_find(devman, t.device, 0, &device) != E_OK) {
        return;
    }
    for (unsigned k = 0; k < KINDS; k++) {
        bool by_dma = device.protection != DEVMAN_DMA_NONE;
        if (targets[k].path[0] == '\0' && kinds[k].by_dma == by_dma &&
            strcmp(device.driver, kinds[k].driver) == 0) {
            targets[k] = t;
        }
    }
}

/* Once: they are the same for the life of the system. */
static bool is_there(enum kind kind)
{
    static bool looked;
    struct devman_node_state node;

    for (uint32_t i = 0; !looked; i++) {
        uint64_t devman;
        lab_begin();
        devman = lab_slot();
        looked = names_lookup("devman", devman) != E_OK ||
                 devman_call_find(devman, "block", i, &node) != E_OK;
        if (!looked && is_marked(&node)) {
            remember(devman, node.where);
        }
        lab_end();
    }
    return targets[kind].path[0] != '\0';
}

/* ---- work between two readings */

static void wait_a_moment(void)
{
    uint64_t bits, end = rdtsc() + quoll_info()->tsc_hz / 1000000 * LAST_US;

    (void)task_set_deadline(end, BIT_LATER);
    do {
        (void)sys_wait(SLOT_NOTIFY, &bits);
    } while ((bits & BIT_LATER) == 0);
}

static uint64_t work_between(uint64_t from, uint64_t to)
{
    const struct peer_page *p = idle.page;
    const struct gap *gap = (const void *)((const char *)idle.page + PEER_SAMPLES_OFFSET);
    uint64_t sum = 0;

    for (uint64_t i = 0; i < p->count; i++) {
        uint64_t begin = gap[i].from > from ? gap[i].from : from;
        uint64_t end = gap[i].to < to ? gap[i].to : to;
        sum += begin < end ? end - begin : 0;
    }
    return sum;
}

static uint64_t part_of(const struct devman_restart_times *t, uint64_t start, uint64_t served)
{
    const uint64_t limits[] = {start, t->quiet, t->reclaim, t->load, t->attach, t->run, served};

    if (measured == ELAPSED)
        return served - start;
    if (measured == TOTAL)
        return work_between(start, served);
    return work_between(limits[measured], limits[measured + 1]);
}

/* ---- the measurement */

static void setup(const struct bench *b, struct measure *m)
{
    (void)m;
    measured = (enum part)(b->words % PARTS);
    target = &targets[b->words / PARTS];
    lab_peer_make(&idle, false, BLOB(peer_gaps), GAP_PAGES, 0, PRIORITY_1);
    ((struct peer_page *)idle.page)->rounds = GAPS_MAX;
    lab_peer_start(&idle);
}

/* While the driver restarts the queue says BUSY. */
static int read_after_restart(void)
{
    struct queue_done done;
    uint64_t bits;
    int error = read_block(FIRST, PIECE);

    while (error == E_BUSY) {
        if (queue_collect(&s->queue, &done) == E_BUSY && queue_client_about_to_sleep(&s->queue))
            (void)sys_wait(SLOT_NOTIFY, &bits);
        error = read_block(FIRST, PIECE);
    }
    return error;
}

/* A request is at the disk when its driver dies. One that was done just before proves nothing: then
 * the next one is the successor's first. */
static int restart(uint32_t *sample)
{
    struct peer_page *p = idle.page;
    struct devman_restart_times times;
    uint64_t seq, served, second, start;
    int error;

    p->count = 0;
    error = queue_submit(&s->queue, BLOCK_OP_READ, 0, PIECE, (uint64_t[4]){FIRST}, &seq);
    start = rdtsc();
    if (error == E_OK)
        error = devman_call_inject(drv_devman(), DEVMAN_FAULT_NULL_DEREF, target->device);
    if (error == E_OK)
        error = drv_await(seq);
    served = rdtsc();
    if (error == E_OK)
        error = read_after_restart();
    second = rdtsc();
    if (error == E_OK)
        error = devman_call_restarted(drv_devman(), target->device, &times);
    wait_a_moment();
    if (error != E_OK)
        return error;
    if (times.detect < start || p->count >= GAPS_MAX)
        return E_BAD_ANSWER; /* another restart, or too many gaps to know all of them */
    *sample = (uint32_t)part_of(&times, start, served > times.run ? served : second);
    return E_OK;
}

static bool is_unchanged(const struct devman_usage *before)
{
    struct devman_usage now = {0};

    return devman_call_used(drv_devman(), &now) == E_OK && now.memory == before->memory &&
           now.slots == before->slots && now.pieces == before->pieces;
}

static uint64_t run(struct measure *m)
{
    uint64_t left = m->rounds == ROUNDS_WARM ? TURNS_WARM : m->rounds;
    struct devman_usage before = {0};

    s = drv_open(target->path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, DATA_PAGES);
    if (s == NULL || lab_check("used", devman_call_used(drv_devman(), &before)) != E_OK)
        return left;
    for (uint32_t *sample = m->samples; left != 0; left--, sample++) {
        if (lab_check("a restart", restart(sample)) != E_OK)
            break;
    }
    if (!is_unchanged(&before))
        (void)lab_check("restarts changed what devman uses", E_NO_MEMORY);
    drv_close();
    return left;
}

#define PART(kind, prefix, name, part)                                                             \
    {                                                                                              \
        prefix name, ROUNDS, (kind)*PARTS + (part), true, setup, run                               \
    }
#define AREA(area, kind, prefix)                                                                   \
    static const struct bench area##_list[] = {                                                    \
        PART(kind, prefix, "detect", DETECT),   PART(kind, prefix, "quiet", QUIET),                \
        PART(kind, prefix, "reclaim", RECLAIM), PART(kind, prefix, "load", LOAD),                  \
        PART(kind, prefix, "attach", ATTACH),   PART(kind, prefix, "serve", SERVE),                \
        PART(kind, prefix, "total", TOTAL),     PART(kind, prefix, "elapsed", ELAPSED),            \
    };                                                                                             \
    static bool area##_exists(void)                                                                \
    {                                                                                              \
        return is_there(kind);                                                                     \
    }                                                                                              \
    const struct bench_area area_restart_##area = {area##_list,                                    \
                                                   sizeof area##_list / sizeof area##_list[0], 0,  \
                                                   area##_exists};

AREA(ata_dma, ATA_DMA, "disk.restart.ata.dma.")
AREA(ata_pio, ATA_PIO, "disk.restart.ata.pio.")
AREA(ahci_dma, AHCI_DMA, "disk.restart.ahci.dma.")
