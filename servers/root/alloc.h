/*
 * alloc.h - which untyped pays for an object: arithmetic only, so it is tested on the host.
 * Invariant: area.used is what the kernel's watermark of that untyped is (it cuts in order and
 * aligns each object to its own size), so memory is accounted to the byte.
 */
#ifndef ROOT_ALLOC_H
#define ROOT_ALLOC_H

#include <stdint.h>

#define HEAP_AREAS 192

struct area {
    uint64_t used;     /* bytes below the watermark */
    uint32_t slot;     /* the Untyped's capability in root's CNode */
    uint8_t size_bits; /* of the whole */
};

struct heap {
    struct area area[HEAP_AREAS];
    unsigned count;
};

/** Add an untyped; returns -1 if the heap is full of them. */
int heap_add(struct heap *heap, uint32_t slot, unsigned size_bits, uint64_t used);

/** How far cutting @count objects of 2^@bits bytes moves @area's watermark, with what alignment
 *  skips; 0 if they do not fit. */
uint64_t area_cost(const struct area *area, unsigned bits, uint64_t count);

/** The area that has least room left after that cut; a null pointer if none fits. */
struct area *heap_find(struct heap *heap, unsigned bits, uint64_t count);

/** Sums over all areas, in bytes. */
uint64_t heap_total(const struct heap *heap);
uint64_t heap_used(const struct heap *heap);

/** The most memory to hand out from @min to @max (powers of two) while seven eighths of @free
 *  stay: the largest power of two that is at most @free / 8, within the limits. */
uint64_t heap_share(uint64_t free, uint64_t min, uint64_t max);

#endif
