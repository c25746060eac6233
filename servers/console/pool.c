/*
 * pool.c - blocks of three sizes, see pool.h.
 */
#include "pool.h"

#include <assert.h>
#include <string.h>

struct pool_class {
    uint8_t *blocks, *used;
    size_t bytes, count;
};

enum { CLASSES = 3 };

static struct pool_class class_of(struct pool *pool, unsigned i)
{
    switch (i) {
    case 0:
        return (struct pool_class){pool->small[0], pool->small_used, POOL_SMALL_BYTES,
                                   POOL_SMALL_BLOCKS};
    case 1:
        return (struct pool_class){pool->line[0], pool->line_used, POOL_LINE_BYTES,
                                   POOL_LINE_BLOCKS};
    default:
        return (struct pool_class){pool->grid[0], pool->grid_used, POOL_GRID_BYTES,
                                   POOL_GRID_BLOCKS};
    }
}

static void *class_take(struct pool_class class)
{
    for (size_t i = 0; i < class.count; i++) {
        if (class.used[i] == 0) {
            class.used[i] = 1;
            return memset(class.blocks + i * class.bytes, 0, class.bytes);
        }
    }
    return NULL;
}

void *pool_take(struct pool *pool, size_t size)
{
    void *block = NULL;

    for (unsigned i = 0; i < CLASSES && block == NULL; i++) {
        struct pool_class class = class_of(pool, i);

        if (size <= class.bytes) {
            block = class_take(class);
            break;
        }
    }
    assert(block != NULL);
    return block;
}

void pool_give(struct pool *pool, void *block)
{
    uint8_t *at = block;

    if (block == NULL) {
        return;
    }
    for (unsigned i = 0; i < CLASSES; i++) {
        struct pool_class class = class_of(pool, i);
        size_t offset = (size_t)((uintptr_t)at - (uintptr_t) class.blocks);

        if (offset < class.bytes * class.count) {
            assert(offset % class.bytes == 0 && class.used[offset / class.bytes] != 0);
            class.used[offset / class.bytes] = 0;
            return;
        }
    }
    assert(!"a block of the pool");
}

unsigned pool_taken(const struct pool *pool)
{
    unsigned count = 0;

    for (unsigned i = 0; i < POOL_SMALL_BLOCKS; i++) {
        count += pool->small_used[i];
    }
    for (unsigned i = 0; i < POOL_LINE_BLOCKS; i++) {
        count += pool->line_used[i];
    }
    for (unsigned i = 0; i < POOL_GRID_BLOCKS; i++) {
        count += pool->grid_used[i];
    }
    return count;
}
