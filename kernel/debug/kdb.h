/*
 * kdb.h - the kernel debugger: how it is entered, and what its files share.
 * Debug builds only. Interrupts stay off and every thread stands still while it is open.
 * Commands print with kprintf, which waits for a key after a screenful. They may read what they
 * like: a fault or a panic in a command ends it (kdb_catch).
 */
#ifndef DEBUG_KDB_H
#define DEBUG_KDB_H

#include <arch/asm.h>
#include <arch/cpu.h>
#include <console/kprintf.h>
#include <console/panic.h>

/** Open the debugger for a system call; returns after `continue`. Error: GONE (no UART). */
int kdb_enter(void);

/** After a panic: print the registers @r (of an exception, or NULL) and the calls that led to @r,
 *  else to @frame; then open the debugger. Returns if there is no UART. */
void kdb_panicked(const struct regs *r, const void *frame);

/** Every panic calls it first: if a command of the debugger runs, say what it met and give the
 *  prompt back instead of returning. */
void kdb_catch(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/** A newline has gone to the console. */
void kdb_line_printed(void);

/* ---- for the commands */

extern uint64_t kdb_arg[2]; /* the numbers typed behind the command */
extern unsigned kdb_args;   /* how many */

/* End the command with one line that says why. */
#define kdb_stop(...) panic(__VA_ARGS__)

/* Addresses in the direct map are shown and typed without its base: as physical addresses. */
#define PA_LIMIT       (1ull << 46)
#define SHORT(address) kdb_short((uint64_t)(address))
static inline uint64_t kdb_short(uint64_t address)
{
    return address - DIRECT_BASE < PA_LIMIT ? address - DIRECT_BASE : address;
}

/* kdb_arg[0] as an address. */
static inline void *kdb_pointer(void)
{
    return kdb_arg[0] < PA_LIMIT ? direct(kdb_arg[0]) : (void *)kdb_arg[0];
}

/** Entry @i of the table @names, "?" outside of it. */
#define KDB_NAME(names, i) ((uint64_t)(i) < sizeof(names) / 8 ? (names)[i] : "?")
extern const char *const kdb_types[OBJ_COUNT];

void kdb_print_regs(const struct regs *r);
/** The registers @r, unless NULL, and the calls that led to them, else to @frame. */
void kdb_print_calls(const struct regs *r, const void *frame);

void kdb_cmd_threads(void), kdb_cmd_thread(void), kdb_cmd_ready(void), kdb_cmd_caps(void),
    kdb_cmd_tree(void), kdb_cmd_endpoints(void), kdb_cmd_irqs(void), kdb_cmd_pt(void),
    kdb_cmd_mem(void);

#endif
