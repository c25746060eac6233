/*
 * main.c - the timer's driver on the host, against QEMU's HPET and PIT:
 *     timer QTEST PART
 * PART is `pin`, `kernel` or `pit`, what the driver is given; or `chip`, the HPET below it, with
 * messages. QEMU's clock, which is the host's, is the HPET's counter, so it is not set here.
 */
#include "../../../drivers/timer/hpet.h"
#include "../../../drivers/timer/pit.h"

#include <driver.h>
#include <host.h>
#include <idl/inspect.h>
#include <idl/timer_queue.h>
#include <string.h>

#define MANIFEST   "drivers/timer/timer.manifest"
#define HPET_AT    0xfed00000u
#define HPET_PIN   19u
#define PIT_AT     0x40u
#define PIT_PIN    0u /* of QEMU's IO-APIC, as the ISA sees it */
#define MESSAGE_AT 0x200000u
#define LATE_US    200000u /* the host may be busy */

static const struct host_resource with_pin[] = {{"registers", NEED_MMIO, HPET_AT, 4096, false},
                                                {"irq", NEED_IRQ, HPET_PIN, 1, true},
                                                {NULL, NEED_IRQ, 0, 0, false}};
static const struct host_resource without_pin[] = {{"registers", NEED_MMIO, HPET_AT, 4096, false},
                                                   {NULL, NEED_IRQ, 0, 0, false}};
static const struct host_resource pit[] = {{"ports", NEED_PORTS, PIT_AT, 4, false},
                                           {"irq", NEED_IRQ, PIT_PIN, 1, false},
                                           {NULL, NEED_IRQ, 0, 0, false}};

static struct host_session *session;

static void open_session(void)
{
    const struct queue_limits limits = {.ops_known = TIMER_OPS_KNOWN,
                                        .ops_allowed = timer_ops_allowed(TIMER_RIGHTS_ALL),
                                        .ops_wait = TIMER_OPS_WAIT};

    session = host_session_open(TIMER_INTERFACE, TIMER_RIGHTS_ALL, &limits, 1);
}

static uint64_t now_ns(void)
{
    uint32_t resolution = 0;
    uint64_t now = 0;

    HOST_CHECK(timer_call_read(session->endpoint, &resolution, &now) == E_OK);
    HOST_CHECK(resolution != 0 && resolution <= 1000);
    return now;
}

/* Wait @us; how many microseconds it took by the driver's clock. */
static uint64_t wait_us(uint64_t us)
{
    struct queue_done done;
    uint64_t seq, start = now_ns(), end = 0;

    HOST_CHECK(timer_submit_wait(&session->queue, start + us * 1000, &seq) == E_OK);
    HOST_CHECK(host_await(session, seq, &done) == E_OK);
    HOST_CHECK(timer_finish_wait(&done, &end) == E_OK && end >= start + us * 1000);
    return (end - start) / 1000;
}

static void test_waits(void)
{
    static const uint64_t times[] = {1, 100, 1000, 20000, 150000};

    for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        HOST_CHECK(wait_us(times[i]) <= times[i] + LATE_US);
    }
    HOST_CHECK(wait_us(0) <= LATE_US);
}

/* All slots of the queue, the last deadline first: none is early, and none is served after one
 * that comes later. */
static void test_order(void)
{
    uint64_t start = now_ns(), seq[32], value[32] = {0};
    struct queue_done done;

    for (unsigned i = 0; i < 32; i++) {
        HOST_CHECK(timer_submit_wait(&session->queue, start + (200 - i * 5ull) * 1000000,
                                     &seq[i]) == E_OK);
    }
    for (unsigned i = 0; i < 32;) {
        host_poll();
        while (queue_collect(&session->queue, &done) == E_OK && done.seq != 0) {
            HOST_CHECK(timer_finish_wait(&done, &value[done.seq - seq[0]]) == E_OK);
            i++;
        }
    }
    for (unsigned i = 0; i < 32; i++) {
        HOST_CHECK(value[i] >= start + (200 - i * 5ull) * 1000000);
        HOST_CHECK(i == 31 || value[i] >= value[i + 1]);
    }
}

/* A FLUSH comes when all before it have. */
static void test_flush(void)
{
    uint64_t start = now_ns(), seq[2];
    struct queue_done done;

    HOST_CHECK(timer_submit_wait(&session->queue, start + 20000000, &seq[0]) == E_OK);
    HOST_CHECK(queue_submit(&session->queue, QUEUE_OP_FLUSH, 0, 0, NULL, &seq[1]) == E_OK);
    HOST_CHECK(host_await(session, seq[1], &done) == E_OK);
    HOST_CHECK(now_ns() >= start + 20000000);
}

/* The session goes; its deadlines do not come any more. */
static void test_close(void)
{
    uint64_t before, seq;

    HOST_CHECK(timer_submit_wait(&session->queue, now_ns() + 50000000, &seq) == E_OK);
    host_poll();
    host_session_close(session);
    before = host_requests();
    host_run_us(100000);
    HOST_CHECK(host_requests() == before);
    open_session();
    HOST_CHECK(timer_call_stop(session->endpoint, 1) == E_BAD_ARG);
}

static void test_inspect(const char *a_register)
{
    uint64_t inspect = host_session_open(INSPECT_INTERFACE, INSPECT_RIGHTS_ALL, NULL, 0)->endpoint;
    char line[INSPECT_LINE_MAX + 1];
    unsigned lines = 0;
    bool has_it = false;

    while (inspect_call_regs(inspect, lines, line) == E_OK) {
        has_it |= strstr(line, a_register) != NULL;
        lines++;
    }
    HOST_CHECK(lines > 2 && has_it);
}

/* A predecessor's leavings: an interrupt pending, a period, the legacy routes. */
static void leave_dirty(void)
{
    struct hpet_regs regs = hpet_regs_at(HPET_AT);

    for (unsigned i = 0; i < 3; i++) {
        hpet_timer_configuration_write(regs, i,
                                       (struct hpet_timer_configuration){.trigger =
                                                                             HPET_TRIGGER_BY_LEVEL,
                                                                         .enable = true,
                                                                         .periodic = true,
                                                                         .set_accumulator = true,
                                                                         .route =
                                                                             HPET_PIN & 0x1fu});
        hpet_timer_comparator_low_write(regs, i, hpet_counter_low_read(regs) + 1000);
    }
    hpet_configuration_set_legacy(regs, true);
    qtest_wait(2000);
}

static bool hpet_is_silent(void)
{
    struct hpet_regs regs = hpet_regs_at(HPET_AT);

    qtest_wait(2000);
    return (qtest_pins() >> HPET_PIN & 1) == 0 && hpet_interrupt_status_read(regs) == 0 &&
           !hpet_timer_configuration_read(regs, 0).enable &&
           !hpet_timer_configuration_read(regs, 2).enable;
}

static void run_driver(const char *a_register, bool interrupts)
{
    HOST_CHECK(host_start() == NULL);
    open_session();
    test_waits();
    HOST_CHECK((host_interrupts() > 0) == interrupts);
    test_order();
    test_flush();
    test_close();
    test_inspect(a_register);
}

static void test_hpet(bool interrupts)
{
    uint64_t before, after;

    leave_dirty();
    HOST_CHECK(driver_quiet() == NULL && hpet_is_silent());
    run_driver("counter_low", interrupts);
    before = now_ns();
    HOST_CHECK(host_start() == NULL); /* a successor: its time goes on */
    after = now_ns();
    HOST_CHECK(after > before && after - before < 1000000000u);
    HOST_CHECK(wait_us(5000) <= 5000 + LATE_US);
}

/* Interrupts that never come: another pin than the driver believes. */
static void test_lost(void)
{
    struct hpet_regs regs = hpet_regs_at(HPET_AT);

    HOST_CHECK(host_start() == NULL);
    open_session();
    for (unsigned i = 0; i < 5; i++) {
        struct queue_done done;
        uint64_t seq, start = now_ns(), end;

        HOST_CHECK(timer_submit_wait(&session->queue, start + 20000000, &seq) == E_OK);
        host_poll();
        hpet_timer_configuration_set_enable(regs, 0, false);
        HOST_CHECK(host_await(session, seq, &done) == E_OK);
        HOST_CHECK(timer_finish_wait(&done, &end) == E_OK && end >= start + 20000000);
    }
    HOST_CHECK(host_interrupts() == 0 && strstr(host_log(), "lost") != NULL);
}

/* ---- the HPET alone */

/* By its own counter: what QEMU says ends qtest_wait early. */
static void pass_ms(const struct hpet *h, uint64_t ms)
{
    uint64_t end = hpet_now_ns(h) + ms * 1000000;

    while (hpet_now_ns(h) < end) {
        qtest_wait(1000);
    }
}

static uint32_t message(void)
{
    uint32_t data = 0;

    qtest_read(MESSAGE_AT, &data, sizeof(data));
    return data;
}

static void test_chip(void)
{
    struct hpet_regs regs = hpet_regs_at(HPET_AT);
    const uint32_t zero = 0;
    struct hpet h;

    HOST_CHECK(hpet_detect(regs) == NULL);
    hpet_silence(regs);
    hpet_start(&h, regs);
    HOST_CHECK(h.is_64 && hpet_resolution_ns(&h) == 10);
    HOST_CHECK(!hpet_use_pin(&h, 5) && !hpet_use_pin(&h, 32));
    HOST_CHECK(!hpet_use_message(&h, 0x100000000ull, 1) && hpet_use_message(&h, MESSAGE_AT, 77));
    qtest_write(MESSAGE_AT, &zero, sizeof(zero));
    HOST_CHECK(hpet_arm(&h, 100000000) && message() == 0);
    pass_ms(&h, 110);
    HOST_CHECK(message() == 77);
    hpet_silence(regs);
    qtest_write(MESSAGE_AT, &zero, sizeof(zero));
    pass_ms(&h, 20);
    HOST_CHECK(message() == 0);
    HOST_CHECK(hpet_use_pin(&h, HPET_PIN) && hpet_arm(&h, 50000000));
    pass_ms(&h, 60);
    HOST_CHECK((qtest_pins() >> HPET_PIN & 1) != 0 && hpet_acknowledge(&h));
    HOST_CHECK((qtest_pins() >> HPET_PIN & 1) == 0 && !hpet_acknowledge(&h));
}

int main(int count, char **arguments)
{
    if (count != 3) {
        return 2;
    }
    if (strcmp(arguments[2], "kernel") == 0) {
        host_open(arguments[1], MANIFEST, without_pin, 0);
        test_hpet(false);
    } else if (strcmp(arguments[2], "pit") == 0) {
        host_open(arguments[1], MANIFEST, pit, 0);
        run_driver("counter", true);
    } else if (strcmp(arguments[2], "lost") == 0) {
        host_open(arguments[1], MANIFEST, with_pin, 0);
        test_lost();
    } else {
        host_open(arguments[1], MANIFEST, with_pin, 0);
        if (strcmp(arguments[2], "chip") == 0) {
            test_chip();
        } else {
            test_hpet(true);
        }
    }
    return host_done();
}
