/*
 * drv_irq.c - an interrupt of a PCI device, QEMU's edu, to its driver's handler and back to
 * waiting. The driver's handler has the device interrupt again until the client's count is reached;
 * the line is up when the driver acknowledges and waits, so each interrupt comes at once, to a
 * driver that waits. What a call with more of them takes longer is theirs.
 */
#include "drv.h"
#include "measure.h"

#include <idl/edu.h>
#include <quoll/deadline.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>

#define ROUNDS   500u
#define MANY     11u   /* interrupts of one call */
#define FEW      1u    /* and of the other */
#define PAUSE_US 2000u /* so that there are no more of them than edu.manifest allows */

static void setup_nothing(const struct bench *b, struct measure *m)
{
    (void)b;
    (void)m;
}

static void pause(void)
{
    uint64_t bits, end = rdtsc() + quoll_info()->tsc_hz / 1000000 * PAUSE_US;

    (void)task_set_deadline(end, 1);
    (void)sys_wait(SLOT_NOTIFY, &bits);
}

/* How long a call with @count interrupts takes. */
static int time_call(uint64_t endpoint, uint32_t count, uint64_t *ticks)
{
    uint64_t start = rdtsc();
    int error = edu_call_interrupt(endpoint, count);

    *ticks = rdtsc() - start;
    return error;
}

static uint64_t run_interrupt(struct measure *m)
{
    const struct client_session *s = drv_open("edu", EDU_INTERFACE, EDU_RIGHTS_ALL, 0);
    uint64_t many, few, left = m->rounds;

    for (uint32_t *sample = m->samples; s != NULL && left != 0; left--, sample++) {
        if (time_call(s->endpoint, FEW, &few) != E_OK ||
            time_call(s->endpoint, MANY, &many) != E_OK) {
            break;
        }
        *sample = (uint32_t)((many - few) / (MANY - FEW));
        pause();
    }
    drv_close();
    return left;
}

static const struct bench list[] = {
    {"drv.irq.round_trip", ROUNDS, 0, true, setup_nothing, run_interrupt},
};

const struct bench_area area_drv_irq = {list, sizeof list / sizeof list[0], 0, NULL};
