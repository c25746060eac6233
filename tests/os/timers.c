/*
 * timers.c - the timer's and the clock's drivers as their clients see them: times within bounds by
 * the TSC, sessions that are bounded and leave nothing, and what goes on over a death. drivers.c
 * has the faults that both are made to commit.
 */
#include "client.h"
#include "device.h"
#include "test.h"

#include <idl/clock.h>
#include <idl/timer_queue.h>
#include <quoll/calendar.h>

#define EXACT_US     500u    /* how late a signal may be where the TSC counts instructions */
#define BUSY_US      300000u /* and where the host does other things, too */
#define KILLS        20u
#define LEAP_SECONDS 1709251199u /* 2024-02-29 23:59:59 */
#define DRAWN_US     50000u
#define PASSES_MAX   20u   /* seconds in a test, however slow */
#define BOCHS_LOSES  3600u /* seconds, after some settings: it gives mktime any tm_isdst */
#define STEPS        40u
#define BIT(n)       (16ull << (n)) /* of timer n; client.h has the lower ones */

static struct client_session *timer;

static uint64_t late_us(void)
{
    return is_exact_machine() ? EXACT_US : BUSY_US;
}

/* The console has drawn the line of the test before: it has more priority, and takes milliseconds
 * of a slow machine. */
static bool open_timer(void)
{
    test_sleep_us(DRAWN_US);
    timer = client_open("timer", TIMER_INTERFACE, TIMER_RIGHTS_ALL, 1);
    return timer != NULL;
}

/* The capability stays: deleting it would take the driver's back, and end the timer. */
static int start(unsigned n, uint64_t first_us, uint64_t period_us, uint32_t *number)
{
    return timer_call_start(timer->endpoint, lab_copy(SLOT_NOTIFY, RIGHT_SEND, BIT(n)), first_us,
                            period_us, number);
}

/* ---- signals */

static void once(void)
{
    static const uint64_t times[] = {0, 100, 1000, 10000, 100000};
    uint32_t number;

    EXPECT(open_timer(), true);
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint64_t begin = client_now_us(), us;
        EXPECT_OK(start(0, times[i], 0, &number));
        EXPECT(client_wait(BIT(0), times[i] + BUSY_US), true);
        us = client_now_us() - begin;
        EXPECT(us + 1 + times[i] / 500 >= times[i], true); /* two clocks, each a little off */
        EXPECT(us <= times[i] + times[i] / 500 + late_us(), true);
        EXPECT_ERROR(timer_call_stop(timer->endpoint, number), E_BAD_ARG);
    }
    client_close(timer);
}

/* Twenty periods take twenty times as long as one: what is late once is not late twice. */
static void periodic(void)
{
    uint64_t begin, us;
    uint32_t number;

    EXPECT(open_timer(), true);
    begin = client_now_us();
    EXPECT_OK(start(0, 5000, 5000, &number));
    for (unsigned i = 1; i <= 20; i++) {
        EXPECT(client_wait(BIT(0), BUSY_US), true);
        us = client_now_us() - begin;
        EXPECT(us + 1 + us / 500 >= i * 5000ull, true);
        EXPECT(!is_exact_machine() || us <= i * 5000ull + EXACT_US, true);
    }
    EXPECT_OK(timer_call_stop(timer->endpoint, number));
    (void)client_wait(BIT(0), 1); /* one may have been under way */
    EXPECT(client_wait(BIT(0), 20000), false);
    EXPECT_ERROR(timer_call_stop(timer->endpoint, number), E_BAD_ARG);
    client_close(timer);
}

static void bounds(void)
{
    uint32_t number[TIMER_PER_SESSION], more;

    EXPECT(open_timer(), true);
    EXPECT_ERROR(start(0, 1000, TIMER_PERIOD_MIN_US - 1, &more), E_BAD_ARG);
    EXPECT_ERROR(start(0, TIMER_MAX_US + 1, 0, &more), E_BAD_ARG);
    EXPECT_ERROR(timer_call_start(timer->endpoint, timer->endpoint, 1000, 0, &more), E_BAD_ARG);
    for (unsigned i = 0; i < TIMER_PER_SESSION; i++) {
        EXPECT_OK(start(i, TIMER_MAX_US, TIMER_MAX_US, &number[i]));
        EXPECT(i == 0 || number[i] != number[i - 1], true);
    }
    EXPECT_ERROR(start(0, 1000, 0, &more), E_LIMIT);
    EXPECT_OK(timer_call_stop(timer->endpoint, number[1]));
    EXPECT_OK(start(1, 1000, 0, &more));
    EXPECT(client_wait(BIT(1), BUSY_US), true);
    client_close(timer);
}

/* More sessions than there is room for at a time, each with all timers that it may have. */
static void closing(void)
{
    uint32_t number;

    for (unsigned i = 0; i < 24; i++) {
        EXPECT(open_timer(), true);
        for (unsigned k = 0; k < TIMER_PER_SESSION; k++) {
            EXPECT_OK(start(k, 10000, 1000, &number));
        }
        client_close(timer);
    }
    EXPECT(client_wait(BIT(0) | BIT(1) | BIT(2) | BIT(3), 30000), false);
}

static void reading(void)
{
    uint64_t first = 0, second = 0, begin, us;
    uint32_t resolution = 0;

    EXPECT(open_timer(), true);
    EXPECT_OK(timer_call_read(timer->endpoint, &resolution, &first));
    EXPECT(resolution > 0 && resolution <= 1000, true);
    begin = client_now_us();
    test_sleep_us(50000);
    EXPECT_OK(timer_call_read(timer->endpoint, &resolution, &second));
    us = client_now_us() - begin;
    EXPECT(second > first, true);
    second = (second - first) / 1000;
    EXPECT(second + late_us() >= us && second <= us + late_us(), true);
    client_close(timer);
}

/* ---- requests, which outlive the driver */

static uint64_t timer_now_ns(void)
{
    uint32_t resolution = 0;
    uint64_t now = 0;

    (void)lab_check("reading the timer", timer_call_read(timer->endpoint, &resolution, &now));
    return now;
}

/* One that waits @us, and @kill in the middle of it. */
static bool wait_over(uint64_t us, int (*kill)(void))
{
    uint64_t begin = timer_now_ns(), seq, end = 0;
    struct queue_done done;

    return lab_check("submit", client_submit_wait(timer, begin + us * 1000, &seq)) == E_OK &&
           (kill == NULL || lab_check("kill", kill()) == E_OK) &&
           lab_check("await", client_await(timer, seq, &done)) == E_OK &&
           lab_check("finish", timer_finish_wait(&done, &end)) == E_OK &&
           end >= begin + us * 1000 && end <= begin + us * 1000 + BUSY_US * 1000ull;
}

static void waiting(void)
{
    EXPECT(open_timer(), true);
    EXPECT(wait_over(0, NULL) && wait_over(1, NULL) && wait_over(5000, NULL), true);
    EXPECT(wait_over(150000, NULL), true);
    client_close(timer);
}

static int kill_timer(void)
{
    return client_kill("timer");
}

/* What start has made dies with the driver, and no more than that. */
static void killed(void)
{
    uint32_t number;

    EXPECT(open_timer(), true);
    EXPECT_OK(start(0, 20000, 5000, &number));
    EXPECT(wait_over(30000, kill_timer), true);
    EXPECT(client_wait(BIT(0), 40000), false);
    EXPECT_ERROR(timer_call_stop(timer->endpoint, number), E_BAD_ARG);
    EXPECT_OK(start(0, 1000, 0, &number));
    EXPECT(client_wait(BIT(0), BUSY_US), true);
    for (unsigned i = 0; i < KILLS; i++) {
        EXPECT(wait_over(500 + 400 * i, kill_timer), true);
    }
    client_close(timer);
}

static unsigned steps;

static int step_timer(void)
{
    return client_die_after("timer", steps);
}

/* Dead at many instructions of a request's life, from the first on. */
static void dead_anywhere(void)
{
    struct devman_driver_state before, after;

    EXPECT(open_timer() && client_driver("timer", &before), true);
    for (unsigned i = 0; i < STEPS; i++) {
        steps = 1 + i * 37;
        EXPECT(wait_over(2000, step_timer), true);
        EXPECT(client_settle("timer"), true);
    }
    (void)client_die_after("timer", 0);
    EXPECT(client_driver("timer", &after) && after.restarts - before.restarts >= STEPS / 2, true);
    client_close(timer);
}

/* ---- the clock */

static uint64_t clock_seconds(const struct client_session *clock)
{
    struct clock_parts now;
    uint64_t seconds = 0;

    if (lab_check("reading the clock", clock_call_read(clock->endpoint, &seconds, &now)) == E_OK)
        (void)test_expect("its parts", calendar_seconds(&now), seconds);
    return seconds;
}

/* Read until the second changes; what it is then, 0 if it does not. The clock may run by the host's
 * time, of which little passes while the machine skips its idle time. */
static uint64_t clock_next(const struct client_session *clock)
{
    uint64_t first = clock_seconds(clock), now = first;
    unsigned looks = is_exact_machine() ? 200000 : 2000;

    for (unsigned i = 0; now == first && i < looks; i++) {
        test_sleep_us(5000);
        now = clock_seconds(clock);
    }
    return now == first ? 0 : now;
}

/* Whether `now` is past `then`, but by no more than a host that had other work can make it. A chip
 * goes on counting while it is set: what was set may have passed before the first look. */
static bool passed_since(uint64_t now, uint64_t then)
{
    return now > then && now <= then + PASSES_MAX;
}

static void clock_reading(void)
{
    struct client_session *clock = client_open("clock", CLOCK_INTERFACE, CLOCK_RIGHTS_ALL, 0);
    uint64_t first;

    EXPECT(clock != NULL, true);
    first = clock_next(clock);
    EXPECT(first > 0, true);
    EXPECT(passed_since(clock_next(clock), first), true);
    client_close(clock);
}

static void clock_setting(void)
{
    struct client_session *clock = client_open("clock", CLOCK_INTERFACE, CLOCK_RIGHTS_ALL, 0);
    struct client_session *reader;
    uint64_t before, next;

    EXPECT(clock != NULL, true);
    before = clock_next(clock); /* the second has just begun: it does not end at once */
    EXPECT_OK(clock_call_set(clock->endpoint, LEAP_SECONDS));
    EXPECT(passed_since(clock_seconds(clock) + 1, LEAP_SECONDS), true);
    next = clock_next(clock);
    EXPECT(passed_since(next, LEAP_SECONDS) || passed_since(next, LEAP_SECONDS - BOCHS_LOSES),
           true);
    EXPECT_ERROR(clock_call_set(clock->endpoint, CLOCK_SECONDS_MAX + 1), E_BAD_ARG);
    EXPECT_OK(clock_call_set(clock->endpoint, before + 1));
    client_close(clock);
    reader = client_open("clock", CLOCK_INTERFACE, CLOCK_RIGHT_READ, 0);
    EXPECT(reader != NULL, true);
    EXPECT_ERROR(clock_call_set(reader->endpoint, 0), E_NO_RIGHT);
    EXPECT(clock_seconds(reader) >= before, true);
    client_close(reader);
}

/* The time is the chip's: no death changes it. */
static void clock_killed(void)
{
    struct client_session *clock = client_open("clock", CLOCK_INTERFACE, CLOCK_RIGHTS_ALL, 0);
    uint64_t last, now;

    EXPECT(clock != NULL, true);
    last = clock_seconds(clock);
    for (unsigned i = 0; i < KILLS; i++) {
        EXPECT_OK(client_kill("rtc"));
        now = clock_seconds(clock);
        EXPECT(now >= last && now <= last + PASSES_MAX, true);
        last = now;
    }
    for (unsigned i = 0; i < STEPS; i++) {
        EXPECT_OK(client_die_after("rtc", 1 + i * 37));
        now = clock_seconds(clock);
        EXPECT(now >= last && now <= last + PASSES_MAX, true);
        last = now;
        EXPECT(client_settle("rtc"), true);
    }
    (void)client_die_after("rtc", 0);
    client_close(clock);
}

static const struct test list[] = {
    {"drivers.timer.once", once},
    {"drivers.timer.periodic", periodic},
    {"drivers.timer.bounds", bounds},
    {"drivers.timer.closing", closing},
    {"drivers.timer.reading", reading},
    {"drivers.timer.waiting", waiting},
    {"drivers.timer.killed", killed},
    {"drivers.timer.dead_anywhere", dead_anywhere},
    {"drivers.clock.reading", clock_reading},
    {"drivers.clock.setting", clock_setting},
    {"drivers.clock.killed", clock_killed},
};

TEST_AREA_OF(tests_timers, list, client_has_devman);
