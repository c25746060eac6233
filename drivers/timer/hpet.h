/*
 * hpet.h - the high precision event timer: its counter is the driver's clock, its first comparator
 * the deadline. Plain C over generated accessors: builds for the host too.
 * Source: IA-PC HPET Specification 1.0a, by section.
 */
#ifndef TIMER_HPET_H
#define TIMER_HPET_H

#include <regs/hpet.h>
#include <stdbool.h>
#include <stdint.h>

struct hpet {
    struct hpet_regs regs;
    uint32_t period_fs;
    bool is_64;     /* its counter: else it wraps too often to be a clock over restarts */
    uint32_t armed; /* the comparator's value */
    struct hpet_timer_configuration how; /* of the comparator, with its interrupt on */
};

/** A null pointer, or why this is no HPET. Changes nothing. */
const char *hpet_detect(struct hpet_regs regs);

/** No interrupt any more, of any comparator. The counter goes on. */
void hpet_silence(struct hpet_regs regs);

/** Make it count, from where it is; no interrupt before hpet_use_pin or hpet_use_message. */
void hpet_start(struct hpet *h, struct hpet_regs regs);

/** Deadlines interrupt by the IO-APIC's input @gsi, level-triggered. False: this one can't. */
bool hpet_use_pin(struct hpet *h, unsigned gsi);

/** Deadlines interrupt by a message. False: it can't send any there. */
bool hpet_use_message(struct hpet *h, uint64_t address, uint32_t data);

/** Nanoseconds that it has counted. */
uint64_t hpet_now_ns(const struct hpet *h);

/** Nanoseconds between two counts, rounded up. */
uint32_t hpet_resolution_ns(const struct hpet *h);

/** Interrupt in @ns nanoseconds or, if that is too far for the comparator, before. False: the time
 *  was over before the comparator knew of it, and it may not interrupt. */
bool hpet_arm(struct hpet *h, uint64_t ns);

/** Interrupts without end, every 10 us. */
void hpet_storm(struct hpet *h);

/** Is the comparator's interrupt pending? (By a pin only.) It is not any more. */
bool hpet_acknowledge(const struct hpet *h);

#endif
