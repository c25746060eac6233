/*
 * connect.c - sockets for commands, and what is wrong with them in users' words: errors of sockets
 * are Quoll's own (libc/include/errno.h), whose texts speak of capabilities and devices.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <idl/net.h>
#include <poll.h>
#include <quoll/error.h>
#include "net.h"

static const char *const words[] = {
    [EACCES] = "this shell may not have that port: listen= in the system manifest says which",
    [EINVAL] = "no machine can be reached by that address",
    [EADDRINUSE] = "the port is taken; netstat shows by whom",
    [ENOBUFS] = "the net server has no memory for it now; netstat shows who uses it",
    [EMFILE] = "too many sockets are open; netstat shows whose they are",
    [ECONNRESET] = "the other side broke the connection off",
    [ENETUNREACH] = NET_NO_WAY,
    [ETIMEDOUT] = "the other side does not answer",
};

#define WORDS_COUNT (sizeof(words) / sizeof(words[0]))

/* Its end looks like that of a connection. */
static bool net_is_dead(struct shell *s)
{
    struct net_setting setting;
    uint64_t net;

    return shell_lookup(s, SERVICE_NET, &net) != E_OK || net_call_get(net, &setting) != E_OK;
}

const char *net_why(struct shell *s)
{
    int error = errno;

    if (error == ECONNRESET && net_is_dead(s))
        return "the service \"net\" has died, and is not restarted: `log` says why";
    return error >= 0 && (size_t)error < WORDS_COUNT && words[error] ? words[error]
                                                                     : quoll_strerror(error);
}

int net_socket(struct shell *s, const char *command, int type)
{
    uint64_t net;
    int fd;

    if (!shell_service(s, SERVICE_NET, &net))
        return -1;
    fd = socket(AF_INET, type, 0);
    if (fd < 0)
        shell_error(s, "%s: %s", command, net_why(s));
    return fd;
}

bool net_listen(struct shell *s, const char *command, int fd, uint16_t port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0)
        return true;
    if (errno == EADDRINUSE)
        shell_error(s, "%s: port %u is taken (netstat shows by whom); another may be free", command,
                    port);
    else
        shell_error(s, "%s: port %u: %s", command, port, net_why(s));
    return false;
}

bool net_connect(struct shell *s, const char *command, int fd, const char *host, uint16_t port,
                 uint64_t us)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int event = 1;

    if (!net_resolve(s, command, host, &to.sin_addr))
        return false;
    if (connect_begin(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
        event = net_wait(s, fd, POLLOUT, us);
        if (event < 0)
            return false;
        if (send(fd, "", 0, MSG_DONTWAIT) == 0)
            return true;
    }
    if (event == 0)
        errno = ETIMEDOUT;
    shell_error(s, "%s: %.100s port %u: %s", command, host, port,
                errno == ECONNREFUSED && !net_is_dead(s) ? "nobody listens there" : net_why(s));
    return false;
}
