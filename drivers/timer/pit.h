/*
 * pit.h - the 8254's counter 0 as a deadline. It is no clock: it can't be read without losing
 * counts over restarts, and wraps every 55 ms. Plain C over generated accessors.
 * Source: Intel 82C54 data sheet, "Programming the 82C54".
 */
#ifndef TIMER_PIT_H
#define TIMER_PIT_H

#include <regs/pit.h>
#include <stdint.h>

#define PIT_HZ            1193182u
#define PIT_RESOLUTION_NS 839u

/** A null pointer, or why no PIT is there. */
const char *pit_detect(struct pit_regs pit);

/** No interrupt any more. */
void pit_silence(struct pit_regs pit);

/** One interrupt in @ns nanoseconds, or in 55 ms if that is longer. */
void pit_arm(struct pit_regs pit, uint64_t ns);

/** Interrupts without end, as fast as it can be told to. */
void pit_storm(struct pit_regs pit);

#endif
