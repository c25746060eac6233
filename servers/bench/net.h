/*
 * net.h - what the benchmarks of the network share: work without waiting, and the card's address.
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include "measure.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define NET_ROUNDS    50u
#define NET_SETTLE_US 4000u /* in which all of a batch leaves */

/** Is there a card with a link? Once: the machine takes the address 10.9.0.2. */
bool net_has_card(void);

/** Sleep, so that what is under way is done. */
void net_sleep_us(uint64_t us);

/** As often as @m says: what @turn takes, divided by @units, is a sample. What is left of the turns
 *  at the first that failed. */
uint64_t net_turns(struct measure *m, bool (*turn)(int fd), int fd, unsigned units);

/** For measure.finish, where samples are time: nanoseconds. */
void net_finish_time(const struct bench *b, struct result *r);

/** Where UDP and TCP go: port @port of the net's @last. */
struct sockaddr_in net_end(uint8_t last, uint16_t port);

#endif
