/*
 * main.c - the http server's task. What it may do is in the system manifest: sockets on port 80,
 * files below one directory, to be read, and devman without any right to change something.
 * Its own endpoint is for the shells (interface web): they are answered where the loop would sleep.
 */
#include "server.h"
#include "services.h"

#include <arpa/inet.h>
#include <errno.h>
#include <idl/web_server.h>
#include <poll.h>
#include <quoll/client.h>
#include <quoll/error.h>
#include <quoll/info.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PORT    80
#define BACKLOG 64

int main(void);

uint64_t now_ms(void)
{
    return rdtsc() / (quoll_info()->tsc_hz / 1000);
}

/* ---- the console's side */

static void forget_right(void)
{
    orders_deny();
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, SLOT_ORDERS, 0, 0, 0, 0, 0);
}

int web_serve_allow(struct call *call, const char *token, uint64_t orders)
{
    int error;

    (void)call;
    if (strlen(token) != WEB_TOKEN_LENGTH) {
        return E_BAD_ARG;
    }
    forget_right();
    error = sys_op(SLOT_CNODE, OP_CNODE_MOVE, SLOT_ORDERS, 0, orders, 0, 0, 0);
    if (error == E_OK) {
        orders_allow(token);
    }
    return error;
}

int web_serve_deny(struct call *call)
{
    (void)call;
    forget_right();
    return E_OK;
}

int web_serve_get(struct call *call, struct web_status *result)
{
    (void)call;
    *result = (struct web_status){.is_allowed = orders_are_allowed(),
                                  .connections = counts.connections,
                                  .connections_max = CONNECTIONS,
                                  .accepted = counts.accepted,
                                  .requests = counts.requests,
                                  .refused = counts.refused,
                                  .orders = counts.orders};
    return E_OK;
}

/* Sleep until the notification, which is bound to the thread, says something, or answer a shell.
 * Its calls to others use the same slots for what they are sent. */
static uint64_t sleep_and_serve(void)
{
    struct call call;
    struct quoll_buffer *b = task_buffer();
    uint64_t bits = 0;

    call_begin(&call);
    b->recv_slot = SLOT_RECEIVE;
    b->recv_count = MSG_MAX_CAPS;
    if (call_next(&call, SLOT_SERVE, false) == E_OK) {
        if (msg_kind(&call.m) == KIND_NOTIFICATION) {
            bits = call.m.w[0];
        } else if (msg_kind(&call.m) == KIND_MESSAGE && web_dispatch(&call)) {
            (void)sys_reply(call.reply, &call.m);
        }
    }
    b->recv_count = 0;
    return bits;
}

/* ---- the beginning */

static void log_failure(const char *what, int error)
{
    char line[120];

    (void)snprintf(line, sizeof(line), "%s: %s; there will be no pages", what,
                   quoll_strerror(error));
    (void)system_log_write(SLOT_SYSTEM, line);
}

/* A socket that listens; -1: there can't be one. */
static int listen_on(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0) {
        log_failure("no socket", errno);
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, BACKLOG) != 0) {
        log_failure("port 80", errno);
        (void)socket_close(fd);
        return -1;
    }
    return fd;
}

int main(void)
{
    int listener;

    if (names_lookup("devman", SLOT_DEVMAN) != E_OK ||
        names_lookup("system", SLOT_SYSTEM) != E_OK ||
        sys_op(SLOT_THREAD, OP_THREAD_BIND, SLOT_NOTIFY, 0, 0, 0, 0, 0) != E_OK) {
        abort();
    }
    (void)names_lookup("fs", SLOT_FS); /* without it there are no files */
    poll_sleep = sleep_and_serve;
    listener = listen_on(PORT);
    if (listener >= 0) {
        connections_serve(listener);
    }
    for (;;) { /* the shells still get their answers */
        (void)sleep_and_serve();
    }
}
