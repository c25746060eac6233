/*
 * main.c - a driver's life, and what its one loop (loop.h) receives: messages, interrupts, and the
 * bits of its notification, each handed to a handler that runs to its end.
 * Heartbeats are answered here, so a driver lives as long as its handlers return.
 */
#include "framework.h"

#include <idl/driver.h>
#include <idl/inspect_server.h>
#include <quoll/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define RINGS_MAX 64u

_Static_assert(DRIVER_KEPT == TASK_REPLIES, "devman sees all that is kept");

static uint64_t kept_bits; /* came while a handler waited */

int main(void);

/* ---- what it says */

void driver_log(const char *format, ...)
{
    char line[DRIVER_LINE_MAX + 1];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    (void)driver_call_log(DRIVER_SLOT_DEVMAN, line);
}

void driver_end(const char *format, ...)
{
    char line[DRIVER_LINE_MAX + 1];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    (void)driver_call_log(DRIVER_SLOT_DEVMAN, line);
    abort();
}

void driver_unit(unsigned number, const char *name, bool present)
{
    int error = driver_call_unit(DRIVER_SLOT_DEVMAN, number, name, present);

    if (error != E_OK) {
        driver_log("unit %u (%s) can't be reported: %s", number, name, quoll_strerror(error));
    }
}

/* ---- its beginning */

static uint32_t status_of(const char *why)
{
    return why == NULL ? E_OK : E_IO;
}

static const char *words_of(const char *why)
{
    return why == NULL ? "" : why;
}

/* devman ends a driver that says that something is wrong, within the call. */
static void begin(void)
{
    const char *why = driver_info()->probed == 0 ? driver_probe() : NULL;

    (void)driver_call_probed(DRIVER_SLOT_DEVMAN, status_of(why), words_of(why));
    why = driver_quiet();
    (void)driver_call_quiet(DRIVER_SLOT_DEVMAN, status_of(why), words_of(why));
    why = driver_attach();
    framework_release_irq();
    (void)driver_call_attached(DRIVER_SLOT_DEVMAN, status_of(why), words_of(why));
}

/* ---- its loop */

static void answer_heartbeat(void)
{
    driver_status()->beat = driver_info()->beat;
}

void framework_keep_bits(uint64_t bits)
{
    if ((bits & DRIVER_BIT_HEARTBEAT) != 0) {
        answer_heartbeat();
    }
    kept_bits |= bits & ~DRIVER_BIT_HEARTBEAT;
}

static void inject_ordered(void)
{
    static uint32_t injected;
    uint32_t count = driver_info()->inject_count;

    if (count != injected) {
        injected = count;
        framework_inject(driver_info()->inject);
    }
}

/* devman ends the instance within the call. */
static void leave_if_ordered(void)
{
    if (driver_info()->leave == 0) {
        return;
    }
    framework_leave_sessions();
    driver_detach();
    (void)driver_call_left(DRIVER_SLOT_DEVMAN);
    abort();
}

/* Apart, as go_on is. */
__attribute__((noinline)) static void ordered(void)
{
    framework_sessions();
    driver_ordered();
    leave_if_ordered();
    inject_ordered();
}

static void notified(uint64_t bits)
{
    if ((bits & DRIVER_BIT_HEARTBEAT) != 0) {
        answer_heartbeat();
    }
    if ((bits & DRIVER_BIT_ORDER) != 0) {
        ordered();
    }
    framework_rung(bits & DRIVER_BITS_DOORBELLS);
    framework_hog();
    if (framework_timer_is_due()) {
        driver_timer();
    }
}

static bool message(struct call *call)
{
    bool answered;

    if (framework_loses(call)) {
        return false;
    }
    if (idl_badge_is_of(call->m.badge, INSPECT_INTERFACE)) {
        answered = inspect_dispatch(call);
    } else {
        answered = driver_message(call);
    }
    driver_status()->requests++;
    return answered;
}

static bool interrupt(struct call *call)
{
    unsigned index = (unsigned)call->m.badge & 0xff;
    uint64_t count = call->m.w[0];

    driver_irq(index, count);
    driver_status()->interrupts++;
    answer_heartbeat(); /* its signal comes after all interrupts: while they come, never */
    call->m.tag = 0;    /* all that the kernel looks at */
    return !framework_holds(call);
}

/* What completions have let through. Bounded, so that a client on another CPU that always has more
 * can't keep the driver from its heartbeats; it will ring. */
static void ring_again(uint64_t bits)
{
    for (unsigned i = 0; bits != 0 && i < RINGS_MAX; i++) {
        framework_rung(bits);
        bits = framework_rings_again();
    }
}

static bool serve(struct call *call)
{
    switch (msg_kind(&call->m)) {
    case KIND_MESSAGE:
        return message(call);
    case KIND_IRQ:
        return interrupt(call);
    default:
        notified(call->m.w[0]);
        return false;
    }
}

/* Apart, so that an interrupt's way saves no registers for it. */
__attribute__((noinline)) static bool go_on(struct call *call, bool answered, uint64_t bits)
{
    ring_again(bits);
    while (framework_loses_next) {
        answered = call_next(call, SLOT_SERVE, answered) == E_OK && serve(call);
        ring_again(framework_rings_again());
    }
    return answered;
}

bool framework_serve(struct call *call)
{
    bool answered = msg_kind(&call->m) == KIND_IRQ ? interrupt(call) : serve(call);
    uint64_t bits = framework_rings_again();

    return bits == 0 && !framework_loses_next ? answered : go_on(call, answered, bits);
}

int main(void)
{
    task_buffer()->recv_slot = SLOT_RECEIVE;
    task_buffer()->recv_count = MSG_MAX_CAPS;
    begin();
    call_since = driver_status()->kept_since;
    notified(kept_bits | DRIVER_BIT_ORDER);
    ring_again(framework_rings_again());
    framework_loop();
}
