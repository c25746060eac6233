/*
 * internal.h - what the files of the core (core.h) share.
 *   core.c    lwIP, the interface, time      address.c  addresses, neighbours
 *   socket.c  the table of sockets           stream.c, datagram.c, echo.c: each kind
 */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "core.h"

#include <lwip/netif.h>

struct tcp_pcb;
struct udp_pcb;
struct pbuf;

#define FRAGMENT_BYTES 1480u /* of a packet in each of its fragments */
#define BACKLOG_MAX    64u   /* of one listening socket */
#define WAITING_MAX    128u  /* of all */

/* A connection that waits for accept. */
struct waiting {
    struct tcp_pcb *pcb; /* null: free */
    bool has_ended;
    uint32_t order; /* of arrival */
    struct socket *listener;
};

struct socket {
    bool used;
    bool closing; /* the client has closed it, what is in its ring is still to be sent */
    bool shut;    /* no more is sent once the ring is empty */
    bool shut_done;
    uint8_t kind;
    uint8_t session, number;
    uint16_t echo_id;
    uint32_t flags, error; /* what is in the region's state */
    uint64_t tx_seen;      /* the client's tx_put as it was read last */
    uint64_t tx_sent;      /* up to here lwIP has it */
    uint64_t tx_get;       /* up to here it is acknowledged, or sent */
    uint64_t rx_put, rx_seen;
    uint64_t rx_told;      /* up to here lwIP knows that the client has it */
    uint32_t peer_address; /* of a connected datagram or echo socket; 0: none */
    uint16_t peer_port;
    struct tcp_pcb *tcp;
    struct udp_pcb *udp;
    uint32_t arrivals;
    uint64_t closing_since_ms;
};

struct session {
    struct socket_region *region; /* null: free */
    struct core_rights rights[CORE_RIGHTS];
    unsigned rights_count;
    uint32_t used; /* bit per socket */
    struct socket socket[SOCKET_COUNT];
};

struct core {
    uint64_t now_ms;
    struct netif netif;
    uint8_t mac[6];
    bool has_card, uses_dhcp;
    bool arp_waits; /* perhaps: a packet for an answer of ARP */
    bool was_full;  /* port_frame said no since core_can_send */
    bool leaves_sums;
    struct core_counters count;
    uint32_t sessions; /* bit per session: which there are */
    uint32_t awake; /* those whose client does not ring: their words are looked at before sleep */
    uint32_t has_news;     /* those whose client is to be told something */
    uint32_t has_room;     /* those whose client can send again */
    bool looks_at_sockets; /* one of them waits for something that no callback tells of */
    struct session session[CORE_SESSIONS];
};
extern struct core core;

/** The next of @sessions, bits of core.sessions, which is taken off. */
static inline unsigned session_next(uint32_t *sessions)
{
    unsigned i = (unsigned)__builtin_ctz(*sessions);

    *sessions &= *sessions - 1;
    return i;
}

/** Bits of the sockets in use; 0 of a session that is none. */
static inline uint32_t sockets_of(unsigned session)
{
    return core.session[session].used;
}

/** The next of @sockets, bits of a session's, which is taken off. */
static inline struct socket *socket_next(unsigned session, uint32_t *sockets)
{
    struct socket *s = &core.session[session].socket[__builtin_ctz(*sockets)];

    *sockets &= *sockets - 1;
    return s;
}

/** Does lwIP sum up a UDP packet of @bytes itself? Fragments can't be left to the card. */
void core_sum_udp(unsigned bytes);

void random_begin(const uint8_t secret[16]);

/** Forget what waits for ARP, and with it the neighbours, who are asked for again: before a ring
 * that it may refer to gets other bytes. */
void core_drop_waiting(void);

/* ---- socket.c */

static inline struct socket_words *words_of(const struct socket *s)
{
    return &core.session[s->session].region->socket[s->number];
}

static inline struct socket_region *region_of(const struct socket *s)
{
    return core.session[s->session].region;
}

/** Make its words known to its client, with @set and without @clear in its state. */
void socket_tell(struct socket *s, uint32_t set, uint32_t clear);

/** The same where tx_get alone has changed, or why the last of it was dropped. */
void socket_tell_sent(struct socket *s);

/** It is over, for @error. */
void socket_fail(struct socket *s, int error);

/** Its client broke the rules of the ring: it is over. */
void socket_lied(struct socket *s);

/** Free it: nothing of lwIP's refers to it any more. */
void socket_free(struct socket *s);

/** What a timer does for it. */
void socket_time(struct socket *s);

/** Its datagrams have been looked at; @moved: some have left. */
void socket_sent(struct socket *s, bool moved);

/** Is there room for all fragments of a packet with @bytes behind its IP header? One that lacks
 * some is worth nothing. False: who is to be told when there is has been noted. */
bool socket_has_frames(size_t bytes);

/** A free one of @session; null: none. */
struct socket *socket_take(unsigned session, enum core_kind kind);

/** Read the client's words. False: they are a lie, and the socket is over. */
bool socket_look(struct socket *s);

/** Only what it has taken: what it has given stays to be seen by who sends it. */
bool socket_look_taken(struct socket *s);

/** Bytes that may be put into the ring to the client. */
static inline size_t socket_room(const struct socket *s)
{
    return SOCKET_RING_BYTES - (size_t)(s->rx_put - s->rx_seen);
}

/** Put a datagram into the ring to the client; counts it if there is no room. */
void socket_put_record(struct socket *s, const struct socket_record *head, const struct pbuf *p,
                       unsigned skip);

/** The next datagram of the ring from the client, as a chain that refers to the ring with
 *  @front bytes of room before it. Null: none (or out of memory, or it was a lie). */
struct pbuf *socket_take_record(struct socket *s, unsigned front, struct socket_record *head);

int error_of_lwip(int error);

/* ---- each kind: what was given to be sent, or the room that was made */

void stream_pump(struct socket *s);
void stream_end(struct socket *s); /* its client is gone: reset */
int stream_create(struct socket *s);
int stream_bind(struct socket *s, uint32_t address, uint16_t port);
int stream_listen(struct socket *s, unsigned backlog);
int stream_accept(struct socket *listener, struct socket *s, struct core_end *from);
int stream_connect(struct socket *s, uint32_t address, uint16_t port);
void stream_close(struct socket *s);
void stream_describe(const struct socket *s, struct core_socket *about);
void stream_time(struct socket *s);
void stream_let_go(void);                     /* of what the last segment has ended */
uint16_t stream_port(const struct socket *s); /* that it is bound to; 0: none */

void datagram_pump(struct socket *s);
int datagram_create(struct socket *s);
int datagram_bind(struct socket *s, uint32_t address, uint16_t port);
int datagram_connect(struct socket *s, uint32_t address, uint16_t port);
void datagram_end(struct socket *s);
void datagram_describe(const struct socket *s, struct core_socket *about);

int echo_begin(void);
void echo_pump(struct socket *s);
void echo_create(struct socket *s);

#endif
