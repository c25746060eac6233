/*
 * devices.h - what the commands on devices and drivers share: asking devman, finding the driver
 * that was meant, complaining if none was, and words for Tab.
 */
#ifndef QSH_DEVICES_H
#define QSH_DEVICES_H

#include <idl/devman.h>
#include "qsh.h"

typedef unsigned long long ull; /* for printf */

/** devman's capability, or complain. */
bool devices_ask(struct shell *s, uint64_t *devman);

/** The driver that @what names: a driver's name where that is unique, else a device's path. If
 *  there is none, complain in the name of @command and return false. */
bool driver_named(struct shell *s, const char *command, const char *what,
                  struct devman_driver_state *driver);

/** The device that @what names: its path, or as driver_named. */
bool device_named(struct shell *s, const char *command, const char *what,
                  struct devman_node_state *node);

/** The device at @path; E_NOT_FOUND if there is none. */
int device_at(uint64_t devman, const char *path, struct devman_node_state *node);

/** The driver of the device at @path; E_NOT_FOUND if it has none. */
int driver_at(uint64_t devman, const char *path, struct devman_driver_state *driver);

/** Say that @command needs a right that the shell's task has not. */
void complain_no_manage(struct shell *s, const char *command);

/** The name of fault @index, from 0; NULL past the last. */
const char *fault_word(size_t index);

/** As --json has them. */
const char *driver_state_name(enum devman_state state);
const char *driver_dma_name(enum devman_dma dma);
const char *driver_cause_name(enum devman_cause cause);
const char *event_name(enum devman_kind kind);

/** The members of a driver that `drivers --json` prints. */
void driver_json(struct shell *s, const struct devman_driver_state *driver);

#endif
