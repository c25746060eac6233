/*
 * console.c - which output devices the kernel's text goes to, if any.
 */
#include "console/console.h"

static bool serial_on;
static bool screen_on; /* screen_put itself knows whether there is a screen */

void console_init(void)
{
    if (CONFIG_DEBUG) {
        serial_on = uart_init();
        screen_on = true;
    }
}

void console_emergency(bool on)
{
    if (on) {
        serial_on = uart_init();
        screen_clear();
        screen_on = true;
        return;
    }
    serial_on = serial_on && CONFIG_DEBUG;
    screen_on = screen_on && CONFIG_DEBUG;
}

void console_put(char c)
{
    if (serial_on) {
        uart_put(c);
    }
    if (screen_on) {
        screen_put(c);
    }
}
