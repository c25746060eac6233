/*
 * port.h - access to the UART's registers. Apart from their list, because the host test of
 * uart.c puts a model of the chip in its place.
 */
#ifndef UART8250_PORT_H
#define UART8250_PORT_H

#include "regs.h"

static inline uint8_t uart_in(uint16_t base, enum uart_register reg)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((uint16_t)(base + (unsigned)reg)));
    return value;
}

static inline void uart_out(uint16_t base, enum uart_register reg, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((uint16_t)(base + (unsigned)reg)));
}

#endif
