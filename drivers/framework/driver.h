/*
 * driver.h - what a driver sees: the handlers that it writes, and what it can ask for.
 * A driver is a set of handlers. The framework calls one at a time and each runs to its end: there
 * are no locks and nothing to race with. None may wait, but probe, quiet, attach and detach, which
 * have driver_await_us; the first three also have driver_await_irq. The same driver builds for the
 * Linux host (host/), where the device is QEMU's, behind qtest.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <quoll/idl_desc.h>
#include <quoll/pages.h>
#include <quoll/queue.h>
#include <quoll/serve.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- written by the driver; all but driver_attach have defaults that do nothing */

/* A handler that is a function of its own in each program: a log's line about a death in it has its
 * name, however whole a program is optimised. */
#define DRIVER_NAMED __attribute__((noinline))

/** Is it the device that the driver is for? A null pointer, or what is wrong ("no UART answers").
 *  Called once for each device, not again for a successor. Leaves the device as it was. */
DRIVER_NAMED const char *driver_probe(void);

/** Make the device idle, whatever its last driver has left: it must neither interrupt nor touch
 *  memory any more when this returns. A null pointer, or what is wrong. Called before attach. */
DRIVER_NAMED const char *driver_quiet(void);

/** Make the device work; it may be in any state. A null pointer, or what is wrong. */
DRIVER_NAMED const char *driver_attach(void);

/** The driver is ended by `stop` or `restart`: make the device idle. Its sessions have been told
 *  closed before; what it completes from then on does not count, so that a successor is given the
 *  requests that are outstanding. Has 800 ms; devman ends one that takes longer, or faults. Not
 *  called by `kill`, nor of course at other deaths: nothing may depend on it. */
DRIVER_NAMED void driver_detach(void);

/** Interrupt @index (in the manifest's order) has come, for the @count-th time since the last call
 *  together. It is acknowledged when this returns. */
void driver_irq(unsigned index, uint64_t count);

/** The time set by driver_set_timer has come. */
void driver_timer(void);

/** Session @s, a place from 0 to DRIVER_SESSIONS - 1, has been opened; requests may follow. */
void driver_session_opened(unsigned s);

/** It is being closed, or the driver is to leave: complete or forget what belongs to it; nothing of
 *  it may be at the device when this returns, or driver_session_defer was called meanwhile. */
void driver_session_closed(unsigned s);

/** The client of session @s has rung: its queue may have requests, for driver_take. */
void driver_session_rung(unsigned s);

/** A message of a client: hand @call to the NAME_dispatch of the driver's interface and return what
 *  it returns. */
bool driver_message(struct call *call);

/** A bus driver: its info page may have an order. */
void driver_ordered(void);

/** Line @index of the device's registers for `regs`, into @text of @size bytes. False: past the
 *  last. */
bool driver_regs_line(unsigned index, char *text, size_t size);

/** What it serves, for `inspect`: ends with a null pointer. A driver may have none. */
extern const struct idl_interface *const driver_interfaces[];

/** Make interrupts without end, for `inject irq-storm`. False: this device can't. */
bool driver_storm(void);

/** Have the device write to (is_write) or read from @address, for `inject`; false: it can't. */
bool driver_wild_dma(uint64_t address, bool is_write);

/* ---- resources, by the names of the driver's manifest; asking for one that it does not have ends
 *      the driver, with the name in the log */

/** First port of the range @name. */
uint16_t driver_ports(const char *name);

/** Where in physical memory @name is: bus drivers get addresses of tables in them. */
uint64_t driver_mmio_pa(const char *name);

/** Where the registers or the memory @name is mapped; @size, if not null, receives its bytes. */
void *driver_mmio(const char *name, uint64_t *size);

/** The index of the interrupt @name. */
unsigned driver_irq_index(const char *name);

/** The IO-APIC input of the interrupt @name, for a device that must be told (HPET). */
unsigned driver_irq_gsi(const char *name);

/** The address and data of the message that the interrupt @name is. */
void driver_msi_message(const char *name, uint64_t *address, uint32_t *data);

/** May the device reach memory? False where there is no IOMMU and the system manifest does not
 * allow DMA without one. */
bool driver_has_dma(void);

/** The DMA memory @name of the manifest; @size, if not null, receives its bytes. A successor finds
 *  in it what its predecessor has left. Without DMA there is none: ask driver_has_dma first. */
void *driver_dma(const char *name, uint64_t *size);

/** Where the device finds it. */
uint64_t driver_dma_address(const char *name);

/** Does it have the resource @name? (An optional one of the manifest.) */
bool driver_has(const char *name);

/** The manifest's args line. */
const char *driver_args(void);

/* ---- bus drivers */

/** What devman knows of the machine, whether this instance takes over (takes_over), and its current
 *  order (order): <quoll/pages.h>. */
const struct driver_info *driver_bus(void);

/* ---- time */

/** Microseconds since the machine started. */
uint64_t driver_now_us(void);

/** Have driver_timer called at @deadline_us (driver_now_us's clock; 0: not at all). One at a time.
 */
void driver_set_timer(uint64_t deadline_us);

/** In probe, quiet, attach and detach only: let @us microseconds pass. */
void driver_await_us(uint64_t us);

/** In probe, quiet and attach only: wait for interrupt @index, at most @us microseconds; it is
 *  acknowledged at the next wait. False: it did not come. */
bool driver_await_irq(unsigned index, uint64_t us);

/* ---- queues of sessions: requests are taken and completed, in any order */

/** The next request of session @s, copied and valid. False: there is none now, and its client will
 *  ring when there is. */
bool driver_take(unsigned s, struct queue_request *request);

/** The same for a driver that takes again by itself, at its next completion say: until a
 * driver_take has found nothing the client does not ring. */
bool driver_take_more(unsigned s, struct queue_request *request);

/** May there be one? A cheap look, before what it takes to take it. */
bool driver_has_more(unsigned s);

/** The end of session @s's queue that the generated NAME_dispatch_request wants; a null pointer
 *  while it is not up. */
struct queue_driver *driver_queue(unsigned s);

/** Which session @queue is of. */
unsigned driver_session_of(const struct queue_driver *queue);

/** Request @seq is done. A session that was closed meanwhile is none of the driver's concern. */
void driver_complete(unsigned s, uint64_t seq, int status, uint64_t value);

/** In driver_session_closed: something of session @s is at the device yet; its memory and its place
 *  stay what they are until driver_session_let_go, soon: devman waits for a second. Not when the
 *  driver is to leave: what is at the device then is driver_detach's. */
void driver_session_defer(unsigned s);
void driver_session_let_go(unsigned s);

/** From here on to driver_ring, completions of session @s wake nobody: a batch has one signal. */
void driver_hold(unsigned s);

/** The batch is complete: its client is woken, if it sleeps. */
void driver_ring(unsigned s);

/** The session's data region. With DMA it is mapped here only where the manifest says map-data. */
void *driver_session_data(unsigned s);

/** Where the device finds session @s's data region. */
uint64_t driver_session_dma(unsigned s);

/** One word that a successor finds as this instance has left it, at first 0: for what is in this
 *  instance's memory alone, as half of a scan code that the device will not send again. What has
 *  gone wrong may have written it, too: judge what you find. */
volatile uint64_t *driver_note(void);

/** The unit that it is with, as driver_unit has numbered it; 0 of a driver that has none. */
unsigned driver_session_unit(unsigned s);

/* ---- units: a device that is several, each with sessions of its own (a controller's drives) */

/** Unit @number, 0 to 15, is there under @name, or is not (any name). From attach on. */
void driver_unit(unsigned number, const char *name, bool present);

/** End this instance: a successor can do what this one can't. The line is in the log as the
 *  reason. */
__attribute__((format(printf, 1, 2))) _Noreturn void driver_end(const char *format, ...);

/* ---- the log */

/** One line into the system log, under the driver's name. */
__attribute__((format(printf, 1, 2))) void driver_log(const char *format, ...);

#endif
