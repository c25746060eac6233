/*
 * server.h - the NBD server's own part: main.c the loop and the sockets, disk.c the sessions with
 * the disk's driver. The protocol (nbd.h) knows no system call.
 */
#ifndef NBD_SERVER_H
#define NBD_SERVER_H

#include "nbd.h"

#include <quoll/client_session.h>

#define SLOT_DEVMAN   (SLOT_FREE + 0)
#define SLOT_SYSTEM   (SLOT_FREE + 1)
#define SLOT_FS       (SLOT_FREE + 2)
#define SLOT_SESSIONS (SLOT_FREE + 8)

/* Of its notification, beside the sockets' bits. */
#define BIT_DISK 1ull

extern struct nbd connections[NBD_CONNECTIONS];

/** Take what the disk has done. True: something. */
bool disk_collect(void);

/** Those that were submitted since are on their way. */
void disk_ring(void);

/** True: the disk signals when it has done something, so wait now. */
bool disk_about_to_sleep(void);

/** Has connection @number a disk whose session is over, since its driver was stopped or given up? A
 *  new one may be had when nobody uses that any more. */
bool disk_is_gone(unsigned number);

/** Connection @number wants the disk no more; it has no job there. */
void disk_leave(unsigned number);

#endif
