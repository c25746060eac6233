/*
 * net.c - the network as servers/bench/net.c, net_peer.c and packet.c use it, by Linux's sockets.
 * Raw frames go out by PACKET_TX_RING past the queueing discipline, from a program as Quoll's do,
 * and by pktgen, which is in the kernel.
 */
#define _GNU_SOURCE
#include "../../servers/bench/wire.h"
#include "pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CARD        "eth0"
#define FRAMES      64u /* of the ring; each takes two of the card's 256 descriptors */
#define FRAME       2048u
#define RING        (FRAMES * FRAME)
#define RING_PAGE   4096u
#define WAIT_MS     1000
#define PKTGEN_RUNS 10u
#define FRAME_AT    ((sizeof(struct tpacket2_hdr) + 15) / 16 * 16) /* where its octets begin */

static int fd = -1;
static size_t length;
static uint8_t bytes[NET_BLOCK];

static struct sockaddr_in end_at(unsigned last, unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(ADDRESS_NET | last)}};
}

static bool send_to(unsigned last, unsigned port, size_t n)
{
    const struct sockaddr_in to = end_at(last, port);

    return sendto(fd, bytes, n, 0, (const struct sockaddr *)&to, sizeof(to)) == (ssize_t)n ||
           failed("sendto");
}

static bool receive(size_t n)
{
    return recv(fd, bytes, sizeof(bytes), 0) == (ssize_t)n || failed("recv");
}

/* ---- the card */

static bool set_address(int s, unsigned long what, uint32_t address)
{
    struct ifreq r = {.ifr_name = CARD};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(address)}};

    memcpy(&r.ifr_addr, &a, sizeof(a));
    return ioctl(s, what, &r) == 0 || failed(CARD);
}

static bool bring_up(void)
{
    struct ifreq r = {.ifr_name = CARD, .ifr_flags = IFF_UP};

    return set_address(fd, SIOCSIFADDR, ADDRESS_NET | ADDRESS_OWN) &&
           set_address(fd, SIOCSIFNETMASK, ADDRESS_MASK) &&
           (ioctl(fd, SIOCSIFFLAGS, &r) == 0 || failed(CARD));
}

static bool has_link(void)
{
    char text[2] = "";
    int carrier = open("/sys/class/net/" CARD "/carrier", O_RDONLY);
    bool up = carrier >= 0 && read(carrier, text, 1) == 1 && text[0] == '1';

    if (carrier >= 0)
        (void)close(carrier);
    return up;
}

/* Again and again, since QEMU's 8254x receive nothing for a second after their start. */
static bool peer_answers(void)
{
    for (unsigned i = 0; i < NET_ASK_TURNS; i++) {
        struct pollfd one = {fd, POLLIN, 0};

        if (!send_to(ADDRESS_PEER, PORT_ECHO, 1))
            return false;
        if (poll(&one, 1, NET_ASK_MS) == 1)
            return true;
    }
    errno = ETIMEDOUT;
    return failed("the peer");
}

/** card peer|alone: up, with a link, and with the peer in sight */
bool net_begin(char **words)
{
    bool ok;

    fd = socket(AF_INET, SOCK_DGRAM, 0);
    ok = fd >= 0 || failed("socket");
    ok = ok && bring_up();
    for (unsigned i = 0; ok && !has_link(); i++) {
        errno = ENETDOWN;
        ok = i < NET_ASK_TURNS || failed(CARD);
        (void)usleep(NET_ASK_MS * 1000);
    }
    ok = ok && (strcmp(words[1], "peer") != 0 || peer_answers());
    if (fd >= 0)
        (void)close(fd);
    if (ok)
        (void)printf("{}\n");
    return ok;
}

/* ---- UDP and TCP */

static bool turn_round_trips(void)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < NET_BATCH; i++)
        ok = send_to(ADDRESS_PEER, PORT_ECHO, length) && receive(length);
    return ok;
}

static bool turn_send(void)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < NET_BATCH; i++)
        ok = send_to(ADDRESS_ALL, PORT_DISCARD, length);
    return ok;
}

static bool turn_out(void)
{
    return (send(fd, bytes, NET_BLOCK, 0) == NET_BLOCK || failed("send")) && receive(1);
}

static bool turn_in(void)
{
    ssize_t n = 1;

    if (send(fd, bytes, 1, 0) != 1)
        return failed("send");
    for (size_t got = 0; got < NET_BLOCK && n > 0; got += (size_t)n)
        n = recv(fd, bytes, NET_BLOCK - got, 0);
    return n > 0 || failed("recv");
}

static const struct net_kind {
    const char *word;
    int type;
    unsigned port; /* of a connection */
    bool (*turn)(void);
    unsigned units;
} kinds[] = {
    {"udp_rtt", SOCK_DGRAM, 0, turn_round_trips, NET_BATCH},
    {"udp_send", SOCK_DGRAM, 0, turn_send, NET_BATCH},
    {"tcp_out", SOCK_STREAM, PORT_DISCARD, turn_out, 1},
    {"tcp_in", SOCK_STREAM, PORT_SOURCE, turn_in, 1},
};

static bool net_open(const struct net_kind *kind)
{
    const struct sockaddr_in to = end_at(ADDRESS_PEER, kind->port);
    const int yes = 1;

    fd = socket(AF_INET, kind->type, 0);
    if (fd < 0)
        return failed("socket");
    if (kind->type == SOCK_DGRAM)
        return setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) == 0 ||
               failed("SO_BROADCAST");
    return connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 || failed("connect");
}

/** udp_rtt|udp_send BYTES ROUNDS, tcp_out|tcp_in 0 ROUNDS */
bool net_row(char **words)
{
    const struct net_kind *kind = kinds;
    bool ok;

    while (strcmp(kind->word, words[0]) != 0)
        kind++;
    length = strtoul(words[1], NULL, 10);
    errno = EMSGSIZE;
    if (length > sizeof(bytes))
        return failed(words[0]);
    ok = net_open(kind);
    if (ok) {
        const struct row row = {.turn = kind->turn,
                                .warm = NET_TURNS_WARM,
                                .rounds = (unsigned)strtoul(words[2], NULL, 10),
                                .units = kind->units};
        ok = row_run(&row);
    }
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

/* ---- raw frames of a program */

static uint8_t *ring;
static unsigned ring_at;

static struct tpacket2_hdr *frame_at(unsigned i)
{
    return (struct tpacket2_hdr *)(ring + (size_t)(i % FRAMES) * FRAME);
}

/* The card has sent what it was told of; that its memory is free Linux learns by an interrupt. */
static bool wait_free(const struct tpacket2_hdr *frame)
{
    struct pollfd one = {fd, POLLOUT, 0};

    while (__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE) {
        if (poll(&one, 1, WAIT_MS) != 1)
            return failed("the ring");
    }
    return true;
}

static bool turn_raw(void)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < RAW_BATCH; i++, ring_at++) {
        struct tpacket2_hdr *frame = frame_at(ring_at);

        ok = wait_free(frame);
        frame->tp_len = RAW_BYTES;
        __atomic_store_n(&frame->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
    }
    return ok &&
           (send(fd, NULL, 0, MSG_DONTWAIT) == (ssize_t)(RAW_BATCH * RAW_BYTES) || failed("send"));
}

static bool raw_set(int what, const void *value, socklen_t size)
{
    return setsockopt(fd, SOL_PACKET, what, value, size) == 0 || failed("a packet socket");
}

static bool raw_open(void)
{
    static const uint8_t header[14] = RAW_HEADER;
    const int version = TPACKET_V2, yes = 1;
    const struct tpacket_req request = {RING_PAGE, RING / RING_PAGE, FRAME, FRAMES};
    const struct sockaddr_ll card = {.sll_family = AF_PACKET,
                                     .sll_protocol = htons(TYPE_LOCAL),
                                     .sll_ifindex = (int)if_nametoindex(CARD)};

    fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0)
        return failed("a packet socket");
    if (!raw_set(PACKET_VERSION, &version, sizeof(version)) ||
        !raw_set(PACKET_QDISC_BYPASS, &yes, sizeof(yes)) ||
        !raw_set(PACKET_TX_RING, &request, sizeof(request)))
        return false;
    ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED || bind(fd, (const struct sockaddr *)&card, sizeof(card)) != 0)
        return failed("the ring");
    for (unsigned i = 0; i < FRAMES; i++)
        memcpy((uint8_t *)frame_at(i) + FRAME_AT, header, sizeof(header));
    return true;
}

/** raw_tx ROUNDS */
bool raw_row(char **words)
{
    const struct row row = {.turn = turn_raw,
                            .warm = NET_TURNS_WARM,
                            .rounds = (unsigned)strtoul(words[1], NULL, 10),
                            .units = RAW_BATCH};
    bool ok;

    ring_at = 0;
    ok = raw_open() && row_run(&row);
    if (ring != NULL && ring != MAP_FAILED)
        (void)munmap(ring, RING);
    ring = NULL;
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

/* ---- raw frames of the kernel's own generator */

#define PKTGEN "/proc/net/pktgen/"

/* Microseconds of the last run; 0: it failed. */
static unsigned long pktgen_us(void)
{
    char line[256];
    unsigned long us = 0;
    FILE *f = fopen(PKTGEN CARD, "r");

    while (f != NULL && us == 0 && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "Result: OK: ", 12) == 0)
            us = strtoul(line + 12, NULL, 10);
    }
    if (f != NULL)
        (void)fclose(f);
    return us;
}

static bool pktgen_begin(unsigned frames)
{
    char count[32];

    (void)snprintf(count, sizeof(count), "count %u", frames);
    return put(PKTGEN "kpktgend_0", "rem_device_all\n") &&
           put(PKTGEN "kpktgend_0", "add_device " CARD "\n") && put(PKTGEN CARD, count) &&
           put(PKTGEN CARD, "pkt_size 60\n") && put(PKTGEN CARD, "delay 0\n") &&
           put(PKTGEN CARD, "dst_mac 02:00:00:00:00:01\n");
}

/** pktgen COUNT: in so many runs, since it tells the time of a whole run only */
bool pktgen_row(char **words)
{
    unsigned frames = (unsigned)strtoul(words[1], NULL, 10) / PKTGEN_RUNS;
    double us[PKTGEN_RUNS];
    bool ok = frames != 0;

    errno = EINVAL;
    if (!ok)
        return failed("pktgen");
    ok = pktgen_begin(frames);
    for (unsigned i = 0; ok && i < PKTGEN_RUNS; i++) {
        ok = put(PKTGEN "pgctrl", "start\n");
        us[i] = (double)pktgen_us() / frames;
        errno = EIO;
        ok = ok && (us[i] > 0 || failed("pktgen"));
    }
    if (ok)
        row_say(us, PKTGEN_RUNS);
    return ok;
}
