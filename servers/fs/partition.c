/*
 * partition.c - the tables of MBR and GPT disks. Source of the layouts: UEFI specification 2.10,
 * chapter 5 (5.2.1 the legacy MBR, 5.3 GPT). Every loop is bounded by a constant.
 */
#include "partition.h"

#include <string.h>

enum {
    MBR_TABLE = 446,
    MBR_ENTRY_BYTES = 16,
    MBR_ENTRIES = 4,
    MBR_SIGNATURE = 510,
    TYPE_EXTENDED = 0x05,
    TYPE_EXTENDED_LBA = 0x0f,
    TYPE_EXTENDED_LINUX = 0x85,
    TYPE_GPT = 0xee,
    FIRST_LOGICAL = 5,
    LOGICALS_MAX = 64, /* steps along the chain of extended tables */

    GPT_HEADER_BYTES = 92,
    GPT_ENTRY_BYTES_MIN = 128,
    GPT_ENTRY_BYTES_MAX = 512,
    GPT_ENTRIES_MAX = 1024,
};

static uint8_t block[DISK_BLOCK_MAX];

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get64(const uint8_t *at)
{
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

struct table {
    struct disk *disk;
    struct partition *out;
    unsigned count;
};

/* Keep what lies on the disk behind its first block. */
static void add(struct table *t, unsigned number, uint64_t first, uint64_t blocks)
{
    if (t->count < PARTITIONS_MAX && first != 0 && blocks != 0 && first < t->disk->blocks &&
        blocks <= t->disk->blocks - first) {
        t->out[t->count++] = (struct partition){first, blocks, number};
    }
}

/* ---- MBR */

static bool is_extended(uint8_t type)
{
    return type == TYPE_EXTENDED || type == TYPE_EXTENDED_LBA || type == TYPE_EXTENDED_LINUX;
}

static bool has_signature(void)
{
    return block[MBR_SIGNATURE] == 0x55 && block[MBR_SIGNATURE + 1] == 0xaa;
}

struct mbr_entry {
    uint8_t status, type;
    uint32_t first, blocks;
};

static struct mbr_entry entry_at(unsigned index)
{
    const uint8_t *e = block + MBR_TABLE + (size_t)index * MBR_ENTRY_BYTES;

    return (struct mbr_entry){e[0], e[4], get32(e + 8), get32(e + 12)};
}

/* The logical partitions: each extended table has one, and where the next table is, relative to
 * the @extended partition. A table before the one that named it ends the chain: no loop. */
static int read_logicals(struct table *t, uint64_t extended)
{
    uint64_t at = extended;
    int error = E_OK;

    for (unsigned i = 0; i < LOGICALS_MAX && at < t->disk->blocks; i++) {
        struct mbr_entry one, next;
        error = disk_get(t->disk, at, 1, block);
        if (error != E_OK || !has_signature()) {
            break;
        }
        one = entry_at(0);
        next = entry_at(1);
        if (one.type != 0) {
            add(t, FIRST_LOGICAL + i, at + one.first, one.blocks);
        }
        if (!is_extended(next.type) || extended + next.first <= at) {
            break;
        }
        at = extended + next.first;
    }
    return error;
}

/* Is what lies in `block` a table? A file system's first block has the same signature. */
static bool is_table(void)
{
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        if ((entry_at(i).status & 0x7f) != 0) {
            return false;
        }
    }
    return has_signature();
}

static int read_mbr(struct table *t)
{
    struct mbr_entry entry[MBR_ENTRIES];
    int error = E_OK;

    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        entry[i] = entry_at(i);
    }
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        if (entry[i].type != 0 && !is_extended(entry[i].type)) {
            add(t, i + 1, entry[i].first, entry[i].blocks);
        }
    }
    for (unsigned i = 0; error == E_OK && i < MBR_ENTRIES; i++) {
        if (is_extended(entry[i].type) && entry[i].first != 0) {
            return read_logicals(t, entry[i].first);
        }
    }
    return error;
}

/* ---- GPT */

static uint32_t crc32_add(uint32_t crc, const uint8_t *bytes, size_t count)
{
    while (count-- != 0) {
        crc ^= *bytes++;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
        }
    }
    return crc;
}

struct gpt {
    uint64_t first_usable, last_usable, array;
    uint32_t entries, entry_bytes, array_crc;
};

/* The header in `block`, which was read from block @at. */
static bool gpt_header(const struct disk *disk, uint64_t at, struct gpt *gpt)
{
    uint32_t bytes = get32(block + 12), crc = get32(block + 16);

    if (memcmp(block, "EFI PART", 8) != 0 || bytes < GPT_HEADER_BYTES ||
        bytes > disk->block_bytes || get64(block + 24) != at) {
        return false;
    }
    memset(block + 16, 0, 4); /* its own place counts as zero */
    if (~crc32_add(~0u, block, bytes) != crc) {
        return false;
    }
    *gpt = (struct gpt){get64(block + 40), get64(block + 48), get64(block + 72),
                        get32(block + 80), get32(block + 84), get32(block + 88)};
    return gpt->entries <= GPT_ENTRIES_MAX && gpt->entry_bytes >= GPT_ENTRY_BYTES_MIN &&
           gpt->entry_bytes <= GPT_ENTRY_BYTES_MAX &&
           (gpt->entry_bytes & (gpt->entry_bytes - 1)) == 0 && gpt->array < disk->blocks &&
           gpt->last_usable < disk->blocks;
}

static void gpt_entry(struct table *t, const struct gpt *gpt, unsigned index, const uint8_t *e)
{
    static const uint8_t unused[16];
    uint64_t first = get64(e + 32), last = get64(e + 40);

    if (memcmp(e, unused, sizeof(unused)) != 0 && first >= gpt->first_usable && first <= last &&
        last <= gpt->last_usable) {
        add(t, index + 1, first, last - first + 1);
    }
}

/* Go through the array; what is found counts only if the whole has the right sum. */
static int gpt_array(struct table *t, const struct gpt *gpt, bool *is_sound)
{
    uint32_t left = gpt->entries * gpt->entry_bytes, crc = ~0u, index = 0;
    int error = E_OK;

    for (uint64_t at = gpt->array; error == E_OK && left != 0; at++) {
        uint32_t bytes = left < t->disk->block_bytes ? left : t->disk->block_bytes;
        error = disk_get(t->disk, at, 1, block);
        if (error != E_OK) {
            break;
        }
        crc = crc32_add(crc, block, bytes);
        for (uint32_t i = 0; i < bytes; i += gpt->entry_bytes) {
            gpt_entry(t, gpt, index++, block + i);
        }
        left -= bytes;
    }
    *is_sound = error == E_OK && ~crc == gpt->array_crc;
    return error == E_BAD_ARG ? E_OK : error; /* an array past the end of the disk is unsound */
}

static int read_gpt(struct table *t, uint64_t at, bool *is_sound)
{
    struct gpt gpt;
    int error = disk_get(t->disk, at, 1, block);

    *is_sound = error == E_OK && gpt_header(t->disk, at, &gpt);
    if (*is_sound) {
        t->count = 0;
        error = gpt_array(t, &gpt, is_sound);
    }
    if (!*is_sound) {
        t->count = 0;
    }
    return error;
}

/* ---- both */

int partitions_read(struct disk *disk, struct partition out[PARTITIONS_MAX], unsigned *count)
{
    struct table t = {disk, out, 0};
    bool is_sound = true, is_gpt = false;
    int error = disk->blocks < 2 ? E_BAD_ARG : disk_get(disk, 0, 1, block);

    *count = 0;
    if (error != E_OK || !is_table()) {
        return error == E_BAD_ARG ? E_OK : error;
    }
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        is_gpt |= entry_at(i).type == TYPE_GPT;
    }
    if (!is_gpt) {
        error = read_mbr(&t);
    } else {
        error = read_gpt(&t, 1, &is_sound);
        if (error == E_OK && !is_sound) {
            error = read_gpt(&t, disk->blocks - 1, &is_sound);
        }
    }
    *count = error == E_OK ? t.count : 0;
    return error;
}
