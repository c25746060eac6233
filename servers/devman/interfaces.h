/*
 * interfaces.h - what devman has to know of interfaces to open sessions of them, from what the
 * interface compiler knows.
 */
#ifndef DEVMAN_INTERFACES_H
#define DEVMAN_INTERFACES_H

#include <quoll/driver_manifest.h>
#include <quoll/idl_desc.h>
#include <stdbool.h>

/** By number or by name; a null pointer if there is none. */
const struct idl_interface *interface_find(unsigned number);
const struct idl_interface *interface_by_name(const char *name);

/** The badge of a session of @i with these @methods. */
uint64_t interface_badge(const struct idl_interface *i, uint32_t session, uint32_t methods);

/** The rights of that session's capability: capabilities can be sent along only if one of the
 *  methods takes some. */
unsigned interface_rights(const struct idl_interface *i, uint32_t methods);

/** Masks of queue operations, bit k + 1 for method k and bit 0 for FLUSH: those of @methods, and
 *  those that may take for ever. */
uint32_t interface_queue_ops(const struct idl_interface *i, uint32_t methods);
uint32_t interface_queue_waits(const struct idl_interface *i);

/** The mask of its method @name; 0: it has none. */
uint32_t interface_method(const struct idl_interface *i, const char *name);

/** Can one request of it be of more bytes than small pages of a data region hold? */
bool interface_is_bulk(const struct idl_interface *i);

/** Does @driver serve it? All serve inspect. */
bool interface_is_of(const struct driver_manifest *driver, const struct idl_interface *i);

/** What a bus driver serves to its devices' drivers; a null pointer if nothing. */
const struct idl_interface *interface_of_bus(const struct driver_manifest *driver);

#endif
