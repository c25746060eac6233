/*
 * socket.h - what socket.c and socket_data.c share.
 */
#ifndef LIBC_SOCKET_H
#define LIBC_SOCKET_H

#include <arpa/inet.h>
#include <idl/socket.h>
#include <poll.h>
#include <quoll/client_session.h>
#include <quoll/socket_region.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Of SLOT_NOTIFY; a task that uses its notification for something else keeps clear of them. */
#define SOCKET_BIT          (1ull << 62)
#define SOCKET_BIT_DEADLINE (1ull << 61)

/* A task's sessions with the net server, opened as sockets are needed; null: not open. Socket n of
 * session s has the descriptor s * SOCKET_COUNT + n. */
#define SOCKET_SESSIONS 3
#define SOCKET_FDS      (SOCKET_SESSIONS * (int)SOCKET_COUNT)
extern struct socket_region *socket_regions[SOCKET_SESSIONS];

extern uint8_t socket_kinds[SOCKET_FDS]; /* SOCK_...; 0: none */
extern bool socket_is_shut[SOCKET_FDS];  /* nothing more may be sent */

static inline unsigned socket_session_of(int fd)
{
    return (unsigned)fd / SOCKET_COUNT;
}

static inline unsigned socket_number_of(int fd)
{
    return (unsigned)fd % SOCKET_COUNT;
}

/* Of a descriptor that is open. */
static inline struct socket_region *socket_region_of(int fd)
{
    return socket_regions[socket_session_of(fd)];
}

/** The server has died: every socket has failed, for GONE. */
extern bool socket_server_is_dead;

/** End the sessions that have no socket any more: the server has few. The first stays, to ask. */
void socket_give_back(void);

/** Ask the server whether it lives; there is a session. */
void socket_ask_server(void);

/** -1, and errno is @error. */
int socket_fails(int error);

/** Tell the server that words of @fd's session have changed, if it sleeps. */
void socket_ring(int fd);

/** SOCK_..., or 0: no socket. */
static inline int socket_kind(int fd)
{
    return fd >= 0 && fd < SOCKET_FDS ? socket_kinds[fd] : 0;
}

/** Wait until one of @events is there, @ms milliseconds (below 0: without end). False: not. */
bool socket_wait(int fd, short events, int ms);

void socket_write_address(const struct socket_end *from, struct sockaddr *address,
                          socklen_t *length);

#endif
