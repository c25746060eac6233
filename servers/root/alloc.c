/*
 * alloc.c - which untyped pays for an object: best fit over watermarks.
 * Pure arithmetic on a mirror of the kernel's state; object.c makes the two agree.
 */
#include "alloc.h"

#include <stddef.h>

int heap_add(struct heap *heap, uint32_t slot, unsigned size_bits, uint64_t used)
{
    if (heap->count == HEAP_AREAS) {
        return -1;
    }
    heap->area[heap->count++] =
        (struct area){.used = used, .slot = slot, .size_bits = (uint8_t)size_bits};
    return 0;
}

uint64_t area_cost(const struct area *area, unsigned bits, uint64_t count)
{
    uint64_t bytes = 1ull << area->size_bits;
    uint64_t start;

    if (bits > area->size_bits || count == 0 || count > bytes >> bits) {
        return 0;
    }
    start = (area->used + (1ull << bits) - 1) >> bits << bits;
    if (start > bytes || count << bits > bytes - start) {
        return 0;
    }
    return start + (count << bits) - area->used;
}

struct area *heap_find(struct heap *heap, unsigned bits, uint64_t count)
{
    struct area *best = NULL;
    uint64_t best_left = UINT64_MAX;

    for (unsigned i = 0; i < heap->count; i++) {
        struct area *a = &heap->area[i];
        uint64_t cost = area_cost(a, bits, count);
        uint64_t left = (1ull << a->size_bits) - a->used - cost;
        if (cost != 0 && left < best_left) {
            best = a;
            best_left = left;
        }
    }
    return best;
}

uint64_t heap_total(const struct heap *heap)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < heap->count; i++) {
        sum += 1ull << heap->area[i].size_bits;
    }
    return sum;
}

uint64_t heap_used(const struct heap *heap)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < heap->count; i++) {
        sum += heap->area[i].used;
    }
    return sum;
}

uint64_t heap_share(uint64_t free, uint64_t min, uint64_t max)
{
    uint64_t share = max;

    while (share > min && share > free / 8) {
        share /= 2;
    }
    return share;
}
