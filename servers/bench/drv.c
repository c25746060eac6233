/*
 * drv.c - see drv.h. The session's slots are the lab's: its end empties them.
 */
#include "drv.h"

#include <quoll/client.h>
#include <quoll/deadline.h>
#include <quoll/info.h>
#include <quoll/lab.h>
#include <quoll/sys.h>
#include <quoll/task.h>

#define BIT_SESSION 1u
#define BIT_LATER   2u
#define OPENS_MAX   2000u
#define AGAIN_US    500u

static struct client_session session;

static void wait_a_moment(void)
{
    uint64_t bits, end = rdtsc() + quoll_info()->tsc_hz / 1000000 * AGAIN_US;

    (void)task_set_deadline(end, BIT_LATER);
    (void)sys_wait(SLOT_NOTIFY, &bits); /* a bit of the last session's is as good */
}

/* Of some devices a writable session is exclusive, and the last one is closed only once its driver
 * has confirmed it. */
static int open_soon(const char *what, unsigned interface, uint32_t methods, unsigned data_pages)
{
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < OPENS_MAX; i++) {
        if (i != 0) {
            wait_a_moment();
        }
        error = client_session_open(&session, what, interface, methods, data_pages);
    }
    return error;
}

struct client_session *drv_open(const char *what, unsigned interface, uint32_t methods,
                                unsigned data_pages)
{
    session = (struct client_session){.devman = lab_slot(), .bits = BIT_SESSION};
    session.slots = lab_slot();
    for (unsigned i = 1; i < SESSION_SLOTS; i++) {
        (void)lab_slot();
    }
    if (lab_check("devman", names_lookup("devman", session.devman)) != E_OK ||
        lab_check(what, open_soon(what, interface, methods, data_pages)) != E_OK) {
        return NULL;
    }
    return &session;
}

void drv_close(void)
{
    client_session_close(&session);
}

uint64_t drv_devman(void)
{
    return session.devman;
}

int drv_await(uint64_t seq)
{
    struct queue_done done = {0};
    int error = E_OK;

    while (error != E_GONE && done.seq != seq) {
        error = queue_collect(&session.queue, &done);
        if (error == E_BUSY && queue_client_about_to_sleep(&session.queue)) {
            uint64_t bits;
            (void)sys_wait(SLOT_NOTIFY, &bits);
        }
    }
    return error == E_OK ? (int)done.status : error;
}
