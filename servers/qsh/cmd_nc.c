/*
 * cmd_nc.c - nc: what is typed goes to the other side, what comes from there is shown, or counted
 * and summed up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <quoll/socket_region.h>
#include <string.h>
#include "net.h"

#define PIECE       1024u /* of a stream: between two of them ^C is seen */
#define END_OF_TEXT 4u    /* ^D */
#define CONNECT_US  60000000u
#define FOREVER_US  (1ull << 40)

struct nc {
    int fd, listener; /* below 0: none */
    bool is_datagram, is_listening, only_sums;
    bool typed_end;
    uint64_t bytes; /* that came */
    uint32_t sum;
};

static bool complain(struct shell *s)
{
    shell_error(s, "nc: %s", net_why(s));
    return false;
}

static bool accept_one(struct shell *s, struct nc *n, uint16_t port)
{
    n->listener = n->fd;
    n->fd = -1;
    if (!net_listen(s, "nc", n->listener, port))
        return false;
    while (n->fd < 0 && net_wait(s, n->listener, POLLIN, FOREVER_US) > 0) {
        n->fd = accept_now(n->listener, NULL, NULL);
        if (n->fd < 0 && errno != EAGAIN) /* that is who has gone again */
            return complain(s);
    }
    return n->fd >= 0;
}

static bool connect_to(struct shell *s, struct nc *n, const char *host, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (!n->is_datagram)
        return net_connect(s, "nc", n->fd, host, port, CONNECT_US);
    return net_resolve(s, "nc", host, &to.sin_addr) &&
           (connect(n->fd, (struct sockaddr *)&to, sizeof(to)) == 0 || complain(s));
}

/* IEEE 802.3's, as zlib has it: SHA-256 would take longer than the network. */
static uint32_t crc32(uint32_t sum, const uint8_t *bytes, size_t n)
{
    static uint32_t table[256];

    for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
        table[i] = i;
        for (unsigned k = 0; k < 8; k++)
            table[i] = table[i] >> 1 ^ (0xedb88320u & -(table[i] & 1));
    }
    sum = ~sum;
    for (size_t i = 0; i < n; i++)
        sum = sum >> 8 ^ table[(sum ^ bytes[i]) & 255];
    return ~sum;
}

/* What the other side has sent: shown, or added up, which takes more at a time. False: that was
 * all. */
static bool take(struct shell *s, struct nc *n)
{
    static uint8_t bytes[SOCKET_DATAGRAM_MAX]; /* of a datagram all, or the rest is lost */
    size_t room = n->is_datagram || n->only_sums ? sizeof(bytes) : PIECE;
    ssize_t got = recv(n->fd, bytes, room, MSG_DONTWAIT);

    if (got < 0)
        return errno == EAGAIN || complain(s);
    if (n->only_sums) {
        n->sum = crc32(n->sum, bytes, (size_t)got);
        n->bytes += (uint64_t)got;
    } else {
        output_text(&s->out, (const char *)bytes, (size_t)got);
        output_flush(&s->out);
    }
    return got > 0 || n->is_datagram;
}

/* What was typed since, as soon as it goes out without waiting. */
static void give(struct shell *s, struct nc *n)
{
    char bytes[PIECE];
    size_t count = 0;
    uint8_t byte;

    if (!n->is_datagram && send_room(n->fd) < PIECE)
        return;
    while (count < PIECE && !n->typed_end && input_take(&s->in, &byte)) {
        if (byte == END_OF_TEXT)
            n->typed_end = true;
        else
            bytes[count++] = byte == '\r' ? '\n' : (char)byte;
    }
    if (count != 0) {
        output_text(&s->out, bytes, count); /* as a terminal shows what is typed */
        output_flush(&s->out);
        (void)send(n->fd, bytes, count, 0);
    }
    if (n->typed_end && !n->is_datagram)
        (void)shutdown(n->fd, SHUT_WR);
}

static void talk(struct shell *s, struct nc *n)
{
    bool ended = false;
    int event;

    while ((event = net_wait(s, n->fd, POLLIN, 0)) >= 0) {
        if (event > 0 && !take(s, n))
            return;
        if (!ended)
            give(s, n);
        ended = n->typed_end;
        if (ended && n->is_datagram)
            return;
    }
}

/* The words behind nc: [-l] [-u] [HOST] PORT. */
static bool read_words(struct shell *s, struct nc *n, int argc, char **argv, const char **host,
                       uint16_t *port)
{
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        n->is_listening |= strcmp(argv[at], "-l") == 0;
        n->is_datagram |= strcmp(argv[at], "-u") == 0;
        n->only_sums |= strcmp(argv[at], "-s") == 0;
        if (strlen(argv[at]) != 2 || strchr("lus", argv[at][1]) == NULL)
            argc = 0;
    }
    if (argc - at != (n->is_listening ? 1 : 2) || (n->is_listening && n->is_datagram)) {
        shell_error(s, "nc: usage: %s", command_find("nc")->usage);
        return false;
    }
    *host = argv[at];
    return net_port(s, "nc", argv[argc - 1], port);
}

void cmd_nc(struct shell *s, int argc, char **argv)
{
    struct nc n = {.listener = -1};
    const char *host;
    uint16_t port;

    if (!read_words(s, &n, argc, argv, &host, &port))
        return;
    n.fd = net_socket(s, "nc", n.is_datagram ? SOCK_DGRAM : SOCK_STREAM);
    if (n.fd < 0)
        return;
    if (n.is_listening ? accept_one(s, &n, port) : connect_to(s, &n, host, port))
        talk(s, &n);
    if (n.only_sums)
        output_printf(&s->out, "%lu bytes, CRC-32 %08x\n", n.bytes, n.sum);
    if (n.fd >= 0)
        (void)socket_close(n.fd);
    if (n.listener >= 0)
        (void)socket_close(n.listener);
}
