/*
 * wait.c - see wait.h. The deadline is that of the task's notification; sockets set it, too, when
 * they sleep.
 */
#include "wait.h"

#include <quoll/deadline.h>
#include <quoll/sys.h>

#define BIT_DEADLINE 1ull
#define SLICE_US     50000u /* how late ^C may be seen */

void wait_us(uint64_t us)
{
    uint64_t hz = quoll_info()->tsc_hz, bits = 0;
    uint64_t deadline = rdtsc() + us / 1000000 * hz + us % 1000000 * hz / 1000000;

    if (task_set_deadline(deadline, BIT_DEADLINE) == E_OK)
        (void)sys_wait(SLOT_NOTIFY, &bits);
}

bool wait_or_interrupt(struct shell *s, uint64_t us)
{
    uint64_t slice;

    for (; us > 0; us -= slice) {
        if (input_interrupted(&s->in))
            return true;
        slice = us < SLICE_US ? us : SLICE_US;
        wait_us(slice);
    }
    return false;
}
