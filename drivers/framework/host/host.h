/*
 * host.h - the framework's second back end: a driver's own sources, built for the Linux host, on
 * QEMU's device models. A test program is its client, its devman and its loop:
 *     host_open, host_start, then calls by generated stubs, sessions, and host_poll between them.
 * Of the framework it has the real resource.c, session.c, inspect.c and defaults.c, and of the
 * system the real queue library; qtest.h is the bus. docs/drivers-on-the-host.md is the manual.
 * One driver and one thread a program. What a test asks for wrongly ends it with a message.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "qtest.h"

#include <quoll/driver_manifest.h>
#include <quoll/queue.h>
#include <stdio.h>

/* ---- the device */

/* What a device owns that no bus tells about: those of a PC's platform. */
struct host_resource {
    const char *name; /* as manifests call it: "ports", "irq" */
    enum driver_need_kind kind;
    uint64_t base, size; /* interrupt: its pin at the IO-APIC */
    bool level;
};

/** Connect to QEMU at @socket and give the driver of the manifest @manifest what it asks for:
 *  of @resources, which end with a null name; without them, of the @nth PCI function that it
 *  matches. No firmware has run, so BARs get their addresses here. */
void host_open(const char *socket, const char *manifest, const struct host_resource *resources,
               unsigned nth);

/** As on a machine that allows DMA; before host_open. Without it drivers have none. */
void host_allow_dma(void);

/* ---- its driver */

/** Begin the driver's life: probe, quiet, attach. A null pointer, or what a handler said. */
const char *host_start(void);

/** End its life in order, as `stop` and `restart` do: no handler is called after it. */
void host_stop(void);

/** Hand what has come to the driver: interrupts, bells, its timer. */
void host_poll(void);

/** Poll until @is_so says true, at most ten seconds. False: it never did. */
bool host_until(bool (*is_so)(void));

/** Poll for @us microseconds of QEMU's clock. */
void host_run_us(uint64_t us);

/** Interrupts handled, and requests answered or completed. */
uint64_t host_interrupts(void);
uint64_t host_requests(void);

/** The last line that it logged; "" before the first. */
const char *host_log(void);

/* ---- its clients */

/* A session, as its client has it. */
struct host_session {
    unsigned place;    /* in the driver's table of sessions */
    uint64_t endpoint; /* for stubs: a call returns when it is answered, and ends the test after ten
                          seconds without */
    uint8_t *data;     /* its data region */
    uint64_t data_bytes;
    struct queue_client queue;
    struct queue_pages pages;     /* C writable: for clients that break the rules */
    struct queue_manager manager; /* devman's end */
    bool is_open, has_queue;
};

/** Open a session of @interface with the right to @methods (a bit each). With @limits it has a
 * queue (their ops: NAME_OPS_KNOWN, NAME_ops_allowed, NAME_OPS_WAIT) and @data_pages pages of data.
 */
struct host_session *host_session_open(unsigned interface, uint32_t methods,
                                       const struct queue_limits *limits, unsigned data_pages);

/** Sessions that are opened from now on are with this unit; 0 at first. */
void host_session_unit(unsigned unit);

/** The name of the driver's unit @number; "": it is not there. */
const char *host_unit(unsigned number);

/** Have the driver let go of it, and check that it did. */
void host_session_close(struct host_session *s);

/** Have @act called once as soon as a caller waits: it may call, too. */
void host_while_waiting(void (*act)(void));

/** The next completion of @s, at most ten seconds of polling for it. False: there is none. */
bool host_collect(struct host_session *s, struct queue_done *done);

/** Ring the driver's bell for @s, and nothing more: what has come since stays with the device. */
void host_ring(struct host_session *s);

/** Poll until request @seq is completed, at most ten seconds; its status, E_TIMEOUT if it never is.
 *  Completions of other requests meanwhile are lost. */
int host_await(struct host_session *s, uint64_t seq, struct queue_done *done);

/* ---- tests */

extern unsigned host_passed, host_failed;
#define HOST_CHECK(c)                                                                              \
    ((c) ? (void)host_passed++                                                                     \
         : (void)(host_failed++, printf("%s:%d: %s\n", __FILE__, __LINE__, #c)))

/** Print "N passed, N failed"; what main returns. */
int host_done(void);

#endif
