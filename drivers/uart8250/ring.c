/*
 * ring.c - whole pieces into and out of a byte queue.
 * Separate from the driver so that it is tested on the host.
 */
#include "ring.h"

#include <string.h>

/* How many of @n bytes from stream position @at lie before the wrap. */
static size_t before_wrap(uint64_t at, size_t n)
{
    size_t room = RING_BYTES - (size_t)(at & (RING_BYTES - 1));

    return n < room ? n : room;
}

size_t ring_write(struct ring *r, const uint8_t *from, size_t n)
{
    size_t room = ring_room(r), count = n < room ? n : room;
    size_t head = before_wrap(r->in, count);

    memcpy(r->bytes + (r->in & (RING_BYTES - 1)), from, head);
    memcpy(r->bytes, from + head, count - head);
    r->in += count;
    return count;
}

size_t ring_read(struct ring *r, uint8_t *to, size_t n)
{
    size_t used = ring_used(r), count = n < used ? n : used;
    size_t head = before_wrap(r->out, count);

    memcpy(to, r->bytes + (r->out & (RING_BYTES - 1)), head);
    memcpy(to + head, r->bytes, count - head);
    r->out += count;
    return count;
}
