/*
 * disk_packet.c - packet commands, of a CD-ROM drive.
 * Source: INF-8090i, sections 16.15 (READ (10)), 16.9 (READ CAPACITY), 16.20 (REQUEST SENSE).
 */
#include "disk.h"

#include <string.h>

#define REQUEST_SENSE 0x03u
#define READ_CAPACITY 0x25u
#define READ_10       0x28u

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
    put_be(packet + 2, 4, work_block(w));
    put_be(packet + 7, 2, w->now / CD_SECTOR);
}

void packet_sense(uint8_t packet[PACKET_BYTES])
{
    memset(packet, 0, PACKET_BYTES);
    packet[0] = REQUEST_SENSE;
    packet[4] = SENSE_BYTES;
}

void packet_capacity(uint8_t packet[PACKET_BYTES])
{
    memset(packet, 0, PACKET_BYTES);
    packet[0] = READ_CAPACITY;
}

/* It says the number of the last one. */
uint64_t packet_blocks(const uint8_t size[SIZE_BYTES])
{
    uint32_t last =
        (uint32_t)size[0] << 24 | (uint32_t)size[1] << 16 | (uint32_t)size[2] << 8 | size[3];

    return (uint64_t)last + 1;
}
