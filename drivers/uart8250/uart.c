/*
 * uart.c - a 16550A: detection, set-up, bytes between its FIFOs and the queues.
 * Its interrupt is an ISA edge: it is lost unless the line falls first, so the handler works
 * until the UART says that nothing is pending. Source: PC16550D data sheet, section 8.
 */
#include "uart.h"

#include "port.h"
#include "regs.h"

#include <stddef.h>

/* Passes of the interrupt handler before it believes that the UART is stuck. */
#define PASSES_MAX 4096u

static void set_ier(struct uart *u, uint8_t ier)
{
    if (u->ier != ier) {
        u->ier = ier;
        uart_out(u->base, UART_IER, ier);
    }
}

/* Section 8.10: two patterns stick. Section 8.8, loop mode: OUT2 and RTS come back as DCD and
 * CTS, and nothing leaves the chip. */
static const char *detect(uint16_t base)
{
    uint8_t lines;

    uart_out(base, UART_SCR, 0x5a);
    if (uart_in(base, UART_SCR) != 0x5a) {
        return "no UART answers (scratchpad)";
    }
    uart_out(base, UART_SCR, 0xa5);
    if (uart_in(base, UART_SCR) != 0xa5) {
        return "no UART answers (scratchpad)";
    }
    uart_out(base, UART_MCR, MCR_LOOP | MCR_OUT2 | MCR_RTS);
    lines = uart_in(base, UART_MSR) & MSR_LINES;
    uart_out(base, UART_MCR, 0);
    return lines == (MSR_DCD | MSR_CTS) ? NULL : "no UART answers (loop mode)";
}

/* Let what a predecessor (or the kernel's debug output) has in the FIFO go out. At 115200 baud
 * 17 characters take 1.5 ms; a port read takes about 1 us. */
static void drain_tx(uint16_t base)
{
    for (unsigned i = 0; i < 20000 && (uart_in(base, UART_LSR) & LSR_TEMT) == 0; i++) {
        __asm__ volatile("pause");
    }
}

const char *uart_attach(struct uart *u, uint16_t base)
{
    const char *wrong;

    u->base = base;
    uart_out(base, UART_LCR, LCR_8N1); /* DLAB off: the next write reaches IER */
    uart_out(base, UART_IER, 0);
    wrong = detect(base);
    if (wrong != NULL) {
        return wrong;
    }
    drain_tx(base);
    uart_out(base, UART_LCR, LCR_8N1 | LCR_DLAB);
    uart_out(base, UART_DLL, DIVISOR_115200);
    uart_out(base, UART_DLM, 0);
    uart_out(base, UART_LCR, LCR_8N1);
    uart_out(base, UART_FCR, FCR_ENABLE | FCR_RX_AT_8 | FCR_RX_RESET | FCR_TX_RESET);
    if ((uart_in(base, UART_IIR) & IIR_FIFO) != IIR_FIFO) {
        return "the UART has no working FIFO (8250 or 16550, a 16550A is needed)";
    }
    (void)uart_in(base, UART_LSR); /* clear what is latched, so that the line is low */
    (void)uart_in(base, UART_RBR);
    (void)uart_in(base, UART_MSR);
    uart_out(base, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
    u->ier = 0;
    set_ier(u, IER_RX | IER_LINE);
    return NULL;
}

static void count_errors(struct uart *u, uint8_t lsr)
{
    if ((lsr & LSR_OE) != 0) {
        u->overruns++;
    }
    if ((lsr & (LSR_PE | LSR_FE | LSR_BI)) != 0) {
        u->line_errors++;
    }
}

/* Reading LSR clears its error bits, so every read goes through here. */
static uint8_t line_status(struct uart *u)
{
    uint8_t lsr = uart_in(u->base, UART_LSR);

    count_errors(u, lsr);
    return lsr;
}

/* With the queue full the FIFO is left to fill: with RTS off, and in QEMU by the FIFO's state,
 * the sender waits. */
static void rx_hold(struct uart *u)
{
    u->held = true;
    set_ier(u, u->ier & (uint8_t) ~(IER_RX | IER_LINE));
    uart_out(u->base, UART_MCR, MCR_DTR | MCR_OUT2);
}

static void rx_pull(struct uart *u)
{
    while (!u->held && (line_status(u) & LSR_DR) != 0) {
        if (ring_room(&u->rx) == 0) {
            rx_hold(u);
            return;
        }
        ring_put(&u->rx, uart_in(u->base, UART_RBR));
        u->bytes_in++;
    }
}

void uart_rx_taken(struct uart *u)
{
    if (!u->held || ring_room(&u->rx) < RING_BYTES / 2) {
        return;
    }
    u->held = false;
    rx_pull(u);
    if (!u->held) {
        uart_out(u->base, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
        set_ier(u, u->ier | IER_RX | IER_LINE);
    }
}

/* An empty holding register takes a whole FIFO. */
static void tx_fill(struct uart *u)
{
    for (unsigned i = 0; i < UART_FIFO_BYTES && ring_used(&u->tx) != 0; i++) {
        uart_out(u->base, UART_THR, ring_get(&u->tx));
        u->bytes_out++;
    }
}

/* The interrupt is enabled before the last look at THRE: the register empties either before
 * that look, or later with the interrupt on. */
void uart_tx_push(struct uart *u)
{
    if (ring_used(&u->tx) != 0 && (line_status(u) & LSR_THRE) != 0) {
        tx_fill(u);
    }
    if (ring_used(&u->tx) == 0) {
        set_ier(u, u->ier & (uint8_t)~IER_TX);
        return;
    }
    set_ier(u, u->ier | IER_TX);
    if ((line_status(u) & LSR_THRE) != 0) {
        tx_fill(u);
    }
}

/* The last character still leaves the shift register when the FIFO is empty, and no interrupt
 * tells when: one character's time (87 us at 115200 baud) is polled for, a port access being 1 us
 * on an ISA bus. */
static void tx_wait_shifted(struct uart *u)
{
    for (unsigned polls = 0; polls < 200 && (line_status(u) & LSR_TEMT) == 0; polls++) {
    }
}

bool uart_tx_is_empty(struct uart *u)
{
    bool empty = ring_used(&u->tx) == 0 && (line_status(u) & LSR_THRE) != 0;

    if (!empty) {
        set_ier(u, u->ier | IER_TX);
        empty = ring_used(&u->tx) == 0 && (line_status(u) & LSR_THRE) != 0;
    }
    if (empty) {
        tx_wait_shifted(u);
    }
    return empty;
}

void uart_interrupt(struct uart *u)
{
    u->interrupts++;
    for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
        if ((uart_in(u->base, UART_IIR) & IIR_NONE) != 0) {
            return;
        }
        rx_pull(u);
        uart_tx_push(u);
        (void)uart_in(u->base, UART_MSR);
    }
    /* Stuck: break the line for a moment, so that the next edge can come. */
    uart_out(u->base, UART_IER, 0);
    uart_out(u->base, UART_IER, u->ier);
}
