/*
 * panic.c - the last words: kernel bug, or a machine that cannot run Quoll.
 * Never returns and takes no lock: whatever state the kernel is in, this has to get out.
 */
#include "console/panic.h"

#include <stdbool.h>
#include <stdint.h>

#include "console/console.h"
#include "console/klog.h"
#include "console/kprintf.h"
#include "debug/kdb.h"
#include "debug/trace.h"
#include "object/thread.h"

#define LOG_TAIL_LINES 12u
#define STACK_BYTES    16384u
#define ADDRESSES_MAX  12u

extern const uint8_t kernel_stack[], __text_start[], __text_end[];

_Noreturn static void halt_forever(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* Without frame pointers: all that may be return addresses, from @at up. */
static void print_stack(const uint64_t *at)
{
    const uint64_t *end = (const uint64_t *)(kernel_stack + STACK_BYTES);
    unsigned count = 0;

    kprintf("on the stack:");
    for (; at >= (const uint64_t *)kernel_stack && at < end && count < ADDRESSES_MAX; at++) {
        if (*at >= (uint64_t)__text_start && *at < (uint64_t)__text_end) {
            kprintf(" %lx", *at);
            count++;
        }
    }
    kprintf("\n");
}

/* A panic inside a panic (a fault while printing) must not start over. */
static void stop_if_second(void)
{
    static bool dying;
    if (__atomic_exchange_n(&dying, true, __ATOMIC_ACQ_REL)) {
        halt_forever();
    }
}

_Noreturn void panic_at(const struct regs *r, const char *fmt, ...)
{
    const uint64_t *frame = __builtin_frame_address(0);
    bool can_debug = CONFIG_DEBUG && thread_first(); /* booted */
    va_list args;

    __asm__ volatile("cli");
    va_start(args, fmt);
    if (CONFIG_DEBUG) {
        kdb_catch(fmt, args);
    }
    stop_if_second();
    console_emergency();
    /* A debug build's serial line has shown the log already; the screen is empty in both. */
    klog_tail(LOG_TAIL_LINES, CONFIG_DEBUG ? screen_put : console_put);
    if (can_debug) {
        trace_print(); /* first, so that the rest stays on the screen */
    }
    kprintf("\nQuoll kernel panic: ");
    kvprintf(fmt, args);
    va_end(args);
    kprintf("\n");
    if (can_debug) {
        kdb_panicked(r, frame);
    } else {
        print_stack(r ? (const uint64_t *)r->rsp : frame);
    }
    halt_forever();
}

_Noreturn void boot_refuse(const char *sentence)
{
    __asm__ volatile("cli");
    stop_if_second();
    console_emergency();
    kprintf("\nQuoll cannot start: %s\n", sentence);
    halt_forever();
}
