/*
 * server.h - the net server as a server: wire.c its sessions with the multiplexer, serve.c its
 * clients', main.c the loop and the clock. The core (core.h) knows no system call.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "core.h"

#include <quoll/served.h>
#include <quoll/serve.h>

/* Slots of its CNode. */
#define SLOT_MUX      (SLOT_FREE + 0)
#define SLOT_SYSTEM   (SLOT_FREE + 1)
#define SLOT_TRANSMIT (SLOT_FREE + 8)
#define SLOT_RECEIVES (SLOT_TRANSMIT + SESSION_SLOTS)
#define SLOT_CLIENTS  (SLOT_RECEIVES + SESSION_SLOTS)

/* Bits of its notification. */
#define BIT_WIRE    1ull
#define BIT_TIME    2ull
#define BIT_CLIENTS 8u /* and those that follow */

/* ---- wire.c */

/** Open the sessions if they are not; look whether the card is there and has a link. */
void wire_tick(void);

/** Take what has arrived, and buffers that are free again. True: something moved. */
bool wire_pump(void);
bool wire_about_to_sleep(void);

/** Is there a card with a driver? */
bool wire_is_there(void);

/* ---- serve.c */

void serve_begin(void);

/** One request of a client's. True: it is answered. */
bool serve_call(struct call *call);

/** A task has died: its sockets are closed, its place is free. */
void serve_bury(void);

/** Doorbells that rang. */
void serve_doorbells(uint64_t bits);

#endif
