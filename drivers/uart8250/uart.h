/*
 * uart.h - the hardware side of the driver: a 16550A and its two queues.
 * No IPC here; main.c decides when to call. Every function leaves the interrupt enable register
 * as the queues need it.
 */
#ifndef UART8250_UART_H
#define UART8250_UART_H

#include "ring.h"

#include <stdbool.h>

struct uart {
    uint16_t base;
    uint8_t ier;
    bool held; /* receiving is held: the queue was full, RTS is off */
    struct ring rx, tx;
    uint64_t interrupts, bytes_in, bytes_out, overruns, line_errors;
};

/** Find and set up the UART at port @base, whatever state it is in: 115200 8N1, FIFOs on.
 *  Returns a null pointer, or what is wrong. */
const char *uart_attach(struct uart *u, uint16_t base);

/** Handle what the interrupt stands for, until the UART's line is low again. */
void uart_interrupt(struct uart *u);

/** Start or go on sending what is in the transmit queue. */
void uart_tx_push(struct uart *u);

/** Call after taking bytes from the receive queue: lets a held sender go on. */
void uart_rx_taken(struct uart *u);

/** Has everything left the transmit queue and the FIFO? If not, an interrupt will say when. */
bool uart_tx_is_empty(struct uart *u);

#endif
