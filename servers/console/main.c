/*
 * main.c - the console's loop: pump until nothing moves, then wait for a client or a device.
 * One message, one key or one completion each round; nothing here waits for anybody.
 */
#include "server.h"

#include <idl/terminal_server.h>
#include <quoll/client.h>
#include <quoll/info.h>
#include <stdlib.h>

struct console console;
uint64_t server_restarts;

int main(void);

#define RETRY_SOON_MS 20u
#define RETRY_LATE_MS 1000u
#define RETRIES_SOON  100u

/* The one deadline is the earliest of those that are waited for. */
void server_wake_at(uint64_t tsc)
{
    static uint64_t earliest;

    if (earliest <= rdtsc() || tsc < earliest) {
        earliest = tsc;
        (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, tsc, BIT_RETRY, 0, 0, 0, 0);
    }
}

void server_try_later(struct retry *r)
{
    unsigned ms = r->tries < RETRIES_SOON ? RETRY_SOON_MS : RETRY_LATE_MS;

    r->tries++;
    r->at_tsc = rdtsc() + quoll_info()->tsc_hz / 1000 * ms;
    server_wake_at(r->at_tsc);
}

bool server_is_time(const struct retry *r)
{
    bool is = r->at_tsc <= rdtsc();

    if (!is) {
        server_wake_at(r->at_tsc);
    }
    return is;
}

/* Who waits for a byte gets it before anything else is done. Flags of sleep are set only when
 * nothing moves, and then once more is looked. */
static void pump(void)
{
    bool moved;

    do {
        moved = line_take();
        moved |= keyboard_pump();
        moved |= terminals_pump();
        moved |= line_give();
        moved |= picture_pump();
    } while (moved || !line_about_to_sleep() || !keyboard_about_to_sleep() ||
             !picture_about_to_sleep());
}

int main(void)
{
    struct call call;
    bool answered = false;

    if (names_lookup("devman", SLOT_DEVMAN) != E_OK ||
        sys_op(SLOT_THREAD, OP_THREAD_BIND, SLOT_NOTIFY, 0, 0, 0, 0, 0) != E_OK) {
        abort();
    }
    console_init(&console);
    line_begin();
    call_begin(&call);
    for (;;) {
        pump();
        answered = call_next(&call, SLOT_SERVE, answered) == E_OK &&
                   msg_kind(&call.m) == KIND_MESSAGE && terminal_dispatch(&call);
    }
}
