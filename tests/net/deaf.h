/*
 * deaf.h - a port of the core whose clients are never woken and that is not told of names: for
 * tests that look at regions themselves.
 */
#ifndef TESTS_NET_DEAF_H
#define TESTS_NET_DEAF_H

#include "../../servers/net/core.h"

void port_wake(unsigned session)
{
    (void)session;
}

void port_resolved(unsigned cookie, int error, uint32_t address)
{
    (void)cookie;
    (void)error;
    (void)address;
}

#endif
