/*
 * socket.c - the table of sockets and what all kinds have in common: the client's words and how
 * they are judged, the words it is told, and datagrams in rings.
 * Invariant: of a region only what lies between counters that this file has judged is touched, and
 * nothing that the server has written there is ever read back.
 */
#include "internal.h"

#include <lwip/pbuf.h>
#include <lwip/err.h>
#include <string.h>

int error_of_lwip(int error)
{
    switch (error) {
    case ERR_OK:
        return E_OK;
    case ERR_MEM:
    case ERR_BUF:
        return E_NO_MEMORY;
    case ERR_RTE:
        return E_NOT_FOUND;
    case ERR_USE:
        return E_EXISTS;
    case ERR_TIMEOUT:
    case ERR_ABRT: /* lwIP's timers gave it up */
        return E_TIMEOUT;
    case ERR_RST:
    case ERR_CLSD:
    case ERR_CONN:
        return E_GONE;
    default:
        return E_BAD_ARG;
    }
}

/* ---- what the client is told */

static void store_words(const struct socket *s)
{
    struct socket_words *w = words_of(s);

    socket_store(&w->tx_get, s->tx_get);
    socket_store(&w->rx_put, s->rx_put);
    socket_store(&w->state, (uint64_t)s->error << 32 | s->flags);
}

void socket_tell_sent(struct socket *s)
{
    size_t enough = s->kind == CORE_STREAM ? SOCKET_ROOM_STREAM : SOCKET_ROOM_DATAGRAM;

    store_words(s);
    if (SOCKET_RING_BYTES - (s->tx_seen - s->tx_get) >= enough) {
        core.has_room |= 1u << s->session;
    }
}

void socket_tell(struct socket *s, uint32_t set, uint32_t clear)
{
    s->flags = (s->flags | set) & ~clear;
    store_words(s);
    core.has_news |= 1u << s->session;
}

void socket_fail(struct socket *s, int error)
{
    s->error = (uint32_t)error;
    socket_tell(s, SOCKET_FAILED | SOCKET_ENDED, SOCKET_CONNECTED | SOCKET_CAN_ACCEPT);
    if (s->closing) {
        socket_free(s);
    }
}

static void end(struct socket *s)
{
    if (s->kind == CORE_STREAM) {
        stream_end(s);
    } else if (s->kind == CORE_DATAGRAM) {
        datagram_end(s);
    }
}

void socket_lied(struct socket *s)
{
    core.count.lies++;
    end(s);
    socket_fail(s, E_BAD_ARG);
}

/* ---- what the client says */

bool socket_look_taken(struct socket *s)
{
    uint64_t rx_get = socket_load(&words_of(s)->rx_get);

    if (rx_get > s->rx_put || rx_get < s->rx_seen) {
        socket_lied(s);
        return false;
    }
    s->rx_seen = rx_get;
    return true;
}

bool socket_look(struct socket *s)
{
    uint64_t tx_put = socket_load(&words_of(s)->tx_put);

    if (tx_put - s->tx_get > SOCKET_RING_BYTES || tx_put < s->tx_seen) {
        socket_lied(s);
        return false;
    }
    s->tx_seen = tx_put;
    return socket_look_taken(s);
}

/* The flag is off before the words are looked at: what comes later is seen before the server
 * sleeps. */
void core_rung(unsigned session)
{
    if ((core.sessions >> session & 1) != 0) {
        core.awake |= 1u << session;
        socket_store(&core.session[session].region->server_sleeps, 0);
    }
}

static void pump(struct socket *s)
{
    if (s->kind == CORE_STREAM) {
        stream_pump(s);
    } else if (s->kind == CORE_DATAGRAM) {
        datagram_pump(s);
    } else {
        echo_pump(s);
    }
}

void core_doorbell(unsigned session)
{
    core_rung(session);
    for (uint32_t sockets = sockets_of(session); sockets != 0;) {
        struct socket *s = socket_next(session, &sockets);
        if (s->used && (s->flags & SOCKET_FAILED) == 0) {
            pump(s);
        }
    }
}

void socket_time(struct socket *s)
{
    if (s->used && s->kind == CORE_STREAM) {
        stream_time(s);
    } else if (s->used && (s->flags & SOCKET_FAILED) == 0 && s->tx_seen != s->tx_get) {
        pump(s); /* lwIP had no memory for what it was given */
    }
}

/* Of a datagram's ring something is left: what ends that tells of it, or it is tried again. */
void socket_sent(struct socket *s, bool moved)
{
    core.looks_at_sockets |= s->tx_seen != s->tx_get && !core.was_full;
    if (moved) {
        socket_tell_sent(s);
    }
}

bool socket_has_frames(size_t bytes)
{
    unsigned frames = (unsigned)((bytes + FRAGMENT_BYTES - 1) / FRAGMENT_BYTES);

    if (frames > 1 && port_frames() < frames) {
        core.was_full = true;
        return false;
    }
    return true;
}

/* ---- datagrams in rings */

/* Of a packet that came in fragments. */
static void write_chain(uint8_t *ring, uint64_t at, const struct pbuf *p, unsigned skip,
                        unsigned length)
{
    for (unsigned done = 0, n; done < length; done += n) {
        n = (unsigned)socket_piece(at + done, length - done);
        (void)pbuf_copy_partial(p, ring + (at + done) % SOCKET_RING_BYTES, (uint16_t)n,
                                (uint16_t)(skip + done));
    }
}

void socket_put_record(struct socket *s, const struct socket_record *head, const struct pbuf *p,
                       unsigned skip)
{
    uint8_t *ring = socket_rx_ring(region_of(s), s->number);
    size_t bytes = socket_record_bytes(head->length);
    uint64_t at;

    if (!socket_look_taken(s)) {
        return;
    }
    if (head->length > SOCKET_DATAGRAM_MAX || bytes > socket_room(s)) {
        core.count.no_room++;
        return;
    }
    socket_head_write(ring, s->rx_put, head);
    at = s->rx_put + sizeof(*head);
    if (skip + head->length <= p->len) {
        socket_ring_write(ring, at, (const uint8_t *)p->payload + skip, head->length);
    } else {
        write_chain(ring, at, p, skip, head->length);
    }
    s->rx_put += bytes;
    socket_tell(s, 0, 0);
}

/* A chain of buffers that refer to @n bytes of the ring from @at on: two where it wraps. */
static struct pbuf *refer(uint8_t *ring, uint64_t at, size_t n, struct pbuf *front)
{
    while (n != 0) {
        size_t part = socket_piece(at, n);
        struct pbuf *p =
            pbuf_alloc_reference(ring + at % SOCKET_RING_BYTES, (uint16_t)part, PBUF_REF);
        if (p == NULL) {
            (void)pbuf_free(front);
            return NULL;
        }
        pbuf_cat(front, p);
        at += part;
        n -= part;
    }
    return front;
}

/* What stands before a record that is sent, headers of lwIP's: for one at a time, which is not
 * kept. Its type says that it changes, so lwIP copies what has to wait for ARP. */
static struct {
    struct pbuf_custom p;
    uint8_t room[PBUF_TRANSPORT + 16];
    bool used;
} front_of_record;

static void give_front(struct pbuf *p)
{
    (void)p;
    front_of_record.used = false;
}

static struct pbuf *take_front(unsigned bytes)
{
    unsigned type = PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS | PBUF_TYPE_FLAG_DATA_VOLATILE |
                    PBUF_TYPE_ALLOC_SRC_MASK_APP_MIN;

    LWIP_ASSERT("one at a time", !front_of_record.used);
    front_of_record.used = true;
    front_of_record.p.custom_free_function = give_front;
    return pbuf_alloced_custom(PBUF_TRANSPORT, (uint16_t)bytes, (pbuf_type)type, &front_of_record.p,
                               front_of_record.room, sizeof(front_of_record.room));
}

struct pbuf *socket_take_record(struct socket *s, unsigned front, struct socket_record *head)
{
    uint8_t *ring = socket_tx_ring(region_of(s), s->number);
    struct pbuf *p;

    if (s->tx_seen == s->tx_get) {
        return NULL;
    }
    if (s->tx_seen - s->tx_get < sizeof(*head)) {
        socket_lied(s);
        return NULL;
    }
    socket_head_read(ring, s->tx_get, head); /* once: it may change */
    if (head->length > SOCKET_DATAGRAM_MAX ||
        socket_record_bytes(head->length) > s->tx_seen - s->tx_get) {
        socket_lied(s);
        return NULL;
    }
    p = take_front(front);
    return p == NULL ? NULL : refer(ring, s->tx_get + sizeof(*head), head->length, p);
}

/* ---- sessions */

void core_session_open(unsigned session, struct socket_region *region, struct core_rights rights)
{
    struct session *s = &core.session[session];

    memset(region, 0, SOCKET_RINGS_AT);
    socket_store(&region->server_sleeps, 1);
    *s = (struct session){.region = region, .rights = {rights}, .rights_count = 1};
    core.sessions |= 1u << session;
}

void core_session_allow(unsigned session, struct core_rights rights)
{
    struct session *s = &core.session[session];

    if (s->rights_count < CORE_RIGHTS) {
        s->rights[s->rights_count++] = rights;
    }
}

void core_session_close(unsigned session)
{
    struct session *s = &core.session[session];

    for (unsigned i = 0; i < SOCKET_COUNT; i++) {
        if (s->socket[i].used) {
            end(&s->socket[i]);
            s->socket[i].used = false;
        }
    }
    s->used = 0;
    core_drop_waiting();
    s->region = NULL;
    core.sessions &= ~(1u << session);
    core.awake &= core.sessions;
    core.has_news &= core.sessions;
    core.has_room &= core.sessions;
}

struct socket *socket_take(unsigned session, enum core_kind kind)
{
    struct session *all = session < CORE_SESSIONS ? &core.session[session] : NULL;

    for (unsigned i = 0; all != NULL && all->region != NULL && i < SOCKET_COUNT; i++) {
        struct socket *s = &all->socket[i];
        if (!s->used) {
            *s = (struct socket){.used = true,
                                 .kind = (uint8_t)kind,
                                 .session = (uint8_t)session,
                                 .number = (uint8_t)i};
            all->used |= 1u << i;
            memset(words_of(s), 0, sizeof(*words_of(s)));
            return s;
        }
    }
    return NULL;
}

void socket_free(struct socket *s)
{
    s->used = false;
    core.session[s->session].used &= ~(1u << s->number);
    socket_store(&words_of(s)->state, 0);
    core.has_news |= 1u << s->session; /* its client may give the session back */
}

static struct socket *find(unsigned session, unsigned number)
{
    struct session *all = session < CORE_SESSIONS ? &core.session[session] : NULL;
    struct socket *s = all != NULL && number < SOCKET_COUNT ? &all->socket[number] : NULL;

    return s != NULL && all->region != NULL && s->used && !s->closing ? s : NULL;
}

static struct socket *find_kind(unsigned session, unsigned number, enum core_kind kind)
{
    struct socket *s = find(session, number);

    return s != NULL && s->kind == kind ? s : NULL;
}

/* ---- calls */

int core_create(unsigned session, enum core_kind kind, unsigned *socket)
{
    struct socket *s = socket_take(session, kind);
    int error = E_OK;

    if (s == NULL) {
        return E_LIMIT;
    }
    if (kind == CORE_STREAM) {
        error = stream_create(s);
    } else if (kind == CORE_DATAGRAM) {
        error = datagram_create(s);
    } else {
        echo_create(s);
    }
    if (error != E_OK) {
        socket_free(s);
        return error;
    }
    socket_tell(s, SOCKET_OPEN, 0);
    *socket = s->number;
    return E_OK;
}

static bool may_have_port(unsigned session, uint16_t port)
{
    const struct session *s = &core.session[session];

    for (unsigned i = 0; i < s->rights_count; i++) {
        if (port >= s->rights[i].port_first && port <= s->rights[i].port_last) {
            return true;
        }
    }
    return false;
}

int core_bind(unsigned session, unsigned socket, uint32_t address, uint16_t port)
{
    struct socket *s = find(session, socket);

    if (s == NULL || s->kind == CORE_ECHO) {
        return E_BAD_ARG;
    }
    if (port != 0 && !may_have_port(session, port)) {
        return E_NO_RIGHT;
    }
    return s->kind == CORE_STREAM ? stream_bind(s, address, port) : datagram_bind(s, address, port);
}

int core_listen(unsigned session, unsigned socket, unsigned backlog)
{
    struct socket *s = find_kind(session, socket, CORE_STREAM);

    if (s == NULL) {
        return E_BAD_ARG;
    }
    if (stream_port(s) != 0 && !may_have_port(session, stream_port(s))) {
        return E_NO_RIGHT; /* of one that was bound to any */
    }
    return stream_listen(s, backlog);
}

int core_accept(unsigned session, unsigned socket, unsigned into, unsigned *accepted,
                struct core_end *from)
{
    struct socket *listener = find_kind(session, socket, CORE_STREAM), *s;
    int error;

    if (listener == NULL || (listener->flags & SOCKET_LISTENS) == 0) {
        return E_BAD_ARG;
    }
    if ((listener->flags & SOCKET_CAN_ACCEPT) == 0) {
        return E_BUSY;
    }
    s = socket_take(into, CORE_STREAM);
    if (s == NULL) {
        return E_LIMIT;
    }
    error = stream_accept(listener, s, from);
    if (error != E_OK) {
        socket_free(s);
    }
    *accepted = s->number;
    return error;
}

int core_connect(unsigned session, unsigned socket, uint32_t address, uint16_t port)
{
    struct socket *s = find(session, socket);

    if (s == NULL || address == 0 || (port == 0 && s->kind != CORE_ECHO)) {
        return E_BAD_ARG;
    }
    if (s->kind == CORE_STREAM) {
        return stream_connect(s, address, port);
    }
    s->peer_address = address;
    s->peer_port = port;
    return s->kind == CORE_DATAGRAM ? datagram_connect(s, address, port) : E_OK;
}

int core_shutdown(unsigned session, unsigned socket)
{
    struct socket *s = find_kind(session, socket, CORE_STREAM);

    if (s == NULL || (s->flags & SOCKET_CONNECTED) == 0) {
        return E_BAD_ARG;
    }
    s->shut = true;
    stream_pump(s);
    return E_OK;
}

int core_close(unsigned session, unsigned socket)
{
    struct socket *s = find(session, socket);

    if (s == NULL) {
        return E_BAD_ARG;
    }
    if (s->kind == CORE_STREAM) {
        stream_close(s);
        return E_OK;
    }
    end(s);
    socket_free(s);
    return E_OK;
}

/* ---- for netstat */

static void describe(const struct socket *s, struct core_socket *about)
{
    *about = (struct core_socket){.kind = (enum core_kind)s->kind,
                                  .session = s->session,
                                  .remote_address = s->peer_address,
                                  .remote_port = s->peer_port,
                                  .state = "",
                                  .tx_used = (uint32_t)(s->tx_seen - s->tx_get),
                                  .rx_used = (uint32_t)(s->rx_put - s->rx_seen)};
    if (s->kind == CORE_STREAM) {
        stream_describe(s, about);
    } else if (s->kind == CORE_DATAGRAM) {
        datagram_describe(s, about);
    }
}

int core_describe(unsigned session, unsigned socket, struct core_socket *about)
{
    const struct socket *s = find(session, socket);

    if (s == NULL) {
        return E_BAD_ARG;
    }
    describe(s, about);
    return E_OK;
}

bool core_socket_at(unsigned index, struct core_socket *about, bool *used)
{
    const struct socket *s;

    if (index >= CORE_SESSIONS * SOCKET_COUNT) {
        return false;
    }
    s = &core.session[index / SOCKET_COUNT].socket[index % SOCKET_COUNT];
    *used = s->used && core.session[index / SOCKET_COUNT].region != NULL;
    if (*used) {
        describe(s, about);
    }
    return true;
}
