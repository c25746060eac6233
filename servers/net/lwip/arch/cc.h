/*
 * cc.h - what lwIP asks of the compiler and of a C library, where Quoll's differs from its
 * guesses. Included by lwIP's arch.h.
 */
#ifndef NET_LWIP_CC_H
#define NET_LWIP_CC_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LWIP_NO_UNISTD_H   1
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H    1
#define X8_F               "02x"
#define U16_F              "u"
#define S16_F              "d"
#define X16_F              "x"
#define U32_F              "u"
#define S32_F              "d"
#define X32_F              "x"
#define SZT_F              "lu"

/* One instruction each, not a call. */
#define lwip_htons(x) __builtin_bswap16((uint16_t)(x))
#define lwip_htonl(x) __builtin_bswap32((uint32_t)(x))

#define LWIP_PLATFORM_DIAG(text) ((void)0)
/* What lwIP takes for impossible ends the server: a lie that is believed would be worse. */
#define LWIP_PLATFORM_ASSERT(text) abort()

/* Not to be foreseen by those who see some of its results: servers/net/random.c. */
uint32_t net_random(void);
#define LWIP_RAND() net_random()

/* The sum of a packet's bytes, eight at a time: servers/net/checksum.c. */
uint16_t net_checksum(const void *bytes, int count);
#define LWIP_CHKSUM net_checksum

#endif
