/* sources: drivers/uart8250/ring.c */
/*
 * test_ring.c - the 8250 driver's queues, and uart.c on a model of the 16550A: its interrupt is
 * an edge that is lost while the line is high, its sender stops when RTS is off. 400,000 steps of
 * random timing in both directions must lose no byte, overrun nothing and never stall.
 */
#define UART8250_PORT_H
#include "../../drivers/uart8250/regs.h"

static unsigned char uart_in(unsigned short base, enum uart_register reg);
static void uart_out(unsigned short base, enum uart_register reg, unsigned char value);

#include "../../drivers/uart8250/uart.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

/* ---- the model */
static struct {
    bool present, fifo;
    uint8_t ier, lcr, mcr, scr, lsr_errors;
    uint8_t rx[16], tx[16];
    unsigned rx_count, tx_count, idle;
    unsigned late; /* steps since the edge */
    bool thr_pending, line, edge;
} chip;
static uint64_t sent, received; /* on the wire: to the driver, from the driver */
static bool wire_ok;

static bool rx_ready(void)
{
    return chip.rx_count >= 8 || (chip.rx_count > 0 && chip.idle > 4);
}

static void update_line(void)
{
    bool line = ((chip.ier & IER_RX) != 0 && rx_ready()) ||
                ((chip.ier & IER_TX) != 0 && chip.thr_pending) ||
                ((chip.ier & IER_LINE) != 0 && chip.lsr_errors != 0);

    line = line && (chip.mcr & MCR_OUT2) != 0;
    chip.edge = chip.edge || (line && !chip.line);
    chip.line = line;
}

static uint8_t read_iir(void)
{
    uint8_t fifo = chip.fifo ? IIR_FIFO : 0;

    if ((chip.ier & IER_LINE) != 0 && chip.lsr_errors != 0) {
        return fifo | 6;
    }
    if ((chip.ier & IER_RX) != 0 && rx_ready()) {
        return fifo | 4;
    }
    if ((chip.ier & IER_TX) != 0 && chip.thr_pending) {
        chip.thr_pending = false;
        return fifo | 2;
    }
    return fifo | IIR_NONE;
}

static uint8_t read_rbr(void)
{
    uint8_t byte = chip.rx[0];

    if (chip.rx_count > 0) {
        memmove(chip.rx, chip.rx + 1, --chip.rx_count);
        chip.idle = 0;
    }
    return byte;
}

static uint8_t chip_read(enum uart_register reg)
{
    uint8_t value;

    switch ((unsigned)reg) {
    case 0:
        return read_rbr();
    case 1:
        return chip.ier;
    case 2:
        return read_iir();
    case 3:
        return chip.lcr;
    case 4:
        return chip.mcr;
    case 5:
        value = (uint8_t)(chip.lsr_errors | (chip.rx_count != 0 ? LSR_DR : 0) |
                          (chip.tx_count == 0 ? LSR_THRE | LSR_TEMT : 0));
        chip.lsr_errors = 0;
        return value;
    case 6:
        return (chip.mcr & MCR_LOOP) == 0
                   ? 0
                   : (uint8_t)((chip.mcr & 0x0c) << 4 | (chip.mcr & 2) << 3 | (chip.mcr & 1) << 5);
    default:
        return chip.scr;
    }
}

static unsigned char uart_in(unsigned short base, enum uart_register reg)
{
    uint8_t value = 0xff;

    (void)base;
    if (chip.present) {
        value = chip_read(reg);
        update_line();
    }
    return value;
}

static void write_thr(uint8_t value)
{
    if (chip.tx_count == 16) {
        wire_ok = false; /* the driver overran the FIFO */
        return;
    }
    chip.tx[chip.tx_count++] = value;
    chip.thr_pending = false;
}

static void uart_out(unsigned short base, enum uart_register reg, unsigned char value)
{
    bool dlab = (chip.lcr & LCR_DLAB) != 0;

    (void)base;
    switch ((unsigned)reg) {
    case 0:
        if (!dlab) {
            write_thr(value);
        }
        break;
    case 1:
        if (!dlab) {
            chip.thr_pending =
                chip.thr_pending || ((value & ~chip.ier & IER_TX) != 0 && chip.tx_count == 0);
            chip.ier = value;
        }
        break;
    case 2:
        chip.fifo = (value & FCR_ENABLE) != 0;
        chip.rx_count = (value & FCR_RX_RESET) != 0 ? 0 : chip.rx_count;
        chip.tx_count = (value & FCR_TX_RESET) != 0 ? 0 : chip.tx_count;
        break;
    case 3:
        chip.lcr = value;
        break;
    case 4:
        chip.mcr = value;
        break;
    case 7:
        chip.scr = value;
        break;
    default:
        break;
    }
    update_line();
}

static uint8_t pattern(uint64_t n)
{
    return (uint8_t)(n * 7 + (n >> 8) * 13);
}

/* One character time: a byte leaves, a byte arrives unless RTS is off. */
static void wire_step(bool send)
{
    chip.idle++;
    if (chip.tx_count > 0) {
        wire_ok = wire_ok && chip.tx[0] == pattern(received);
        received++;
        memmove(chip.tx, chip.tx + 1, --chip.tx_count);
        chip.thr_pending = chip.tx_count == 0;
    }
    if (send && (chip.mcr & MCR_RTS) != 0) {
        if (chip.rx_count == 16) {
            chip.lsr_errors |= LSR_OE;
        } else {
            chip.rx[chip.rx_count++] = pattern(sent);
        }
        sent++;
        chip.idle = 0;
    }
    update_line();
}

/* ---- the tests */
static struct uart u;

static void chip_reset(void)
{
    memset(&chip, 0, sizeof(chip));
    chip.present = true;
    chip.ier = 0xf; /* a dirty device */
    chip.lcr = LCR_DLAB;
    memset(&u, 0, sizeof(u));
    sent = received = 0;
    wire_ok = true;
}

static void test_attach(void)
{
    chip_reset();
    check(uart_attach(&u, 0x3f8) == NULL && chip.ier == (IER_RX | IER_LINE) &&
              chip.mcr == (MCR_DTR | MCR_RTS | MCR_OUT2) && chip.lcr == LCR_8N1 && !chip.line,
          "a dirty UART is set up");
    chip_reset();
    chip.present = false;
    check(uart_attach(&u, 0x3f8) != NULL, "nothing at the port is noticed");
}

static void test_stream(void)
{
    uint64_t put = 0, got = 0, stalls = 0;
    bool ok = true;

    chip_reset();
    (void)uart_attach(&u, 0x3f8);
    srand(7);
    for (unsigned step = 0; step < 400000; step++) {
        bool slow = step / 40000 % 2 != 0; /* the reader sleeps: the queue fills up */
        bool more = step < 360000;
        wire_step(more && rand() % 4 != 0);
        if (chip.edge && (rand() % 3 == 0 || ++chip.late > 5)) { /* 8 bytes would be too late */
            chip.edge = false;
            chip.late = 0;
            uart_interrupt(&u);
            stalls += chip.line; /* a high line: the next edge would never come */
        }
        if (more && rand() % 50 == 0) {
            for (unsigned n = (unsigned)rand() % 60; n > 0 && ring_room(&u.tx) > 0; n--) {
                ring_put(&u.tx, pattern(put++));
            }
            uart_tx_push(&u);
        }
        if (!slow && rand() % 10 == 0) {
            uint8_t bytes[64];
            size_t n = ring_read(&u.rx, bytes, (size_t)rand() % 64 + 1);
            uart_rx_taken(&u);
            for (size_t i = 0; i < n; i++) {
                ok = bytes[i] == pattern(got++) && ok;
            }
        }
    }
    for (unsigned i = 0; i < 40000; i++) {
        wire_step(false);
        if (chip.edge) {
            chip.edge = false;
            uart_interrupt(&u);
        }
        while (ring_used(&u.rx) != 0) {
            ok = ring_get(&u.rx) == pattern(got++) && ok;
        }
        uart_rx_taken(&u);
    }
    check(ok && got == sent && sent > 100000, "every byte arrives, in order");
    check(u.overruns == 0 && u.line_errors == 0, "no overrun");
    check(wire_ok && received == put && put > 100000, "every byte leaves, in order");
    check(stalls == 0, "the line is low after each interrupt");
    check(uart_tx_is_empty(&u), "the transmitter is empty at last");
}

static void test_ring(void)
{
    static struct ring r;
    uint8_t in[700], out[700];
    uint64_t put = 0, got = 0;
    bool ok = true;

    srand(3);
    for (unsigned step = 0; step < 100000; step++) {
        size_t n = (size_t)rand() % sizeof(in), done;
        for (size_t i = 0; i < n; i++) {
            in[i] = pattern(put + i);
        }
        done = ring_write(&r, in, n);
        ok = ok && (done == n || ring_room(&r) == 0);
        put += done;
        done = ring_read(&r, out, (size_t)rand() % sizeof(out));
        for (size_t i = 0; i < done; i++) {
            ok = ok && out[i] == pattern(got++);
        }
        ok = ok && ring_used(&r) == put - got && ring_used(&r) + ring_room(&r) == RING_BYTES;
    }
    check(ok && got > 1000000, "a queue keeps bytes and order");
}

int main(void)
{
    test_ring();
    test_attach();
    test_stream();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
