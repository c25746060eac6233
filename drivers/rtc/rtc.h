/*
 * rtc.h - the real-time clock's chip: reading its time and setting it.
 * Plain C over generated accessors, waits for nothing: builds for the host too. driver.c has the
 * handlers.
 * Source: Motorola MC146818A data sheet, by section.
 */
#ifndef RTC_RTC_H
#define RTC_RTC_H

#include <idl/clock.h>
#include <regs/cmos.h>

#define RTC_UPDATE_US 2228u /* an update and the warning before it ("Update cycle") */

/** A null pointer, or why this is no such clock. Changes nothing. */
const char *rtc_detect(struct cmos_regs chip);

/** No interrupts; the time goes on, or stands where a predecessor that died has stopped it. */
void rtc_silence(struct cmos_regs chip);

/** The time. Errors: BUSY (an update runs: ask again), IO (@why says what is wrong with it). */
int rtc_read(struct cmos_regs chip, struct clock_parts *now, const char **why);

/** Set it to @t, a valid time; from then on it runs. Dying in between leaves it stopped, and
 *  rtc_read says so. */
void rtc_set(struct cmos_regs chip, const struct clock_parts *t);

#endif
