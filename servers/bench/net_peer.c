/*
 * net_peer.c - what the network takes together with somebody at its other end, 10.9.0.1, as
 * tools/net_peer.py is, from program to program. Samples are time, waiting included; the
 * instructions of all turns are counted from outside, between the marks of the rounds, by
 * tools/net_bench.py: a clock of instructions runs away from a peer that has another clock.
 * What the peer does to order is ordered by a datagram, whose cost is the row `net.order`.
 */
#include "net.h"
#include "wire.h"

#include <poll.h>
#include <string.h>

#define STREAM 64u /* datagrams at 16,000 a second: 4 ms, as much as a turn waits afterwards */
#define MANY   200u

static unsigned length;
static uint8_t bytes[NET_BLOCK];

/* ---- the peer */

static bool send_to(int fd, uint16_t port, size_t n)
{
    const struct sockaddr_in to = net_end(ADDRESS_PEER, port);

    return sendto(fd, bytes, n, 0, (const struct sockaddr *)&to, sizeof(to)) == (ssize_t)n;
}

/* On a wire that loses nothing. */
static bool receive(int fd, size_t n)
{
    return recv(fd, bytes, sizeof(bytes), 0) == (ssize_t)n;
}

static bool order(int fd, unsigned what, unsigned count)
{
    const uint16_t words[3] = {htons((uint16_t)what), htons((uint16_t)count),
                               htons((uint16_t)length)};

    memcpy(bytes, words, sizeof(words));
    return send_to(fd, PORT_ORDER, sizeof(words));
}

/* Again and again, since QEMU's 8254x receive nothing for a second after their start. */
static bool answers(int fd)
{
    for (unsigned i = 0; i < NET_ASK_TURNS; i++) {
        struct pollfd one = {fd, POLLIN, 0};

        if (!send_to(fd, PORT_ECHO, 1))
            return false;
        if (poll(&one, 1, NET_ASK_MS) == 1)
            return true;
    }
    return false;
}

static bool has_peer(void)
{
    static enum { UNKNOWN, NONE, THERE } found;
    int fd;

    if (found == UNKNOWN && net_has_card() && (fd = socket(AF_INET, SOCK_DGRAM, 0)) >= 0) {
        found = answers(fd) ? THERE : NONE;
        (void)socket_close(fd);
    }
    return found == THERE;
}

/* ---- turns */

static bool turn_nothing(int fd)
{
    bool ok = order(fd, ORDER_NOTHING, 0);

    net_sleep_us(NET_SETTLE_US);
    return ok;
}

static bool turn_receive(int fd)
{
    bool ok = order(fd, ORDER_DATAGRAMS, STREAM);

    for (unsigned i = 0; ok && i < STREAM; i++) {
        ok = receive(fd, length);
    }
    net_sleep_us(NET_SETTLE_US);
    return ok;
}

static bool turn_round_trips(int fd)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < NET_BATCH; i++) {
        ok = send_to(fd, PORT_ECHO, length) && receive(fd, length);
    }
    return ok;
}

/* The datagram that says that all pings are answered belongs to none of them: it is little. */
static bool turn_pings(int fd)
{
    bool ok = order(fd, ORDER_PINGS, NET_BATCH) && receive(fd, 0);

    net_sleep_us(NET_SETTLE_US);
    return ok;
}

static bool turn_out(int fd)
{
    return send(fd, bytes, NET_BLOCK, 0) == NET_BLOCK && receive(fd, 1);
}

static bool turn_in(int fd)
{
    ssize_t n = 1;

    if (send(fd, bytes, 1, 0) != 1)
        return false;
    for (size_t got = 0; got < NET_BLOCK && n > 0; got += (size_t)n) {
        n = recv(fd, bytes, NET_BLOCK - got, 0);
    }
    return n > 0;
}

/* ---- rows */

static void setup(const struct bench *b, struct measure *m)
{
    (void)m;
    length = b->words;
}

static void setup_wall(const struct bench *b, struct measure *m)
{
    setup(b, m);
    m->finish = net_finish_time;
}

static uint64_t run_datagrams(struct measure *m, bool (*turn)(int fd), unsigned units)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    uint64_t left = m->rounds;

    if (fd >= 0) {
        left = net_turns(m, turn, fd, units);
        (void)socket_close(fd);
    }
    return left;
}

static uint64_t run_orders(struct measure *m)
{
    return run_datagrams(m, turn_nothing, 1);
}

static uint64_t run_receive(struct measure *m)
{
    return run_datagrams(m, turn_receive, STREAM);
}

static uint64_t run_round_trips(struct measure *m)
{
    return run_datagrams(m, turn_round_trips, NET_BATCH);
}

static uint64_t run_pings(struct measure *m)
{
    return run_datagrams(m, turn_pings, NET_BATCH);
}

static uint64_t run_stream(struct measure *m, bool (*turn)(int fd), uint16_t port)
{
    const struct sockaddr_in to = net_end(ADDRESS_PEER, port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t left = m->rounds;

    if (fd < 0)
        return left;
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
        left = net_turns(m, turn, fd, 1);
    (void)socket_close(fd);
    return left;
}

static uint64_t run_out(struct measure *m)
{
    return run_stream(m, turn_out, PORT_DISCARD);
}

static uint64_t run_in(struct measure *m)
{
    return run_stream(m, turn_in, PORT_SOURCE);
}

static const struct bench list[] = {
    {"net.order", MANY, 0, true, setup, run_orders},
    {"net.udp_recv.18", NET_ROUNDS, 18, true, setup, run_receive},
    {"net.udp_rtt.18", NET_ROUNDS, 18, true, setup, run_round_trips},
    {"net.udp_rtt.1472", NET_ROUNDS, 1472, true, setup, run_round_trips},
    {"net.icmp_echo.56", NET_ROUNDS, 0, true, setup, run_pings},
    {"net.tcp_out_64k", NET_ROUNDS, 0, true, setup, run_out},
    {"net.tcp_in_64k", NET_ROUNDS, 0, true, setup, run_in},
};
const struct bench_area area_net_peer = {list, sizeof list / sizeof list[0], 0, has_peer};

static const struct bench wall[] = {
    {"net_wall.udp_rtt.18", NET_ROUNDS, 18, true, setup_wall, run_round_trips},
    {"net_wall.udp_rtt.1472", NET_ROUNDS, 1472, true, setup_wall, run_round_trips},
    {"net_wall.tcp_out_64k", NET_ROUNDS, 0, true, setup_wall, run_out},
    {"net_wall.tcp_in_64k", NET_ROUNDS, 0, true, setup_wall, run_in},
};

static bool has_peer_and_time(void)
{
    return !measure_counts() && has_peer();
}

const struct bench_area area_net_peer_wall = {wall, sizeof wall / sizeof wall[0], 0,
                                              has_peer_and_time};
