/*
 * chip.c - see rtc.h. Numbers are BCD or binary and hours of 12 or 24, as the firmware has set up:
 * that is kept. What was read counts only if no update can have been under way, and if reading it
 * again gives the same: this task may have been interrupted for long in between.
 */
#include "rtc.h"

#include <quoll/calendar.h>

#define CENTURY_FIRST 19u /* a century that is none of these was never written */
#define CENTURY_LAST  21u
#define PIVOT         70u   /* without a century, 70 is 1970 and 69 is 2069 */
#define NO_NUMBER     0xffu /* in BCD, as in binary for what a clock counts */
#define ABSENT        0xffu /* of a port where nothing is */

struct raw {
    uint8_t seconds, minutes, hours, day, month, year, century;
};

const char *rtc_detect(struct cmos_regs chip)
{
    if (cmos_status_a_raw(cmos_status_a_read(chip)) == ABSENT &&
        cmos_status_b_raw(cmos_status_b_read(chip)) == ABSENT) {
        return "no real-time clock answers";
    }
    return NULL;
}

/* Section "Register B"; reading register C takes back an interrupt that is pending. */
void rtc_silence(struct cmos_regs chip)
{
    struct cmos_status_b b = cmos_status_b_read(chip);

    b.update_interrupt = b.alarm_interrupt = b.periodic_interrupt = b.square_wave = false;
    cmos_status_b_write(chip, b);
    (void)cmos_status_c_read(chip);
}

/* ---- numbers */

static uint8_t decode(struct cmos_status_b mode, uint8_t raw)
{
    if (mode.binary) {
        return raw;
    }
    return (raw & 0xf) > 9 || raw >> 4 > 9 ? NO_NUMBER : (uint8_t)((raw >> 4) * 10 + (raw & 0xf));
}

static uint8_t encode(struct cmos_status_b mode, unsigned number)
{
    return (uint8_t)(mode.binary ? number : number / 10 << 4 | number % 10);
}

static uint8_t decode_hours(struct cmos_status_b mode, struct cmos_hours raw)
{
    uint8_t hours = decode(mode, raw.hours);

    if (mode.hour24) {
        return raw.pm ? NO_NUMBER : hours;
    }
    if (hours < 1 || hours > 12) {
        return NO_NUMBER;
    }
    return (uint8_t)(hours % 12 + (raw.pm ? 12 : 0));
}

static struct cmos_hours encode_hours(struct cmos_status_b mode, unsigned hours)
{
    if (mode.hour24) {
        return (struct cmos_hours){.hours = encode(mode, hours) & 0x7fu};
    }
    return (struct cmos_hours){.hours = encode(mode, (hours + 11) % 12 + 1) & 0x7fu,
                               .pm = hours >= 12};
}

static bool is_century(uint8_t century)
{
    return century >= CENTURY_FIRST && century <= CENTURY_LAST;
}

/* ---- reading */

static struct raw read_raw(struct cmos_regs chip)
{
    return (struct raw){.seconds = cmos_seconds_read(chip),
                        .minutes = cmos_minutes_read(chip),
                        .hours = cmos_hours_raw(cmos_hours_read(chip)),
                        .day = cmos_day_read(chip),
                        .month = cmos_month_read(chip),
                        .year = cmos_year_read(chip),
                        .century = cmos_century_read(chip)};
}

static bool same(const struct raw *a, const struct raw *b)
{
    return a->seconds == b->seconds && a->minutes == b->minutes && a->hours == b->hours &&
           a->day == b->day && a->month == b->month && a->year == b->year &&
           a->century == b->century;
}

static const char *what_is_wrong(struct cmos_regs chip, struct cmos_status_b mode)
{
    if (!cmos_status_d_read(chip)) {
        return "its battery was empty";
    }
    if (mode.set) {
        return "it was being set and stands still";
    }
    if (cmos_status_a_read(chip).divider != CMOS_DIVIDER_KHZ32) {
        return "it is not set up to run";
    }
    return NULL;
}

static struct clock_parts parts_of(struct cmos_status_b mode, const struct raw *r)
{
    uint8_t year = decode(mode, r->year), century = decode(mode, r->century);
    struct clock_parts t = {.month = decode(mode, r->month),
                            .day = decode(mode, r->day),
                            .hour = decode_hours(mode, cmos_hours_of(r->hours)),
                            .minute = decode(mode, r->minutes),
                            .second = decode(mode, r->seconds)};

    if (year > 99) {
        return t;
    }
    if (!is_century(century)) {
        century = year < PIVOT ? 20 : 19;
    }
    t.year = (uint16_t)(century * 100 + year);
    return t;
}

int rtc_read(struct cmos_regs chip, struct clock_parts *now, const char **why)
{
    struct cmos_status_b mode = cmos_status_b_read(chip);
    struct clock_parts t;
    struct raw first, second;

    *why = what_is_wrong(chip, mode);
    if (*why != NULL) {
        return E_IO;
    }
    if (cmos_status_a_read(chip).updating) {
        return E_BUSY;
    }
    first = read_raw(chip);
    if (cmos_status_a_read(chip).updating) {
        return E_BUSY;
    }
    second = read_raw(chip);
    if (!same(&first, &second)) {
        return E_BUSY;
    }
    t = parts_of(mode, &first);
    if (!calendar_is_valid(&t)) {
        *why = "what it holds is no time";
        return E_IO;
    }
    *now = t;
    return E_OK;
}

/* ---- setting (section "Register B", bit SET) */

void rtc_set(struct cmos_regs chip, const struct clock_parts *t)
{
    struct cmos_status_b mode = cmos_status_b_read(chip);
    struct cmos_status_a a = cmos_status_a_read(chip);

    mode.set = true;
    cmos_status_b_write(chip, mode);
    cmos_seconds_write(chip, encode(mode, t->second));
    cmos_minutes_write(chip, encode(mode, t->minute));
    cmos_hours_write(chip, encode_hours(mode, t->hour));
    cmos_weekday_write(chip, encode(mode, calendar_weekday(calendar_seconds(t)) + 1));
    cmos_day_write(chip, encode(mode, t->day));
    cmos_month_write(chip, encode(mode, t->month));
    cmos_year_write(chip, encode(mode, t->year % 100u));
    if (is_century(decode(mode, cmos_century_read(chip)))) {
        cmos_century_write(chip, encode(mode, t->year / 100u));
    }
    a.divider = CMOS_DIVIDER_KHZ32;
    cmos_status_a_write(chip, a);
    mode.set = false;
    cmos_status_b_write(chip, mode);
}
