/*
 * command.c - commands into the registers. A drive is selected, and 400 ns let pass, only where it
 * is another than before.
 * Source: ATA/ATAPI-7 volume 1, section 6 (commands), volume 2, section 9 (protocols).
 */
#include "ata.h"

#define SECTORS28 256u   /* of one command; written as 0 */
#define SECTORS48 65536u /* the same */
#define LBA28_END 0x10000000ull
#define BLOCKS_CD 0xffffu

#define READ_SECTORS       0x20u
#define READ_SECTORS_EXT   0x24u
#define READ_DMA_EXT       0x25u
#define READ_MULTIPLE_EXT  0x29u
#define WRITE_SECTORS      0x30u
#define WRITE_SECTORS_EXT  0x34u
#define WRITE_DMA_EXT      0x35u
#define WRITE_MULTIPLE_EXT 0x39u
#define READ_MULTIPLE      0xc4u
#define WRITE_MULTIPLE     0xc5u
#define READ_DMA           0xc8u
#define WRITE_DMA          0xcau
#define FLUSH_CACHE        0xe7u
#define FLUSH_CACHE_EXT    0xeau

#define READS_400NS 4u /* of a port, at an ISA bus's pace */

static struct ata_device device_of(const struct unit *u, uint8_t lba_top)
{
    return (struct ata_device){.lba_top = lba_top & ATA_DEVICE_LBA_TOP_MAX,
                               .second = u->second,
                               .lba = true};
}

/* Volume 2, section 9.3 (HI1, HI2). */
bool command_select(struct unit *u)
{
    struct channel *c = u->channel;
    struct ata_control_again status;

    if (c->selected != u->second) {
        ata_device_write(c->regs, device_of(u, 0));
        c->selected = u->second;
        for (unsigned i = 0; i < READS_400NS; i++) {
            (void)ata_control_again_read(c->control);
        }
    }
    status = ata_control_again_read(c->control);
    return !status.busy && !status.request;
}

uint8_t command_code(const struct unit *u, enum work_kind kind, bool wide)
{
    static const uint8_t codes[3][3][2] = {
        [WORK_READ] = {{READ_SECTORS, READ_SECTORS_EXT},
                       {READ_MULTIPLE, READ_MULTIPLE_EXT},
                       {READ_DMA, READ_DMA_EXT}},
        [WORK_WRITE] = {{WRITE_SECTORS, WRITE_SECTORS_EXT},
                        {WRITE_MULTIPLE, WRITE_MULTIPLE_EXT},
                        {WRITE_DMA, WRITE_DMA_EXT}},
        [WORK_FLUSH] = {{FLUSH_CACHE, FLUSH_CACHE_EXT},
                        {FLUSH_CACHE, FLUSH_CACHE_EXT},
                        {FLUSH_CACHE, FLUSH_CACHE_EXT}},
    };
    unsigned how = u->dma ? 2 : u->disk.multiple > 1;

    return codes[kind][how][wide];
}

bool command_is_wide(const struct unit *u, uint64_t lba, uint32_t sectors)
{
    return u->disk.wide && (sectors > SECTORS28 || lba + sectors > LBA28_END);
}

uint32_t command_most(const struct unit *u)
{
    if (u->disk.kind == DISK_CD) {
        return BLOCKS_CD * CD_SECTOR;
    }
    return (u->disk.wide ? SECTORS48 : SECTORS28) * SECTOR;
}

/* Volume 1, section 6.1.2: what is written first is the upper byte. */
static void write_upper(struct ata_regs regs, uint64_t lba, uint32_t count)
{
    ata_count_write(regs, (uint8_t)(count >> 8));
    ata_lba_low_write(regs, (uint8_t)(lba >> 24));
    ata_lba_mid_write(regs, (uint8_t)(lba >> 32));
    ata_lba_high_write(regs, (uint8_t)(lba >> 40));
}

void command_write(const struct unit *u, uint8_t code, uint64_t lba, uint32_t count, bool wide)
{
    struct ata_regs regs = u->channel->regs;

    if (wide) {
        write_upper(regs, lba, count);
    }
    ata_count_write(regs, (uint8_t)count);
    ata_lba_low_write(regs, (uint8_t)lba);
    ata_lba_mid_write(regs, (uint8_t)(lba >> 8));
    ata_lba_high_write(regs, (uint8_t)(lba >> 16));
    ata_device_write(regs, device_of(u, wide ? 0 : (uint8_t)(lba >> 24)));
    ata_command_write(regs, code);
}

void command_plain(const struct unit *u, uint8_t code, uint8_t count)
{
    struct ata_regs regs = u->channel->regs;

    ata_features_write(regs, 0);
    ata_count_write(regs, count);
    ata_device_write(regs, device_of(u, 0));
    ata_command_write(regs, code);
}
