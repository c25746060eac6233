/*
 * lines.c - see lines.h. Open addressing with linear probing; at most a quarter of the slots is in
 * use, so a search is short and always ends.
 */
#include "lines.h"

#define SLOTS (4 * LINES_MAX)

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void lines_clear(struct lines *set)
{
    set->epoch++;
    set->count = 0;
    set->overflow = false;
    if (set->epoch != 0)
        return;
    for (uint32_t i = 0; i < SLOTS; i++) /* once in four thousand million times */
        set->slot[i].epoch = 0;
    set->epoch = 1;
}

void lines_add(struct lines *set, uint64_t address, uint32_t how)
{
    uint64_t number = address >> LINE_SHIFT;
    uint32_t at = (uint32_t)mix(number) % SLOTS;

    for (; set->slot[at].epoch == set->epoch; at = (at + 1) % SLOTS) {
        struct line *line = &set->list[set->slot[at].index];

        if (line->number == number) {
            line->how |= how;
            return;
        }
    }
    if (set->count == LINES_MAX) {
        set->overflow = true;
        return;
    }
    set->slot[at].epoch = set->epoch;
    set->slot[at].index = set->count;
    set->list[set->count++] = (struct line){number, how};
}

uint64_t lines_hash(const struct lines *set)
{
    uint64_t hash = set->count;

    for (uint32_t i = 0; i < set->count; i++)
        hash = mix(hash ^ (set->list[i].number << 2 | set->list[i].how));
    return hash;
}
