/*
 * ring.h - a byte queue of fixed size. One thread uses both ends, so nothing is atomic.
 * Invariant: out <= in <= out + RING_BYTES; byte n of the stream is bytes[n % RING_BYTES].
 */
#ifndef UART8250_RING_H
#define UART8250_RING_H

#include <stddef.h>
#include <stdint.h>

#define RING_BYTES 16384u /* a power of two */
_Static_assert((RING_BYTES & (RING_BYTES - 1)) == 0, "an index is one mask");

struct ring {
    uint64_t in, out; /* bytes ever put in, taken out */
    uint8_t bytes[RING_BYTES];
};

static inline size_t ring_used(const struct ring *r)
{
    return (size_t)(r->in - r->out);
}

static inline size_t ring_room(const struct ring *r)
{
    return RING_BYTES - ring_used(r);
}

/** Append one byte; the caller has checked ring_room. */
static inline void ring_put(struct ring *r, uint8_t byte)
{
    r->bytes[r->in++ & (RING_BYTES - 1)] = byte;
}

/** Take one byte; the caller has checked ring_used. */
static inline uint8_t ring_get(struct ring *r)
{
    return r->bytes[r->out++ & (RING_BYTES - 1)];
}

/** Append as many of @n bytes as fit; returns how many. */
size_t ring_write(struct ring *r, const uint8_t *from, size_t n);

/** Take up to @n bytes; returns how many. */
size_t ring_read(struct ring *r, uint8_t *to, size_t n);

#endif
