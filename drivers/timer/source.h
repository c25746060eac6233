/*
 * source.h - the hardware that this machine has for the driver: an HPET with an interrupt, one
 * without, or a PIT. docs/timers.md says which is taken when.
 */
#ifndef TIMER_SOURCE_H
#define TIMER_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Is it there? A null pointer, or what is wrong. */
const char *source_probe(void);

/** No interrupts of it any more. */
void source_silence(void);

/** Make it work; says in the log what it is. A null pointer, or what is wrong. */
const char *source_start(void);

/** The driver's clock, in nanoseconds. */
uint64_t source_now_ns(void);

uint32_t source_resolution_ns(void);

/** Have source_interrupt or source_timer called at @deadline_ns, or before; LIST_NEVER: not at all.
 */
void source_arm(uint64_t deadline_ns);

/** Its interrupt has come. */
void source_interrupt(void);

/** The framework's timer has come: it is the deadline if there is no interrupt, and finds one that
 *  was lost if there is. */
void source_timer(void);

/** Interrupts without end, from here on. False: it has none. */
bool source_storm(void);

bool source_regs_line(unsigned index, char *text, size_t size);

#endif
