/*
 * internal.h - what the files of the host's back end share; test programs include host.h.
 */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include "../framework.h"
#include "host.h"

#define HOST_LIMIT_S 10 /* of the host's time: longer than any handler or device takes */

/** End the program: the test, or the driver, did what cannot be. */
__attribute__((format(printf, 1, 2))) _Noreturn void host_end(const char *format, ...);

/** Map the pages that devman gives a driver: buffer, driver_info, driver_status. */
void host_map_pages(void);

/** The info page, as devman writes it. */
struct driver_info *host_info(void);

/* ---- machine.c */

/** Find the device of @m and fill in its resources; host_open without connecting. */
void host_find(const struct driver_manifest *m, const struct host_resource *resources,
               unsigned nth);

/** How often interrupt @index has come since this was asked last; for a level, 1 while it is
 *  asserted. */
uint64_t host_take_irq(unsigned index);

/* ---- dma.c */

/** Begin with the DMA that @m asks for and the test allows; QEMU's RAM is beside its @socket. */
void host_begin_dma(const char *socket, const struct driver_manifest *m);

/** Make the DMA memory that @need asks for. */
void host_grant_dma(const struct driver_need *need, struct driver_resource *to);

/** The file, and where in it, that has the data of the session in @place; -1: it is no matter,
 *  there is no DMA. */
int host_session_ram(unsigned place, uint64_t *offset);

/* ---- time.c */

/** Start QEMU's clock, which driver_now_us reads. */
void host_clock_start(void);

/** Has the test program waited for too long? Counted from @since. */
uint64_t host_real_us(void);

/* ---- clients.c, sessions.c */

/** The handle for stubs of the session in @place. */
uint64_t host_endpoint(unsigned place, unsigned interface, uint32_t methods);

/** The driver has let go of the session in @place. */
void host_session_let_go(unsigned place);

/** The bells that have been rung since this was asked last. */
uint64_t host_take_bells(void);

#endif
