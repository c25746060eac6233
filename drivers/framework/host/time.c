/*
 * time.c - the driver's clock is QEMU's: the HPET's counter. It runs as the guest's time does, so
 * QEMU must not have been started with -S.
 */
#include "internal.h"

#include <regs/hpet.h>
#include <time.h>

#define HPET_AT      0xfed00000u
#define TICKS_PER_US 100u /* of QEMU's */

static uint64_t timer_us;

static struct hpet_regs hpet(void)
{
    return hpet_regs_at(HPET_AT);
}

void host_clock_start(void)
{
    if (hpet_capabilities_read(hpet()).period_fs != 1000000000u / TICKS_PER_US) {
        host_end("the machine has no HPET to tell the time by: -M q35 or pc has");
    }
    if (!hpet_configuration_read(hpet()).enable) {
        hpet_configuration_set_enable(hpet(), true);
    }
}

uint64_t driver_now_us(void)
{
    uint32_t high, low;

    do {
        high = hpet_counter_high_read(hpet());
        low = hpet_counter_low_read(hpet());
    } while (high != hpet_counter_high_read(hpet()));
    return ((uint64_t)high << 32 | low) / TICKS_PER_US;
}

uint64_t host_real_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void driver_set_timer(uint64_t deadline_us)
{
    timer_us = deadline_us;
}

bool framework_timer_is_due(void)
{
    bool due = timer_us != 0 && driver_now_us() >= timer_us;

    if (due) {
        timer_us = 0;
    }
    return due;
}

/* Time that stands still would make a wait endless. */
static bool passed(uint64_t deadline_us, uint64_t real_end_us)
{
    if (host_real_us() > real_end_us) {
        host_end("QEMU's clock stands still: was it started with -S?");
    }
    return driver_now_us() >= deadline_us;
}

void driver_await_us(uint64_t us)
{
    (void)driver_await_irq(UINT32_MAX, us);
}

/* Interrupts that are not waited for stay latched, as in the system. */
bool driver_await_irq(unsigned index, uint64_t us)
{
    uint64_t deadline = driver_now_us() + us;
    uint64_t end = host_real_us() + us + HOST_LIMIT_S * 1000000ull;

    for (;;) {
        qtest_wait(0);
        if (index < driver_info()->irq_count && host_take_irq(index) != 0) {
            return true;
        }
        if (passed(deadline, end)) {
            return false;
        }
        qtest_wait(us < 1000 ? 0 : 1000);
    }
}
