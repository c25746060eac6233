/*
 * uart.c - polled COM1 for debug builds, refusals and panics.
 * Every wait is bounded: a kernel that is dying must not hang on a cable.
 * Register names: PC16550D data sheet, section 8.
 */
#include "console/console.h"
#include "lib/port.h"

#define COM1 0x3f8

enum uart_register {
    THR = 0, /* write, DLAB 0; the divisor's low byte with DLAB 1 */
    RBR = 0, /* read, DLAB 0 */
    IER = 1, /* the divisor's high byte with DLAB 1 */
    FCR = 2, /* write */
    LCR = 3,
    MCR = 4,
    LSR = 5,
    SCR = 7,
};

#define LCR_8N1        0x03
#define LCR_DLAB       0x80
#define FCR_ON_CLEAR   0x07 /* FIFOs on, both emptied */
#define MCR_DTR_RTS    0x03
#define LSR_DATA       0x01
#define LSR_THR_EMPTY  0x20
#define DIVISOR_115200 1

/* One port read takes about 1 us on real hardware; a byte at 115200 takes 87 us. An emulator on a
 * busy host may make us wait much longer. */
#define WAIT_READS 2000000u

static bool present;
static uint8_t drivers_ier; /* while the port is borrowed */

static void uart_write(enum uart_register reg, uint8_t value)
{
    port_write8((uint16_t)(COM1 + reg), value);
}

static uint8_t uart_read(enum uart_register reg)
{
    return port_read8((uint16_t)(COM1 + reg));
}

/* The scratch register keeps what was written; a bus without a device answers 0xff. */
static bool uart_answers(void)
{
    uart_write(SCR, 0x5a);
    if (uart_read(SCR) != 0x5a) {
        return false;
    }
    uart_write(SCR, 0xa5);
    return uart_read(SCR) == 0xa5;
}

static bool wait_for_room(void)
{
    for (unsigned i = 0; i < WAIT_READS; i++) {
        if (uart_read(LSR) & LSR_THR_EMPTY) {
            return true;
        }
        __builtin_ia32_pause();
    }
    return false;
}

bool uart_init(void)
{
    present = uart_answers();
    if (!present) {
        return false;
    }
    uart_write(LCR, LCR_8N1); /* DLAB off, or IER would be the divisor */
    uart_write(IER, 0);
    (void)wait_for_room(); /* let a user-level driver's last bytes out before the FIFO empties */
    uart_write(LCR, LCR_8N1 | LCR_DLAB);
    uart_write(THR, DIVISOR_115200);
    uart_write(IER, 0);
    uart_write(LCR, LCR_8N1);
    uart_write(FCR, FCR_ON_CLEAR);
    uart_write(MCR, MCR_DTR_RTS); /* OUT2 off: no interrupt reaches the line */
    return true;
}

static void put_raw(char c)
{
    if (!present) {
        return;
    }
    if (!wait_for_room()) {
        present = false; /* stuck: don't pay the whole wait for each further byte */
        return;
    }
    uart_write(THR, (uint8_t)c);
}

void uart_put(char c)
{
    if (c == '\n') {
        put_raw('\r');
    }
    put_raw(c);
}

bool uart_borrow(void)
{
    if (present) {
        uart_write(LCR, LCR_8N1); /* a driver that was setting it up may have left DLAB on */
        drivers_ier = uart_read(IER);
        uart_write(IER, 0);
        uart_write(MCR, uart_read(MCR) | MCR_DTR_RTS);
    }
    return present;
}

void uart_return(void)
{
    uart_write(IER, drivers_ier);
}

char uart_wait_key(void)
{
    while (!(uart_read(LSR) & LSR_DATA)) {
        __builtin_ia32_pause();
    }
    present = true; /* somebody is there, even if output got stuck before */
    return (char)uart_read(RBR);
}
