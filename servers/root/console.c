/*
 * console.c - the last resort: the system log on the first serial port when there is no shell.
 * Only after a system failure, and only if no live task owns the port; polled, bounded.
 */
#include "port.h"
#include "root.h"

#define COM1      0x3f8
#define COM1_IER  (COM1 + 1)
#define COM1_FCR  (COM1 + 2)
#define COM1_LCR  (COM1 + 3)
#define COM1_LSR  (COM1 + 5)
#define LCR_8N1   0x03
#define LCR_DLAB  0x80
#define LSR_THRE  0x20
#define POLLS_MAX 100000u /* about 100 ms: a character takes 87 us */

static bool console_open(void)
{
    if (spawn_ports(&root.task[0].s, COM1, COM1 + 7) != E_OK) {
        return false;
    }
    port_out8(COM1_LCR, LCR_8N1);
    port_out8(COM1_IER, 0);
    port_out8(COM1_LCR, LCR_8N1 | LCR_DLAB);
    port_out8(COM1, 1); /* 115200 baud */
    port_out8(COM1_IER, 0);
    port_out8(COM1_LCR, LCR_8N1);
    port_out8(COM1_FCR, 1);
    return true;
}

/* False: no UART takes characters here. */
static bool console_put(char c)
{
    for (unsigned i = 0; i < POLLS_MAX; i++) {
        if ((port_in8(COM1_LSR) & LSR_THRE) != 0) {
            port_out8(COM1, (uint8_t)c);
            return true;
        }
        __asm__ volatile("pause");
    }
    return false;
}

void console_report(void)
{
    static enum { CLOSED, OPEN, BROKEN } state;
    static uint64_t at; /* what of the log has been shown */
    char c;

    if (state == CLOSED && !debug_build()) {
        state = console_open() ? OPEN : CLOSED;
    }
    while (state == OPEN && syslog_read(at, &at, &c, 1) == 1) {
        at++;
        if (!console_put(c) || (c == '\n' && !console_put('\r'))) {
            state = BROKEN;
        }
    }
}
