/*
 * core.h - the net server without its system: lwIP, one network interface, and the sockets of its
 * clients. Frames go in and out by calls, memory of clients is what core_session_open was given,
 * time is what it is told: so the same code runs in the system and in tests on the host.
 * The functions port_... are its embedder's.
 */
#ifndef NET_CORE_H
#define NET_CORE_H

#include <quoll/abi.h> /* before lwIP, which has a macro SYS_DEBUG */
#include <quoll/error.h>
#include <quoll/socket_region.h>
#include <stdbool.h>
#include <stdint.h>

#define CORE_SESSIONS  8u
#define CORE_FRAME_MAX 1514u

/* ---- what the embedder brings */

/** Where the next frame to be sent may be written, CORE_FRAME_MAX bytes; null: not now. */
uint8_t *port_frame(void);

/** How many frames can be written now. */
unsigned port_frames(void);

/** Send the @length bytes that were written there. With @sum_at, which core_sums allows, the ones'
 *  complement of the sum of all from @sum_from on is to be put there. */
void port_send(unsigned length, uint16_t sum_from, uint16_t sum_at);

/** Wake session @session's client. */
void port_wake(unsigned session);

/** The answer to core_resolve: @address in network byte order, or an error. */
void port_resolved(unsigned cookie, int error, uint32_t address);

/* ---- the whole */

/** Begin, once, at @now_ms; @secret: 16 bytes that nobody can guess. */
void core_begin(const uint8_t secret[16], uint64_t now_ms);

/** The card: its address and whether it has a link. May be called again. */
void core_link(const uint8_t mac[6], bool is_up);

/** It is gone: no link. */
void core_no_card(void);

/** May sums of TCP and UDP be left to port_send? At first: no. */
void core_sums(bool are_left);

/** A frame has arrived. Its bytes are copied. @is_checked: its sums are known to be right. */
void core_input(const uint8_t *frame, unsigned length, bool is_checked);

/** Frames can be sent again after port_frame had said no, or port_frames too few. */
void core_can_send(void);

/** Is that waited for? */
bool core_wants_frames(void);

/** Let what is due happen; how many ms until something is due again. */
uint32_t core_time(uint64_t now_ms);

/** Wake those clients that sleep and have news: at the end of each round. */
void core_flush(void);

/** Say that the server is going to sleep, in every session whose doorbell has rung since. False:
 *  there is something to do; do it (core_attend) and come again. */
bool core_about_to_sleep(void);

/** Look at the words of those clients. */
void core_attend(void);

/* ---- addresses */

struct core_address {
    uint32_t address, mask, gateway, dns; /* network byte order; 0: none */
    bool by_dhcp, is_up;
    uint8_t mac[6];
};

/** Ask for an address by DHCP, or take the one given. Errors: BAD_ARG (the mask has holes, the
 *  address is none of a host, the gateway is not in its net). */
void core_use_dhcp(void);
int core_use_address(const struct core_address *a);
void core_get_address(struct core_address *a);

struct core_neighbour {
    uint32_t address;
    uint8_t mac[6];
};

/** Entry @index of the ARP table; false: none there. */
bool core_neighbour(unsigned index, struct core_neighbour *n);
unsigned core_neighbours_max(void);

struct core_counters {
    uint64_t frames_in, frames_out, bytes_in, bytes_out;
    uint64_t no_memory;  /* frames that were dropped for want of a buffer */
    uint64_t bad_frames; /* that no protocol took: lengths, checksums */
    uint64_t no_room;    /* datagrams for sockets whose ring was full */
    uint64_t lies;       /* sockets ended because their client broke the ring's rules */
};
void core_get_counters(struct core_counters *c);

/* ---- sockets */

enum core_kind { CORE_STREAM, CORE_DATAGRAM, CORE_ECHO };

/** Ports that a session may listen on. */
struct core_rights {
    uint16_t port_first, port_last; /* first > last: none */
};
#define CORE_RIGHTS 4u /* ranges of a session */

/** A client: its region, which is cleared here. */
void core_session_open(unsigned session, struct socket_region *region, struct core_rights rights);

/** These, too; what is more than CORE_RIGHTS is not heard. */
void core_session_allow(unsigned session, struct core_rights rights);

/** End all its sockets, connections with a reset. Nothing touches its region any more. */
void core_session_close(unsigned session);

/** The client has rung. It need not again until the server sleeps: core_attend looks for what it
 *  gives. */
void core_rung(unsigned session);

/** The client has changed words of its region: core_rung, and look at them. */
void core_doorbell(unsigned session);

struct core_end {
    uint32_t address; /* network byte order */
    uint16_t port;
};

/** Sockets are numbers of their session; what is accepted is one of session @into. Errors of all:
 * BAD_ARG (no such socket, not of this kind). create: LIMIT. bind: EXISTS (port in use), NO_RIGHT,
 * LIMIT (no free port); listen: NO_RIGHT, NO_MEMORY; accept: BUSY (nobody has come), LIMIT;
 * connect: EXISTS (already), NOT_FOUND (no route), NO_MEMORY. */
int core_create(unsigned session, enum core_kind kind, unsigned *socket);
int core_bind(unsigned session, unsigned socket, uint32_t address, uint16_t port);
int core_listen(unsigned session, unsigned socket, unsigned backlog);
int core_accept(unsigned session, unsigned socket, unsigned into, unsigned *accepted,
                struct core_end *from);
int core_connect(unsigned session, unsigned socket, uint32_t address, uint16_t port);
int core_shutdown(unsigned session, unsigned socket); /* nothing more is sent */
int core_close(unsigned session, unsigned socket);

struct core_socket {
    enum core_kind kind;
    unsigned session;
    uint32_t local_address, remote_address; /* network byte order */
    uint16_t local_port, remote_port;
    const char *state;         /* in TCP's words; "" for others */
    uint32_t tx_used, rx_used; /* bytes in the rings */
};
int core_describe(unsigned session, unsigned socket, struct core_socket *about);

/** Socket @index of all; false: past the last. */
bool core_socket_at(unsigned index, struct core_socket *about, bool *used);

/** Ask the name servers; port_resolved is called, at once or later. Errors: LIMIT, BAD_ARG. */
int core_resolve(const char *name, unsigned cookie);

#endif
