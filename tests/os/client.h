/*
 * client.h - tests as clients of drivers: sessions through devman, and orders to it. Slots are the
 * lab's. Nothing here is part of a test's results: times differ from run to run.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <idl/devman.h>
#include <quoll/client_session.h>
#include <stdbool.h>
#include <stdint.h>

#define CLIENT_SESSIONS 2 /* of a test at a time */

#define CLIENT_DEVMAN 38u /* its slot: neither the system's, nor the labs', nor borrow.c's */

/** Is there a devman in this system? Then it is in its slot. */
bool client_has_devman(void);

/** A session with the driver of @what; with data pages it has a queue. A null pointer, and the
 *  reason in lab_error, if that fails. */
struct client_session *client_open(const char *what, unsigned interface, uint32_t methods,
                                   unsigned data_pages);
void client_close(struct client_session *s);

/** Close those that the test has left open. */
void client_end(void);

/** Have the timer's driver complete a request at @deadline_ns; while it is being restarted, wait.
 */
int client_submit_wait(struct client_session *timer, uint64_t deadline_ns, uint64_t *seq);

/** Wait until request @seq of @s is done. */
int client_await(struct client_session *s, uint64_t seq, struct queue_done *done);

/** Microseconds by the TSC. */
uint64_t client_now_us(void);

/** Wait until one of @bits of SLOT_NOTIFY is signalled, at most @us microseconds. The lowest four
 *  bits are taken. False: none was. */
bool client_wait(uint64_t bits, uint64_t us);

/** As devman.control, devman.die_after, devman.inject. */
int client_kill(const char *driver);
int client_die_after(const char *driver, unsigned instructions);
int client_inject(enum devman_fault fault, const char *driver);

/** The state of the driver @name, or of the device of that path; false, and lab_error, if there is
 * none. */
bool client_driver(const char *name, struct devman_driver_state *to);

/** Wait until the driver @name runs. False: it does not, after ten seconds. */
bool client_settle(const char *name);

#endif
