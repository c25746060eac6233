/*
 * poll.h - waiting for one of several sockets.
 */
#if __STDC_HOSTED__
#include_next <poll.h>
#else
#ifndef LIBC_POLL_H
#define LIBC_POLL_H

#define POLLIN  1  /* recv or accept would not wait */
#define POLLOUT 4  /* a quarter of what can be under way has room; a connection is made */
#define POLLERR 8  /* it has failed; asked for or not */
#define POLLHUP 16 /* the other side has ended; said with POLLIN */

struct pollfd {
    int fd; /* below 0: not looked at */
    short events, revents;
};

typedef unsigned long nfds_t;

/* What poll and calls that wait sleep with, until a bit of the task's notification is set; returns
 * the bits. Quoll's. A server that has requests to answer meanwhile puts a function of its own
 * here. */
extern uint64_t (*poll_sleep)(void);

/** Wait @timeout milliseconds (below 0: without end); how many have something. */
int poll(struct pollfd *fds, nfds_t count, int timeout);

/** The same, but any other bit of the task's notification ends the waiting, too. For tasks that
 * also have sessions with drivers. Quoll's. */
int poll_or_signal(struct pollfd *fds, nfds_t count, int timeout);

#endif
#endif
