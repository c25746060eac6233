/*
 * pure.c - what needs no machine: the calendar against the host's, the timers' list against one
 * that is kept by hand, and the clock's chip as QEMU never shows it: updates that never end or come
 * while it is read, an empty battery, numbers that are none.
 */
#include "../../drivers/rtc/rtc.h"
#include "../../drivers/timer/list.h"

#include <quoll/calendar.h>
#include <regs/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

/* ---- the calendar */

static void test_day(uint64_t seconds)
{
    struct clock_parts t = calendar_parts(seconds), again;
    time_t at = (time_t)seconds;
    char text[CALENDAR_TEXT], wanted[32];
    struct tm tm;

    (void)gmtime_r(&at, &tm);
    (void)strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%SZ", &tm);
    calendar_format(&t, text);
    CHECK(strcmp(text, wanted) == 0);
    CHECK(calendar_is_valid(&t) && calendar_seconds(&t) == seconds);
    CHECK(calendar_weekday(seconds) == (unsigned)tm.tm_wday);
    CHECK(calendar_parse(text, &again) == NULL && calendar_seconds(&again) == seconds);
}

static void test_calendar(void)
{
    static const char *const bad[] = {"",
                                      "2024",
                                      "2024-02-29",
                                      "2024-02-30 00:00:00",
                                      "2023-02-29 00:00:00",
                                      "1969-12-31 23:59:59",
                                      "2200-01-01 00:00:00",
                                      "2024-13-01 00:00:00",
                                      "2024-00-01 00:00:00",
                                      "2024-01-00 00:00:00",
                                      "2024-01-01 24:00:00",
                                      "2024-01-01 00:60:00",
                                      "2024-01-01 00:00:60",
                                      "2024-1-01 00:00:00",
                                      "2024-01-01  00:00:00",
                                      "2024-01-01 00:00:00 ",
                                      "2024-01-01t00:00:00",
                                      "2024-01-01 00:00:00ZZ",
                                      "2024/01/01 00:00:00",
                                      "+024-01-01 00:00:00",
                                      "2024-01-01 00:00"};
    struct clock_parts t;

    for (uint64_t day = 0; day <= CLOCK_SECONDS_MAX / 86400; day++) {
        test_day(day * 86400 + day * 7919 % 86400);
    }
    test_day(CLOCK_SECONDS_MAX);
    CHECK(calendar_parse("2024-02-29T23:59:58", &t) == NULL && t.second == 58);
    CHECK(calendar_parse("2100-02-28 00:00:00", &t) == NULL);
    CHECK(calendar_parse("2100-02-29 00:00:00", &t) != NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(calendar_parse(bad[i], &t) != NULL);
    }
}

/* ---- the list */

static struct list list;

static void test_list_by_hand(void)
{
    const struct list_entry once = {.deadline_ns = 100, .id = 7};
    const struct list_entry often = {.deadline_ns = 100, .period_ns = 10, .id = 8};
    struct list_due due;

    list_init(&list);
    CHECK(!list_take_due(&list, 1000000, &due) && list.next_ns == LIST_NEVER);
    for (unsigned i = 0; i < TIMER_PER_SESSION; i++) {
        CHECK(list_add(&list, 3, LIST_SIGNAL, &often) == (int)i);
    }
    CHECK(list_add(&list, 3, LIST_SIGNAL, &often) == -1);
    for (unsigned i = 0; i < LIST_WAITS; i++) {
        CHECK(list_add(&list, 3, LIST_WAIT, &once) == (int)i);
    }
    CHECK(list_add(&list, 3, LIST_WAIT, &once) == -1 && list_find(&list, 3, 7) == -1);
    CHECK(list_find(&list, 3, 8) == 0 && list_find(&list, 2, 8) == -1);
    list_forget(&list, 3);
    CHECK(!list_take_due(&list, 1000000, &due));
    (void)list_add(&list, 0, LIST_SIGNAL, &often);
    CHECK(!list_take_due(&list, 99, &due) && list.next_ns == 100);
    CHECK(list_take_due(&list, 139, &due) && due.kind == LIST_SIGNAL && due.id == 8 && !due.ended);
    CHECK(!list_take_due(&list, 139, &due) && list.next_ns == 140); /* one for the four, no drift */
    list_remove(&list, 0, LIST_SIGNAL, 0);
    CHECK(!list_take_due(&list, 1000, &due) && list.next_ns == LIST_NEVER);
}

/* Random timers: each once is served once and not early, and next_ns is never too late. */
static void test_list_at_random(void)
{
    static uint64_t deadline[2000];
    unsigned served = 0, added = 0;
    struct list_due due;

    list_init(&list);
    srand(1);
    for (uint64_t now = 0; served < 2000; now += (uint64_t)(rand() % 50)) {
        uint64_t soonest = LIST_NEVER;
        while (added < 2000 && rand() % 3 != 0) {
            const struct list_entry e = {.deadline_ns = now + (uint64_t)(rand() % 500),
                                         .id = added};
            deadline[added] = e.deadline_ns;
            if (list_add(&list, (unsigned)rand() % LIST_SESSIONS, LIST_WAIT, &e) < 0) {
                break;
            }
            added++;
        }
        while (list_take_due(&list, now, &due)) {
            CHECK(due.ended && deadline[due.id] <= now);
            deadline[due.id] = LIST_NEVER;
            served++;
        }
        for (unsigned i = 0; i < added; i++) {
            soonest = deadline[i] < soonest ? deadline[i] : soonest;
        }
        CHECK(soonest > now && list.next_ns == soonest);
    }
    CHECK(added == 2000);
}

/* ---- a chip */

static uint8_t cmos[128], selected;
static unsigned reads_until_tick; /* of registers; 0: it does not tick */
static bool nmi_was_masked;

static void tick(void)
{
    if (reads_until_tick != 0 && --reads_until_tick == 0) {
        cmos[0] = 0x00; /* 10:59:59 becomes 11:00:00 */
        cmos[2] = 0x00;
        cmos[4] = 0x11;
    }
}

uint8_t port_read8(uint16_t port)
{
    uint8_t value = cmos[selected];

    CHECK(port == 0x71);
    tick();
    return value;
}

void port_write8(uint16_t port, uint8_t value)
{
    if (port == 0x70) {
        nmi_was_masked |= value >= 0x80;
        selected = value & 0x7f;
    } else {
        cmos[selected] = value;
    }
}

static void set_chip(void)
{
    static const uint8_t good[] = {0x59, 0,    0x59, 0,    0x10, 0, 4,
                                   0x28, 0x02, 0x24, 0x26, 0x02, 0, 0x80};

    memset(cmos, 0, sizeof(cmos));
    memcpy(cmos, good, sizeof(good));
    cmos[0x32] = 0x20;
    reads_until_tick = 0;
}

static int answer(const char **why)
{
    struct clock_parts t;

    return rtc_read(cmos_regs_at(0x70), &t, why);
}

static void test_chip(void)
{
    static const struct {
        uint8_t index, value;
    } wrong[] = {{0, 0x60}, {0, 0x5a}, {2, 0xa0},   {4, 0x24},   {4, 0x90},
                 {7, 0x00}, {7, 0x32}, {7, 0x30},   {8, 0x00},   {8, 0x13},
                 {9, 0x9a}, {9, 0xff}, {0xa, 0x66}, {0xb, 0x82}, {0xd, 0x00}};
    struct cmos_regs chip = cmos_regs_at(0x70);
    struct clock_parts t;
    const char *why;

    set_chip();
    CHECK(rtc_detect(chip) == NULL && rtc_read(chip, &t, &why) == E_OK && why == NULL);
    CHECK(t.year == 2024 && t.month == 2 && t.day == 28 && t.hour == 10 && t.second == 59);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set_chip();
        cmos[wrong[i].index] = wrong[i].value;
        CHECK(answer(&why) == E_IO && why != NULL);
    }
    set_chip();
    cmos[0xa] |= 0x80;
    CHECK(answer(&why) == E_BUSY && why == NULL);
    memset(cmos, 0xff, sizeof(cmos));
    CHECK(rtc_detect(chip) != NULL);
}

/* Twelve hours, and centuries that are not kept. */
static void test_chip_modes(void)
{
    static const struct {
        uint8_t raw, hour;
    } hours[] = {{0x12, 0}, {0x01, 1}, {0x11, 11}, {0x92, 12}, {0x81, 13}, {0x91, 23}};
    static const struct {
        uint8_t year, century;
        uint16_t is;
    } years[] = {{0x70, 0, 1970},    {0x69, 0, 2069},    {0x24, 0x20, 2024},
                 {0x99, 0x19, 1999}, {0x99, 0x21, 2199}, {0x24, 0xff, 2024}};
    struct clock_parts t;
    const char *why;

    for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
        set_chip();
        cmos[0xb] = 0;
        cmos[4] = hours[i].raw;
        CHECK(rtc_read(cmos_regs_at(0x70), &t, &why) == E_OK && t.hour == hours[i].hour);
        cmos[4] = 0x00;
        CHECK(rtc_read(cmos_regs_at(0x70), &t, &why) == E_IO);
    }
    for (size_t i = 0; i < sizeof(years) / sizeof(years[0]); i++) {
        set_chip();
        cmos[9] = years[i].year;
        cmos[0x32] = years[i].century;
        CHECK(rtc_read(cmos_regs_at(0x70), &t, &why) == E_OK && t.year == years[i].is);
        rtc_set(cmos_regs_at(0x70), &t);
        CHECK(cmos[0x32] == years[i].century && cmos[9] == years[i].year);
    }
}

/* The time changes at any of the reads: never a mixture. */
static void test_chip_ticks(void)
{
    for (unsigned at = 1; at < 30; at++) {
        struct clock_parts t = {0};
        const char *why;
        int error;

        set_chip();
        reads_until_tick = at;
        error = rtc_read(cmos_regs_at(0x70), &t, &why);
        CHECK(error == E_BUSY || (t.hour == 10 && t.minute == 59 && t.second == 59) ||
              (t.hour == 11 && t.minute == 0 && t.second == 0));
    }
    CHECK(!nmi_was_masked);
}

int main(void)
{
    test_calendar();
    test_list_by_hand();
    test_list_at_random();
    test_chip();
    test_chip_modes();
    test_chip_ticks();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
