/*
 * wild.c - for `inject`: have the bus master go where it was never allowed to. A wild write is the
 * drive's first block read to that address. A wild read is the fetch of a table there: what a drive
 * were to be given from a foreign address would stay on the medium. Where nothing stops the bus
 * master the table would be anything, so there it is refused.
 */
#include "ata.h"

static struct {
    struct unit *unit; /* null: nothing is to be done */
    uint32_t address;
    bool is_write;
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

    if (u == NULL || address > UINT32_MAX ||
        (!is_write && driver_bus()->dma_mode == DRIVER_DMA_EVERYWHERE)) {
        return false;
    }
    wild.unit = u;
    wild.address = (uint32_t)address & ~3u;
    wild.is_write = is_write;
    channel_run(u->channel);
    return true;
}

bool wild_begin(struct channel *c)
{
    struct unit *u = wild.unit;
    uint32_t table = c->prd_address;

    if (u == NULL || u->channel != c || !command_select(u)) {
        return false;
    }
    wild.unit = NULL;
    if (wild.is_write) {
        ata_prd_base_write(c->prd, wild.address);
        ata_prd_size_write(c->prd, (struct ata_prd_size){.bytes = SECTOR, .last = true});
    } else {
        table = wild.address;
    }
    ata_master_channel_table_write(c->master, c->index, table);
    command_write(u, command_code(u, WORK_READ, false), 0, 1, false);
    ata_master_channel_command_write(
        c->master, c->index,
        (struct ata_master_channel_command){.start = true,
                                            .direction = ATA_MASTER_DIRECTION_TO_MEMORY});
    c->phase = PHASE_WILD;
    return true;
}

/* What becomes of it is no matter; the channel is as after any error. */
void wild_end(struct channel *c)
{
    (void)dma_stop(c);
    (void)ata_status_read(c->regs);
    c->phase = PHASE_IDLE;
}
