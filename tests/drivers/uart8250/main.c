/*
 * main.c - the 8250 driver on the host, against QEMU's 16550A:
 *     uart8250 QTEST PART LINE MONITOR
 * PART is `all`, `dirty` (leave the device as a driver that died in the middle would), `again` (the
 * next instance, on that device) or `fuzz`.
 */
#include "../../../drivers/uart8250/uart8250.h"
#include "uart_test.h"

#include <driver.h>
#include <idl/inspect.h>
#include <idl/serial_queue.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK      32768u
#define RING_BYTES 16384u     /* of the driver, for what nobody reads yet */
#define LEFT       "leftover" /* as many as the FIFO's trigger */

static uint8_t block[BLOCK], got[BLOCK];
static size_t got_bytes;
static struct host_session *session;

static void make_block(void)
{
    for (unsigned i = 0; i < BLOCK; i++) {
        block[i] = (uint8_t)(i * 7 + i / 251);
    }
}

/* ---- out */

static bool all_came(void)
{
    got_bytes += line_take(got + got_bytes, sizeof(got) - got_bytes);
    return got_bytes >= BLOCK;
}

static void test_write(void)
{
    uint64_t before = host_interrupts(), seq;
    struct queue_done done;

    got_bytes = 0;
    HOST_CHECK(write_all(session, "hello", 5) == E_OK);
    HOST_CHECK(line_take(got, sizeof(got)) == 5 && memcmp(got, "hello", 5) == 0);
    memcpy(session->data, block, BLOCK);
    HOST_CHECK(serial_submit_write(&session->queue, 0, BLOCK, &seq) == E_OK);
    HOST_CHECK(host_until(all_came));
    HOST_CHECK(host_await(session, seq, &done) == E_OK && done.value == BLOCK);
    HOST_CHECK(host_interrupts() > before); /* the holding register's */
    HOST_CHECK(got_bytes == BLOCK && memcmp(got, block, BLOCK) == 0);
}

static void test_flush(void)
{
    struct queue_done done;
    uint64_t seq;

    HOST_CHECK(queue_submit(&session->queue, QUEUE_OP_FLUSH, 0, 0, NULL, &seq) == E_OK);
    HOST_CHECK(host_await(session, seq, &done) == E_OK);
}

/* ---- in */

/* Read requests until @n bytes are there. */
static size_t read_bytes(uint8_t *to, size_t n)
{
    size_t at = 0;

    while (at < n) {
        struct queue_done done;
        uint64_t seq;
        uint32_t count;

        if (serial_submit_read(&session->queue, 0, 4096, &seq) != E_OK ||
            host_await(session, seq, &done) != E_OK ||
            serial_finish_read(&done, 4096, &count) != E_OK || count == 0 || count > n - at) {
            break;
        }
        memcpy(to + at, session->data, count);
        at += count;
    }
    return at;
}

static void test_read(void)
{
    uint64_t before = host_interrupts();

    line_send("typed", 5);
    HOST_CHECK(read_bytes(got, 5) == 5 && memcmp(got, "typed", 5) == 0);
    HOST_CHECK(host_interrupts() > before);
    line_send(block, 3000); /* many FIFOs */
    HOST_CHECK(read_bytes(got, 3000) == 3000 && memcmp(got, block, 3000) == 0);
}

static bool rts_is_off(void)
{
    return !uart8250_mcr_read(uart.regs).rts;
}

/* Nobody reads: the ring fills, RTS falls, the rest waits at the sender, and nothing is lost. */
static void test_back_pressure(void)
{
    struct serial_statistics stats;

    line_send(block, RING_BYTES + 5000);
    HOST_CHECK(host_until(rts_is_off));
    host_run_us(20000);
    HOST_CHECK(read_bytes(got, RING_BYTES + 5000) == RING_BYTES + 5000);
    HOST_CHECK(memcmp(got, block, RING_BYTES + 5000) == 0 && !rts_is_off());
    HOST_CHECK(serial_call_stats(session->endpoint, &stats) == E_OK && stats.overruns == 0);
}

/* More reads than one client can have outstanding: all are answered. */
static void test_many_readers(void)
{
    struct host_session *other = open_serial(1);
    struct queue_done done;
    uint64_t seq[2][20];
    unsigned answered = 0;

    for (unsigned i = 0; i < 20; i++) {
        HOST_CHECK(serial_submit_read(&session->queue, i, 1, &seq[0][i]) == E_OK);
        HOST_CHECK(serial_submit_read(&other->queue, i, 1, &seq[1][i]) == E_OK);
    }
    host_poll();
    HOST_CHECK(write_all(session, "not held up", 11) == E_OK);
    line_send(block, 40);
    for (unsigned i = 0; i < 20; i++) {
        answered += host_await(session, seq[0][i], &done) == E_OK;
        answered += host_await(other, seq[1][i], &done) == E_OK;
    }
    HOST_CHECK(answered == 40);
    (void)line_take(got, sizeof(got));
    host_session_close(other);
}

/* ---- the line's setting */

static void test_setting(void)
{
    struct serial_line wanted = {.baud = 9600,
                                 .data_bits = 7,
                                 .stop_bits = 2,
                                 .checked_by = SERIAL_PARITY_EVEN};
    struct serial_line is;
    struct uart8250_lcr lcr;
    struct uart8250_divisor bank;

    HOST_CHECK(serial_call_set_line(session->endpoint, &wanted) == E_OK);
    HOST_CHECK(serial_call_get_line(session->endpoint, &is) == E_OK);
    HOST_CHECK(memcmp(&is, &wanted, sizeof(is)) == 0);
    lcr = uart8250_lcr_read(uart.regs);
    HOST_CHECK(lcr.word_length == UART8250_WORD_LENGTH_BITS7 && !lcr.dlab);
    HOST_CHECK(lcr.parity == UART8250_PARITY_EVEN && lcr.stop_bits == UART8250_STOP_BITS_TWO);
    bank = uart8250_divisor_select(uart.regs);
    HOST_CHECK(uart8250_divisor_low_read(bank) == 12 && uart8250_divisor_high_read(bank) == 0);
    uart8250_divisor_release(bank);
    wanted.baud = 100000; /* no divisor gives it */
    HOST_CHECK(serial_call_set_line(session->endpoint, &wanted) == E_UNSUPPORTED);
    wanted.data_bits = 9;
    HOST_CHECK(serial_call_set_line(session->endpoint, &wanted) == E_BAD_ARG);
    HOST_CHECK(serial_call_get_line(session->endpoint, &is) == E_OK && is.baud == 9600);
    wanted = (struct serial_line){.baud = 115200, .data_bits = 8, .stop_bits = 1};
    HOST_CHECK(serial_call_set_line(session->endpoint, &wanted) == E_OK);
}

static size_t drained;

static void drain(void)
{
    struct serial_line is;

    HOST_CHECK(serial_call_get_line(session->endpoint, &is) == E_OK && is.baud == 115200);
    while ((drained += line_take(got, sizeof(got))) < BLOCK) {
        host_poll();
    }
}

/* The peer takes nothing any more, so the transmitter never becomes empty: set_line waits. */
static void test_setting_waits(void)
{
    const struct serial_line wanted = {.baud = 19200, .data_bits = 8, .stop_bits = 1};
    struct serial_line is;
    uint64_t seq;

    HOST_CHECK(serial_submit_write(&session->queue, 0, BLOCK, &seq) == E_OK);
    host_run_us(50000);
    HOST_CHECK(!uart8250_lsr_read(uart.regs).idle);
    host_while_waiting(drain);
    HOST_CHECK(serial_call_set_line(session->endpoint, &wanted) == E_OK);
    HOST_CHECK(drained == BLOCK);
    HOST_CHECK(serial_call_get_line(session->endpoint, &is) == E_OK && is.baud == 19200);
    (void)host_await(session, seq, &(struct queue_done){0});
}

/* With flow control on and CTS off nothing leaves; QEMU's own lines stay on, loop mode's don't. */
static void test_flow_control(void)
{
    struct serial_line wanted = {.baud = 115200,
                                 .data_bits = 8,
                                 .stop_bits = 1,
                                 .controlled_by = SERIAL_FLOW_HARDWARE};
    struct serial_statistics before, after;
    uint64_t seq;

    HOST_CHECK(serial_call_set_line(session->endpoint, &wanted) == E_OK);
    uart8250_mcr_write(uart.regs, (struct uart8250_mcr){.loop = true, .out2 = true});
    HOST_CHECK(serial_call_stats(session->endpoint, &before) == E_OK);
    memcpy(session->data, "held", 4);
    HOST_CHECK(serial_submit_write(&session->queue, 0, 4, &seq) == E_OK);
    host_run_us(20000);
    HOST_CHECK(serial_call_stats(session->endpoint, &after) == E_OK);
    HOST_CHECK(after.bytes_out == before.bytes_out);
    uart8250_mcr_write(uart.regs, (struct uart8250_mcr){.dtr = true, .rts = true, .out2 = true});
    line_send("!", 1); /* leaving loop mode is no interrupt of QEMU's, so this is one */
    HOST_CHECK(host_await(session, seq, &(struct queue_done){0}) == E_OK);
    HOST_CHECK(read_bytes(got, 1) == 1);
    HOST_CHECK(line_take(got, sizeof(got)) == 4 && memcmp(got, "held", 4) == 0);
    wanted.controlled_by = SERIAL_FLOW_NONE;
    HOST_CHECK(serial_call_set_line(session->endpoint, &wanted) == E_OK);
}

/* ---- errors, texts, quiet */

/* A break ignores what the FIFO has room for, so more than 16 overrun it. */
static void test_errors(void)
{
    struct serial_statistics before, after;

    HOST_CHECK(serial_call_stats(session->endpoint, &before) == E_OK && before.breaks == 0);
    line_break();
    host_run_us(5000);
    HOST_CHECK(serial_call_stats(session->endpoint, &after) == E_OK && after.breaks == 1);
    HOST_CHECK(after.overruns == 0 && after.framing_errors == 0);
    for (unsigned i = 0; i < UART_FIFO_BYTES + 4; i++) {
        line_break();
    }
    host_run_us(5000);
    HOST_CHECK(serial_call_stats(session->endpoint, &after) == E_OK && after.overruns == 1);
    HOST_CHECK(read_bytes(got, 1 + UART_FIFO_BYTES) == 1 + UART_FIFO_BYTES);
}

static void test_inspect(void)
{
    uint64_t inspect = host_session_open(INSPECT_INTERFACE, UINT32_MAX, NULL, 0)->endpoint;
    char line[INSPECT_LINE_MAX + 1];
    unsigned lines = 0;
    bool has_scratch = false;

    while (inspect_call_regs(inspect, lines, line) == E_OK) {
        has_scratch |= strstr(line, "scr") != NULL;
        lines++;
    }
    HOST_CHECK(lines > 8 && has_scratch);
    HOST_CHECK(inspect_call_describe(inspect, 0, line) == E_OK && strstr(line, "serial") != NULL);
}

static bool pin_is_up(void)
{
    return (qtest_pins() >> COM1_IRQ & 1) != 0;
}

/* A device that has reason to interrupt falls silent; attach finds what came meanwhile. */
static void test_quiet(void)
{
    line_send("x", 1);
    while (!pin_is_up()) {
        qtest_wait(1000);
    }
    HOST_CHECK(driver_quiet() == NULL && !pin_is_up());
    line_send("y", 1);
    qtest_wait(50000);
    HOST_CHECK(!pin_is_up());
    HOST_CHECK(driver_attach() == NULL);
    HOST_CHECK(read_bytes(got, 2) == 2 && memcmp(got, "xy", 2) == 0);
}

/* With a read that waits and a write half-way, as the peer takes nothing: the chip is silent, and
 * both requests are a successor's. */
static void test_stop(void)
{
    struct host_session *writer = open_serial(8);
    struct queue_done done;
    uint64_t seq;

    memset(writer->data, 'z', BLOCK);
    HOST_CHECK(serial_submit_read(&session->queue, 0, 1, &seq) == E_OK);
    HOST_CHECK(serial_submit_write(&writer->queue, 0, BLOCK, &seq) == E_OK);
    host_run_us(50000);
    HOST_CHECK(!line_status().idle);
    host_stop();
    HOST_CHECK(uart8250_ier_raw(uart8250_ier_read(uart.regs)) == 0);
    line_send("x", 1);
    qtest_wait(50000);
    HOST_CHECK(!pin_is_up());
    HOST_CHECK(queue_collect(&session->queue, &done) == E_BUSY);
    HOST_CHECK(queue_collect(&writer->queue, &done) == E_BUSY);
}

static void test_all(void)
{
    make_block();
    HOST_CHECK(host_start() == NULL);
    session = open_serial(16);
    test_write();
    test_flush();
    test_read();
    test_back_pressure();
    test_many_readers();
    test_setting();
    test_setting_waits();
    test_flow_control();
    test_errors();
    test_inspect();
    test_quiet();
    test_stop();
}

/* ---- a successor */

/* Dead in the middle of set_line: the divisor's bank selected, all interrupts on, bytes both ways
 * in the FIFOs, loop mode from a probe. */
static void leave_dirty(void)
{
    struct uart8250_regs regs = uart8250_regs_at(0x3f8);

    HOST_CHECK(host_start() == NULL);
    line_send(LEFT, sizeof(LEFT) - 1);
    while (!pin_is_up()) {
        qtest_wait(1000);
    }
    uart8250_ier_write(regs, uart8250_ier_of(0xf));
    uart8250_mcr_write(regs, (struct uart8250_mcr){.out2 = true, .loop = true});
    (void)uart8250_divisor_select(regs);
}

static void test_again(void)
{
    HOST_CHECK(host_start() == NULL);
    session = open_serial(1);
    HOST_CHECK(read_bytes(got, sizeof(LEFT) - 1) == sizeof(LEFT) - 1);
    HOST_CHECK(memcmp(got, LEFT, sizeof(LEFT) - 1) == 0);
    HOST_CHECK(write_all(session, "on", 2) == E_OK);
    HOST_CHECK(line_take(got, sizeof(got)) == 2 && memcmp(got, "on", 2) == 0);
}

int main(int count, char **arguments)
{
    if (count != 5) {
        return 2;
    }
    host_open(arguments[1], MANIFEST, com1, 0);
    line_open(arguments[3], arguments[4]);
    if (strcmp(arguments[2], "all") == 0) {
        test_all();
    } else if (strcmp(arguments[2], "dirty") == 0) {
        leave_dirty();
    } else if (strcmp(arguments[2], "again") == 0) {
        test_again();
    } else {
        test_fuzz((uint32_t)strtoul(arguments[2] + 4, NULL, 10), 20000);
    }
    return host_done();
}
