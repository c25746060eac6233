/*
 * disk_identify.c - what a drive says of itself, judged: it is memory that a device has written.
 * Source: ATA/ATAPI-7 volume 1, sections 6.17 and 6.18; ATA8-ACS, section 7.12.6.34 (queueing).
 */
#include "disk.h"

#include <regs/ata_identity.h>
#include <stdio.h>
#include <string.h>

#define VALID         1u /* of bits 15:14 of some words */
#define SECTORS28_MAX 0x0fffffffu
#define SECTORS48_MAX 0x0000ffffffffffffull
#define MULTIPLE_MAX  128u
#define MODEL_WORDS   20u
#define NOT_SATA      0xffffu

/* Letters are in the upper byte first, and blanks fill it up. */
static void copy_model(char *to, const struct ata_identity *id)
{
    unsigned end = 0;

    for (unsigned i = 0; i < 2 * MODEL_WORDS; i++) {
        uint16_t word = ata_identity_model_read(id, i / 2);
        char letter = (char)(i % 2 == 0 ? word >> 8 : word & 0xff);

        to[i] = letter < ' ' || letter > '~' ? '?' : letter;
        end = to[i] != ' ' ? i + 1 : end;
    }
    to[end] = '\0';
}

/* The mode is the firmware's choice, as the controller's timing is: without one there is no DMA. */
static bool has_dma(const struct ata_identity *id)
{
    return ata_identity_capability_read(id).dma && (ata_identity_multiword_read(id).selected != 0 ||
                                                    ata_identity_ultra_read(id).selected != 0);
}

/* The greatest power of two that both sides can: Linux and BIOSes use no other, so drives know it.
 */
static uint8_t multiple_of(const struct ata_identity *id)
{
    unsigned most = ata_identity_multiple_read(id), m = 1;

    while (m * 2 <= most && m * 2 <= MULTIPLE_MAX) {
        m *= 2;
    }
    return (uint8_t)m;
}

/* How many commands it queues. */
static uint8_t queue_of(const struct ata_identity *id)
{
    struct ata_identity_sata sata = ata_identity_sata_read(id);

    if (ata_identity_sata_raw(sata) == NOT_SATA || !sata.queues) {
        return 0;
    }
    return (uint8_t)(ata_identity_queue_read(id) + 1);
}

static const char *read_disk(struct disk *d, const struct ata_identity *id)
{
    struct ata_identity_commands commands = ata_identity_commands_read(id);
    struct ata_identity_geometry geometry = ata_identity_geometry_read(id);

    if (!ata_identity_capability_read(id).lba) {
        return "it has no LBA";
    }
    if (geometry.valid == VALID && geometry.long_sector) {
        return "its sectors are longer than 512 bytes";
    }
    d->wide = commands.valid && commands.wide;
    d->flush = commands.valid && commands.flush;
    d->flush_wide = d->wide && commands.flush_wide;
    d->blocks = ata_identity_sectors28_read(id);
    if (d->blocks > SECTORS28_MAX) {
        d->blocks = SECTORS28_MAX;
    }
    if (d->wide && ata_identity_sectors48_read(id) > d->blocks) {
        d->blocks = ata_identity_sectors48_read(id);
    }
    d->blocks = d->blocks < SECTORS48_MAX ? d->blocks : SECTORS48_MAX;
    d->multiple = multiple_of(id);
    d->queue = queue_of(id);
    d->block_bytes = SECTOR;
    return d->blocks == 0 ? "it has no sectors" : NULL;
}

const char *disk_identify(struct disk *d, const struct ata_identity *id, bool is_packet)
{
    copy_model(d->model, id);
    d->dma = has_dma(id);
    if (!is_packet) {
        return read_disk(d, id);
    }
    d->block_bytes = CD_SECTOR;
    return ata_identity_general_read(id).long_packet != 0 ? "its packets are of 16 bytes" : NULL;
}

void disk_name(struct disk *d, unsigned number)
{
    (void)snprintf(d->name, sizeof(d->name), "%s%u", d->kind == DISK_CD ? "cd" : "disk", number);
}

void disk_tell(unsigned number, const struct disk *d, const char *how)
{
    if (d == NULL || d->kind == DISK_NONE) {
        driver_unit(number, "", false);
        return;
    }
    driver_unit(number, d->name, true);
    driver_log("%s: %s, %lu blocks of %u bytes, by %s", d->name, d->model, (unsigned long)d->blocks,
               (unsigned)d->block_bytes, how);
}
