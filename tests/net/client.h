/*
 * client.h - a client of the sockets for tests of the core: what libc's sockets do with a region,
 * with the calls made directly.
 */
#ifndef TESTS_NET_CLIENT_H
#define TESTS_NET_CLIENT_H

#include "../../servers/net/core.h"

#include <stdlib.h>

extern struct socket_region *regions[CORE_SESSIONS];

static inline struct socket_words *words(unsigned session, unsigned socket)
{
    return &regions[session]->socket[socket];
}

static inline uint32_t state(unsigned session, unsigned socket)
{
    return (uint32_t)words(session, socket)->state;
}

/* As much as there is room for. */
static inline size_t give(unsigned session, unsigned socket, const uint8_t *bytes, size_t n)
{
    struct socket_words *w = words(session, socket);
    size_t room = SOCKET_RING_BYTES - (size_t)(w->tx_put - w->tx_get);

    n = n < room ? n : room;
    socket_ring_write(socket_tx_ring(regions[session], socket), w->tx_put, bytes, n);
    w->tx_put += n;
    return n;
}

static inline size_t get(unsigned session, unsigned socket, uint8_t *bytes, size_t max)
{
    struct socket_words *w = words(session, socket);
    size_t n = (size_t)(w->rx_put - w->rx_get);

    n = n < max ? n : max;
    socket_ring_read(socket_rx_ring(regions[session], socket), w->rx_get, bytes, n);
    w->rx_get += n;
    return n;
}

static inline void give_record(unsigned session, unsigned socket, struct socket_record head,
                               const void *bytes)
{
    struct socket_words *w = words(session, socket);
    uint8_t *ring = socket_tx_ring(regions[session], socket);

    socket_ring_write(ring, w->tx_put, &head, sizeof(head));
    socket_ring_write(ring, w->tx_put + sizeof(head), bytes, head.length);
    w->tx_put += socket_record_bytes(head.length);
}

static inline bool get_record(unsigned session, unsigned socket, struct socket_record *head,
                              void *bytes)
{
    struct socket_words *w = words(session, socket);
    const uint8_t *ring = socket_rx_ring(regions[session], socket);

    if (w->rx_put == w->rx_get) {
        return false;
    }
    socket_ring_read(ring, w->rx_get, head, sizeof(*head));
    socket_ring_read(ring, w->rx_get + sizeof(*head), bytes, head->length);
    w->rx_get += socket_record_bytes(head->length);
    return true;
}

static inline void new_session(unsigned session)
{
    if (regions[session] == NULL) {
        regions[session] = aligned_alloc(4096, SOCKET_REGION_BYTES);
    }
    core_session_open(session, regions[session], (struct core_rights){1, 65535});
}

#endif
