/*
 * netdb.h - the address of a name.
 */
#if __STDC_HOSTED__
#include_next <netdb.h>
#else
#ifndef LIBC_NETDB_H
#define LIBC_NETDB_H

#include <netinet/in.h>

/** The address of @name, which may be an address as text. 0, or -1 with errno. Waits. */
int resolve_host(const char *name, struct in_addr *address);

#endif
#endif
