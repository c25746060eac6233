/*
 * service.h - what tasks that serve the network have in common.
 */
#ifndef QUOLL_SERVICE_H
#define QUOLL_SERVICE_H

#include <stdint.h>

/** A socket that listens on TCP port @port. Where that cannot be had now (no memory for a session
 *  with the net server) the log says so, once, and it is tried again every few seconds. @system:
 * the handle of `system`. */
int service_listen(uint64_t system, uint16_t port);

/** The listener has failed (POLLERR), which one does only if the net server has died. The log says
 *  so. Returns what is not looked at, in place of the listener: it would be ready for ever. */
int service_lost(uint64_t system);

#endif
