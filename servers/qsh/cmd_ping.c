/*
 * cmd_ping.c - ping: an echo request a second, and how long each answer took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <quoll/error.h>
#include <quoll/sys.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
#include "wait.h"

#define PAYLOAD   56u
#define EVERY_US  1000000u
#define SLICE_MS  50
#define COUNT     4u
#define COUNT_MAX 1000000u

struct ping {
    int fd;
    struct sockaddr_in to;
    unsigned sent, received;
    uint64_t least_us, most_us, sum_us;
    uint64_t sent_tsc;
};

static uint64_t us_since(const struct shell *s, uint64_t tsc)
{
    return (rdtsc() - tsc) / (s->info->tsc_hz / 1000000);
}

bool net_port(struct shell *s, const char *command, const char *text, uint16_t *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*end != '\0' || value < 1 || value > 65535) {
        shell_error(s, "%s: %.40s is no port; a port is a number from 1 to 65535", command, text);
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

int net_wait(struct shell *s, int fd, short events, uint64_t us)
{
    static uint64_t looked_tsc; /* for ^C: also where there is always something */
    uint64_t until = rdtsc() + s->info->tsc_hz / 1000000 * us;
    struct pollfd one = {fd, events, 0};
    bool found;

    do {
        found = poll(&one, 1, SLICE_MS) != 0;
        if (!found || us_since(s, looked_tsc) >= SLICE_MS * 1000) {
            looked_tsc = rdtsc();
            if (input_interrupted(&s->in))
                return -1;
        }
    } while (!found && rdtsc() < until);
    return found;
}

static void print_answer(struct shell *s, const struct sockaddr_in *from, ssize_t n, uint64_t us)
{
    char text[INET_ADDRSTRLEN];
    struct json j;

    (void)inet_text(from->sin_addr, text);
    if (!s->json) {
        output_printf(&s->out, "%ld bytes from %s: seq=%u time=%lu.%03lu ms\n", n + 8, text,
                      ntohs(from->sin_port), us / 1000, us % 1000);
        output_flush(&s->out);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "from", text);
    json_u64(&j, "seq", ntohs(from->sin_port));
    json_u64(&j, "us", us);
    json_end(&j);
}

/* False: not an answer to that. @failed: nothing will come any more. */
static bool take_answer(struct shell *s, struct ping *p, const uint8_t *sent, bool *failed)
{
    uint8_t back[PAYLOAD];
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    uint64_t us = us_since(s, p->sent_tsc);
    ssize_t n =
        recvfrom(p->fd, back, sizeof(back), MSG_DONTWAIT, (struct sockaddr *)&from, &length);

    *failed = n < 0 && errno != EAGAIN;
    if (n != PAYLOAD || ntohs(from.sin_port) != (uint16_t)p->sent ||
        from.sin_addr.s_addr != p->to.sin_addr.s_addr || memcmp(sent, back, PAYLOAD) != 0)
        return false;
    p->received++;
    p->sum_us += us;
    p->least_us = p->received == 1 || us < p->least_us ? us : p->least_us;
    p->most_us = us > p->most_us ? us : p->most_us;
    print_answer(s, &from, n, us);
    return true;
}

static bool complain(struct shell *s)
{
    shell_error(s, "ping: %s", net_why(s));
    return false;
}

/* One request and what comes in its second. False: ^C, or no more can be asked. */
static bool ping_once(struct shell *s, struct ping *p, bool is_last)
{
    uint8_t bytes[PAYLOAD];
    uint64_t us;
    bool answered = false, failed = false;

    p->to.sin_port = htons((uint16_t)++p->sent);
    for (unsigned i = 0; i < PAYLOAD; i++)
        bytes[i] = (uint8_t)(p->sent + i);
    p->sent_tsc = rdtsc();
    if (sendto(p->fd, bytes, PAYLOAD, MSG_DONTWAIT, (struct sockaddr *)&p->to, sizeof(p->to)) < 0)
        return errno == EAGAIN ? is_last || !wait_or_interrupt(s, EVERY_US) /* counted as lost */
                               : complain(s);
    while ((us = us_since(s, p->sent_tsc)) < EVERY_US && !(answered && is_last)) {
        int event = net_wait(s, p->fd, POLLIN, EVERY_US - us);
        if (event < 0)
            return false;
        if (event > 0)
            answered |= take_answer(s, p, bytes, &failed);
        if (failed)
            return complain(s);
    }
    return true;
}

static void summary(struct shell *s, const struct ping *p)
{
    uint64_t mean = p->received != 0 ? p->sum_us / p->received : 0;
    struct json j;

    if (!s->json) {
        output_printf(&s->out, "%u sent, %u answered", p->sent, p->received);
        if (p->received != 0)
            output_printf(&s->out, "; %lu.%03lu / %lu.%03lu / %lu.%03lu ms (least / mean / most)",
                          p->least_us / 1000, p->least_us % 1000, mean / 1000, mean % 1000,
                          p->most_us / 1000, p->most_us % 1000);
        output_string(&s->out, "\n");
        return;
    }
    j = json_begin(&s->out);
    json_u64(&j, "sent", p->sent);
    json_u64(&j, "answered", p->received);
    json_u64(&j, "mean_us", mean);
    json_end(&j);
}

void cmd_ping(struct shell *s, int argc, char **argv)
{
    struct ping p = {.to = {.sin_family = AF_INET}};
    unsigned long count = COUNT;
    char *end = NULL;

    if (argc < 2) {
        shell_error(s, "ping: whom? usage: %s", command_find("ping")->usage);
        return;
    }
    if (argc == 3)
        count = strtoul(argv[2], &end, 10);
    if (end != NULL && (*end != '\0' || count < 1 || count > COUNT_MAX)) {
        shell_error(s, "ping: how often is a number from 1 to %u", COUNT_MAX);
        return;
    }
    if (!net_resolve(s, "ping", argv[1], &p.to.sin_addr))
        return;
    p.fd = net_socket(s, "ping", SOCK_ECHO);
    if (p.fd < 0)
        return;
    while (p.sent < count && ping_once(s, &p, p.sent + 1 == count)) {
    }
    summary(s, &p);
    if (p.received == 0 && !net_has_way(s)) /* what finds none is dropped without a word */
        shell_error(s, "ping: %.100s: " NET_NO_WAY, argv[1]);
    (void)socket_close(p.fd);
}
