/*
 * main.c - the multiplexer's loop: move frames until nothing moves, then wait for the card, a
 * client or the tick. One round takes at most what the queues hold; nothing waits for a client.
 */
#include "server.h"

#include <quoll/client.h>
#include <quoll/info.h>
#include <quoll/proto.h>
#include <stdlib.h>

int main(void);

static uint64_t tick_at;

static void tick(void)
{
    uint64_t now = rdtsc();

    if (now < tick_at) {
        return;
    }
    tick_at = now + quoll_info()->tsc_hz / 1000 * TICK_MS;
    (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, tick_at, BIT_RETRY, 0, 0, 0, 0);
    card_tick();
}

static void pump(void)
{
    do {
        (void)mux_take_posted();
        (void)card_pump();
        if (mux_wake_starving()) {
            sys_yield(); /* its equals among those who are to take the frames */
        }
    } while (mux_ring() || !card_about_to_sleep() || !mux_about_to_sleep(card_is_full()));
}

int main(void)
{
    struct call call;

    if (names_lookup("devman", SLOT_DEVMAN) != E_OK ||
        names_lookup("system", SLOT_SYSTEM) != E_OK ||
        sys_op(SLOT_THREAD, OP_THREAD_BIND, SLOT_NOTIFY, 0, 0, 0, 0, 0) != E_OK) {
        abort();
    }
    serve_begin();
    call_begin(&call);
    for (;;) {
        tick();
        pump();
        if (call_next(&call, SLOT_SERVE, false) != E_OK) {
            continue;
        }
        if (msg_kind(&call.m) != KIND_MESSAGE) {
            if ((call.m.w[0] & SYSTEM_BIT_DEATH) != 0) {
                serve_bury();
            }
        } else if (serve_call(&call)) {
            (void)sys_reply(call.reply, &call.m); /* now: the tick makes calls of its own */
        }
    }
}
