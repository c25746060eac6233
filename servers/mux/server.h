/*
 * server.h - the multiplexer as a server: card.c its sessions with the card's driver, serve.c its
 * clients', main.c the loop. The core (core.h) knows no system call.
 */
#ifndef MUX_SERVER_H
#define MUX_SERVER_H

#include "core.h"

#include <idl/packet.h>
#include <quoll/served.h>
#include <quoll/serve.h>

/* Slots of its CNode. */
#define SLOT_DEVMAN   (SLOT_FREE + 0)
#define SLOT_SYSTEM   (SLOT_FREE + 1)
#define SLOT_TRANSMIT (SLOT_FREE + 8)
#define SLOT_RECEIVES (SLOT_TRANSMIT + SESSION_SLOTS)
#define SLOT_CLIENTS  (SLOT_RECEIVES + SESSION_SLOTS)

/* Bits of its notification. */
#define BIT_CARD    1ull
#define BIT_RETRY   2ull /* the deadline: look for the card, or at its link */
#define BIT_CLIENTS 8u   /* and those that follow */

#define TICK_MS 500u

/* ---- card.c */

/** Open the sessions if they are not, and it is time. Called at each tick. */
void card_tick(void);

/** Move frames. True: something moved. */
bool card_pump(void);

/** True: the driver will signal when there is more. */
bool card_about_to_sleep(void);

/** No frame can be sent at the moment. */
bool card_is_full(void);

/** The filter follows from whether anyone sniffs. */
void card_set_filter(void);

/** Errors: GONE (there is none). */
int card_info(struct packet_card *card);
int card_stats(struct packet_statistics *stats);
extern uint32_t card_restarts;

/* ---- serve.c */

void serve_begin(void);

/** One request of a client's. True: it is answered. */
bool serve_call(struct call *call);

/** A task has died: what it had is nobody's. */
void serve_bury(void);

/** Tell who waits that the link has changed. */
void serve_link(const struct packet_link_state *link);

#endif
