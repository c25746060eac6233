/*
 * calendar.c - see calendar.h. Days are counted from 1970-01-01; a year begins in March for the
 * sums, so that the day which comes and goes is its last one.
 */
#include <quoll/calendar.h>

#include <stdio.h>

#define DAY_SECONDS   86400u
#define YEAR_DAYS     365u
#define TO_MARCH_0000 719468u /* days from the first of March of the year 0 to 1970-01-01 */
#define ERA_YEARS     400u
#define ERA_DAYS      146097u

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

bool calendar_is_valid(const struct clock_parts *t)
{
    return t->year >= CLOCK_YEAR_MIN && t->year <= CLOCK_YEAR_MAX && t->month >= 1 &&
           t->month <= 12 && t->day >= 1 && t->day <= days_of(t->year, t->month) && t->hour < 24 &&
           t->minute < 60 && t->second < 60;
}

/* Days before the month that is @march months after March. */
static unsigned days_before(unsigned march)
{
    return (153 * march + 2) / 5;
}

static unsigned leap_days(unsigned years)
{
    return years / 4 - years / 100 + years / 400;
}

uint64_t calendar_seconds(const struct clock_parts *t)
{
    unsigned year = t->year - (t->month <= 2 ? 1u : 0u);
    unsigned march = (t->month + 9u) % 12;
    uint64_t days = (uint64_t)year * YEAR_DAYS + leap_days(year) + days_before(march) + t->day -
                    1u - TO_MARCH_0000;

    return days * DAY_SECONDS + t->hour * 3600u + t->minute * 60u + t->second;
}

struct clock_parts calendar_parts(uint64_t seconds)
{
    unsigned days = (unsigned)(seconds / DAY_SECONDS) + TO_MARCH_0000;
    unsigned second = (unsigned)(seconds % DAY_SECONDS);
    unsigned era = days / ERA_DAYS, day = days % ERA_DAYS;
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / YEAR_DAYS;
    unsigned march, month;

    day -= year * YEAR_DAYS + year / 4 - year / 100;
    march = (5 * day + 2) / 153;
    month = (march + 2) % 12 + 1;
    return (struct clock_parts){.year = (uint16_t)(era * ERA_YEARS + year + (month <= 2 ? 1u : 0u)),
                                .month = (uint8_t)month,
                                .day = (uint8_t)(day - days_before(march) + 1),
                                .hour = (uint8_t)(second / 3600),
                                .minute = (uint8_t)(second / 60 % 60),
                                .second = (uint8_t)(second % 60)};
}

unsigned calendar_weekday(uint64_t seconds)
{
    return (unsigned)((seconds / DAY_SECONDS + 4) % 7); /* 1970-01-01 was a Thursday */
}

void calendar_format(const struct clock_parts *t, char to[CALENDAR_TEXT])
{
    (void)snprintf(to, CALENDAR_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", t->year % 10000u,
                   t->month % 100u, t->day % 100u, t->hour % 100u, t->minute % 100u,
                   t->second % 100u);
}

/* @count digits at *@at, which moves on. */
static bool take_number(const char **at, unsigned count, unsigned *to)
{
    *to = 0;
    for (; count != 0; count--, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *to = *to * 10 + (unsigned)(**at - '0');
    }
    return true;
}

const char *calendar_parse(const char *text, struct clock_parts *t)
{
    /* Digits of each part, and what stands behind it. */
    static const struct {
        unsigned digits;
        char end, or_end;
    } form[] = {{4, '-', '-'}, {2, '-', '-'}, {2, ' ', 'T'},
                {2, ':', ':'}, {2, ':', ':'}, {2, '\0', 'Z'}};
    unsigned part[6];

    for (unsigned i = 0; i < 6; i++) {
        if (!take_number(&text, form[i].digits, &part[i]) ||
            (*text != form[i].end && *text != form[i].or_end)) {
            return "the form is 2026-11-21T10:00:00";
        }
        text += *text != '\0';
    }
    if (*text != '\0') {
        return "the form is 2026-11-21T10:00:00";
    }
    *t = (struct clock_parts){.year = (uint16_t)part[0],
                              .month = (uint8_t)part[1],
                              .day = (uint8_t)part[2],
                              .hour = (uint8_t)part[3],
                              .minute = (uint8_t)part[4],
                              .second = (uint8_t)part[5]};
    return calendar_is_valid(t) ? NULL : "there is no such day or time from 1970 to 2199";
}
