/*
 * places.h - where the requests of a disk's benchmark lie. Also for Linux's side of paired runs
 * (tools/linux/disk.c), which asks for the same blocks in the same order.
 */
#ifndef BENCH_PLACES_H
#define BENCH_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#define REGION     0x200000u /* of the client's bytes */
#define FIRST      2048u     /* block, of what is used */
#define SPAN       32768u    /* blocks; where it ends random and sequential ones begin anew */
#define BLOCK      512u
#define DEEP       8u
#define TURNS_WARM 2u

struct places {
    uint64_t next_block, seed;
};

#define PLACES_BEGIN ((struct places){0, 1})

static inline uint64_t places_next(struct places *p, uint32_t bytes, bool random)
{
    uint64_t blocks = bytes / BLOCK, first = p->next_block;

    if (random) {
        p->seed = p->seed * 6364136223846793005ull + 1442695040888963407ull;
        return FIRST + (p->seed >> 33) % (SPAN / blocks) * blocks;
    }
    p->next_block = (p->next_block + blocks) % SPAN;
    return FIRST + first;
}

/** Where the bytes of the @i-th of a turn lie in the region: each has its own as long as there is
 *  room. */
static inline uint32_t places_offset(unsigned i, uint32_t bytes)
{
    return i * bytes % REGION;
}

#endif
