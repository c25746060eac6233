/*
 * socket_region.h - the memory that a client of `socket` shares with the net server: for each
 * socket two rings of bytes, and the counters that say what is in them. docs/net.md.
 * Counters are free-running bytes; each is written by one side, read once by the other and judged
 * against what that side itself has in private: a lie ends the liar's socket and nothing else.
 * Invariant for both: put - get <= SOCKET_RING_BYTES.
 */
#ifndef QUOLL_SOCKET_REGION_H
#define QUOLL_SOCKET_REGION_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SOCKET_REGION_BYTES 0x200000ul
#define SOCKET_RINGS_AT     0x4000ul
#define SOCKET_RING_BYTES   32768u                  /* a power of two */
#define SOCKET_TAKE_BYTES   (SOCKET_RING_BYTES / 4) /* so often a client tells what it has taken */
#define SOCKET_COUNT        31u                     /* of a session */

/* In socket_words.state, bits 0 to 31; bits 32 to 63 are an error of errors.def. */
enum socket_state {
    SOCKET_OPEN = 1,
    SOCKET_CONNECTED = 2,
    SOCKET_LISTENS = 4,
    SOCKET_CAN_ACCEPT = 8,
    SOCKET_ENDED = 16,  /* the other side sends no more: what is in the ring is the last */
    SOCKET_FAILED = 32, /* the connection is no more, and why is in the upper half */
};

/* When the client is to be signalled. */
enum socket_sleep {
    SOCKET_AWAKE = 0,
    SOCKET_SLEEPS = 1,          /* when a word of the server's has changed */
    SOCKET_SLEEPS_FOR_NEWS = 2, /* not if all that is new is room to send */
};

struct socket_words {
    uint64_t tx_put, rx_get; /* the client's */
    uint64_t spare_client[6];
    uint64_t tx_get, rx_put, state; /* the server's */
    uint64_t spare_server[5];
};

struct socket_region {
    uint64_t client_sleeps; /* enum socket_sleep */
    uint64_t spare_client[7];
    uint64_t server_sleeps; /* 1: signal the server when a word of the client's changes */
    uint64_t spare_server[7];
    struct socket_words socket[SOCKET_COUNT];
};

/* What stands before each datagram in a ring. The next record begins at a multiple of 8. Of an
 * echo socket the port is the sequence number. */
struct socket_record {
    uint32_t address; /* network byte order, the other side's */
    uint16_t port;
    uint16_t length; /* of what follows, SOCKET_DATAGRAM_MAX at most */
};
#define SOCKET_DATAGRAM_MAX 16384u

/* So much room to send is worth a signal: less is used up at once, or does not do for a datagram.
 */
#define SOCKET_ROOM_STREAM   (SOCKET_RING_BYTES / 4)
#define SOCKET_ROOM_DATAGRAM (SOCKET_DATAGRAM_MAX + sizeof(struct socket_record))

_Static_assert(sizeof(struct socket_region) <= SOCKET_RINGS_AT, "the rings follow");
_Static_assert(SOCKET_RINGS_AT + SOCKET_COUNT * 2ul * SOCKET_RING_BYTES <= SOCKET_REGION_BYTES,
               "all of it fits");
_Static_assert(sizeof(struct socket_record) == 8, "a record's words");
_Static_assert(SOCKET_DATAGRAM_MAX % 8 == 0 && SOCKET_ROOM_DATAGRAM <= SOCKET_RING_BYTES,
               "a ring has room for the largest record");

/** The ring of bytes to the server, and of those from it, of socket @i. */
static inline uint8_t *socket_tx_ring(struct socket_region *r, unsigned i)
{
    return (uint8_t *)r + SOCKET_RINGS_AT + i * 2ul * SOCKET_RING_BYTES;
}

static inline uint8_t *socket_rx_ring(struct socket_region *r, unsigned i)
{
    return socket_tx_ring(r, i) + SOCKET_RING_BYTES;
}

/** How many bytes lie in one piece at counter @at, of @n. */
static inline size_t socket_piece(uint64_t at, size_t n)
{
    size_t end = SOCKET_RING_BYTES - (size_t)(at % SOCKET_RING_BYTES);

    return n < end ? n : end;
}

static inline void socket_ring_write(uint8_t *ring, uint64_t at, const void *from, size_t n)
{
    size_t first = socket_piece(at, n);

    memcpy(ring + at % SOCKET_RING_BYTES, from, first);
    if (first != n) {
        memcpy(ring, (const uint8_t *)from + first, n - first);
    }
}

static inline void socket_ring_read(const uint8_t *ring, uint64_t at, void *to, size_t n)
{
    size_t first = socket_piece(at, n);

    memcpy(to, ring + at % SOCKET_RING_BYTES, first);
    if (first != n) {
        memcpy((uint8_t *)to + first, ring, n - first);
    }
}

/** A record begins at a multiple of 8, so its head lies in one piece. */
static inline void socket_head_write(uint8_t *ring, uint64_t at, const struct socket_record *head)
{
    memcpy(ring + at % SOCKET_RING_BYTES, head, sizeof(*head));
}

static inline void socket_head_read(const uint8_t *ring, uint64_t at, struct socket_record *head)
{
    memcpy(head, ring + at % SOCKET_RING_BYTES, sizeof(*head));
}

/** What a datagram of @length bytes takes of a ring. */
static inline size_t socket_record_bytes(size_t length)
{
    return sizeof(struct socket_record) + ((length + 7) & ~(size_t)7);
}

/* The other side may change it at any time. */
static inline uint64_t socket_load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* After the bytes that it is about. */
static inline void socket_store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Before a look at the other side's flag of sleep, or own flag before the last look. */
static inline void socket_store_fenced(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

#endif
