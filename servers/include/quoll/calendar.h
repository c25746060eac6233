/*
 * calendar.h - from seconds since 1970 to years, months, days, and back; text of both. UTC, the
 * Gregorian calendar, no leap seconds, the years of the interface clock.
 */
#ifndef QUOLL_CALENDAR_H
#define QUOLL_CALENDAR_H

#include <idl/clock.h>

#define CALENDAR_TEXT 21 /* "2026-11-21T10:00:00Z" and its end */

/** Is there such a day, and such a time of it? */
bool calendar_is_valid(const struct clock_parts *t);

/** Seconds since 1970 of @t, which is valid. */
uint64_t calendar_seconds(const struct clock_parts *t);

/** The parts of @seconds, at most CLOCK_SECONDS_MAX. */
struct clock_parts calendar_parts(uint64_t seconds);

/** The day of the week at @seconds: 0 is Sunday. */
unsigned calendar_weekday(uint64_t seconds);

/** ISO 8601, as in CALENDAR_TEXT. */
void calendar_format(const struct clock_parts *t, char to[CALENDAR_TEXT]);

/** Read "2026-11-21 10:00:00", or with T in between and Z behind it; nothing else. A null pointer,
 *  or what is wrong with it. */
const char *calendar_parse(const char *text, struct clock_parts *t);

#endif
