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

/* What poll and calls that wait sleep with, until a bit of the task's notification is set: Quoll's.
 * A server that has requests to answer meanwhile puts a function of its own here. */
extern void (*poll_sleep)(void);

/** Wait @timeout milliseconds (below 0: without end); how many have something. */
int poll(struct pollfd *fds, nfds_t count, int timeout);

#endif
#endif
