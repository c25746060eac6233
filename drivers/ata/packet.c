/*
 * packet.c - packet commands, of a CD-ROM drive.
 * Source: ATA/ATAPI-7 volume 1, section 6.24 (PACKET); INF-8090i, sections 16.15 (READ (10)), 16.9
 * (READ CAPACITY), 16.20 (REQUEST SENSE).
 */
#include "ata.h"

#include <string.h>

#define REQUEST_SENSE 0x03u
#define READ_CAPACITY 0x25u
#define READ_10       0x28u
#define FEATURE_DMA   1u

static void put_be(uint8_t *to, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

void packet_read(const struct work *w, uint8_t packet[PACKET_BYTES])
{
    memset(packet, 0, PACKET_BYTES);
    packet[0] = READ_10;
    put_be(packet + 2, 4, w->lba + w->done / CD_SECTOR);
    put_be(packet + 7, 2, w->now / CD_SECTOR);
}

void packet_sense(uint8_t packet[PACKET_BYTES], uint8_t bytes)
{
    memset(packet, 0, PACKET_BYTES);
    packet[0] = REQUEST_SENSE;
    packet[4] = bytes;
}

void packet_capacity(uint8_t packet[PACKET_BYTES])
{
    memset(packet, 0, PACKET_BYTES);
    packet[0] = READ_CAPACITY;
}

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
