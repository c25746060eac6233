/*
 * cmd_iperf.c - iperf: how fast TCP is to another machine, or from it; the other end is an iperf 2.
 * A client sends zeroes for so long, which says to an iperf that no option is wanted; a server
 * counts what comes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <quoll/error.h>
#include <quoll/sys.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"

#define PORT       5001u
#define SECONDS    10u
#define PIECE      16384u
#define EVERY_US   1000000u
#define LOOK_US    100000u /* for ^C, where something is always to be done */
#define WAIT_US    60000000u
#define FOREVER_US (1ull << 40)

struct iperf {
    int fd;
    const char *host; /* NULL: serve */
    uint16_t port;
    unsigned long seconds;
    uint64_t bytes, begun_tsc, looked_tsc;
    uint64_t told_bytes, told_us;
};

static uint8_t piece[PIECE]; /* zeroes; what is received is not looked at */

static bool complain(struct shell *s)
{
    shell_error(s, "iperf: %s", net_why(s));
    return false;
}

static uint64_t us_since(const struct shell *s, uint64_t tsc)
{
    return (rdtsc() - tsc) / (s->info->tsc_hz / 1000000);
}

/* ---- telling */

static void tell(struct shell *s, const char *what, uint64_t from_us, uint64_t to_us,
                 uint64_t bytes)
{
    uint64_t us = to_us > from_us ? to_us - from_us : 1, bits = bytes * 8000000 / us;
    struct json j;

    if (!s->json) {
        output_printf(&s->out, "%3llu.%llu - %llu.%llu s  %10llu KiB  %6llu.%02llu Mbit/s%s\n",
                      (unsigned long long)from_us / 1000000,
                      (unsigned long long)from_us / 100000 % 10,
                      (unsigned long long)to_us / 1000000, (unsigned long long)to_us / 100000 % 10,
                      (unsigned long long)bytes / 1024, (unsigned long long)bits / 1000000,
                      (unsigned long long)bits / 10000 % 100, what);
        output_flush(&s->out);
        return;
    }
    j = json_begin(&s->out);
    json_u64(&j, "from_us", from_us);
    json_u64(&j, "to_us", to_us);
    json_u64(&j, "bytes", bytes);
    json_u64(&j, "bits_per_second", bits);
    json_bool(&j, "total", what[0] != '\0');
    json_end(&j);
    output_flush(&s->out);
}

/* Each second a line. False: ^C. */
static bool go_on(struct shell *s, struct iperf *p)
{
    uint64_t us = us_since(s, p->begun_tsc);

    if (us - p->told_us >= EVERY_US) {
        tell(s, "", p->told_us, us, p->bytes - p->told_bytes);
        p->told_us = us;
        p->told_bytes = p->bytes;
    }
    if (us_since(s, p->looked_tsc) < LOOK_US)
        return true;
    p->looked_tsc = rdtsc();
    return !input_interrupted(&s->in);
}

static void begin(struct iperf *p)
{
    p->begun_tsc = p->looked_tsc = rdtsc();
    p->bytes = p->told_bytes = p->told_us = 0;
}

/* ---- client */

static void send_all(struct shell *s, struct iperf *p)
{
    uint64_t end_us = p->seconds * 1000000;

    begin(p);
    while (us_since(s, p->begun_tsc) < end_us && go_on(s, p)) {
        ssize_t n = send(p->fd, piece, PIECE, MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) {
            (void)complain(s);
            return;
        }
        p->bytes += n > 0 ? (uint64_t)n : 0;
        if (n < (ssize_t)PIECE && net_wait(s, p->fd, POLLOUT, LOOK_US) < 0)
            break;
    }
    tell(s, "  in all", 0, us_since(s, p->begun_tsc), p->bytes);
}

/* ---- server */

/* False: ^C. */
static bool receive_all(struct shell *s, int fd, struct iperf *p)
{
    bool goes_on = true;
    ssize_t n = 1;

    begin(p);
    while (n != 0 && goes_on) {
        goes_on = go_on(s, p) && net_wait(s, fd, POLLIN, LOOK_US) >= 0;
        n = recv(fd, piece, PIECE, MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            break;
        p->bytes += n > 0 ? (uint64_t)n : 0;
    }
    memset(piece, 0, sizeof(piece));
    tell(s, "  in all", 0, us_since(s, p->begun_tsc), p->bytes);
    return goes_on;
}

static void serve(struct shell *s, struct iperf *p)
{
    bool goes_on = net_listen(s, "iperf", p->fd, p->port);

    while (goes_on && net_wait(s, p->fd, POLLIN, FOREVER_US) > 0) {
        struct sockaddr_in from;
        socklen_t length = sizeof(from);
        char text[INET_ADDRSTRLEN];
        int fd = accept_now(p->fd, (struct sockaddr *)&from, &length);
        if (fd < 0 && errno == EAGAIN)
            continue;
        if (fd < 0) {
            (void)complain(s);
            return;
        }
        if (!s->json)
            output_printf(&s->out, "from %s port %u\n", inet_text(from.sin_addr, text),
                          ntohs(from.sin_port));
        goes_on = receive_all(s, fd, p);
        (void)socket_close(fd);
    }
}

/* ---- words */

static bool usage(struct shell *s)
{
    shell_error(s, "iperf: usage: %s", command_find("iperf")->usage);
    return false;
}

/* -s or -c HOST, then -t SECONDS, -p PORT in any order. */
static bool read_words(struct shell *s, struct iperf *p, int argc, char **argv)
{
    bool serves = false;
    char *end;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "-s") == 0) {
            serves = true;
            continue;
        }
        if (!value || argv[i][0] != '-' || argv[i][2] != '\0' || !strchr("ctp", argv[i][1]))
            return usage(s);
        if (argv[i][1] == 'c')
            p->host = value;
        if (argv[i][1] == 'p' && !net_port(s, "iperf", value, &p->port))
            return false;
        if (argv[i][1] == 't') {
            p->seconds = strtoul(value, &end, 10);
            if (*end != '\0' || p->seconds < 1 || p->seconds > 86400) {
                shell_error(s, "iperf: how long is a number of seconds from 1 to 86400");
                return false;
            }
        }
        i++;
    }
    return serves != (p->host != NULL) || usage(s);
}

void cmd_iperf(struct shell *s, int argc, char **argv)
{
    struct iperf p = {.port = PORT, .seconds = SECONDS};

    if (!read_words(s, &p, argc, argv))
        return;
    p.fd = net_socket(s, "iperf", SOCK_STREAM);
    if (p.fd < 0)
        return;
    if (!p.host)
        serve(s, &p);
    else if (net_connect(s, "iperf", p.fd, p.host, p.port, WAIT_US))
        send_all(s, &p);
    (void)socket_close(p.fd);
}
