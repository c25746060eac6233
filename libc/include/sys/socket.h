/*
 * sys/socket.h - sockets, as BSD has them, over the net server (docs/net.md). -1 is failure and
 * errno says why. A task has up to 93 sockets, in up to three sessions with the server, 31 each.
 * The manifest must say `uses = net`.
 */
#if __STDC_HOSTED__
#include_next <sys/socket.h>
#else
#ifndef LIBC_SYS_SOCKET_H
#define LIBC_SYS_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AF_INET 2

#define SOCK_STREAM 1
#define SOCK_DGRAM  2
#define SOCK_ECHO   3 /* Quoll's: ICMP echo; the port of an address is the sequence number */

#define MSG_DONTWAIT 0x40 /* EAGAIN instead of waiting */

#define SHUT_WR 1

typedef uint32_t socklen_t;
typedef uint16_t sa_family_t;

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

/** @protocol: 0. */
int socket(int family, int type, int protocol);
int bind(int fd, const struct sockaddr *address, socklen_t length);
int listen(int fd, int backlog);
/** Waits until somebody connects. */
int accept(int fd, struct sockaddr *address, socklen_t *length);
/** The same, but EAGAIN if nobody has. Quoll's. */
int accept_now(int fd, struct sockaddr *address, socklen_t *length);
/** Waits until it is connected, or has failed. */
int connect(int fd, const struct sockaddr *address, socklen_t length);
/** The same, but only begins: poll says POLLOUT when it is connected. Quoll's. */
int connect_begin(int fd, const struct sockaddr *address, socklen_t length);

/** Of a stream, all of it is taken unless MSG_DONTWAIT; of others it is one datagram. */
ssize_t send(int fd, const void *bytes, size_t n, int flags);
ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
               socklen_t length);
/** Waits until there is something; of a stream 0 is its end. */
ssize_t recv(int fd, void *bytes, size_t n, int flags);
ssize_t recvfrom(int fd, void *bytes, size_t n, int flags, struct sockaddr *from,
                 socklen_t *length);
/** How many bytes a stream takes at once now. Quoll's. */
size_t send_room(int fd);
int shutdown(int fd, int how);
int getsockname(int fd, struct sockaddr *address, socklen_t *length);
int getpeername(int fd, struct sockaddr *address, socklen_t *length);

/** What close does where all descriptors are of one kind. What was sent still goes out. */
int socket_close(int fd);

#endif
#endif
