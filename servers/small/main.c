/*
 * main.c - the loop of the small services: who is new, who has sent something, who has room again.
 * An echo's bytes are taken only when all of them can be given back, so none wait in here. What
 * iperf's clients send is counted.
 */
#include "small.h"

#include <errno.h>
#include <poll.h>
#include <quoll/client.h>
#include <quoll/service.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdlib.h>

#define SLOT_SYSTEM SLOT_FREE
#define PIECE       8192u /* poll says POLLOUT when there is room for so much */

enum { CLIENTS_MAX = ECHO_MAX + IPERF_MAX, AT_ECHO = CLIENTS_MAX, AT_IPERF, AT_UDP, FDS };

int main(void);

static struct client {
    bool is_used, is_iperf;
    bool waits_for_room;
    struct count count;
} clients[CLIENTS_MAX];
static struct pollfd fds[FDS]; /* clients' by number, then the listeners */
static uint8_t piece[PIECE];

/* ---- clients */

static void end(unsigned i)
{
    if (clients[i].is_iperf) {
        count_end(&clients[i].count);
    }
    (void)socket_close(fds[i].fd);
    fds[i].fd = -1;
    clients[i].is_used = false;
}

static bool has_room(int fd)
{
    struct pollfd one = {fd, POLLOUT, 0};

    return poll(&one, 1, 0) > 0 && (one.revents & POLLOUT) != 0;
}

/* What has come goes back, if there is room. */
static void echo(unsigned i)
{
    ssize_t n;

    clients[i].waits_for_room = !has_room(fds[i].fd);
    if (clients[i].waits_for_room) {
        return;
    }
    n = recv(fds[i].fd, piece, sizeof(piece), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN) ||
        (n > 0 && send(fds[i].fd, piece, (size_t)n, MSG_DONTWAIT) != n)) {
        end(i);
    }
}

static void count(unsigned i)
{
    ssize_t n = recv(fds[i].fd, piece, sizeof(piece), MSG_DONTWAIT);

    if (n > 0) {
        clients[i].count.bytes += (uint64_t)n;
    } else if (n == 0 || errno != EAGAIN) {
        end(i);
    }
}

static void serve(unsigned i)
{
    if ((fds[i].revents & POLLERR) != 0) {
        end(i);
    } else if (fds[i].revents != 0 && clients[i].is_iperf) {
        count(i);
    } else if (fds[i].revents != 0) {
        echo(i);
    }
}

/* ---- who is new */

/* A place for a client of that kind, as long as there are not too many; below 0: none. */
static int place_for(bool is_iperf)
{
    int place = -1;
    unsigned of_kind = 0;

    for (int i = 0; i < CLIENTS_MAX; i++) {
        of_kind += clients[i].is_used && clients[i].is_iperf == is_iperf;
        place = clients[i].is_used ? place : i;
    }
    return of_kind < (is_iperf ? IPERF_MAX : ECHO_MAX) ? place : -1;
}

/* False: nobody is there any more, or there is no place. */
static bool greet(int listener, bool is_iperf)
{
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    int place = place_for(is_iperf);
    int fd = place >= 0 ? accept_now(listener, (struct sockaddr *)&from, &length) : -1;

    if (fd < 0) {
        return false;
    }
    clients[place] = (struct client){.is_used = true, .is_iperf = is_iperf};
    count_begin(&clients[place].count, &from);
    fds[place].fd = fd;
    return true;
}

/* All who wait: the fewer there are, the fewer of a burst net has to refuse. */
static void greet_all(int listener, bool is_iperf)
{
    while (greet(listener, is_iperf)) {
    }
}

/* ---- the loop */

static int datagram_socket(void)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = __builtin_bswap16(IPERF_PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 ? fd : -1;
}

static void wait(int echo_listener, int iperf_listener)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        fds[i].events = clients[i].waits_for_room ? POLLOUT : POLLIN;
    }
    fds[AT_ECHO].fd = place_for(false) >= 0 ? echo_listener : -1;
    fds[AT_IPERF].fd = place_for(true) >= 0 ? iperf_listener : -1;
    (void)poll(fds, FDS, -1);
}

int main(void)
{
    int echo_listener, iperf_listener;

    if (names_lookup("system", SLOT_SYSTEM) != E_OK) {
        abort(); /* the manifest is wrong: root says where */
    }
    for (unsigned i = 0; i < FDS; i++) {
        fds[i] = (struct pollfd){-1, POLLIN, 0};
    }
    echo_listener = service_listen(SLOT_SYSTEM, ECHO_PORT);
    iperf_listener = service_listen(SLOT_SYSTEM, IPERF_PORT);
    fds[AT_UDP].fd = datagram_socket();
    for (;;) {
        wait(echo_listener, iperf_listener);
        for (unsigned i = 0; i < CLIENTS_MAX; i++) {
            serve(i);
        }
        if (fds[AT_UDP].revents != 0) {
            count_datagrams(fds[AT_UDP].fd);
        }
        if (((fds[AT_ECHO].revents | fds[AT_IPERF].revents) & POLLERR) != 0) {
            echo_listener = iperf_listener = fds[AT_UDP].fd = service_lost(SLOT_SYSTEM);
            continue;
        }
        if (fds[AT_ECHO].revents != 0) {
            greet_all(echo_listener, false);
        }
        if (fds[AT_IPERF].revents != 0) {
            greet_all(iperf_listener, true);
        }
    }
}
