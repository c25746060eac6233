/*
 * members.h - the members of the JSON objects about tasks, devices, drivers and events: one
 * definition for the shell's --json and for what the http server tells.
 */
#ifndef QUOLL_MEMBERS_H
#define QUOLL_MEMBERS_H

#include <idl/devman.h>
#include <quoll/client.h>
#include <quoll/json.h>

/** As `lsdev`, `drivers`, `events` and `ps` have them. */
void members_of_node(struct json *j, const struct devman_node_state *n);
void members_of_driver(struct json *j, const struct devman_driver_state *d);
void members_of_event(struct json *j, const struct devman_event_record *e);
void members_of_task(struct json *j, const struct system_task *t);

/** In words. */
const char *task_state_name(uint64_t state);

#endif
