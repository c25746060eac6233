/*
 * hpet.c - see hpet.h. The comparator works with 32 bits, so one write sets it, and a deadline is
 * at most half a turn ahead. The specification lets a comparator miss a value that the counter
 * passes while it is being written: hpet_arm looks again.
 */
#include "hpet.h"

#include <stddef.h>

#define COMPARATOR    0u
#define COMPARATORS   3u
#define PERIOD_FS_MAX 100000000u /* section 2.3.4 */
#define FS_PER_NS     1000000u
#define AHEAD_MAX     0x40000000u /* counts: far from where past and future are mixed up */
#define AHEAD_MAX_NS  (AHEAD_MAX * (uint64_t)(PERIOD_FS_MAX / FS_PER_NS))
#define READS_MAX     4u
#define STORM_NS      10000u

const char *hpet_detect(struct hpet_regs regs)
{
    uint32_t period = hpet_capabilities_read(regs).period_fs;

    return period == 0 || period > PERIOD_FS_MAX ? "its period says that it is no HPET" : NULL;
}

void hpet_silence(struct hpet_regs regs)
{
    for (unsigned i = 0; i < COMPARATORS; i++) {
        struct hpet_timer_configuration how = hpet_timer_configuration_read(regs, i);
        how.enable = how.periodic = how.fsb_enable = false;
        hpet_timer_configuration_write(regs, i, how);
    }
    hpet_interrupt_status_write(regs, (1u << COMPARATORS) - 1); /* section 2.3.6 */
}

/* Section 2.3.5: without the legacy routes, which would take the PIT's and the clock's pins. */
void hpet_start(struct hpet *h, struct hpet_regs regs)
{
    struct hpet_capabilities can = hpet_capabilities_read(regs);

    *h = (struct hpet){.regs = regs, .period_fs = can.period_fs, .is_64 = can.counter_is_64};
    hpet_configuration_write(regs, (struct hpet_configuration){.enable = true});
}

bool hpet_use_pin(struct hpet *h, unsigned gsi)
{
    h->how = hpet_timer_configuration_read(h->regs, COMPARATOR);
    if (gsi > 31 || (hpet_timer_routes_read(h->regs, COMPARATOR) >> gsi & 1) == 0) {
        return false;
    }
    h->how.trigger = HPET_TRIGGER_BY_LEVEL;
    h->how.route = (uint8_t)gsi & 0x1fu;
    h->how.periodic = h->how.fsb_enable = false;
    h->how.mode32 = h->how.enable = true;
    return true;
}

/* Sections 2.3.8 and 2.3.10. */
bool hpet_use_message(struct hpet *h, uint64_t address, uint32_t data)
{
    h->how = hpet_timer_configuration_read(h->regs, COMPARATOR);
    if (!h->how.fsb_capable || address > UINT32_MAX) {
        return false;
    }
    hpet_timer_fsb_value_write(h->regs, COMPARATOR, data);
    hpet_timer_fsb_address_write(h->regs, COMPARATOR, (uint32_t)address);
    h->how.trigger = HPET_TRIGGER_BY_EDGE;
    h->how.periodic = false;
    h->how.mode32 = h->how.enable = h->how.fsb_enable = true;
    return true;
}

/* Two halves of a counter that goes on meanwhile (section 2.4.7). */
static uint64_t counter(const struct hpet *h)
{
    uint32_t high = hpet_counter_high_read(h->regs), low = 0, again = high;

    for (unsigned i = 0; i < READS_MAX; i++) {
        high = again;
        low = hpet_counter_low_read(h->regs);
        again = hpet_counter_high_read(h->regs);
        if (again == high) {
            break;
        }
    }
    return (uint64_t)high << 32 | low;
}

uint64_t hpet_now_ns(const struct hpet *h)
{
    uint64_t counts = counter(h);

    return counts / FS_PER_NS * h->period_fs + counts % FS_PER_NS * h->period_fs / FS_PER_NS;
}

uint32_t hpet_resolution_ns(const struct hpet *h)
{
    return (h->period_fs + FS_PER_NS - 1) / FS_PER_NS;
}

static uint32_t counts_in(const struct hpet *h, uint64_t ns)
{
    uint64_t counts = (ns < AHEAD_MAX_NS ? ns : AHEAD_MAX_NS) * FS_PER_NS / h->period_fs + 1;

    return (uint32_t)(counts < AHEAD_MAX ? counts : AHEAD_MAX);
}

bool hpet_arm(struct hpet *h, uint64_t ns)
{
    h->armed = hpet_counter_low_read(h->regs) + counts_in(h, ns);
    hpet_timer_configuration_write(h->regs, COMPARATOR, h->how);
    hpet_timer_comparator_low_write(h->regs, COMPARATOR, h->armed);
    return (int32_t)(h->armed - hpet_counter_low_read(h->regs)) > 0;
}

/* Section 2.3.9.2.2: after set_accumulator the first write is the next value, the second the
 * period. */
void hpet_storm(struct hpet *h)
{
    uint32_t period = counts_in(h, STORM_NS);

    h->how.periodic = h->how.set_accumulator = true;
    hpet_timer_configuration_write(h->regs, COMPARATOR, h->how);
    hpet_timer_comparator_low_write(h->regs, COMPARATOR, hpet_counter_low_read(h->regs) + period);
    hpet_timer_comparator_low_write(h->regs, COMPARATOR, period);
}

bool hpet_acknowledge(const struct hpet *h)
{
    bool pending = (hpet_interrupt_status_read(h->regs) >> COMPARATOR & 1) != 0;

    hpet_interrupt_status_write(h->regs, 1u << COMPARATOR);
    return pending;
}
