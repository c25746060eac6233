/*
 * wait.h - letting time pass, and the time of day.
 */
#ifndef QSH_WAIT_H
#define QSH_WAIT_H

#include "qsh.h"

/** Let @us microseconds pass. */
void wait_us(uint64_t us);

/** The same, but ^C ends it; true: it did. */
bool wait_or_interrupt(struct shell *s, uint64_t us);

/** Seconds since 1970; 0: no clock knows. */
uint64_t clock_now(struct shell *s);

#endif
