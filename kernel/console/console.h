/*
 * console.h - the kernel's own output devices: polled serial port and screen.
 * They are silent unless this is a debug build (CONFIG_DEBUG is 1) or the kernel is dying:
 * user-level drivers own the devices otherwise.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "quoll/bootinfo.h"

#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 0
#endif

/** Initialise the serial port in debug builds; nothing otherwise. Call once, early. */
void console_init(void);

/** From now on every kprintf goes to serial line and screen, in every build; both are set up
 *  anew, since a user-level driver may have changed them. */
void console_emergency(void);

/** One character to the devices that are on. kprintf calls it. */
void console_put(char c);

/** Set up COM1 (0x3f8) as 115200 8N1 with FIFO; false if no UART answers.
 *  Source: PC16550D data sheet, section 8. */
bool uart_init(void);

/** Send one byte, waiting a bounded time for room. Nothing without a UART. */
void uart_put(char c);

/** Take the serial port from its user-level driver: no interrupts, the sender may send (RTS). Line
 *  settings and FIFOs stay as they are. False without a UART. */
bool uart_borrow(void);

/** Give it back; what waits in its FIFO raises the driver's interrupt then. */
void uart_return(void);

/** The next byte received; waits for it as long as it takes. */
char uart_wait_key(void);

/** Say where the screen is: @fb->pa 0 is VGA text memory at 0xb8000. The direct map must hold
 *  it. In debug builds and in an emergency this clears the screen; without it nothing is drawn. */
void screen_init(const struct boot_framebuffer *fb);

/** Blank the screen that screen_init named, cursor to the top. */
void screen_clear(void);

/** Draw one character; scrolls at the bottom. Nothing before screen_init. */
void screen_put(char c);

#endif
