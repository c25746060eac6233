/*
 * main.c - the net server's loop: frames, clients' rings, timers, until nothing moves; then wait
 * for whichever comes first. Time is the TSC's, in milliseconds since the start.
 */
#include "server.h"

#include <quoll/client.h>
#include <quoll/info.h>
#include <quoll/proto.h>
#include <quoll/secret.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS    500u /* how often the card is looked at */
#define ROUNDS_MAX 16u  /* without a look at calls */

int main(void);

static uint64_t begun_tsc, armed_tsc, tick_ms;

static uint64_t now_ms(void)
{
    return (rdtsc() - begun_tsc) / (quoll_info()->tsc_hz / 1000);
}

/* The deadline is set anew only if it is to be earlier, or has passed. */
static void wake_in(uint32_t ms)
{
    uint64_t now = rdtsc();
    uint64_t at = now + ms * (quoll_info()->tsc_hz / 1000);

    if (armed_tsc <= now || at < armed_tsc) {
        armed_tsc = at;
        (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, at, BIT_TIME, 0, 0, 0, 0);
    }
}

static void tick(uint64_t now)
{
    if (now >= tick_ms) {
        tick_ms = now + TICK_MS;
        wire_tick();
    }
}

/* A client that gives without end keeps neither time nor calls from the others. */
static void pump(void)
{
    bool rests = false;
    uint32_t ms = 0;

    for (unsigned rounds = 0; !rests && rounds < ROUNDS_MAX; rounds++) {
        uint64_t now = now_ms();
        tick(now);
        (void)wire_pump();
        ms = core_time(now);
        core_flush();
        rests = core_about_to_sleep() && wire_about_to_sleep();
        if (!rests) {
            core_attend();
        }
    }
    wake_in(!rests ? 0 : ms < TICK_MS ? ms : TICK_MS);
}

static void begin(void)
{
    uint8_t secret[16];

    begun_tsc = rdtsc();
    secret_make(secret);
    core_begin(secret, 0);
    if (strstr(task_info()->args, "dhcp") != NULL) {
        core_use_dhcp();
    }
    serve_begin();
}

int main(void)
{
    struct call call;

    if (names_lookup("mux", SLOT_MUX) != E_OK || names_lookup("system", SLOT_SYSTEM) != E_OK ||
        sys_op(SLOT_THREAD, OP_THREAD_BIND, SLOT_NOTIFY, 0, 0, 0, 0, 0) != E_OK) {
        abort();
    }
    begin();
    call_begin(&call);
    for (;;) {
        pump();
        if (call_next(&call, SLOT_SERVE, false) != E_OK) {
            continue;
        }
        if (msg_kind(&call.m) != KIND_MESSAGE) {
            serve_doorbells(call.m.w[0]);
            if ((call.m.w[0] & SYSTEM_BIT_DEATH) != 0) {
                serve_bury();
            }
        } else if (serve_call(&call)) {
            (void)sys_reply(call.reply, &call.m); /* now: the pump makes calls of its own */
        }
    }
}
