/*
 * devman_fake.h - a devman for tests of the shell: four devices, three drivers, a few events. What
 * was ordered is kept, and what is to go wrong is set.
 */
#ifndef DEVMAN_FAKE_H
#define DEVMAN_FAKE_H

#include <idl/devman.h>
#include <quoll/client.h>
#include <stdbool.h>

#define FAKE_NODES   6
#define FAKE_DRIVERS 4

extern struct devman_node_state fake_node[FAKE_NODES];
extern struct devman_driver_state fake_driver[FAKE_DRIVERS];
extern unsigned fake_drivers; /* how many of them there are */
extern int fake_error;        /* of control, inject and open */
extern int fake_list_error;   /* instead of NOT_FOUND at the end of a list */
extern char fake_order[128];  /* the last: "kill /platform/com1" */
extern unsigned fake_polls;   /* so many looks until a driver that was started runs */
extern unsigned fake_waits;
extern struct terminal_place fake_place;
extern int fake_move_error, fake_draw_error, fake_layout_error;
extern unsigned fake_sessions; /* open ones */

#endif
