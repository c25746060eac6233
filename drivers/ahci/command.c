/*
 * command.c - commands into a slot's table: the register FIS that the drive gets, its packet, and
 * the memory that it moves.
 * Source: AHCI 1.3.1, sections 4.2.2, 4.2.3 and 5.5 (building a command, queued commands);
 * ATA8-ACS, section 7 (commands); Serial ATA revision 3.0, section 13.6 (native command queueing).
 */
#include "ahci.h"

#define FIS_H2D       0x27u
#define FIS_WORDS     5u
#define DEVICE_LBA    0x40u
#define FEATURE_DMA   1u /* of PACKET */
#define TAG_SHIFT     3u
#define TABLES_AT     offsetof(struct port_memory, table)
#define BUFFER_AT     offsetof(struct port_memory, buffer)
#define RECEIVED_MOST 0x3fffffu /* the size of a piece, less one */

#define READ_DMA_EXT           0x25u
#define WRITE_DMA_EXT          0x35u
#define READ_FPDMA_QUEUED      0x60u
#define WRITE_FPDMA_QUEUED     0x61u
#define PACKET                 0xa0u
#define IDENTIFY_PACKET_DEVICE 0xa1u
#define FLUSH_CACHE            0xe7u
#define FLUSH_CACHE_EXT        0xeau
#define IDENTIFY_DEVICE        0xecu

uint64_t command_buffer(const struct port *p)
{
    return p->memory_address + BUFFER_AT;
}

uint64_t command_table(const struct port *p, unsigned slot)
{
    return p->memory_address + TABLES_AT + slot * sizeof(struct ahci_table);
}

/* ---- the parts of a table */

/* Section 4.2.3.3. */
static void put_piece(struct ahci_table *t, unsigned index, uint64_t address, uint32_t bytes)
{
    ahci_table_piece_address_write(t, index, address);
    ahci_table_piece_size_write(t, index,
                                (struct ahci_table_piece_size){.last =
                                                                   (bytes - 1) & RECEIVED_MOST});
}

static unsigned put_work(struct ahci_table *t, const struct work *w)
{
    struct work_walk walk = work_walk(w);
    unsigned pieces = 0;
    uint64_t address;
    uint32_t bytes;

    while (work_piece(&walk, &address, &bytes)) {
        put_piece(t, pieces++, address, bytes);
    }
    return pieces;
}

static void put_address(struct ahci_table *t, uint64_t lba, uint8_t features_high)
{
    ahci_table_low_write(t, (struct ahci_table_low){.lba = lba & AHCI_TABLE_LOW_LBA_MAX,
                                                    .device = DEVICE_LBA});
    ahci_table_high_write(t, (struct ahci_table_high){.lba = lba >> 24 & AHCI_TABLE_HIGH_LBA_MAX,
                                                      .features = features_high});
}

static void put_command(struct ahci_table *t, uint8_t code, uint8_t features, uint16_t count)
{
    ahci_table_command_write(t, (struct ahci_table_command){.fis = FIS_H2D,
                                                            .is_command = true,
                                                            .command = code,
                                                            .features = features});
    ahci_table_count_write(t, (struct ahci_table_count){.count = count});
}

static void put_header(struct port *p, unsigned slot, struct ahci_header_what what)
{
    struct ahci_header *h = &p->memory->list[slot];

    what.fis_words = FIS_WORDS;
    ahci_header_what_write(h, what);
    ahci_header_moved_write(h, 0);
}

/* ---- commands */

/* The count is in the features, and the tag, which is the slot, in the count. */
void command_queued(struct port *p, unsigned slot)
{
    struct ahci_table *t = &p->memory->table[slot];
    const struct work *w = &p->work[slot];
    uint32_t sectors = w->now / SECTOR;
    bool write = w->kind == WORK_WRITE;

    put_address(t, work_block(w), (uint8_t)(sectors >> 8));
    put_command(t, write ? WRITE_FPDMA_QUEUED : READ_FPDMA_QUEUED, (uint8_t)sectors,
                (uint16_t)(slot << TAG_SHIFT));
    put_header(p, slot,
               (struct ahci_header_what){.write = write, .descriptors = (uint16_t)put_work(t, w)});
}

static void put_packet(struct port *p, unsigned slot, const uint8_t packet[PACKET_BYTES],
                       unsigned pieces)
{
    struct ahci_table *t = &p->memory->table[slot];

    for (unsigned i = 0; i < PACKET_BYTES; i++) {
        ahci_table_packet_write(t, i, packet[i]);
    }
    put_address(t, 0, 0);
    put_command(t, PACKET, FEATURE_DMA, 0);
    put_header(p, slot, (struct ahci_header_what){.packet = true, .descriptors = (uint16_t)pieces});
}

void command_packet(struct port *p, unsigned slot, const uint8_t packet[PACKET_BYTES],
                    uint32_t bytes)
{
    put_piece(&p->memory->table[slot], 0, command_buffer(p), bytes);
    put_packet(p, slot, packet, 1);
}

void command_single(struct port *p, unsigned slot)
{
    struct ahci_table *t = &p->memory->table[slot];
    const struct work *w = &p->work[slot];
    bool write = w->kind == WORK_WRITE;
    uint8_t packet[PACKET_BYTES];

    if (w->kind == WORK_FLUSH) {
        put_address(t, 0, 0);
        put_command(t, w->disk->flush_wide ? FLUSH_CACHE_EXT : FLUSH_CACHE, 0, 0);
        put_header(p, slot, (struct ahci_header_what){.descriptors = 0});
    } else if (w->disk->kind == DISK_CD) {
        packet_read(w, packet);
        put_packet(p, slot, packet, put_work(t, w));
    } else {
        put_address(t, work_block(w), 0);
        put_command(t, write ? WRITE_DMA_EXT : READ_DMA_EXT, 0, (uint16_t)(w->now / SECTOR));
        put_header(p, slot,
                   (struct ahci_header_what){.write = write,
                                             .descriptors = (uint16_t)put_work(t, w)});
    }
}

void command_block(struct port *p, unsigned slot, bool write, uint64_t block, uint64_t address)
{
    struct ahci_table *t = &p->memory->table[slot];

    put_piece(t, 0, address, SECTOR);
    put_address(t, block, 0);
    put_command(t, write ? WRITE_DMA_EXT : READ_DMA_EXT, 0, 1);
    put_header(p, slot, (struct ahci_header_what){.write = write, .descriptors = 1});
}

void command_identify(struct port *p, unsigned slot)
{
    struct ahci_table *t = &p->memory->table[slot];

    put_piece(t, 0, command_buffer(p), BUFFER_BYTES);
    put_address(t, 0, 0);
    put_command(t, p->disk.kind == DISK_CD ? IDENTIFY_PACKET_DEVICE : IDENTIFY_DEVICE, 0, 0);
    put_header(p, slot, (struct ahci_header_what){.descriptors = 1});
}
