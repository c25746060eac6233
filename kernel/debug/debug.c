/*
 * debug.c - the system call of debug builds.
 */
#include <console/kprintf.h>
#include <debug/debug.h>
#include <quoll/abi.h>

int debug_call(uint64_t function, uint64_t argument)
{
    if (!CONFIG_DEBUG) {
        return E_BAD_CALL;
    }
    switch (function) {
    case DEBUG_PUTC:
        kprintf("%c", (int)(argument & 0xff));
        return E_OK;
    default:
        return E_BAD_ARG;
    }
}
