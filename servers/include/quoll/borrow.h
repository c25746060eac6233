/*
 * borrow.h - devices taken from their drivers for a while, by programs that test or measure the
 * kernel and command them themselves. A driver is stopped through devman, as the shell's `stop`
 * does, and started again afterwards. The task's manifest has uses = devman, opens = manage.
 */
#ifndef QUOLL_BORROW_H
#define QUOLL_BORROW_H

#include <idl/devman.h>
#include <stdbool.h>

/** Does devman have a device at @path? False also if there is no devman. */
bool borrow_knows(const char *path);

/** Stop the drivers of all devices that @is_wanted says, beside those stopped already, and wait
 *  until they are. A null pointer, or what failed; then some are stopped. */
const char *borrow_devices(bool (*is_wanted)(const struct devman_node_state *node));

/** Start them again. A null pointer, or what failed. */
const char *borrow_return(void);

/** The PIT, and the HPET whose driver may have taken its interrupt. */
bool borrow_is_timer(const struct devman_node_state *node);

#endif
