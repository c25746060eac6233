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

#define LOG_TAIL_LINES   12u
#define BACKTRACE_FRAMES 16u

/* What `push rbp; mov rbp, rsp` leaves. */
struct frame {
    const struct frame *caller;
    uintptr_t return_address;
};

_Noreturn static void halt_forever(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* A frame must lie in the higher half, be aligned, and be older than the last one: a damaged
 * chain then ends here instead of faulting inside the panic. */
static bool frame_plausible(const struct frame *frame, const struct frame *newer)
{
    uintptr_t at = (uintptr_t)frame;
    return at >= 0xffff800000000000ull && at % 8 == 0 && frame > newer &&
           at - (uintptr_t)newer < 0x10000;
}

static void print_backtrace(const struct frame *frame)
{
    kprintf("called from");
    for (unsigned i = 0; i < BACKTRACE_FRAMES; i++) {
        kprintf(" %p", (void *)frame->return_address);
        if (!frame_plausible(frame->caller, frame)) {
            break;
        }
        frame = frame->caller;
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

_Noreturn void panic(const char *fmt, ...)
{
    va_list args;

    __asm__ volatile("cli");
    stop_if_second();
    console_emergency(true);
    /* A debug build's serial line has shown the log already; the screen is empty in both. */
    klog_tail(LOG_TAIL_LINES, CONFIG_DEBUG ? screen_put : console_put);
    kprintf("\nQuoll kernel panic: ");
    va_start(args, fmt);
    kvprintf(fmt, args);
    va_end(args);
    kprintf("\n");
    if (CONFIG_DEBUG) {
        print_backtrace(__builtin_frame_address(0));
    }
    halt_forever();
}

_Noreturn void boot_refuse(const char *sentence)
{
    __asm__ volatile("cli");
    stop_if_second();
    console_emergency(true);
    kprintf("\nQuoll cannot start: %s\n", sentence);
    halt_forever();
}
