/*
 * loop.h - the driver's one loop. It is inline, and a driver that serves one interface has it in
 * its own file, so that a request goes from the system call through the generated dispatch to the
 * driver's function and back without a call in between. docs/drivers-cost.md counts it.
 *
 *     DRIVER_SERVES(SERIAL_INTERFACE, serial_dispatch)
 *
 * stands for driver_message in such a driver.
 */
#ifndef LOOP_H
#define LOOP_H

#include "driver.h"

#include <quoll/error.h>
#include <quoll/sys.h>
#include <quoll/task.h>

typedef bool framework_dispatch(struct call *call);

/** Serve what is not a request for the driver's own interface: its notification, interrupts, the
 *  framework's interface, other interfaces of the driver's. While a request is to be lost, serves
 *  everything, until one is.
 *  Returns whether there is an answer to send. */
bool framework_serve(struct call *call);

/** Serve for ever. The framework calls it once. */
_Noreturn void framework_loop(void);

/* A badge with an interface in it is a session's: neither interrupts nor notifications have one. */
static inline bool framework_serve_own(struct call *call, unsigned interface,
                                       framework_dispatch *dispatch)
{
    bool answered;

    if (!idl_badge_is_of(call->m.badge, interface)) {
        return framework_serve(call);
    }
    answered = dispatch(call);
    driver_status()->requests++;
    return answered;
}

/* One system call answers, or acknowledges an interrupt, and waits. */
__attribute__((always_inline)) _Noreturn static inline void
framework_loop_of(unsigned interface, framework_dispatch *dispatch)
{
    struct call call;

    call_begin(&call);
    for (;;) {
        int error = sys_recv(call.reply, SLOT_SERVE, &call.m);

        while (error == E_OK && framework_serve_own(&call, interface, dispatch)) {
            error = sys_reply_recv(call.reply, SLOT_SERVE, &call.m);
        }
    }
}

#define DRIVER_SERVES(interface, dispatch)                                                         \
    bool driver_message(struct call *call)                                                         \
    {                                                                                              \
        return dispatch(call);                                                                     \
    }                                                                                              \
    void framework_loop(void)                                                                      \
    {                                                                                              \
        framework_loop_of(interface, dispatch);                                                    \
    }

#endif
