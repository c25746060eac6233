/*
 * disk.c - what a request of a disk costs, from its submission to the client that knows its end,
 * whoever works on it. Where the TSC counts instructions (disk.*): all of them, without waiting
 * for the disk. A thread of the lowest priority counts while nobody else runs, two instructions a
 * turn: so what is left of the TSC's difference is work. Elsewhere (disk_wall.*): megabytes a
 * second, and the CPU halts. Only on a disk that is marked (test_disk.h): half of it is
 * written to.
 */
#include "drv.h"
#include "marks.h"
#include "measure.h"
#include "places.h"

#include <bench/reference.h>
#include <idl/block_queue.h>
#include <idl/devman.h>
#include <quoll/client.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdio.h>
#include <string.h>
#include <test_disk.h>

extern const char peer_idle[], peer_idle_end[];

#define IDLE_TURN   2u /* instructions of peer_idle's loop */
#define PRIORITY_1  1u
#define ROUNDS_MANY 200u
#define ROUNDS_DMA  40u /* of 64 KiB and more */
#define ROUNDS_PIO  4u  /* each takes an emulator as long as 262,144 accesses to ports */

/* What is measured; struct bench has it as `words`, coded. */
struct row {
    const struct disk *disk;
    uint32_t bytes;
    unsigned depth;
    bool write, random, wall;
};

enum how { UNKNOWN, NO_DISK, BY_PIO, BY_DMA };

/* The disk that may be used behind a controller, and how it is served: the same for the life of the
 * system. */
struct disk {
    const char *driver;
    enum how how;
    bool iommu;
    char path[DEVMAN_PATH_MAX + 1];
};

enum controller { ATA, AHCI, CONTROLLERS };

static struct disk disks[CONTROLLERS] = {[ATA] = {.driver = "ata"}, [AHCI] = {.driver = "ahci"}};
static struct client_session *s;
static struct lab_peer idle;
static struct row row;
static struct places order;
static uint64_t places[DEEP]; /* what the next turn asks for */

/* ---- which rows there are */

static int one(uint32_t op, uint64_t first, uint32_t bytes)
{
    uint64_t seq;
    int error = queue_submit(&s->queue, op, 0, bytes, (uint64_t[4]){first}, &seq);

    return error != E_OK ? error : drv_await(seq);
}

static bool is_marked(const char *path)
{
    bool marked;

    lab_begin();
    s = drv_open(path, BLOCK_INTERFACE, BLOCK_RIGHT_READ, 1);
    marked = s != NULL && one(BLOCK_OP_READ, 0, BLOCK) == E_OK &&
             memcmp(s->data, TEST_DISK_MARK, sizeof(TEST_DISK_MARK) - 1) == 0;
    drv_close();
    lab_end();
    return marked;
}

/* The @index-th device with blocks, if it is a disk of @d's driver: its path and its protection. */
static bool is_of(struct disk *d, uint32_t index, bool *is_disk)
{
    struct devman_node_state node, device;
    uint64_t devman;
    int error;

    lab_begin();
    devman = lab_slot();
    (void)names_lookup("devman", devman);
    error = devman_call_find(devman, "block", index, &node);
    *is_disk = error == E_OK && strncmp(node.id, "disk", 4) == 0;
    if (*is_disk) {
        (void)snprintf(d->path, sizeof(d->path), "%s", node.where);
        *strrchr(node.where, '/') = '\0';
        *is_disk = devman_call_find(devman, node.where, 0, &device) == E_OK &&
                   strcmp(device.driver, d->driver) == 0;
        d->iommu = device.protection == DEVMAN_DMA_IOMMU;
        d->how = device.protection == DEVMAN_DMA_NONE ? BY_PIO : BY_DMA;
    }
    lab_end();
    return error == E_OK;
}

static enum how look(struct disk *d)
{
    bool is_disk, found = false;

    if (d->how != UNKNOWN)
        return d->how;
    for (uint32_t i = 0; !found && is_of(d, i, &is_disk); i++)
        found = is_disk && is_marked(d->path);
    if (!found)
        d->how = NO_DISK;
    return d->how;
}

/* ---- requests */

/* Thinking of a place is no part of a request. */
static void choose_places(void)
{
    for (unsigned i = 0; i < row.depth; i++)
        places[i] = places_next(&order, row.bytes, row.random);
}

static int submit(unsigned i)
{
    uint32_t offset = places_offset(i, row.bytes);
    uint64_t seq;

    return row.write ? block_submit_write(&s->queue, places[i], offset, row.bytes, &seq)
                     : block_submit_read(&s->queue, places[i], offset, row.bytes, &seq);
}

/* As many as are outstanding in a turn. */
static int turn(void)
{
    struct queue_done done;
    unsigned ended = 0;
    int error = E_OK;

    if (row.depth > 1)
        queue_client_hold(&s->queue);
    for (unsigned i = 0; error == E_OK && i < row.depth; i++)
        error = submit(i);
    queue_client_ring(&s->queue);
    while (error == E_OK && ended < row.depth) {
        error = queue_collect(&s->queue, &done);
        if (error == E_OK) {
            error = (int)done.status;
            ended++;
        } else if (error == E_BUSY) {
            uint64_t bits;
            error = E_OK;
            if (queue_client_about_to_sleep_for_all(&s->queue))
                (void)sys_wait(SLOT_NOTIFY, &bits);
        }
    }
    return error;
}

/* ---- the measurement */

/* A row's `words`: its bytes, a multiple of 512, and these. */
#define DEEP_BIT   1u
#define WRITE_BIT  2u
#define RANDOM_BIT 4u
#define AHCI_BIT   8u
#define WALL_BIT   16u

/* Ticks that were worked, or that passed. */
static uint64_t ticks_so_far(void)
{
    const struct peer_page *p = idle.page;

    return rdtsc() - (row.wall ? 0 : p->count * IDLE_TURN);
}

static uint64_t run(struct measure *m)
{
    uint64_t left = m->rounds == ROUNDS_WARM ? TURNS_WARM : m->rounds;

    s = drv_open(row.disk->path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, REGION / 4096);
    for (uint32_t *sample = m->samples; s != NULL && left != 0; left--, sample++) {
        uint64_t before;
        int error;

        choose_places();
        before = ticks_so_far();
        (void)stamp_begin();
        error = turn();
        (void)stamp_end(error);
        if (error != E_OK)
            break;
        *sample = (uint32_t)((ticks_so_far() - before) / row.depth);
    }
    drv_close();
    return left;
}

/* ---- the result */

static uint64_t speed(uint64_t ticks)
{
    uint64_t bytes_a_second = row.bytes * quoll_info()->tsc_hz / (ticks == 0 ? 1 : ticks);

    return bytes_a_second / (1000000 / BENCH_SPEED_PARTS);
}

/* Which of the references is this row's; null: none. */
static const struct bench_reference *reference_of(const char *name)
{
    for (size_t i = 0; i < sizeof(disk_references) / sizeof(disk_references[0]); i++) {
        if (strcmp(disk_references[i].name, name) == 0)
            return &disk_references[i];
    }
    return NULL;
}

static void finish(const struct bench *b, struct result *r)
{
    const struct bench_reference *reference = reference_of(b->name);
    uint64_t fastest = r->min;

    r->extra = (struct bench_extra){.is_there = true, .iommu = row.disk->iommu};
    if (reference != NULL) {
        r->extra.required = reference->required;
        r->extra.aim = reference->aim;
        r->extra.reference = reference->linux[row.disk->iommu];
    }
    if (row.wall) {
        r->unit = BENCH_UNIT_SPEED;
        r->median = speed(r->median);
        r->min = speed(r->max);
        r->max = speed(fastest);
    }
}

static void setup(const struct bench *b, struct measure *m)
{
    m->finish = finish;
    row = (struct row){.disk = &disks[(b->words & AHCI_BIT) != 0 ? AHCI : ATA],
                       .bytes = b->words & ~(BLOCK - 1),
                       .depth = (b->words & DEEP_BIT) != 0 ? DEEP : 1,
                       .write = (b->words & WRITE_BIT) != 0,
                       .random = (b->words & RANDOM_BIT) != 0,
                       .wall = (b->words & WALL_BIT) != 0};
    order = PLACES_BEGIN;
    if (!row.wall) {
        lab_peer_make(&idle, false, BLOB(peer_idle), 1, 0, PRIORITY_1);
        lab_peer_start(&idle);
    }
}

/* ---- the rows */

#define BITS(random, write, ahci, wall)                                                            \
    ((random)*RANDOM_BIT | (write)*WRITE_BIT | (ahci)*AHCI_BIT | (wall)*WALL_BIT)
#define ROW(name, bits, bytes, rounds)                                                             \
    {name ".qd1", rounds, (bytes) | (bits), true, setup, run},                                     \
        {name ".qd8", (rounds) / 4, (bytes) | (bits) | DEEP_BIT, true, setup, run},
#define SIZES(name, bits, few)                                                                     \
    ROW(name ".512", bits, 0x200, ROUNDS_MANY)                                                     \
    ROW(name ".4k", bits, 0x1000, ROUNDS_MANY)                                                     \
    ROW(name ".64k", bits, 0x10000, few)                                                           \
    ROW(name ".128k", bits, 0x20000, few)                                                          \
    ROW(name ".1m", bits, 0x100000, few)
#define ROWS(area, ahci, wall, how, few)                                                           \
    {                                                                                              \
        SIZES(area ".seq.read." how, BITS(0, 0, ahci, wall), few)                                  \
        SIZES(area ".seq.write." how, BITS(0, 1, ahci, wall), few)                                 \
        SIZES(area ".rand.read." how, BITS(1, 0, ahci, wall), few)                                 \
        SIZES(area ".rand.write." how, BITS(1, 1, ahci, wall), few)                                \
    }

static bool is_served(enum controller which, enum how how, bool wall)
{
    return measure_counts() != wall && look(&disks[which]) == how;
}

static bool is_ata_dma(void)
{
    return is_served(ATA, BY_DMA, false);
}

static bool is_ata_pio(void)
{
    return is_served(ATA, BY_PIO, false);
}

static bool is_ahci_dma(void)
{
    return is_served(AHCI, BY_DMA, false);
}

static bool is_ata_dma_wall(void)
{
    return is_served(ATA, BY_DMA, true);
}

static bool is_ata_pio_wall(void)
{
    return is_served(ATA, BY_PIO, true);
}

static bool is_ahci_dma_wall(void)
{
    return is_served(AHCI, BY_DMA, true);
}

static const struct bench ata_dma[] = ROWS("disk.ata", 0, 0, "dma", ROUNDS_DMA);
static const struct bench ata_pio[] = ROWS("disk.ata", 0, 0, "pio", ROUNDS_PIO);
static const struct bench ahci_dma[] = ROWS("disk.ahci", 1, 0, "dma", ROUNDS_DMA);
static const struct bench ata_dma_wall[] = ROWS("disk_wall.ata", 0, 1, "dma", ROUNDS_DMA);
static const struct bench ata_pio_wall[] = ROWS("disk_wall.ata", 0, 1, "pio", ROUNDS_PIO);
static const struct bench ahci_dma_wall[] = ROWS("disk_wall.ahci", 1, 1, "dma", ROUNDS_DMA);

#define AREA(list, exists)                                                                         \
    {                                                                                              \
        list, sizeof(list) / sizeof((list)[0]), 0, exists                                          \
    }

const struct bench_area areas_disk[AREAS_DISK] = {
    AREA(ata_dma, is_ata_dma),           AREA(ata_pio, is_ata_pio),
    AREA(ahci_dma, is_ahci_dma),         AREA(ata_dma_wall, is_ata_dma_wall),
    AREA(ata_pio_wall, is_ata_pio_wall), AREA(ahci_dma_wall, is_ahci_dma_wall),
};
