/*
 * drv.h - what the benchmarks of drivers share: one session with a driver, opened through devman as
 * every task opens its own.
 */
#ifndef BENCH_DRV_H
#define BENCH_DRV_H

#include <quoll/client_session.h>
#include <stdbool.h>
#include <stdint.h>

#define DRV_SERIAL "/platform/com2" /* not the console's line */

/** Open the session with the driver of @what, with all methods of @interface and @data_pages pages.
 *  A null pointer, with the reason in lab_error, if that fails. */
struct client_session *drv_open(const char *what, unsigned interface, uint32_t methods,
                                unsigned data_pages);

/** Close it. */
void drv_close(void);

/** Wait until request @seq of the session is done; returns its status. */
int drv_await(uint64_t seq);

/** devman's handle. */
uint64_t drv_devman(void);

#endif
