/*
 * inspect.c - what every driver answers about itself: its registers as text, its interfaces.
 */
#include "framework.h"

#include <idl/inspect_server.h>

int inspect_serve_regs(struct call *call, uint32_t index, char result[INSPECT_LINE_MAX + 1])
{
    (void)call;
    return driver_regs_line(index, result, INSPECT_LINE_MAX + 1) ? E_OK : E_NOT_FOUND;
}

#pragma weak driver_interfaces /* a driver may have none: then its address is null */

/* The descriptions one after the other. */
int inspect_serve_describe(struct call *call, uint32_t index, char result[INSPECT_LINE_MAX + 1])
{
    (void)call;
    for (unsigned i = 0; driver_interfaces != NULL && driver_interfaces[i] != NULL; i++) {
        uint32_t lines = 0;

        while (idl_describe(driver_interfaces[i], lines, result, INSPECT_LINE_MAX + 1) != 0) {
            if (lines++ == index) {
                return E_OK;
            }
        }
        index -= lines;
    }
    return E_NOT_FOUND;
}
