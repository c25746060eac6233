/*
 * iso.c - volumes, directories and files of ISO 9660. Source of the layouts: ECMA-119, 4th edition
 * (the volume descriptors: 9.1, 9.4; directories: 7.8, 10.1).
 * Invariant: every block number is compared with the volume's size before it is read, and no
 * directory is taken to be longer than the volume.
 */
#include "iso.h"
#include "iso_record.h"

#include <string.h>

enum {
    DESCRIPTORS = 16, /* where the volume descriptors begin */
    DESCRIPTORS_MAX = 32,
    DESCRIPTOR_PRIMARY = 1,
    DESCRIPTOR_END = 255,
    RECORD_MIN = 34,
};

static bool fits(const struct iso *iso, uint32_t block, uint32_t bytes)
{
    uint64_t blocks = ((uint64_t)bytes + ISO_BLOCK - 1) / ISO_BLOCK;

    return block < iso->blocks && blocks <= iso->blocks - block;
}

static int get_block(const struct iso *iso, uint32_t block, void *to)
{
    if (block >= iso->blocks) {
        return E_DAMAGED;
    }
    return range_get_bytes(&iso->range, (uint64_t)block * ISO_BLOCK, ISO_BLOCK, to);
}

/* ---- volumes */

static uint8_t descriptor[ISO_BLOCK];

static int find_primary(struct iso *iso)
{
    for (uint32_t i = DESCRIPTORS; i < DESCRIPTORS + DESCRIPTORS_MAX; i++) {
        int error = i < iso->blocks ? get_block(iso, i, descriptor) : E_NOT_FOUND;
        if (error != E_OK) {
            return error;
        }
        if (memcmp(descriptor + 1, "CD001", 5) != 0 || descriptor[0] == DESCRIPTOR_END) {
            return E_NOT_FOUND;
        }
        if (descriptor[0] == DESCRIPTOR_PRIMARY) {
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}

/* The root's own first record has the entry that says so. */
static int look_for_rock_ridge(struct iso *iso)
{
    int error = get_block(iso, iso->root, descriptor);

    if (error == E_OK && descriptor[0] >= RECORD_MIN &&
        iso_record_is_sound(descriptor, descriptor[0])) {
        iso->has_rock_ridge = iso_record_has_rock_ridge(descriptor, descriptor[0], &iso->skip);
    }
    return error;
}

int iso_mount(struct iso *iso, const struct range *range)
{
    uint64_t blocks = range->blocks * range->disk->block_bytes / ISO_BLOCK;
    const uint8_t *root = descriptor + 156;
    uint32_t claimed;
    int error;

    *iso = (struct iso){.range = *range,
                        .blocks = blocks < UINT32_MAX ? (uint32_t)blocks : UINT32_MAX};
    error = find_primary(iso);
    if (error != E_OK) {
        return error;
    }
    if ((descriptor[128] | descriptor[129] << 8) != ISO_BLOCK) {
        return E_UNSUPPORTED;
    }
    claimed = iso_get32(descriptor + 80);
    iso->blocks = claimed < iso->blocks ? claimed : iso->blocks;
    iso->root = iso_get32(root + 2);
    iso->root_bytes = iso_get32(root + 10);
    if (root[0] < RECORD_MIN || iso->root == 0 || !fits(iso, iso->root, iso->root_bytes)) {
        return E_DAMAGED;
    }
    return look_for_rock_ridge(iso);
}

struct iso_node iso_root(const struct iso *iso)
{
    return (struct iso_node){.block = iso->root, .bytes = iso->root_bytes, .is_directory = true};
}

/* ---- directories */

void iso_walk_begin(struct iso_walk *walk, const struct iso *iso, const struct iso_node *directory)
{
    walk->iso = iso;
    walk->directory = *directory;
    walk->at = 0;
    walk->loaded = 0;
}

/* The next record's place within the loaded block and its length; a record never crosses the end
 * of a block, where zeros fill up. Errors: NOT_FOUND (the end). */
static int next_record(struct iso_walk *w, uint32_t *place, uint32_t *length)
{
    while (w->at < w->directory.bytes) {
        uint32_t block = w->directory.block + w->at / ISO_BLOCK;
        *place = w->at % ISO_BLOCK;
        if (block != w->loaded) {
            int error = get_block(w->iso, block, w->sector);
            if (error != E_OK) {
                return error;
            }
            w->loaded = block;
        }
        *length = w->sector[*place];
        if (*length >= RECORD_MIN && *length <= ISO_BLOCK - *place) {
            w->at += *length;
            return E_OK;
        }
        w->at += ISO_BLOCK - *place;
    }
    return E_NOT_FOUND;
}

/* A directory that was moved because it lay too deep: its own first record says how long it is. */
static void complete_moved(const struct iso *iso, struct iso_node *node)
{
    static uint8_t first[ISO_BLOCK];

    if (node->is_directory && node->bytes == 0 && get_block(iso, node->block, first) == E_OK &&
        first[0] >= RECORD_MIN && iso_get32(first + 2) == node->block) {
        node->bytes = iso_get32(first + 10);
    }
}

int iso_walk_next(struct iso_walk *walk, struct iso_entry *entry)
{
    uint32_t place, length;
    int error;

    for (;;) {
        error = next_record(walk, &place, &length);
        if (error != E_OK) {
            return error;
        }
        if (iso_record_read(walk->iso, walk->sector + place, length, entry)) {
            complete_moved(walk->iso, &entry->node);
            if (fits(walk->iso, entry->node.block, entry->node.bytes) || entry->node.bytes == 0) {
                return E_OK;
            }
        }
    }
}

static int find_in(const struct iso *iso, struct iso_node *node, const char *name, size_t bytes)
{
    static struct iso_walk walk;
    static struct iso_entry entry;
    int error;

    if (!node->is_directory) {
        return E_NOT_DIRECTORY;
    }
    iso_walk_begin(&walk, iso, node);
    do {
        error = iso_walk_next(&walk, &entry);
    } while (error == E_OK && (strncmp(entry.name, name, bytes) != 0 || entry.name[bytes] != '\0'));
    if (error == E_OK) {
        *node = entry.node;
    }
    return error;
}

int iso_find(const struct iso *iso, const char *path, struct iso_node *node)
{
    int error = E_OK;

    *node = iso_root(iso);
    while (error == E_OK && *path != '\0') {
        const char *slash = strchr(path, '/');
        size_t bytes = slash != NULL ? (size_t)(slash - path) : strlen(path);
        error = bytes <= ISO_NAME_MAX ? find_in(iso, node, path, bytes) : E_NOT_FOUND;
        path += bytes + (slash != NULL);
    }
    return error;
}

/* ---- files */

int iso_read(const struct iso *iso, const struct iso_node *node, uint32_t offset, uint32_t count,
             void *to)
{
    if (node->is_other) {
        return E_UNSUPPORTED;
    }
    if (offset > node->bytes || count > node->bytes - offset) {
        return E_BAD_ARG;
    }
    return range_get_bytes(&iso->range, (uint64_t)node->block * ISO_BLOCK + offset, count, to);
}
