/*
 * main.c - the clock's driver on the host, against QEMU's MC146818:
 *     rtc QTEST PART [SECONDS]
 * PART is `base` (reads SECONDS, QEMU's -rtc base, or up to a minute more), `set`, `wrong` or
 * `updates`.
 */
#include "../../../drivers/rtc/rtc.h"

#include <driver.h>
#include <host.h>
#include <idl/clock.h>
#include <idl/inspect.h>
#include <quoll/calendar.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST "drivers/rtc/rtc.manifest"

static const struct host_resource cmos[] = {{"ports", NEED_PORTS, 0x70, 2, false},
                                            {NULL, NEED_PORTS, 0, 0, false}};
static struct cmos_regs chip;
static uint64_t clock_session;

static uint64_t read_seconds(void)
{
    struct clock_parts now;
    uint64_t seconds = 0;

    HOST_CHECK(clock_call_read(clock_session, &seconds, &now) == E_OK);
    HOST_CHECK(calendar_seconds(&now) == seconds);
    return seconds;
}

static int read_error(void)
{
    struct clock_parts now;
    uint64_t seconds;

    return clock_call_read(clock_session, &seconds, &now);
}

/* ---- what it says */

static void test_base(uint64_t base)
{
    uint64_t now = read_seconds();

    HOST_CHECK(now >= base && now <= base + 60);
}

/* As the firmware may have set it up, in all four ways. */
static void test_set(void)
{
    static const uint64_t times[] = {0,          951782399,  951782400, 1709251199, 1709208000,
                                     4102444799, 4102444800, 43200,     46799,      7258118390};

    for (unsigned mode = 0; mode < 4; mode++) {
        struct cmos_status_b b = cmos_status_b_read(chip);
        b.hour24 = (mode & 1) != 0;
        b.binary = (mode & 2) != 0;
        cmos_status_b_write(chip, b);
        for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
            uint64_t now;
            HOST_CHECK(clock_call_set(clock_session, times[i]) == E_OK);
            now = read_seconds();
            HOST_CHECK(now >= times[i] && now <= times[i] + 2);
            b = cmos_status_b_read(chip);
            HOST_CHECK(b.hour24 == ((mode & 1) != 0) && b.binary == ((mode & 2) != 0) && !b.set);
        }
    }
    HOST_CHECK(clock_call_set(clock_session, CLOCK_SECONDS_MAX + 1) == E_BAD_ARG);
}

/* Each field as the chip holds it: noon, midnight, and the weekday. */
static void test_fields(void)
{
    struct cmos_status_b b = cmos_status_b_read(chip);

    b.hour24 = b.binary = false;
    cmos_status_b_write(chip, b);
    HOST_CHECK(clock_call_set(clock_session, 951825600) == E_OK); /* 2000-02-29 12:00:00 */
    HOST_CHECK(cmos_hours_raw(cmos_hours_read(chip)) == 0x92 && cmos_day_read(chip) == 0x29);
    HOST_CHECK(cmos_month_read(chip) == 2 && cmos_year_read(chip) == 0);
    HOST_CHECK(cmos_century_read(chip) == 0x20 && cmos_weekday_read(chip) == 3);
    HOST_CHECK(clock_call_set(clock_session, 946684799) == E_OK); /* 1999-12-31 23:59:59 */
    HOST_CHECK(clock_call_set(clock_session, 946684800) == E_OK); /* midnight */
    HOST_CHECK(cmos_hours_raw(cmos_hours_read(chip)) == 0x12 && cmos_century_read(chip) == 0x20);
}

/* ---- what is no time */

/* While it is being set the chip holds what is written. */
static void put(uint8_t month, uint8_t day, uint8_t hours, uint8_t seconds)
{
    struct cmos_status_b b = cmos_status_b_read(chip);

    b.set = b.hour24 = true;
    b.binary = false;
    cmos_status_b_write(chip, b);
    cmos_month_write(chip, month);
    cmos_day_write(chip, day);
    cmos_hours_write(chip, cmos_hours_of(hours));
    cmos_seconds_write(chip, seconds);
}

static void test_wrong(void)
{
    struct cmos_status_a a = cmos_status_a_read(chip);
    struct clock_parts t;
    const char *why;

    put(2, 0x30, 0x10, 0x10);
    HOST_CHECK(read_error() == E_IO && strstr(host_log(), "being set") != NULL);
    HOST_CHECK(host_start() == NULL); /* a successor finds it so, and leaves it so */
    HOST_CHECK(read_error() == E_IO && cmos_status_b_read(chip).set);
    HOST_CHECK(clock_call_set(clock_session, 1709251199) == E_OK && read_seconds() >= 1709251199);
    a.divider = CMOS_DIVIDER_RESET7;
    cmos_status_a_write(chip, a);
    HOST_CHECK(read_error() == E_IO && strstr(host_log(), "set up to run") != NULL);
    HOST_CHECK(clock_call_set(clock_session, 1709251199) == E_OK && read_seconds() >= 1709251199);
    HOST_CHECK(rtc_read(chip, &t, &why) != E_IO && why == NULL);
}

/* ---- updates */

/* QEMU says for 244 us before each second that it will change: readers then wait, and all get the
 * new second. A busy host may need some seconds to look at the right moment. */
static void test_updates(void)
{
    uint64_t last = read_seconds(), first = last;
    uint64_t end = driver_now_us() + 30000000;
    bool seen = false;

    while ((!seen || last < first + 3) && driver_now_us() < end) {
        bool updating = cmos_status_a_read(chip).updating;
        uint64_t now = read_seconds();
        HOST_CHECK(now >= last && now <= last + 2);
        seen |= updating;
        last = now;
    }
    HOST_CHECK(seen && last >= first + 3);
}

static void test_inspect(void)
{
    uint64_t inspect = host_session_open(INSPECT_INTERFACE, INSPECT_RIGHTS_ALL, NULL, 0)->endpoint;
    char line[INSPECT_LINE_MAX + 1];
    unsigned lines = 0;
    bool has_status = false;

    while (inspect_call_regs(inspect, lines, line) == E_OK) {
        has_status |= strstr(line, "status_b") != NULL;
        HOST_CHECK(strstr(line, "status_c") == NULL || strstr(line, "not read") != NULL);
        lines++;
    }
    HOST_CHECK(lines > 10 && has_status);
}

int main(int count, char **arguments)
{
    if (count < 3) {
        return 2;
    }
    host_open(arguments[1], MANIFEST, cmos, 0);
    chip = cmos_regs_at(0x70);
    HOST_CHECK(host_start() == NULL);
    clock_session = host_session_open(CLOCK_INTERFACE, CLOCK_RIGHTS_ALL, NULL, 0)->endpoint;
    if (strcmp(arguments[2], "base") == 0 && count == 4) {
        test_base(strtoull(arguments[3], NULL, 10));
        test_inspect();
    } else if (strcmp(arguments[2], "set") == 0) {
        test_set();
        test_fields();
    } else if (strcmp(arguments[2], "wrong") == 0) {
        test_wrong();
    } else {
        test_updates();
    }
    return host_done();
}
