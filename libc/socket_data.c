/*
 * socket_data.c - data through the rings of quoll/socket_region.h, and waiting for it. A call to
 * the server is made for none of it: a signal, if the server sleeps.
 */
#include "socket.h"

#include <errno.h>
#include <quoll/deadline.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>

#define ASK_EVERY_MS 1000u /* who waits, whether the server lives */

static struct socket_words *words_of(int fd)
{
    return &socket_region_of(fd)->socket[socket_number_of(fd)];
}

static size_t tx_room(int fd)
{
    struct socket_words *w = words_of(fd);
    size_t used = (size_t)(w->tx_put - socket_load(&w->tx_get));

    return used <= SOCKET_RING_BYTES ? SOCKET_RING_BYTES - used : 0;
}

static size_t rx_used(int fd)
{
    struct socket_words *w = words_of(fd);
    size_t used = (size_t)(socket_load(&w->rx_put) - w->rx_get);

    return used <= SOCKET_RING_BYTES ? used : 0;
}

/* ---- waiting */

static uint64_t asked_tsc; /* whether the server lives */

static uint64_t ticks(uint64_t ms)
{
    return quoll_info()->tsc_hz / 1000 * ms;
}

/* Have the next wait end at @until at the latest, and in time to ask: as it does already, unless
 * the deadline has passed or was used for something else. */
static void arm(uint64_t until)
{
    uint64_t now = rdtsc(), at;

    if (task_deadline.bits != SOCKET_BIT_DEADLINE || task_deadline.tsc <= now ||
        task_deadline.tsc > until) {
        at = now + ticks(ASK_EVERY_MS);
        (void)task_set_deadline(at < until ? at : until, SOCKET_BIT_DEADLINE);
    }
}

/* A dead server signals nobody. */
static void ask_in_time(void)
{
    if (rdtsc() - asked_tsc >= ticks(ASK_EVERY_MS)) {
        asked_tsc = rdtsc();
        socket_ask_server();
    }
}

static short readiness(int fd)
{
    bool is_stream = socket_kind(fd) == SOCK_STREAM;
    uint64_t state = socket_load(&words_of(fd)->state);
    short events = 0;

    if (socket_server_is_dead) {
        return POLLERR | POLLIN | POLLHUP | POLLOUT;
    }
    if ((state & SOCKET_FAILED) != 0) {
        events |= POLLERR;
    }
    if (rx_used(fd) != 0 || (state & (SOCKET_ENDED | SOCKET_FAILED | SOCKET_CAN_ACCEPT)) != 0) {
        events |= (state & SOCKET_ENDED) != 0 ? POLLIN | POLLHUP : POLLIN;
    }
    if (is_stream ? (state & SOCKET_CONNECTED) != 0 && tx_room(fd) >= SOCKET_ROOM_STREAM
                  : tx_room(fd) >= SOCKET_ROOM_DATAGRAM) {
        events |= POLLOUT;
    }
    return events;
}

static int look(struct pollfd *fds, nfds_t count)
{
    int found = 0;

    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if (fds[i].fd >= 0 && socket_kind(fds[i].fd) == 0) {
            fds[i].revents = POLLERR;
        } else if (fds[i].fd >= 0) {
            short events = readiness(fds[i].fd);
            int hup = (events & fds[i].events & POLLIN) != 0 ? POLLHUP : 0;

            fds[i].revents = (short)(events & (fds[i].events | POLLERR | hup));
        }
        found += fds[i].revents != 0;
    }
    return found;
}

static uint64_t sleep_until_told(void)
{
    uint64_t bits = 0;

    (void)sys_wait(SLOT_NOTIFY, &bits);
    return bits;
}

uint64_t (*poll_sleep)(void) = sleep_until_told;

static void set_sleeping(enum socket_sleep value)
{
    for (unsigned i = 0; i < SOCKET_SESSIONS; i++) {
        if (socket_regions[i] != NULL) {
            socket_store_fenced(&socket_regions[i]->client_sleeps, value);
        }
    }
}

/* What has been sent concerns only who waits for room. */
static enum socket_sleep sleep_of(const struct pollfd *fds, nfds_t count)
{
    short events = 0;

    for (nfds_t i = 0; i < count; i++) {
        events |= fds[i].events;
    }
    return (events & POLLOUT) != 0 ? SOCKET_SLEEPS : SOCKET_SLEEPS_FOR_NEWS;
}

/* The flag before the last look; the server's words before its look at the flag. */
static int look_and_sleep(struct pollfd *fds, nfds_t count, uint64_t until, uint64_t *bits)
{
    int found;

    *bits = 0;
    set_sleeping(sleep_of(fds, count));
    found = look(fds, count);
    if (found == 0) {
        arm(until);
        *bits = poll_sleep();
    }
    set_sleeping(SOCKET_AWAKE);
    if (found == 0) {
        socket_give_back();
        ask_in_time();
        found = look(fds, count);
    }
    return found;
}

/* @by_signal: bits that are none of the sockets' end it, too. */
static int wait_for(struct pollfd *fds, nfds_t count, int timeout, bool by_signal)
{
    uint64_t until = timeout < 0 ? UINT64_MAX : rdtsc() + ticks((uint64_t)timeout);
    uint64_t bits = 0;
    int found = look(fds, count);

    if (found != 0 || timeout == 0 || socket_regions[0] == NULL) {
        return found;
    }
    do {
        found = look_and_sleep(fds, count, until, &bits);
        bits &= by_signal ? ~(SOCKET_BIT | SOCKET_BIT_DEADLINE) : 0;
    } while (found == 0 && bits == 0 && rdtsc() < until);
    (void)task_set_deadline(0, 0);
    return found != 0 ? found : look(fds, count);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return wait_for(fds, count, timeout, false);
}

int poll_or_signal(struct pollfd *fds, nfds_t count, int timeout)
{
    return wait_for(fds, count, timeout, true);
}

bool socket_wait(int fd, short events, int ms)
{
    struct pollfd one = {fd, events, 0};
    uint64_t bits;

    if (ms >= 0) {
        return poll(&one, 1, ms) != 0;
    }
    while (look_and_sleep(&one, 1, UINT64_MAX, &bits) == 0) {
    }
    return true;
}

/* ---- streams */

static int why(int fd)
{
    uint64_t state = socket_load(&words_of(fd)->state);

    if (socket_server_is_dead) {
        return E_GONE;
    }
    return (state & SOCKET_FAILED) != 0 ? (int)(state >> 32) : E_OK;
}

static ssize_t send_stream(int fd, const uint8_t *bytes, size_t n, bool waits)
{
    struct socket_words *w = words_of(fd);
    size_t sent = 0;

    if (socket_is_shut[fd]) {
        return socket_fails(E_GONE);
    }
    if ((socket_load(&w->state) & SOCKET_CONNECTED) == 0) {
        return socket_fails(why(fd) != E_OK ? why(fd) : E_BAD_ARG);
    }
    while (sent < n) {
        size_t room = tx_room(fd); /* looked at once: the server makes more at any time */
        size_t part = room < n - sent ? room : n - sent;
        if (part == 0 && (!waits || why(fd) != E_OK)) {
            break;
        }
        if (part == 0) {
            (void)socket_wait(fd, POLLOUT, -1);
            continue;
        }
        socket_ring_write(socket_tx_ring(socket_region_of(fd), socket_number_of(fd)), w->tx_put,
                          bytes + sent, part);
        socket_store_fenced(&w->tx_put, w->tx_put + part);
        socket_ring(fd);
        sent += part;
    }
    if (sent == 0 && n != 0) {
        return socket_fails(why(fd) != E_OK ? why(fd) : E_BUSY);
    }
    return (ssize_t)sent;
}

size_t send_room(int fd)
{
    return socket_kind(fd) == SOCK_STREAM ? tx_room(fd) : 0;
}

/* The server learns what was taken when it is much, not each time. */
static void take(int fd, size_t n)
{
    struct socket_words *w = words_of(fd);
    uint64_t before = w->rx_get;

    socket_store_fenced(&w->rx_get, before + n);
    if ((before + n) / SOCKET_TAKE_BYTES != before / SOCKET_TAKE_BYTES) {
        socket_ring(fd);
    }
}

static ssize_t receive_stream(int fd, void *bytes, size_t n)
{
    size_t used = rx_used(fd);

    n = n < used ? n : used;
    if (n == 0 && why(fd) != E_OK) {
        return socket_fails(why(fd));
    }
    socket_ring_read(socket_rx_ring(socket_region_of(fd), socket_number_of(fd)),
                     words_of(fd)->rx_get, bytes, n);
    take(fd, n);
    return (ssize_t)n;
}

/* ---- datagrams */

static ssize_t send_record(int fd, const void *bytes, size_t n, bool waits,
                           const struct sockaddr *to, socklen_t length)
{
    struct socket_record head = {.length = (uint16_t)n};
    struct socket_words *w = words_of(fd);
    uint8_t *ring = socket_tx_ring(socket_region_of(fd), socket_number_of(fd));
    struct sockaddr_in in;

    if (n > SOCKET_DATAGRAM_MAX || (to != NULL && length < sizeof(in))) {
        return socket_fails(E_BAD_ARG);
    }
    if (to != NULL) {
        __builtin_memcpy(&in, to, sizeof(in));
        head.address = in.sin_addr.s_addr;
        head.port = ntohs(in.sin_port);
    }
    while (tx_room(fd) < socket_record_bytes(n)) {
        if (!waits || why(fd) != E_OK) {
            return socket_fails(why(fd) != E_OK ? why(fd) : E_BUSY);
        }
        (void)socket_wait(fd, POLLOUT, -1);
    }
    socket_head_write(ring, w->tx_put, &head);
    socket_ring_write(ring, w->tx_put + sizeof(head), bytes, n);
    socket_store_fenced(&w->tx_put, w->tx_put + socket_record_bytes(n));
    socket_ring(fd);
    return (ssize_t)n;
}

static ssize_t receive_record(int fd, void *bytes, size_t n, struct sockaddr *from,
                              socklen_t *length)
{
    const uint8_t *ring = socket_rx_ring(socket_region_of(fd), socket_number_of(fd));
    struct socket_words *w = words_of(fd);
    struct socket_record head;

    if (rx_used(fd) < sizeof(head)) {
        return socket_fails(why(fd) != E_OK ? why(fd) : E_BAD_ANSWER);
    }
    socket_head_read(ring, w->rx_get, &head);
    if (head.length > SOCKET_DATAGRAM_MAX) {
        return socket_fails(E_BAD_ANSWER);
    }
    n = n < head.length ? n : head.length; /* the rest of it is lost, as BSD has it */
    socket_ring_read(ring, w->rx_get + sizeof(head), bytes, n);
    take(fd, socket_record_bytes(head.length));
    socket_write_address(&(struct socket_end){.address = ntohl(head.address),
                                              .port_number = head.port},
                         from, length);
    return (ssize_t)n;
}

/* ---- calls */

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
               socklen_t length)
{
    bool waits = (flags & MSG_DONTWAIT) == 0;

    if (socket_kind(fd) == 0 || (flags & ~MSG_DONTWAIT) != 0) {
        return socket_fails(E_BAD_ARG);
    }
    if (socket_server_is_dead) {
        return socket_fails(E_GONE);
    }
    return socket_kind(fd) == SOCK_STREAM ? send_stream(fd, bytes, n, waits)
                                          : send_record(fd, bytes, n, waits, to, length);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    return sendto(fd, bytes, n, flags, NULL, 0);
}

ssize_t recvfrom(int fd, void *bytes, size_t n, int flags, struct sockaddr *from, socklen_t *length)
{
    if (socket_kind(fd) == 0 || (flags & ~MSG_DONTWAIT) != 0) {
        return socket_fails(E_BAD_ARG);
    }
    if (rx_used(fd) == 0 && (flags & MSG_DONTWAIT) == 0) {
        (void)socket_wait(fd, POLLIN, -1);
    } else if (rx_used(fd) == 0 && (readiness(fd) & POLLIN) == 0) {
        return socket_fails(E_BUSY);
    }
    return socket_kind(fd) == SOCK_STREAM ? receive_stream(fd, bytes, n)
                                          : receive_record(fd, bytes, n, from, length);
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    return recvfrom(fd, bytes, n, flags, NULL, NULL);
}
