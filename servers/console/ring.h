/*
 * ring.h - a queue of bytes inside one task.
 */
#ifndef CONSOLE_RING_H
#define CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

enum { RING_BYTES = 8192 }; /* a power of two: the counters run on */

struct ring {
    uint8_t bytes[RING_BYTES];
    uint32_t put, got;
};

static inline size_t ring_used(const struct ring *ring)
{
    return ring->put - ring->got;
}

static inline size_t ring_room(const struct ring *ring)
{
    return RING_BYTES - ring_used(ring);
}

/** Append at most @count bytes; returns how many there was room for. */
static inline size_t ring_write(struct ring *ring, const void *from, size_t count)
{
    const uint8_t *bytes = from;
    size_t done = 0;

    for (; done < count && ring_room(ring) != 0; done++) {
        ring->bytes[ring->put++ % RING_BYTES] = bytes[done];
    }
    return done;
}

/** Take at most @count bytes; returns how many there were. */
static inline size_t ring_read(struct ring *ring, void *to, size_t count)
{
    uint8_t *bytes = to;
    size_t done = 0;

    for (; done < count && ring_used(ring) != 0; done++) {
        bytes[done] = ring->bytes[ring->got++ % RING_BYTES];
    }
    return done;
}

#endif
