/*
 * identify.c - what a drive says of itself, judged: it is memory that a device has written.
 * Source: ATA/ATAPI-7 volume 1, sections 6.17 and 6.18.
 */
#include "ata.h"

#include <string.h>

#define VALID         1u /* of bits 15:14 of some words */
#define SECTORS28_MAX 0x0fffffffu
#define SECTORS48_MAX 0x0000ffffffffffffull
#define MULTIPLE_MAX  128u
#define MODEL_WORDS   20u

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

static const char *read_disk(struct unit *u, const struct ata_identity *id)
{
    struct ata_identity_commands commands = ata_identity_commands_read(id);
    struct ata_identity_geometry geometry = ata_identity_geometry_read(id);

    if (!ata_identity_capability_read(id).lba) {
        return "it has no LBA";
    }
    if (geometry.valid == VALID && geometry.long_sector) {
        return "its sectors are longer than 512 bytes";
    }
    u->wide = commands.valid && commands.wide;
    u->flush = commands.valid && commands.flush;
    u->flush_wide = u->wide && commands.flush_wide;
    u->blocks = ata_identity_sectors28_read(id);
    if (u->blocks > SECTORS28_MAX) {
        u->blocks = SECTORS28_MAX;
    }
    if (u->wide && ata_identity_sectors48_read(id) > u->blocks) {
        u->blocks = ata_identity_sectors48_read(id);
    }
    u->blocks = u->blocks < SECTORS48_MAX ? u->blocks : SECTORS48_MAX;
    u->multiple = multiple_of(id);
    u->block_bytes = SECTOR;
    return u->blocks == 0 ? "it has no sectors" : NULL;
}

const char *identify_read(struct unit *u, const struct ata_identity *id, bool is_packet)
{
    copy_model(u->model, id);
    u->dma = has_dma(id);
    if (!is_packet) {
        return read_disk(u, id);
    }
    u->block_bytes = CD_SECTOR;
    return ata_identity_general_read(id).long_packet != 0 ? "its packets are of 16 bytes" : NULL;
}
