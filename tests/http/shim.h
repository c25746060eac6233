/*
 * shim.h - included before the server's files on the host: calls to sockets go to the test, and
 * those that only Quoll's libc has are declared.
 */
#ifndef TESTS_HTTP_SHIM_H
#define TESTS_HTTP_SHIM_H

#include <poll.h>
#include <sys/socket.h>

int accept_now(int fd, struct sockaddr *address, socklen_t *length);
int socket_close(int fd);
ssize_t test_recv(int fd, void *bytes, size_t n, int flags);
ssize_t test_send(int fd, const void *bytes, size_t n, int flags);
int test_poll(struct pollfd *fds, nfds_t count, int timeout);

#define recv test_recv
#define send test_send
#define poll test_poll

#endif
