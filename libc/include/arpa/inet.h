/*
 * arpa/inet.h - byte order, and addresses as text.
 */
#if __STDC_HOSTED__
#include_next <arpa/inet.h>
#else
#ifndef LIBC_ARPA_INET_H
#define LIBC_ARPA_INET_H

#include <netinet/in.h>

static inline uint16_t htons(uint16_t x)
{
    return __builtin_bswap16(x);
}

static inline uint16_t ntohs(uint16_t x)
{
    return __builtin_bswap16(x);
}

static inline uint32_t htonl(uint32_t x)
{
    return __builtin_bswap32(x);
}

static inline uint32_t ntohl(uint32_t x)
{
    return __builtin_bswap32(x);
}

#define INET_ADDRSTRLEN 16

/** Four numbers with dots, each 0 to 255 and without needless zeros in front. 1: it is one; 0: not.
 */
int inet_aton(const char *text, struct in_addr *address);

/** @address as text; @to has INET_ADDRSTRLEN bytes. */
char *inet_text(struct in_addr address, char *to);

#endif
#endif
