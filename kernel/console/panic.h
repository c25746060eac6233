/*
 * panic.h - the two ways in which the kernel gives up.
 */
#ifndef CONSOLE_PANIC_H
#define CONSOLE_PANIC_H

#include <stddef.h>

struct regs;

/** A broken invariant of the kernel's own: "Quoll kernel panic: ..." on serial line and screen,
 *  what the stack holds of code addresses, the log's last lines, then this CPU halts for good.
 *  A debug build shows events, registers and named calls, and opens the debugger instead. */
#define panic(...) panic_at(NULL, __VA_ARGS__)

/** The same for an exception, whose registers are @r. */
_Noreturn void panic_at(const struct regs *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** The machine or the boot image is unfit: "Quoll cannot start: @sentence" on serial line and
 *  screen, then halt. Call screen_init before, or only the serial line shows it. */
_Noreturn void boot_refuse(const char *sentence);

#endif
