/*
 * main.c - the NBD server's loop: what the disk has done, what each client's socket lets through,
 * who is new; then it waits for any of them. A client that has not chosen an export after 30
 * seconds goes. A connection that has ended keeps its place until the disk is done with its window.
 */
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <quoll/client.h>
#include <quoll/info.h>
#include <quoll/service.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdlib.h>

#define PORT     10809
#define CHOOSE_S 30u
#define TICK_MS  1000

int main(void);

struct nbd connections[NBD_CONNECTIONS];
static struct {
    bool is_used;
    int fd; /* below 0: closed, the disk has still something of it */
    uint64_t until_tsc;
} clients[NBD_CONNECTIONS];

/* ---- bytes */

long port_receive(unsigned number, void *to, size_t n)
{
    ssize_t got = recv(clients[number].fd, to, n, MSG_DONTWAIT);

    return got > 0 ? got : got < 0 && errno == EAGAIN ? 0 : -1;
}

long port_send(unsigned number, const void *from, size_t n)
{
    ssize_t sent = send(clients[number].fd, from, n, MSG_DONTWAIT);

    return sent > 0 ? sent : sent < 0 && errno == EAGAIN ? 0 : -1;
}

/* ---- clients */

static void hang_up(unsigned i)
{
    if (clients[i].fd >= 0) {
        (void)socket_close(clients[i].fd);
        clients[i].fd = -1;
    }
    connections[i].phase = NBD_ENDED;
    if (connections[i].busy == 0) {
        disk_leave(i);
        clients[i].is_used = false;
    }
}

static bool is_negotiating(unsigned i)
{
    return clients[i].is_used && connections[i].phase <= NBD_CHOOSES;
}

static void pump(void)
{
    for (unsigned i = 0; i < NBD_CONNECTIONS; i++) {
        if (!clients[i].is_used) {
            continue;
        }
        if (connections[i].phase != NBD_ENDED) {
            nbd_pump(&connections[i]);
        }
        if (connections[i].phase == NBD_ENDED ||
            (disk_is_gone(i) && nbd_is_idle(&connections[i])) ||
            (is_negotiating(i) && rdtsc() > clients[i].until_tsc)) {
            hang_up(i);
        }
    }
}

static int free_place(void)
{
    for (int i = 0; i < NBD_CONNECTIONS; i++) {
        if (!clients[i].is_used) {
            return i;
        }
    }
    return -1;
}

static void greet(int listener, int place)
{
    int fd = accept_now(listener, NULL, NULL);

    if (fd >= 0) {
        clients[place].is_used = true;
        clients[place].fd = fd;
        clients[place].until_tsc = rdtsc() + CHOOSE_S * quoll_info()->tsc_hz;
        nbd_begin(&connections[place], (unsigned)place);
    }
}

/* ---- waiting */

/* What to wait for: the listener is the last, if there is a place. Others' are those of clients. */
static void fill(struct pollfd *fds, int listener)
{
    for (unsigned i = 0; i < NBD_CONNECTIONS; i++) {
        const struct nbd *c = &connections[i];
        fds[i] = (struct pollfd){.fd = clients[i].is_used ? clients[i].fd : -1};
        fds[i].events = (short)((c->wants_in ? POLLIN : 0) | (c->wants_out ? POLLOUT : 0));
    }
    fds[NBD_CONNECTIONS] = (struct pollfd){free_place() >= 0 ? listener : -1, POLLIN, 0};
}

/* Returns the listener. */
static int wait(int listener)
{
    struct pollfd fds[NBD_CONNECTIONS + 1];
    bool some_choose = false;

    fill(fds, listener);
    for (unsigned i = 0; i < NBD_CONNECTIONS; i++) {
        some_choose |= is_negotiating(i);
    }
    if (!disk_about_to_sleep() ||
        poll_or_signal(fds, NBD_CONNECTIONS + 1, some_choose ? TICK_MS : -1) <= 0) {
        return listener;
    }
    for (unsigned i = 0; i < NBD_CONNECTIONS; i++) {
        if ((fds[i].revents & POLLERR) != 0) {
            hang_up(i);
        }
    }
    if ((fds[NBD_CONNECTIONS].revents & POLLERR) != 0) {
        return service_lost(SLOT_SYSTEM);
    }
    if (fds[NBD_CONNECTIONS].revents != 0) {
        greet(listener, free_place());
    }
    return listener;
}

int main(void)
{
    int listener;

    if (names_lookup("devman", SLOT_DEVMAN) != E_OK ||
        names_lookup("system", SLOT_SYSTEM) != E_OK) {
        abort(); /* the manifest is wrong: root says where */
    }
    (void)names_lookup("fs", SLOT_FS); /* without it the disk is only read */
    listener = service_listen(SLOT_SYSTEM, PORT);
    for (;;) {
        pump();
        disk_ring();
        if (!disk_collect()) {
            listener = wait(listener);
        }
    }
}
