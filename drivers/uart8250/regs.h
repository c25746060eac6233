/*
 * regs.h - the registers of a 16550A: ports relative to its base, and their bits.
 * Source: National Semiconductor PC16550D data sheet (June 1995), section 8, "Registers"; the
 * name behind each register is the data sheet's. By hand until the register compiler makes it.
 */
#ifndef UART8250_REGS_H
#define UART8250_REGS_H

#include <stdint.h>

#define UART_FIFO_BYTES 16

enum uart_register {
    UART_RBR = 0, /* receiver buffer, read, DLAB = 0 */
    UART_THR = 0, /* transmitter holding, write, DLAB = 0 */
    UART_DLL = 0, /* divisor latch, low, DLAB = 1 */
    UART_IER = 1, /* 8.7 interrupt enable, DLAB = 0 */
    UART_DLM = 1, /* divisor latch, high, DLAB = 1 */
    UART_IIR = 2, /* 8.6 interrupt identification, read */
    UART_FCR = 2, /* 8.5 FIFO control, write */
    UART_LCR = 3, /* 8.1 line control */
    UART_MCR = 4, /* 8.8 modem control */
    UART_LSR = 5, /* 8.4 line status; reading clears the error bits */
    UART_MSR = 6, /* 8.9 modem status; reading clears the delta bits */
    UART_SCR = 7, /* 8.10 scratchpad */
};

#define IER_RX   0x01 /* ERBFI: data available, and the FIFO's time-out */
#define IER_TX   0x02 /* ETBEI: transmitter holding register empty */
#define IER_LINE 0x04 /* ELSI: line status */

#define IIR_NONE 0x01 /* 0: an interrupt is pending */
#define IIR_FIFO 0xc0 /* both set: a working FIFO */

#define FCR_ENABLE   0x01
#define FCR_RX_RESET 0x02
#define FCR_TX_RESET 0x04
#define FCR_RX_AT_8  0x80 /* interrupt at 8 bytes: 8 more fit while the driver comes */

#define LCR_8N1  0x03
#define LCR_DLAB 0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT2 0x08 /* on a PC: the gate between the UART and its interrupt line */
#define MCR_LOOP 0x10

#define LSR_DR   0x01
#define LSR_OE   0x02
#define LSR_PE   0x04
#define LSR_FE   0x08
#define LSR_BI   0x10
#define LSR_THRE 0x20
#define LSR_TEMT 0x40

#define MSR_CTS   0x10
#define MSR_DCD   0x80
#define MSR_LINES 0xf0

#define DIVISOR_115200 1 /* of 1.8432 MHz / 16 */

#endif
