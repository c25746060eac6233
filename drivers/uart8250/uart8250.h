/*
 * uart8250.h - the driver of a 16550A serial port: its state, and who does what.
 *   line.c      detection, set-up, baud and format, what is counted
 *   transmit.c  write requests of all sessions, in the order they came, into the FIFO
 *   receive.c   bytes from the FIFO to read requests, or into a ring until somebody reads
 *   driver.c    the framework's handlers
 * Source: National Semiconductor PC16550D data sheet (June 1995), by section.
 */
#ifndef UART8250_H
#define UART8250_H

#include <idl/serial.h>
#include <quoll/queue.h>
#include <regs/uart8250.h>

#define UART_FIFO_BYTES 16

struct uart {
    struct uart8250_regs regs;
    struct uart8250_ier ier; /* as it was last written */
    struct serial_line line;
    struct serial_statistics count;
};
extern struct uart uart;

/* ---- line.c */

/** A null pointer, or why this is no 16550A; the port is left as it was. */
const char *line_detect(struct uart8250_regs regs);

/** Set the line up, whatever was there before: 115200 8N1. What is in the FIFOs stays, to be sent
 *  and received. A null pointer, or what is wrong. */
const char *line_set_up(void);

/** Wait until the FIFO is empty and the line idle, 20 ms at most. */
void line_drain(void);

/** Errors: UNSUPPORTED (a rate or a combination that the chip has not). */
int line_set(const struct serial_line *setting);

/** Enable these interrupts and no others. */
void line_interrupts(struct uart8250_ier ier);

/** The line status; errors in it, which reading it clears, are counted. */
struct uart8250_lsr line_status(void);

/* ---- transmit.c */

/** Request @r of session @s to send what lies in its data region. */
void transmit_start(unsigned s, const struct queue_request *r);

/** A FLUSH of session @s: complete when all has left the line. */
void transmit_flush(unsigned s, uint64_t seq);

/** The FIFO may have room: fill it. */
void transmit_fill(void);

/** Has everything left the line? */
bool transmit_is_idle(void);

/** The timer: is what waits for an idle line done now? */
void transmit_poll(void);

/** Have transmit_poll called when the line may be idle, and until it is. */
void transmit_watch(void);

/** Forget the requests of session @s. */
void transmit_forget(unsigned s);

/* ---- receive.c */

/** Request @r of session @s to receive. */
void receive_start(unsigned s, const struct queue_request *r);

/** Take what is in the FIFO. */
void receive_pull(void);

void receive_forget(unsigned s);

/* ---- driver.c */

/** Does a set_line wait for an idle line? */
bool driver_awaits_idle(void);

/** The line is idle: a set_line that waited for that can be done. */
void driver_line_idle(void);

#endif
