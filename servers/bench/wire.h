/*
 * wire.h - what is sent in the benchmarks of the network, and what the machine at the wire's other
 * end (tools/net_peer.py) does with it. Also for Linux's side of paired runs (tools/linux/net.c).
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

/* Its ports, and what may be ordered. */
enum { PORT_ECHO = 7, PORT_ORDER = 8, PORT_DISCARD = 9, PORT_SOURCE = 19 };
enum { ORDER_NOTHING, ORDER_DATAGRAMS, ORDER_PINGS };

#define NET_BATCH      16u    /* datagrams or round trips of a turn */
#define NET_BLOCK      65536u /* octets of a stream in a turn */
#define NET_TURNS_WARM 4u
#define NET_ASK_MS     500 /* for an answer; as often: */
#define NET_ASK_TURNS  6u

#define ADDRESS_NET  0x0a090000u /* 10.9.0.0/24 */
#define ADDRESS_MASK 0xffffff00u
#define ADDRESS_PEER 1u /* its last octet, the machine's own, all of the net's */
#define ADDRESS_OWN  2u
#define ADDRESS_ALL  255u

#define RAW_BATCH  32u
#define RAW_BYTES  60u
#define TYPE_LOCAL 0x88b5u /* IEEE 802: for experiments */
#define RAW_HEADER                                                                                 \
    {                                                                                              \
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, TYPE_LOCAL >> 8, TYPE_LOCAL & 0xff                     \
    }

#endif
