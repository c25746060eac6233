/*
 * acpi_pool.c - ACPICA's memory: one static array of blocks, each with a header that says its
 * length and whether it is used. Blocks lie one behind the other without gaps; free neighbours
 * are joined when a search passes them.
 */
#include "acpi_pool.h"

#include "acpi.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define UNIT 16u /* of lengths and alignment */

struct block {
    uint32_t units; /* with this header */
    uint32_t used;  /* BLOCK_USED or BLOCK_FREE */
    uint64_t check; /* the block's own address: whatever was not taken here has not got it */
};
_Static_assert(sizeof(struct block) == UNIT, "a header is one unit");

enum { BLOCK_FREE = 0, BLOCK_USED = 1 };

static _Alignas(UNIT) struct block pool[ACPI_POOL_BYTES / UNIT];
static const uint32_t pool_units = ACPI_POOL_BYTES / UNIT;
static uint32_t used_units, peak_units, first_free;

static void block_set(uint32_t at, uint32_t units, uint32_t used)
{
    pool[at] = (struct block){.units = units, .used = used, .check = (uintptr_t)&pool[at]};
}

/* Join the free blocks behind the free block at @at to it. */
static void join(uint32_t at)
{
    uint32_t next = at + pool[at].units;

    while (next < pool_units && pool[next].used == BLOCK_FREE) {
        pool[at].units += pool[next].units;
        pool[next].check = 0;
        next = at + pool[at].units;
    }
}

/* Take the first @units of the free block at @at. */
static void *cut(uint32_t at, uint32_t units)
{
    uint32_t rest = pool[at].units - units;

    if (rest != 0) {
        block_set(at + units, rest, BLOCK_FREE);
    }
    block_set(at, units, BLOCK_USED);
    used_units += units;
    if (used_units > peak_units) {
        peak_units = used_units;
    }
    return &pool[at + 1];
}

void *acpi_pool_take(size_t bytes)
{
    bool passed_free = false;
    uint32_t units;

    if (pool[0].units == 0) {
        block_set(0, pool_units, BLOCK_FREE);
    }
    if (bytes > ACPI_POOL_BYTES - UNIT) {
        return NULL;
    }
    units = (uint32_t)((bytes + UNIT - 1) / UNIT) + 1;
    for (uint32_t at = first_free; at < pool_units; at += pool[at].units) {
        if (pool[at].used != BLOCK_FREE) {
            continue;
        }
        join(at);
        if (!passed_free) {
            first_free = at; /* everything before it is used */
            passed_free = true;
        }
        if (pool[at].units >= units) {
            return cut(at, units);
        }
    }
    return NULL;
}

void acpi_pool_give(void *memory)
{
    uintptr_t address = (uintptr_t)memory;
    uint32_t at;

    if (memory == NULL) {
        return;
    }
    if (address <= (uintptr_t)pool || address % UNIT != 0 ||
        address >= (uintptr_t)pool + sizeof(pool)) {
        abort();
    }
    at = (uint32_t)((address - (uintptr_t)pool) / UNIT) - 1;
    if (pool[at].check != (uintptr_t)&pool[at] || pool[at].used != BLOCK_USED) {
        abort();
    }
    pool[at].used = BLOCK_FREE;
    used_units -= pool[at].units;
    if (at < first_free) {
        first_free = at;
    }
}

void acpi_pool_usage(uint64_t *peak, uint64_t *total)
{
    *peak = (uint64_t)peak_units * UNIT;
    *total = sizeof(pool);
}
