/*
 * count.c - what iperf 2 has sent: how much, how fast, and of datagrams how many were lost or came
 * out of order, which the client waits to be told. One client's datagrams at a time; those of
 * another begin a new run. Source: iperf 2's headers payloads.h, struct UDP_datagram and struct
 * server_hdr_v1.
 */
#include "small.h"

#include <arpa/inet.h>
#include <quoll/client.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdio.h>
#include <string.h>

#define SLOT_SYSTEM  SLOT_FREE
#define BYTES_TOLD   65536u /* what is less was no measurement */
#define DATAGRAM_MAX 2048u  /* of a datagram, so much is looked at */
#define HAS_REPORT   0x80000000u

static uint64_t us_since(uint64_t tsc)
{
    return (rdtsc() - tsc) / (quoll_info()->tsc_hz / 1000000);
}

/* One a second at most: a client cannot fill the log. */
static void tell(const char *what, const struct sockaddr_in *from, uint64_t bytes, uint64_t us)
{
    static uint64_t told_tsc;
    uint64_t bits = us != 0 ? bytes * 8000000 / us : 0;
    char text[INET_ADDRSTRLEN], line[160];

    if (bytes < BYTES_TOLD || (told_tsc != 0 && us_since(told_tsc) < 1000000)) {
        return;
    }
    told_tsc = rdtsc();
    (void)snprintf(line, sizeof(line),
                   "iperf: %s by %s: %llu bytes in %llu.%03llu s, %llu.%02llu Mbit/s",
                   inet_text(from->sin_addr, text), what, (unsigned long long)bytes,
                   (unsigned long long)us / 1000000, (unsigned long long)us / 1000 % 1000,
                   (unsigned long long)bits / 1000000, (unsigned long long)bits / 10000 % 100);
    (void)system_log_write(SLOT_SYSTEM, line);
}

void count_begin(struct count *c, const struct sockaddr_in *from)
{
    *c = (struct count){.from = *from, .begun_tsc = rdtsc()};
}

void count_end(const struct count *c)
{
    tell("TCP", &c->from, c->bytes, us_since(c->begun_tsc));
}

/* ---- datagrams */

/* All in network byte order. */
struct datagram {
    int32_t number; /* below 0: the last, which is sent until it is answered */
    uint32_t sent_s, sent_us;
    int32_t number_high;
};

struct report {
    uint32_t flags;
    uint32_t bytes_high, bytes_low;
    uint32_t stop_s, stop_us;
    uint32_t lost, out_of_order, datagrams;
    uint32_t jitter_s, jitter_us;
};

static struct {
    struct count count;
    bool is_running;
    uint32_t next; /* the number that follows the highest */
    uint32_t lost, out_of_order, datagrams;
    int64_t transit_us;   /* of the last, on two clocks */
    uint64_t jitter_16us; /* in sixteenths, as RFC 1889 has it */
    struct report report; /* of the last run: its end may be asked for again */
} run;

static void take_jitter(const struct datagram *d)
{
    int64_t transit =
        (int64_t)us_since(0) - ((int64_t)ntohl(d->sent_s) * 1000000 + ntohl(d->sent_us));
    int64_t change = transit - run.transit_us;

    if (run.datagrams > 1) {
        run.jitter_16us += (uint64_t)(change < 0 ? -change : change) - (run.jitter_16us >> 4);
    }
    run.transit_us = transit;
}

static void take(const struct datagram *d, uint32_t number, size_t bytes)
{
    run.count.bytes += bytes;
    run.datagrams++;
    take_jitter(d);
    if (number >= run.next) {
        run.lost += number - run.next;
        run.next = number + 1;
    } else {
        run.out_of_order++;
        run.lost -= run.lost > 0;
    }
}

static void make_report(void)
{
    uint64_t us = us_since(run.count.begun_tsc), jitter = run.jitter_16us >> 4;

    run.report = (struct report){.flags = htonl(HAS_REPORT),
                                 .bytes_high = htonl((uint32_t)(run.count.bytes >> 32)),
                                 .bytes_low = htonl((uint32_t)run.count.bytes),
                                 .stop_s = htonl((uint32_t)(us / 1000000)),
                                 .stop_us = htonl((uint32_t)(us % 1000000)),
                                 .lost = htonl(run.lost),
                                 .out_of_order = htonl(run.out_of_order),
                                 .datagrams = htonl(run.next),
                                 .jitter_s = htonl((uint32_t)(jitter / 1000000)),
                                 .jitter_us = htonl((uint32_t)(jitter % 1000000))};
    tell("UDP", &run.count.from, run.count.bytes, us);
    run.is_running = false;
}

static bool is_same(const struct sockaddr_in *from)
{
    return run.count.from.sin_addr.s_addr == from->sin_addr.s_addr &&
           run.count.from.sin_port == from->sin_port;
}

static void serve(int fd, uint8_t *bytes, size_t n, const struct sockaddr_in *from)
{
    struct datagram d;
    int32_t number;

    memcpy(&d, bytes, sizeof(d));
    number = (int32_t)ntohl((uint32_t)d.number);
    if (number >= 0 && (!run.is_running || !is_same(from))) {
        memset(&run, 0, sizeof(run));
        count_begin(&run.count, from);
        run.is_running = true;
        run.next = (uint32_t)number;
    }
    if (!is_same(from)) {
        return;
    }
    if (number >= 0) {
        take(&d, (uint32_t)number, n);
        return;
    }
    if (run.is_running) {
        make_report();
    }
    if (n >= sizeof(d) + sizeof(run.report)) { /* never more than was sent */
        memcpy(bytes + sizeof(d), &run.report, sizeof(run.report));
        (void)sendto(fd, bytes, n, MSG_DONTWAIT, (const struct sockaddr *)from, sizeof(*from));
    }
}

void count_datagrams(int fd)
{
    static uint8_t bytes[DATAGRAM_MAX];
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    ssize_t n;

    while ((n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from,
                         &length)) >= 0) {
        if (n >= (ssize_t)sizeof(struct datagram)) {
            serve(fd, bytes, (size_t)n, &from);
        }
        length = sizeof(from);
    }
}
