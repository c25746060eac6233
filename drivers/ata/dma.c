/*
 * dma.c - the bus master: its table, start and stop. A piece of memory crosses no 64 KiB.
 * Source: Programming Interface for Bus Master IDE Controller 1.0, section 3.1.
 */
#include "ata.h"

#define PIECE_MAX 0x10000u

/* Returns where the next entry goes. */
static struct ata_prd *add(struct ata_prd *to, uint32_t address, uint32_t bytes)
{
    while (bytes != 0) {
        uint32_t room = PIECE_MAX - address % PIECE_MAX, n = bytes < room ? bytes : room;

        ata_prd_base_write(to, address);
        ata_prd_size_write(to, (struct ata_prd_size){.bytes = (uint16_t)n}); /* 64 KiB is 0 */
        to++;
        address += n;
        bytes -= n;
    }
    return to;
}

static enum ata_master_direction direction(const struct work *w)
{
    return w->kind == WORK_READ ? ATA_MASTER_DIRECTION_TO_MEMORY : ATA_MASTER_DIRECTION_FROM_MEMORY;
}

/* Steps 1 and 2. Interrupt and error were cleared when the last transfer was stopped. */
void dma_prepare(struct channel *c, const struct work *w)
{
    struct work_walk walk = work_walk(w);
    struct ata_prd *end = c->prd;
    uint64_t address;
    uint32_t bytes;

    while (work_piece(&walk, &address, &bytes)) {
        end = add(end, (uint32_t)address, bytes);
    }
    ata_prd_size_set_last(end - 1, true);
    ata_master_channel_table_write(c->master, c->index, c->prd_address);
    ata_master_channel_command_write(c->master, c->index,
                                     (struct ata_master_channel_command){.direction =
                                                                             direction(w)});
}

/* Step 4: the drive has its command. */
void dma_go(struct channel *c, const struct work *w)
{
    ata_master_channel_command_write(c->master, c->index,
                                     (struct ata_master_channel_command){.start = true,
                                                                         .direction =
                                                                             direction(w)});
}

/* Step 6. */
struct ata_master_channel_status dma_stop(struct channel *c)
{
    struct ata_master_channel_status_write clear = c->capable;
    struct ata_master_channel_status status;

    ata_master_channel_command_write(c->master, c->index, (struct ata_master_channel_command){0});
    status = ata_master_channel_status_read(c->master, c->index);
    clear.clear_error = clear.clear_interrupt = true;
    ata_master_channel_status_write(c->master, c->index, clear);
    return status;
}
