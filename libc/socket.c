/*
 * socket.c - BSD's sockets over interface `socket`: the task's sessions, and what happens once a
 * connection. Data is socket_data.c.
 */
#include "socket.h"

#include <errno.h>
#include <idl/socket.h>
#include <netdb.h>
#include <quoll/client.h>
#include <quoll/task.h>
#include <string.h>

int errno;

static struct client_session sessions[SOCKET_SESSIONS];
struct socket_region *socket_regions[SOCKET_SESSIONS];
uint8_t socket_kinds[SOCKET_FDS];
bool socket_is_shut[SOCKET_FDS];

bool socket_server_is_dead;

int socket_fails(int error)
{
    errno = error;
    return -1;
}

/* A call's @error. With the server its endpoint ends, and all capabilities to that. */
static int judged(int error)
{
    if (error == E_BAD_CAP || error == E_DEAD) {
        socket_server_is_dead = true;
    }
    return socket_server_is_dead ? E_GONE : error;
}

void socket_ask_server(void)
{
    struct socket_end here, there;

    (void)judged(socket_call_ends(sessions[0].endpoint, 0, &here, &there));
}

void socket_ring(int fd)
{
    if (socket_load(&socket_region_of(fd)->server_sleeps) != 0) {
        (void)sys_signal(sessions[socket_session_of(fd)].doorbell);
    }
}

/* The endpoint of the server is the task's last slot; the sessions' are before it. */
static int open_session(unsigned i)
{
    uint32_t server = task_info()->slot_end - 1;
    struct client_session *s = &sessions[i];
    static bool is_known;
    int error;

    if (s->is_open) {
        return E_OK;
    }
    error = is_known ? E_OK : names_lookup("net", server);
    if (error != E_OK) {
        return error;
    }
    is_known = true;
    *s = (struct client_session){.devman = server,
                                 .is_served = true,
                                 .slots = server - (i + 1) * SESSION_SLOTS,
                                 .place = SESSION_COUNT - 1 - i,
                                 .bits = SOCKET_BIT};
    error = client_session_open(s, "", SOCKET_INTERFACE, SOCKET_RIGHTS_ALL,
                                SOCKET_REGION_BYTES / QUEUE_PAGE_BYTES);
    if (error == E_OK) {
        socket_regions[i] = s->data;
    }
    return error;
}

/* A socket that was closed lies in its session until the other side has all that was given. */
static bool is_empty(unsigned i)
{
    for (unsigned n = 0; n < SOCKET_COUNT; n++) {
        if (socket_kinds[i * SOCKET_COUNT + n] != 0 ||
            socket_load(&socket_regions[i]->socket[n].state) != 0) {
            return false;
        }
    }
    return true;
}

void socket_give_back(void)
{
    for (unsigned i = 1; i < SOCKET_SESSIONS; i++) {
        if (socket_regions[i] != NULL && is_empty(i)) {
            socket_regions[i] = NULL;
            client_session_close(&sessions[i]);
        }
    }
}

static uint64_t endpoint_of(int fd)
{
    return sessions[socket_session_of(fd)].endpoint;
}

/* What a call that makes a socket in session @i gave. */
static int take(int error, unsigned i, uint32_t number, int kind)
{
    int fd = (int)(i * SOCKET_COUNT + number);

    error = judged(error);
    if (error == E_OK && number >= SOCKET_COUNT) {
        error = E_BAD_ANSWER;
    }
    if (error != E_OK) {
        socket_give_back();
        return socket_fails(error);
    }
    socket_kinds[fd] = (uint8_t)kind;
    socket_is_shut[fd] = false;
    return fd;
}

int socket(int family, int type, int protocol)
{
    static const enum socket_sort sorts[] = {[SOCK_STREAM] = SOCKET_SORT_STREAM,
                                             [SOCK_DGRAM] = SOCKET_SORT_DATAGRAM,
                                             [SOCK_ECHO] = SOCKET_SORT_ECHO};
    uint32_t number = 0;
    unsigned i = 0;
    int error = E_LIMIT;

    if (family != AF_INET || type < SOCK_STREAM || type > SOCK_ECHO || protocol != 0) {
        return socket_fails(E_BAD_ARG);
    }
    for (; error == E_LIMIT && i < SOCKET_SESSIONS; i++) {
        error = open_session(i);
        if (error == E_OK) {
            error = socket_call_create(sessions[i].endpoint, sorts[type], &number);
        }
    }
    return take(error, i - 1, number, type);
}

static int read_address(const struct sockaddr *address, socklen_t length, struct socket_end *to)
{
    struct sockaddr_in in;

    if (address == NULL || length < sizeof(in)) {
        return E_BAD_ARG;
    }
    memcpy(&in, address, sizeof(in));
    *to =
        (struct socket_end){__builtin_bswap32(in.sin_addr.s_addr), __builtin_bswap16(in.sin_port)};
    return in.sin_family == AF_INET ? E_OK : E_BAD_ARG;
}

void socket_write_address(const struct socket_end *from, struct sockaddr *address,
                          socklen_t *length)
{
    const struct sockaddr_in in = {.sin_family = AF_INET,
                                   .sin_port = __builtin_bswap16(from->port_number),
                                   .sin_addr = {__builtin_bswap32(from->address)}};

    if (address != NULL && length != NULL) {
        memcpy(address, &in, *length < sizeof(in) ? *length : sizeof(in));
        *length = sizeof(in);
    }
}

static int done(int error)
{
    error = judged(error);
    return error == E_OK ? 0 : socket_fails(error);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct socket_end at;
    int error = socket_kind(fd) != 0 ? read_address(address, length, &at) : E_BAD_ARG;

    return done(error == E_OK ? socket_call_bind(endpoint_of(fd), socket_number_of(fd), &at)
                              : error);
}

int listen(int fd, int backlog)
{
    uint32_t n = backlog < 1 ? 1 : backlog > 64 ? 64 : (uint32_t)backlog;

    return done(socket_kind(fd) == SOCK_STREAM
                    ? socket_call_listen(endpoint_of(fd), socket_number_of(fd), n)
                    : E_BAD_ARG);
}

/* Into session @i, which is opened for it. */
static int accept_into(int fd, unsigned i, uint32_t *number, struct socket_end *from)
{
    int error = open_session(i);

    return error != E_OK ? error
                         : socket_call_accept(endpoint_of(fd), socket_number_of(fd),
                                              sessions[i].number, number, from);
}

int accept_now(int fd, struct sockaddr *address, socklen_t *length)
{
    struct socket_end from = {0};
    uint32_t number = 0;
    unsigned i = 0;
    int error = E_LIMIT, accepted;

    if (socket_kind(fd) != SOCK_STREAM) {
        return socket_fails(E_BAD_ARG);
    }
    for (; error == E_LIMIT && i < SOCKET_SESSIONS; i++) {
        error = accept_into(fd, i, &number, &from);
    }
    accepted = take(error, i - 1, number, SOCK_STREAM);
    if (accepted >= 0) {
        socket_write_address(&from, address, length);
    }
    return accepted;
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    int accepted;

    while ((accepted = accept_now(fd, address, length)) < 0 && errno == EAGAIN) {
        (void)socket_wait(fd, POLLIN, -1);
    }
    return accepted;
}

int connect_begin(int fd, const struct sockaddr *address, socklen_t length)
{
    struct socket_end to;
    int error = socket_kind(fd) != 0 ? read_address(address, length, &to) : E_BAD_ARG;

    return done(error == E_OK ? socket_call_connect(endpoint_of(fd), socket_number_of(fd), &to)
                              : error);
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    uint64_t state;

    if (connect_begin(fd, address, length) != 0) {
        return -1;
    }
    if (socket_kind(fd) != SOCK_STREAM) {
        return 0;
    }
    (void)socket_wait(fd, POLLOUT, -1);
    if (socket_server_is_dead) {
        return socket_fails(E_GONE);
    }
    state = socket_load(&socket_region_of(fd)->socket[socket_number_of(fd)].state);
    return (state & SOCKET_FAILED) != 0 ? socket_fails((int)(state >> 32)) : 0;
}

int shutdown(int fd, int how)
{
    int error = how == SHUT_WR && socket_kind(fd) == SOCK_STREAM
                    ? socket_call_shutdown(endpoint_of(fd), socket_number_of(fd))
                    : E_BAD_ARG;

    if (error == E_OK) {
        socket_is_shut[fd] = true;
    }
    return done(error);
}

static int ends(int fd, struct socket_end *here, struct socket_end *there)
{
    return socket_kind(fd) != 0
               ? socket_call_ends(endpoint_of(fd), socket_number_of(fd), here, there)
               : E_BAD_ARG;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
    struct socket_end here = {0}, there;
    int error = ends(fd, &here, &there);

    socket_write_address(&here, address, length);
    return done(error);
}

int getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
    struct socket_end here, there = {0};
    int error = ends(fd, &here, &there);

    socket_write_address(&there, address, length);
    return done(error);
}

int socket_close(int fd)
{
    int error;

    if (socket_kind(fd) == 0) {
        return socket_fails(E_BAD_ARG);
    }
    socket_kinds[fd] = 0;
    error = socket_call_close(endpoint_of(fd), socket_number_of(fd));
    socket_give_back();
    return done(error);
}

int resolve_host(const char *name, struct in_addr *address)
{
    uint32_t found = 0;
    int error;

    if (inet_aton(name, address)) {
        return 0;
    }
    error = open_session(0);
    if (error == E_OK) {
        error = socket_call_resolve(sessions[0].endpoint, name, &found);
    }
    address->s_addr = __builtin_bswap32(found);
    return done(error);
}
