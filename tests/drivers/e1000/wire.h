/*
 * wire.h - the other end of the card's cable, which is a datagram socket of QEMU's, and QEMU's
 * monitor; and sessions and frames of the tests.
 */
#ifndef WIRE_H
#define WIRE_H

#include <host.h>
#include <idl/packet_queue.h>

#define PAGES   16u /* of a data region: 32 buffers */
#define BUFFERS 32u

/** Bind @peer, where QEMU sends to, send to @card, and connect to the monitor. */
void wire_open(const char *card, const char *peer, const char *monitor);

/** One frame to the card, unless too many wait there. Was it taken? */
bool wire_offer(const void *frame, size_t bytes);

/** One frame to the card, which must take it. */
void wire_send(const void *frame, size_t bytes);

/** The next frame from the card, within 300 ms of QEMU's clock; its octets, 0: none. */
size_t wire_take(void *frame, size_t room);

/** Have QEMU plug the cable in or out. */
void wire_link(bool up);

/** Octets that tell frames apart: to and from the two addresses, of type 0x88b5. */
void wire_frame(uint8_t *frame, size_t bytes, const uint8_t to[6], unsigned seed);

/** A session with the rights @methods. */
struct host_session *open_packet(uint32_t methods);

/** Transmit @bytes at @offset of the session's data; its status. */
int transmit(struct host_session *s, uint64_t offset, size_t bytes, uint16_t from, uint16_t at,
             uint32_t tag);

/** The hostile device and the hostile client, @rounds steps of each sequence. */
void test_fuzz(uint32_t seed, unsigned rounds);

extern const uint8_t wire_mac[6], wire_broadcast[6];

#endif
