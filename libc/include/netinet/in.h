/*
 * netinet/in.h - addresses of IPv4.
 */
#if __STDC_HOSTED__
#include_next <netinet/in.h>
#else
#ifndef LIBC_NETINET_IN_H
#define LIBC_NETINET_IN_H

#include <sys/socket.h>

typedef uint32_t in_addr_t; /* network byte order */
typedef uint16_t in_port_t;

struct in_addr {
    in_addr_t s_addr;
};

struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port; /* network byte order */
    struct in_addr sin_addr;
    char sin_zero[8];
};

#define INADDR_ANY       0u
#define INADDR_BROADCAST 0xffffffffu

#endif
#endif
