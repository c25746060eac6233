/*
 * framework.h - what the framework's own files share; drivers include driver.h.
 */
#ifndef FRAMEWORK_H
#define FRAMEWORK_H

#include "loop.h"

/** Bits of the notification that came while a handler waited: heartbeats are answered at once, the
 *  rest is kept for the loop. */
void framework_keep_bits(uint64_t bits);

/** Has the driver's timer run out? Says so once. */
bool framework_timer_is_due(void);

/** Sessions as the info page has them: opened ones and closing ones are told to the handlers. */
void framework_sessions(void);

/** All sessions are told closed, for an instance that leaves; nothing is taken or completed any
 *  more: the requests are a successor's. */
void framework_leave_sessions(void);

/** The clients of these sessions, a bit each, have rung. */
void framework_rung(uint64_t bits);

/** Sessions whose queues may have more, since requests were completed; forgotten here. */
uint64_t framework_rings_again(void);

/** An interrupt that await_irq has received is acknowledged. */
void framework_release_irq(void);

/* ---- inject.c: what an injected fault does later */

/** Is a request to be lost? Then framework_loses keeps the next one for ever; false: it can't. */
extern bool framework_loses_next;
bool framework_loses(struct call *call);

/** @call, an interrupt, is kept if it is to be left unacknowledged; false: it is not. */
bool framework_holds(struct call *call);

/** If it hogs the CPU: spin for a while, and have the loop come back at once. */
void framework_hog(void);

/** Make fault @number (of the devman interface); returns if that is to happen later. */
void framework_inject(unsigned number);

#endif
