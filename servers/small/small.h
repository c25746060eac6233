/*
 * small.h - two small services in one task: TCP echo (RFC 862) on port 7, and the server of iperf 2
 * on port 5001, TCP and UDP. main.c is the loop, count.c what iperf's connections and datagrams
 * are.
 */
#ifndef SMALL_H
#define SMALL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define ECHO_PORT  7
#define IPERF_PORT 5001

enum {
    ECHO_MAX = 72, /* connections at a time; more wait */
    IPERF_MAX = 8,
};

/** A connection of iperf's, from here on. */
struct count {
    struct sockaddr_in from;
    uint64_t bytes, begun_tsc;
};
void count_begin(struct count *c, const struct sockaddr_in *from);

/** It has ended: a line into the log says how fast it was. */
void count_end(const struct count *c);

/** Datagrams on @fd that have come: counted, and the last of a run is answered with what arrived.
 */
void count_datagrams(int fd);

#endif
