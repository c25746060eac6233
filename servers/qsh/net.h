/*
 * net.h - what the commands that use sockets share.
 */
#ifndef QSH_NET_H
#define QSH_NET_H

#include <netinet/in.h>
#include "qsh.h"

/** Is there a card to reach anybody by? One whose driver is between two lives, or has just come, is
 *  waited for, some seconds at most. Complains for @command if there is none. */
bool net_has_card(struct shell *s, const char *command);

/** What is said when there is none. */
#define NET_NO_WAY "there is no way there now: ifconfig shows address and link"

/** Is there an address of one's own, and a link? Without them nothing leaves. */
bool net_has_way(struct shell *s);

/** The address of @name, which may be an address as text; complains for @command if there is none.
 */
bool net_resolve(struct shell *s, const char *command, const char *name, struct in_addr *address);

/** A port as text, 1 to 65535; complains for @command. */
bool net_port(struct shell *s, const char *command, const char *text, uint16_t *port);

/** Wait up to @us for one of @events of @fd. -1: ^C was typed; 0: not; 1: it is there. */
int net_wait(struct shell *s, int fd, short events, uint64_t us);

/** Connect @fd to @host, waiting up to @us; complains for @command if that fails, but not after ^C.
 */
bool net_connect(struct shell *s, const char *command, int fd, const char *host, uint16_t port,
                 uint64_t us);

/** What errno says of a socket, in users' words; ECONNRESET, that there was a connection. */
const char *net_why(struct shell *s);

/** A socket of @type (SOCK_...). Below 0, after a complaint for @command: there is none. */
int net_socket(struct shell *s, const char *command, int type);

/** Have @fd listen on @port; complains for @command. */
bool net_listen(struct shell *s, const char *command, int fd, uint16_t port);

#endif
