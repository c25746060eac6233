/*
 * time.c - the driver's clock and its one timer, which is the deadline of its notification.
 * The waits of probe, quiet and attach use the same deadline; heartbeats are answered meanwhile,
 * and what else comes is kept for the loop.
 */
#include "framework.h"

#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>

static uint64_t timer_us;

static uint64_t us_to_ticks(uint64_t us)
{
    uint64_t hz = quoll_info()->tsc_hz;

    return us / 1000000 * hz + us % 1000000 * hz / 1000000;
}

static void set_deadline(uint64_t us)
{
    uint64_t at = us == 0 ? 0 : quoll_info()->boot_tsc + us_to_ticks(us);

    (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, at, DRIVER_BIT_TIMER, 0, 0, 0, 0);
}

uint64_t driver_now_us(void)
{
    uint64_t hz = quoll_info()->tsc_hz, ticks = rdtsc() - quoll_info()->boot_tsc;

    return ticks / hz * 1000000 + ticks % hz * 1000000 / hz;
}

void driver_set_timer(uint64_t deadline_us)
{
    timer_us = deadline_us;
    set_deadline(deadline_us);
}

bool framework_timer_is_due(void)
{
    bool due = timer_us != 0 && driver_now_us() >= timer_us;

    if (due) {
        timer_us = 0;
    }
    return due;
}

/* Sleep until @deadline_us or, if @irq is not null, an interrupt, which it then receives. */
static bool await(uint64_t deadline_us, struct msg *irq)
{
    while (driver_now_us() < deadline_us) {
        uint64_t bits = 0;

        set_deadline(deadline_us);
        if (irq == NULL) {
            (void)sys_wait(SLOT_NOTIFY, &bits);
        } else if (sys_recv(SLOT_REPLY, DRIVER_SLOT_EARLY, irq) != E_OK) {
            return false;
        } else if (msg_kind(irq) == KIND_IRQ) {
            return true;
        } else {
            bits = irq->w[0];
        }
        framework_keep_bits(bits & ~DRIVER_BIT_TIMER);
    }
    return false;
}

void driver_await_us(uint64_t us)
{
    (void)await(driver_now_us() + us, NULL);
    set_deadline(timer_us);
}

void framework_release_irq(void)
{
    struct msg m = {0};

    (void)sys_reply(SLOT_REPLY, &m);
}

/* The Reply holds the last interrupt until the next wait: so the device can be served first. */
bool driver_await_irq(unsigned index, uint64_t us)
{
    uint64_t deadline = driver_now_us() + us;
    struct msg m = {0};
    bool came = false;

    framework_release_irq();
    while (!came && await(deadline, &m)) {
        came = m.badge == DRIVER_BADGE_IRQ(index);
        if (!came) {
            framework_release_irq(); /* another one's: acknowledged, it is still latched */
        }
    }
    set_deadline(timer_us);
    return came;
}
