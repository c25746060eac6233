/*
 * deaths.h - what tests of drivers' deaths have in common: is everybody else as before?
 */
#ifndef DEATHS_H
#define DEATHS_H

#include <idl/devman.h>
#include <stdbool.h>

#define DEATHS_DRIVERS 24u

/* As deaths_remember has found them. */
extern struct devman_driver_state deaths_before[DEATHS_DRIVERS];
extern unsigned deaths_drivers;

/** All drivers, and what devman has handed out. */
void deaths_remember(void);

/** The state of the driver of @path; false fails the test. */
bool deaths_find(const char *path, struct devman_driver_state *to);

/** Wait until it runs. */
bool deaths_settle(const char *path);

/** All but these two run as before, untouched, and nothing was lost. */
bool deaths_others_are_untouched(const char *path, const char *path2);

#endif
