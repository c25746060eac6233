/*
 * debug.c - the system call of debug builds.
 */
#include <console/kprintf.h>
#include <console/panic.h>
#include <debug/check.h>
#include <debug/debug.h>
#include <debug/kdb.h>
#include <quoll/abi.h>

int debug_call(uint64_t function, uint64_t argument)
{
    if (!CONFIG_DEBUG) {
        return E_BAD_CALL;
    }
    if (function >= DEBUG_ENTER && argument != DEBUG_MAGIC) {
        return E_BAD_ARG;
    }
    switch (function) {
    case DEBUG_PUTC:
        kprintf("%c", (int)(argument & 0xff));
        return E_OK;
    case DEBUG_CHECK:
        if (check_all(argument)) {
            panic("check %lu: the kernel's invariants are broken", argument);
        }
        return E_OK;
    case DEBUG_ENTER:
        return kdb_enter();
    case DEBUG_PANIC:
        panic("asked for by a task (DEBUG_PANIC)");
    case DEBUG_FAULT:
        *(volatile uint64_t *)(KERNEL_BASE - 8) = 0;
        return E_OK;
    default:
        return E_BAD_ARG;
    }
}
