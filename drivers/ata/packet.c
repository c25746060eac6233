/*
 * packet.c - the command by which a CD-ROM drive gets its packets (drivers/lib/disk_packet.c).
 * Source: ATA/ATAPI-7 volume 1, section 6.24 (PACKET).
 */
#include "ata.h"

#define FEATURE_DMA 1u

void packet_command(const struct unit *u, uint16_t limit, bool dma)
{
    struct ata_regs regs = u->channel->regs;

    ata_features_write(regs, dma ? FEATURE_DMA : 0);
    ata_count_write(regs, 0);
    ata_lba_mid_write(regs, (uint8_t)limit);
    ata_lba_high_write(regs, (uint8_t)(limit >> 8));
    ata_device_write(regs, (struct ata_device){.second = u->second});
    ata_command_write(regs, COMMAND_PACKET);
}

void packet_send(const struct channel *c, const uint8_t packet[PACKET_BYTES])
{
    port_write32s(c->data.base, packet, PACKET_BYTES / sizeof(uint32_t));
}

uint16_t packet_count(const struct channel *c)
{
    return (uint16_t)(ata_lba_high_read(c->regs) << 8 | ata_lba_mid_read(c->regs));
}
