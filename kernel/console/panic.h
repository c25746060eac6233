/*
 * panic.h - the two ways in which the kernel gives up.
 */
#ifndef CONSOLE_PANIC_H
#define CONSOLE_PANIC_H

/** A broken invariant of the kernel's own: "Quoll kernel panic: ..." on serial line and screen,
 *  the call chain in debug builds, the log's last lines, then this CPU halts for good. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** The machine or the boot image is unfit: "Quoll cannot start: @sentence" on serial line and
 *  screen, then halt. Call screen_init before, or only the serial line shows it. */
_Noreturn void boot_refuse(const char *sentence);

#endif
