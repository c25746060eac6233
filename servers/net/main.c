/*
 * main.c - the net server's loop: frames, clients' rings, timers, until nothing moves; then wait
 * for whichever comes first. Time is the TSC's, in milliseconds since the start.
 */
#include "server.h"

#include <quoll/client.h>
#include <quoll/info.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 500u /* how often the card is looked at */

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

static void pump(void)
{
    uint64_t now = now_ms();
    uint32_t ms;

    tick(now);
    for (;;) {
        core_awake();
        while (wire_pump()) {
        }
        ms = core_time(now);
        core_flush();
        if (core_about_to_sleep() && wire_about_to_sleep()) {
            break;
        }
        serve_doorbells(~0ull);
    }
    wake_in(ms < TICK_MS ? ms : TICK_MS);
}

/* ---- a secret */

static bool has_rdrand(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 30 & 1) != 0;
}

static uint64_t hardware_random(void)
{
    uint64_t value = 0;

    __asm__ volatile("rdrand %0" : "+r"(value) : : "cc");
    return value;
}

/* Where the CPU has no such number, the moments at which the machine came this far, to a cycle. */
static void make_secret(uint8_t secret[16])
{
    uint64_t words[2] = {rdtsc(), 0};
    bool has = has_rdrand();

    for (unsigned i = 0; i < 32; i++) {
        uint64_t x = has ? hardware_random() : 0;
        sys_yield();
        words[i % 2] = words[i % 2] * 0x9e3779b97f4a7c15ull + (rdtsc() ^ x);
    }
    memcpy(secret, words, 16);
}

static void begin(void)
{
    uint8_t secret[16];

    begun_tsc = rdtsc();
    make_secret(secret);
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
        } else if (serve_call(&call)) {
            (void)sys_reply(call.reply, &call.m); /* now: the pump makes calls of its own */
        }
    }
}
