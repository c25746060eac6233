/*
 * range.c - parts of disks, by blocks and by bytes. Nothing outside of a range is reached through
 * it, whatever a file system's own numbers say.
 */
#include "disk.h"

#include <string.h>

static bool fits(const struct range *r, uint64_t first, uint32_t count)
{
    return first <= r->blocks && count <= r->blocks - first;
}

int range_get(const struct range *r, uint64_t first, uint32_t count, void *to)
{
    return fits(r, first, count) ? disk_get(r->disk, r->first + first, count, to) : E_BAD_ARG;
}

int range_put(const struct range *r, uint64_t first, uint32_t count, const void *from)
{
    return fits(r, first, count) ? disk_put(r->disk, r->first + first, count, from) : E_BAD_ARG;
}

/* One piece of a transfer by bytes: a part of one block, or as many whole blocks as there are. */
struct piece {
    uint64_t block;
    uint32_t skip, bytes; /* within the first block; in all */
    bool is_whole;
};

static struct piece piece_at(const struct range *r, uint64_t offset, uint32_t count)
{
    uint32_t size = r->disk->block_bytes;
    struct piece p = {.block = offset / size, .skip = (uint32_t)(offset % size)};

    p.is_whole = p.skip == 0 && count >= size;
    if (p.is_whole) {
        p.bytes = count / size * size;
    } else {
        p.bytes = count < size - p.skip ? count : size - p.skip;
    }
    return p;
}

static uint8_t part[DISK_BLOCK_MAX]; /* a block of which only a part is wanted */

int range_get_bytes(const struct range *r, uint64_t offset, uint32_t count, void *to)
{
    uint8_t *at = to;
    int error = E_OK;

    while (error == E_OK && count != 0) {
        struct piece p = piece_at(r, offset, count);
        if (p.is_whole) {
            error = range_get(r, p.block, p.bytes / r->disk->block_bytes, at);
        } else {
            error = range_get(r, p.block, 1, part);
            if (error == E_OK) {
                memcpy(at, part + p.skip, p.bytes);
            }
        }
        at += p.bytes;
        offset += p.bytes;
        count -= p.bytes;
    }
    return error;
}

int range_put_bytes(const struct range *r, uint64_t offset, uint32_t count, const void *from)
{
    const uint8_t *at = from;
    int error = E_OK;

    while (error == E_OK && count != 0) {
        struct piece p = piece_at(r, offset, count);
        if (p.is_whole) {
            error = range_put(r, p.block, p.bytes / r->disk->block_bytes, at);
        } else {
            error = range_get(r, p.block, 1, part);
            if (error == E_OK) {
                memcpy(part + p.skip, at, p.bytes);
                error = range_put(r, p.block, 1, part);
            }
        }
        at += p.bytes;
        offset += p.bytes;
        count -= p.bytes;
    }
    return error;
}
