/*
 * pool.h - the memory of all terminals: blocks of three fixed sizes, enough for the most that
 * libvterm ever asks for (guard.h sees to it that nothing makes it ask for more). No block is
 * split or joined, so there is no fragmentation, and running out is a mistake of the console's.
 */
#ifndef CONSOLE_POOL_H
#define CONSOLE_POOL_H

#include <stddef.h>
#include <stdint.h>

enum {
    SCREENS = 4,
    SCREEN_ROWS_MAX = 48,
    SCREEN_COLUMNS_MAX = 128,
    SCREEN_ROWS_MIN = 2,
    SCREEN_COLUMNS_MIN = 8,

    POOL_SMALL_BYTES = 1024, /* a terminal's records, tab stops, strings; tiny grids */
    POOL_SMALL_BLOCKS = 16 * SCREENS,
    POOL_LINE_BYTES = 48 * SCREEN_COLUMNS_MAX, /* a row on its way to the history; small grids */
    POOL_LINE_BLOCKS = 4 * SCREENS,
    POOL_GRID_BYTES = 40 * SCREEN_ROWS_MAX * SCREEN_COLUMNS_MAX, /* all cells */
    POOL_GRID_BLOCKS = 2 * SCREENS + 1, /* normal and alternate, and one to change the size */
    POOL_BLOCKS = POOL_SMALL_BLOCKS + POOL_LINE_BLOCKS + POOL_GRID_BLOCKS,
};

struct pool {
    _Alignas(16) uint8_t small[POOL_SMALL_BLOCKS][POOL_SMALL_BYTES];
    _Alignas(16) uint8_t line[POOL_LINE_BLOCKS][POOL_LINE_BYTES];
    _Alignas(16) uint8_t grid[POOL_GRID_BLOCKS][POOL_GRID_BYTES];
    uint8_t small_used[POOL_SMALL_BLOCKS], line_used[POOL_LINE_BLOCKS];
    uint8_t grid_used[POOL_GRID_BLOCKS];
};

/** A block of at least @size bytes, all zero. Ends the program if there is none: see above. */
void *pool_take(struct pool *pool, size_t size);

/** Give a block back; a null pointer is nothing. */
void pool_give(struct pool *pool, void *block);

/** How many blocks are taken, for tests. */
unsigned pool_taken(const struct pool *pool);

#endif
