/*
 * wild.c - for `inject`: have the bus master go where it was never allowed to. First the drive's
 * first block is read into memory of the driver's own: on a test disk (test_disk.h) a wild write is
 * then block 1 read to the address, and a wild read is block 1 written from there, so that what the
 * drive was given can be read back. What is on other disks is left alone: there a wild write is the
 * first block read to the address, but not to where interrupts go, as nobody knows what it would
 * ask for; and a wild read is the fetch of a table, unless nothing stops the bus master, which
 * would go on to wherever that table says.
 */
#include "ata.h"

#include <string.h>
#include <test_disk.h>

#define LOOK_OFFSET (CHANNELS * PRDS * sizeof(struct ata_prd)) /* behind the tables */
#define TEST_BLOCK  1u
#define MESSAGES_AT 0xfee00000u /* Intel SDM vol. 3A, 10.11.1; 1 MiB */
#define LOOKS_MAX   3u          /* of the watch, at one that does not end */

static struct {
    struct unit *unit; /* null: nothing is to be done */
    uint32_t address;
    bool is_write, has_looked, on_test_disk;
    unsigned looks;
} wild;

static struct unit *any_unit(void)
{
    for (unsigned i = 0; i < UNITS; i++) {
        struct unit *u = unit_at(i);

        if (u != NULL && u->dma && u->disk.kind == DISK_HARD) {
            return u;
        }
    }
    return NULL;
}

bool driver_wild_dma(uint64_t address, bool is_write)
{
    struct unit *u = any_unit();

    if (u == NULL || address > UINT32_MAX) {
        return false;
    }
    wild.unit = u;
    wild.address = (uint32_t)address & ~3u;
    wild.is_write = is_write;
    wild.has_looked = wild.on_test_disk = false;
    channel_run(u->channel);
    return true;
}

/* One block of @u and one piece of memory, or the table at @table instead. */
static void transfer(const struct unit *u, enum work_kind kind, uint64_t block, uint32_t address,
                     uint32_t table)
{
    struct channel *c = u->channel;
    struct ata_master_channel_command start = {.start = true,
                                               .direction = kind == WORK_READ
                                                                ? ATA_MASTER_DIRECTION_TO_MEMORY
                                                                : ATA_MASTER_DIRECTION_FROM_MEMORY};

    ata_prd_base_write(c->prd, address);
    ata_prd_size_write(c->prd, (struct ata_prd_size){.bytes = SECTOR, .last = true});
    ata_master_channel_table_write(c->master, c->index, table);
    command_write(u, command_code(u, kind, false), block, 1, false);
    ata_master_channel_command_write(c->master, c->index, start);
    c->phase = PHASE_WILD;
    wild.looks = 0;
}

static const char *why_not(void)
{
    bool unstopped = driver_bus()->dma_mode == DRIVER_DMA_EVERYWHERE;

    if (!wild.on_test_disk && wild.is_write && (wild.address & ~0xfffffu) == MESSAGES_AT) {
        return "what is on this disk could ask for anything where interrupts go";
    }
    if (!wild.on_test_disk && !wild.is_write && unstopped) {
        return "nothing would stop it, and what is on this disk is left alone";
    }
    return NULL;
}

static void go(struct unit *u)
{
    struct channel *c = u->channel;

    if (wild.is_write) {
        transfer(u, WORK_READ, wild.on_test_disk ? TEST_BLOCK : 0, wild.address, c->prd_address);
    } else if (wild.on_test_disk) {
        transfer(u, WORK_WRITE, TEST_BLOCK, wild.address, c->prd_address);
    } else {
        transfer(u, WORK_READ, 0, 0, wild.address);
    }
}

/* Apart, so that what asks before each command saves no registers. */
__attribute__((noinline)) static bool begin(struct channel *c)
{
    struct unit *u = wild.unit;
    const char *wrong;

    if (u->channel != c || !command_select(u)) {
        return false;
    }
    if (!wild.has_looked) {
        transfer(u, WORK_READ, 0, (uint32_t)(driver_dma_address("prd") + LOOK_OFFSET),
                 c->prd_address);
        return true;
    }
    wild.unit = NULL;
    wrong = why_not();
    if (wrong != NULL) {
        driver_log("inject: %s: %s", u->disk.name, wrong);
        return false;
    }
    go(u);
    return true;
}

bool wild_begin(struct channel *c)
{
    return wild.unit != NULL && begin(c);
}

static bool is_marked(void)
{
    const uint8_t *block = (const uint8_t *)driver_dma("prd", NULL) + LOOK_OFFSET;

    return memcmp(block, TEST_DISK_MARK, sizeof(TEST_DISK_MARK) - 1) == 0;
}

/* What becomes of the access itself is no matter; the channel is as after any error. */
bool wild_end(struct channel *c, bool is_look)
{
    if (!ata_master_channel_status_read(c->master, c->index).interrupt &&
        (!is_look || ++wild.looks < LOOKS_MAX)) {
        return false; /* an interrupt from before, or one that takes long */
    }
    (void)dma_stop(c);
    (void)ata_status_read(c->regs);
    c->phase = PHASE_IDLE;
    if (wild.unit != NULL && wild.unit->channel == c) {
        wild.has_looked = true;
        wild.on_test_disk = is_marked();
    }
    return true;
}
