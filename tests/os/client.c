/*
 * client.c - see client.h.
 */
#include "client.h"

#include "test.h"

#include <idl/timer_queue.h>
#include <quoll/client.h>
#include <string.h>

#define BIT_DEADLINE 2u
#define BIT_SESSION  4u
#define STEP_US      2000u
#define STEPS        5000u

static struct client_session sessions[CLIENT_SESSIONS];
static uint64_t seen_bits; /* signalled, and not asked for yet */

bool client_has_devman(void)
{
    static bool asked, found;

    if (!asked) {
        int error = names_lookup("devman", CLIENT_DEVMAN);
        found = error == E_OK || error == E_EXISTS; /* <quoll/borrow.h> keeps it there, too */
    }
    asked = true;
    return found;
}

struct client_session *client_open(const char *what, unsigned interface, uint32_t methods,
                                   unsigned data_pages)
{
    struct client_session *s = sessions;

    (void)client_has_devman();
    (void)client_wait(~(BIT_SESSION | BIT_DEADLINE | 1ull), 1); /* those of the last test */
    while (s < sessions + CLIENT_SESSIONS && s->is_open)
        s++;
    if (s == sessions + CLIENT_SESSIONS) {
        (void)lab_check("room for sessions", E_LIMIT);
        return NULL;
    }
    *s = (struct client_session){.devman = CLIENT_DEVMAN,
                                 .slots = lab_slot(),
                                 .place = (unsigned)(s - sessions),
                                 .bits = BIT_SESSION};
    for (unsigned i = 1; i < SESSION_SLOTS; i++)
        (void)lab_slot();
    if (lab_check(what, client_session_open(s, what, interface, methods, data_pages)) != E_OK)
        return NULL;
    return s;
}

void client_close(struct client_session *s)
{
    client_session_close(s);
}

void client_end(void)
{
    for (unsigned i = 0; i < CLIENT_SESSIONS; i++)
        client_session_close(&sessions[i]);
}

uint64_t client_now_us(void)
{
    uint64_t now = rdtsc(), hz = quoll_info()->tsc_hz;

    return now / hz * 1000000 + now % hz * 1000000 / hz;
}

static void wait_until_us(uint64_t us)
{
    uint64_t bits = 0, hz = quoll_info()->tsc_hz;
    uint64_t ticks = us / 1000000 * hz + us % 1000000 * hz / 1000000;

    (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, ticks, BIT_DEADLINE, 0, 0, 0, 0);
    (void)sys_wait(SLOT_NOTIFY, &bits);
    seen_bits |= bits;
}

bool client_wait(uint64_t bits, uint64_t us)
{
    uint64_t end = client_now_us() + us, found;

    while ((seen_bits & bits) == 0 && client_now_us() < end)
        wait_until_us(end);
    (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, 0, BIT_DEADLINE, 0, 0, 0, 0);
    found = seen_bits & bits;
    seen_bits &= ~bits;
    return found != 0;
}

/* What is collected makes the queue go on after a restart. */
static void recover(struct client_session *s)
{
    struct queue_done done;

    while (queue_collect(&s->queue, &done) == E_OK) {
    }
    if (queue_client_about_to_sleep(&s->queue))
        wait_until_us(client_now_us() + STEP_US);
}

int client_submit_wait(struct client_session *timer, uint64_t deadline_ns, uint64_t *seq)
{
    int error = timer_submit_wait(&timer->queue, deadline_ns, seq);

    while (error == E_BUSY) {
        recover(timer);
        error = timer_submit_wait(&timer->queue, deadline_ns, seq);
    }
    return error;
}

int client_await(struct client_session *s, uint64_t seq, struct queue_done *done)
{
    int error = E_OK;

    done->seq = 0;
    while (error != E_GONE && done->seq != seq) {
        error = queue_collect(&s->queue, done);
        if (error == E_BUSY && queue_client_about_to_sleep(&s->queue))
            wait_until_us(client_now_us() + 1000000);
    }
    return error;
}

int client_kill(const char *driver)
{
    return devman_call_control(CLIENT_DEVMAN, driver, DEVMAN_ACTION_KILL);
}

int client_die_after(const char *driver, unsigned instructions)
{
    return devman_call_die_after(CLIENT_DEVMAN, driver, instructions);
}

int client_inject(enum devman_fault fault, const char *driver)
{
    return devman_call_inject(CLIENT_DEVMAN, fault, driver);
}

bool client_driver(const char *name, struct devman_driver_state *to)
{
    int error = E_OK;

    for (uint32_t i = 0; error == E_OK; i++) {
        error = devman_call_driver(CLIENT_DEVMAN, i, to);
        if (error == E_OK && (strcmp(to->driver, name) == 0 || strcmp(to->device, name) == 0))
            return true;
    }
    (void)lab_check(name, error);
    return false;
}

bool client_settle(const char *name)
{
    struct devman_driver_state d;

    for (unsigned i = 0; i < STEPS; i++) {
        if (!client_driver(name, &d))
            return false;
        if (d.status == DEVMAN_STATE_RUNNING)
            return true;
        (void)client_wait(0, STEP_US);
    }
    return false;
}
