/*
 * connect.c - a connection to a port of another machine, for commands: what is wrong is said as
 * users know it, since errors of sockets are Quoll's own (libc/include/errno.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <quoll/error.h>
#include "net.h"

const char *net_why(void)
{
    return errno == ECONNRESET ? "the other side broke the connection off" : quoll_strerror(errno);
}

bool net_connect(struct shell *s, const char *command, int fd, const char *host, uint16_t port,
                 uint64_t us)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (!net_resolve(s, command, host, &to.sin_addr))
        return false;
    if (connect_begin(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
        if (net_wait(s, fd, POLLOUT, us) < 0)
            return false;
        if (send(fd, "", 0, MSG_DONTWAIT) == 0)
            return true;
    }
    shell_error(s, "%s: %s port %u: %s", command, host, port,
                errno == ECONNREFUSED ? "nobody listens there"
                : errno == ETIMEDOUT  ? "no answer"
                                      : quoll_strerror(errno));
    return false;
}
