/*
 * console.c - which output devices the kernel's text goes to, if any.
 */
#include "console/console.h"

#include "debug/kdb.h"

static bool serial_on;
static bool screen_on; /* screen_put itself knows whether there is a screen */

void console_init(void)
{
    if (CONFIG_DEBUG) {
        serial_on = uart_init();
        screen_on = true;
    }
}

void console_emergency(void)
{
    serial_on = uart_init();
    screen_clear();
    screen_on = true;
}

void console_put(char c)
{
    if (serial_on) {
        uart_put(c);
    }
    if (screen_on) {
        screen_put(c);
    }
    if (CONFIG_DEBUG && c == '\n') {
        kdb_line_printed();
    }
}
