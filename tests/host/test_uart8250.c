/* sources: drivers/uart8250/driver.c drivers/uart8250/line.c drivers/uart8250/receive.c drivers/uart8250/transmit.c drivers/uart8250/ring.c */
/*
 * test_uart8250.c - the 8250 driver on a model of the 16550A that is as unkind as the data sheet
 * allows: its interrupt is an edge that is lost while the line is high, its FIFO fills while the
 * interrupt is late, its sender stops when RTS is off. 400,000 steps of random timing in both
 * directions must lose no byte, overrun nothing and never stall. A step is one character's time.
 * The framework is played by this file: sessions 0 (out) and 1 (in), a clock of steps.
 */
#define SYS_RAW_ELSEWHERE
#include "../../drivers/uart8250/ring.h"
#include "../../drivers/uart8250/uart8250.h"

#include <driver.h>
#include <idl/serial_queue.h>
#include <regs_lines.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COM1    0x3f8
#define STEP_US 87u

#define IER_RX     1u
#define IER_TX     2u
#define IER_LINE   4u
#define IIR_NONE   1u
#define IIR_FIFO   0xc0u
#define FCR_ENABLE 1u
#define FCR_RESETS 6u
#define LCR_8N1    3u
#define LCR_DLAB   0x80u
#define MCR_RTS    2u
#define MCR_OUT2   8u
#define MCR_USUAL  11u
#define MCR_LOOP   16u
#define LSR_DR     1u
#define LSR_OE     2u
#define LSR_EMPTY  0x60u

static unsigned passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static uint8_t pattern(uint64_t n)
{
    return (uint8_t)(n * 7 + (n >> 8) * 13);
}

/* ---- the chip */

static struct {
    bool present, fifo;
    uint8_t ier, lcr, mcr, scr, lsr_errors;
    uint16_t divisor;
    uint8_t rx[16], tx[16];
    unsigned rx_count, tx_count, idle;
    unsigned late; /* steps since the edge */
    bool thr_pending, line, edge, was_reset;
} chip;
static uint64_t sent, received, steps; /* on the wire: to the driver, from the driver */
static bool wire_ok;

static bool rx_ready(void)
{
    return chip.rx_count >= 8 || (chip.rx_count > 0 && chip.idle > 4);
}

static void update_line(void)
{
    bool line = ((chip.ier & IER_RX) != 0 && rx_ready()) ||
                ((chip.ier & IER_TX) != 0 && chip.thr_pending) ||
                ((chip.ier & IER_LINE) != 0 && chip.lsr_errors != 0);

    line = line && (chip.mcr & MCR_OUT2) != 0;
    chip.edge = chip.edge || (line && !chip.line);
    chip.line = line;
}

static uint8_t read_iir(void)
{
    uint8_t fifo = chip.fifo ? IIR_FIFO : 0;

    if ((chip.ier & IER_LINE) != 0 && chip.lsr_errors != 0) {
        return fifo | 6;
    }
    if ((chip.ier & IER_RX) != 0 && rx_ready()) {
        return fifo | 4;
    }
    if ((chip.ier & IER_TX) != 0 && chip.thr_pending) {
        chip.thr_pending = false;
        return fifo | 2;
    }
    return fifo | IIR_NONE;
}

static uint8_t read_rbr(void)
{
    uint8_t byte = chip.rx[0];

    if (chip.rx_count > 0) {
        memmove(chip.rx, chip.rx + 1, --chip.rx_count);
        chip.idle = 0;
    }
    return byte;
}

static uint8_t read_lsr(void)
{
    uint8_t value = (uint8_t)(chip.lsr_errors | (chip.rx_count != 0 ? LSR_DR : 0) |
                              (chip.tx_count == 0 ? LSR_EMPTY : 0));

    chip.lsr_errors = 0;
    return value;
}

/* In loop mode the outputs come back as inputs. */
static uint8_t read_msr(void)
{
    if ((chip.mcr & MCR_LOOP) == 0) {
        return 0;
    }
    return (uint8_t)((chip.mcr & 0x0c) << 4 | (chip.mcr & 2) << 3 | (chip.mcr & 1) << 5);
}

uint8_t port_read8(uint16_t port)
{
    uint8_t value;

    if (!chip.present || (chip.lcr & LCR_DLAB) != 0) {
        return port == COM1 + 3 && chip.present ? chip.lcr : 0xff;
    }
    switch (port - COM1) {
    case 0:
        value = read_rbr();
        break;
    case 1:
        value = chip.ier;
        break;
    case 2:
        value = read_iir();
        break;
    case 3:
        value = chip.lcr;
        break;
    case 4:
        value = chip.mcr;
        break;
    case 5:
        value = read_lsr();
        break;
    case 6:
        value = read_msr();
        break;
    default:
        value = chip.scr;
        break;
    }
    update_line();
    return value;
}

static void write_thr(uint8_t value)
{
    if (chip.tx_count == 16) {
        wire_ok = false; /* the driver overran the FIFO */
        return;
    }
    chip.tx[chip.tx_count++] = value;
    chip.thr_pending = false;
}

static void write_ier(uint8_t value)
{
    chip.thr_pending =
        chip.thr_pending || ((value & ~chip.ier & IER_TX) != 0 && chip.tx_count == 0);
    chip.ier = value;
}

static void write_divisor(unsigned high, uint8_t value)
{
    chip.divisor =
        (uint16_t)(high ? (chip.divisor & 0xff) | value << 8 : (chip.divisor & 0xff00) | value);
}

void port_write8(uint16_t port, uint8_t value)
{
    bool dlab = (chip.lcr & LCR_DLAB) != 0;

    switch (port - COM1) {
    case 0:
        dlab ? write_divisor(0, value) : write_thr(value);
        break;
    case 1:
        dlab ? write_divisor(1, value) : write_ier(value);
        break;
    case 2:
        chip.fifo = (value & FCR_ENABLE) != 0;
        chip.was_reset = chip.was_reset || (value & FCR_RESETS) != 0;
        break;
    case 3:
        chip.lcr = value;
        break;
    case 4:
        chip.mcr = value;
        break;
    case 7:
        chip.scr = value;
        break;
    default:
        break;
    }
    update_line();
}

/* One character's time: a byte leaves, a byte arrives unless RTS is off. */
static void wire_step(bool send)
{
    steps++;
    chip.idle++;
    if (chip.tx_count > 0) {
        wire_ok = wire_ok && chip.tx[0] == pattern(received);
        received++;
        memmove(chip.tx, chip.tx + 1, --chip.tx_count);
        chip.thr_pending = chip.tx_count == 0;
    }
    if (send && (chip.mcr & MCR_RTS) != 0) {
        if (chip.rx_count == 16) {
            chip.lsr_errors |= LSR_OE;
        } else {
            chip.rx[chip.rx_count++] = pattern(sent);
        }
        sent++;
        chip.idle = 0;
    }
    update_line();
}

/* ---- the framework */

enum { OUT, IN, SESSIONS };
#define SLOTS     16u
#define MAX_BYTES 64u

static struct side {
    struct queue_driver queue; /* only its place counts */
    struct queue_request request[SLOTS];
    uint64_t next, taken, done; /* numbers, from 1: to be submitted, taken, completed */
    uint8_t data[SLOTS * MAX_BYTES];
    uint64_t progress;
} side[SESSIONS];
static uint64_t timer_us, put, got;
static bool client_ok, flushed;

uint16_t driver_ports(const char *name)
{
    return strcmp(name, "regs") == 0 ? COM1 : 0;
}

uint64_t driver_now_us(void)
{
    return steps * STEP_US;
}

void driver_set_timer(uint64_t deadline_us)
{
    timer_us = deadline_us;
}

void driver_await_us(uint64_t us)
{
    for (uint64_t end = driver_now_us() + us; driver_now_us() < end;) {
        wire_step(false);
    }
}

bool driver_take(unsigned s, struct queue_request *request)
{
    struct side *q = &side[s];

    if (q->taken + 1 >= q->next) {
        return false;
    }
    *request = q->request[++q->taken % SLOTS];
    return true;
}

struct queue_driver *driver_queue(unsigned s)
{
    return s < SESSIONS ? &side[s].queue : NULL;
}

unsigned driver_session_of(const struct queue_driver *queue)
{
    return queue == &side[IN].queue ? IN : OUT;
}

void *driver_session_data(unsigned s)
{
    return side[s].data;
}

uint64_t *queue_progress_place(struct queue_driver *q, uint64_t seq)
{
    (void)seq;
    return &side[driver_session_of(q)].progress;
}

/* A write that does not fit the FIFO waits for the line; each says so once. */
int queue_waits(struct queue_driver *q, uint64_t seq)
{
    struct side *s = &side[driver_session_of(q)];

    client_ok = client_ok && driver_session_of(q) == OUT && seq > s->done && seq <= s->taken;
    return E_OK;
}

/* Both of this driver's sessions are served in order. */
void driver_complete(unsigned s, uint64_t seq, int status, uint64_t value)
{
    struct side *q = &side[s];
    const struct queue_request *r = &q->request[seq % SLOTS];

    client_ok = client_ok && status == E_OK && seq == ++q->done && seq <= q->taken;
    if (s == IN) {
        client_ok = client_ok && value > 0 && value <= r->length;
        for (uint64_t i = 0; i < value; i++) {
            client_ok = client_ok && q->data[r->offset + i] == pattern(got++);
        }
    } else if (r->op == QUEUE_OP_FLUSH) {
        flushed = chip.tx_count == 0 && received == put;
    } else {
        client_ok = client_ok && value == r->length &&
                    (value == 0 || q->progress == queue_progress_word(seq, (uint32_t)value));
    }
}

int queue_complete(struct queue_driver *q, uint64_t seq, uint32_t status, uint64_t value)
{
    driver_complete(driver_session_of(q), seq, (int)status, value);
    return E_OK;
}

/* Messages and the shell's lines are tested in tests/drivers/uart8250. */
static _Noreturn void not_here(void)
{
    printf("FAILED: the driver calls what no test asks it for\n");
    exit(1);
}

void call_begin(struct call *call)
{
    (void)call;
    not_here();
}

bool framework_serve(struct call *call)
{
    (void)call;
    not_here();
}

int call_keep(struct call *call, uint64_t *reply)
{
    (void)call;
    (void)reply;
    not_here();
}

void call_answer(uint64_t reply, struct msg *m)
{
    (void)reply;
    (void)m;
    not_here();
}

void call_answer_error(uint64_t reply, int error)
{
    (void)reply;
    (void)error;
    not_here();
}

int idl_refuse_call(struct call *call, int error)
{
    (void)call;
    (void)error;
    not_here();
}

struct regs_bus regs_bus_at(uint64_t base)
{
    (void)base;
    not_here();
}

bool regs_line_at(const struct regs_table *table, struct regs_bus bus, unsigned index, char *text,
                  size_t size)
{
    (void)table;
    (void)bus;
    (void)index;
    (void)text;
    (void)size;
    not_here();
}

/* ---- its clients */

static bool submit(unsigned s, uint32_t op, unsigned length)
{
    struct side *q = &side[s];
    uint64_t seq = q->next;
    struct queue_request *r = &q->request[seq % SLOTS];

    if (seq > q->done + SLOTS) {
        return false;
    }
    *r = (struct queue_request){.seq = seq,
                                .op = op,
                                .offset = seq % SLOTS * MAX_BYTES,
                                .length = length};
    for (unsigned i = 0; op == SERIAL_OP_WRITE && i < length; i++) {
        q->data[r->offset + i] = pattern(put++);
    }
    q->next++;
    return true;
}

static void interrupt(void)
{
    chip.edge = false;
    chip.late = 0;
    driver_irq(0, 1);
}

static void timer(void)
{
    if (timer_us != 0 && driver_now_us() >= timer_us) {
        timer_us = 0;
        driver_timer();
    }
}

/* ---- the tests */

static void reset(void)
{
    memset(&chip, 0, sizeof(chip));
    memset(side, 0, sizeof(side));
    chip.present = true;
    chip.ier = 0xf; /* a dirty device, in the middle of setting its divisor */
    chip.lcr = LCR_DLAB;
    chip.divisor = 12;
    for (unsigned s = 0; s < SESSIONS; s++) {
        side[s].next = 1;
    }
    sent = received = put = got = timer_us = 0;
    wire_ok = client_ok = true;
    flushed = false;
}

static void test_begin(void)
{
    reset();
    chip.lcr = LCR_8N1;
    check(driver_probe() == NULL && chip.ier == 0xf && chip.mcr == 0 && chip.scr == 0,
          "a UART is found, and left as it was");
    reset();
    check(driver_quiet() == NULL && chip.ier == 0 && chip.lcr == LCR_8N1 && chip.divisor == 12,
          "a dirty UART is silenced");
    for (unsigned i = 0; i < 5; i++) { /* what a predecessor has left to send, and not read */
        chip.tx[i] = chip.rx[i] = pattern(i);
    }
    chip.tx_count = chip.rx_count = 5;
    check(driver_attach() == NULL && chip.ier == (IER_RX | IER_LINE) && chip.mcr == MCR_USUAL &&
              chip.lcr == LCR_8N1 && chip.divisor == 1 && !chip.line,
          "it is set up");
    check(received == 5 && wire_ok && !chip.was_reset, "what was in its FIFO has left it first");
    check(submit(IN, SERIAL_OP_READ, MAX_BYTES), "a read");
    driver_session_rung(IN);
    check(got == 5 && client_ok, "what had come is read");
    reset();
    chip.present = false;
    check(driver_probe() != NULL && driver_quiet() == NULL && driver_attach() != NULL,
          "nothing at the port is noticed");
}

static void write_some(void)
{
    if (submit(OUT, SERIAL_OP_WRITE, (unsigned)rand() % MAX_BYTES)) {
        driver_session_rung(OUT);
    }
}

static void read_some(void)
{
    if (submit(IN, SERIAL_OP_READ, (unsigned)rand() % MAX_BYTES + 1)) {
        driver_session_rung(IN);
    }
}

/* The line falls in each interrupt, or it breaks for a moment: else no further edge would come. */
static uint64_t run_steps(void)
{
    uint64_t stalls = 0;

    for (unsigned step = 0; step < 400000; step++) {
        bool slow = step / 40000 % 2 != 0; /* nobody reads: the driver's ring fills up */
        bool more = step < 360000;
        wire_step(more && rand() % 4 != 0);
        if (chip.edge && (rand() % 3 == 0 || ++chip.late > 5)) { /* 8 bytes would be too late */
            interrupt();
            stalls += chip.line && !chip.edge;
        }
        timer();
        if (more && rand() % 50 == 0) {
            write_some();
        }
        if (!slow && rand() % 10 == 0) {
            read_some();
        }
    }
    return stalls;
}

static void run_dry(void)
{
    check(submit(OUT, QUEUE_OP_FLUSH, 0), "a flush");
    driver_session_rung(OUT);
    for (unsigned i = 0; i < 40000; i++) {
        wire_step(false);
        if (chip.edge) {
            interrupt();
        }
        timer();
        read_some();
    }
}

static void test_stream(void)
{
    uint64_t stalls;

    reset();
    check(driver_quiet() == NULL && driver_attach() == NULL, "it is set up");
    memset(&uart.count, 0, sizeof(uart.count));
    srand(7);
    stalls = run_steps();
    run_dry();
    check(client_ok && got == sent && sent > 100000, "every byte arrives, in order");
    check(uart.count.overruns == 0 && uart.count.framing_errors == 0, "no overrun");
    check(wire_ok && received == put && put > 100000, "every byte leaves, in order");
    check(uart.count.bytes_in == sent && uart.count.bytes_out == put, "they are counted");
    check(stalls == 0, "the line is low after each interrupt");
    check(flushed && side[OUT].done + 1 == side[OUT].next,
          "a flush is done when all has left the line");
}

static void test_ring(void)
{
    static struct ring r;
    uint8_t in[700], out[700];
    uint64_t written = 0, taken = 0;
    bool ok = true;

    srand(3);
    for (unsigned step = 0; step < 100000; step++) {
        size_t n = (size_t)rand() % sizeof(in), done;
        for (size_t i = 0; i < n; i++) {
            in[i] = pattern(written + i);
        }
        done = ring_write(&r, in, n);
        ok = ok && (done == n || ring_room(&r) == 0);
        written += done;
        done = ring_read(&r, out, (size_t)rand() % sizeof(out));
        for (size_t i = 0; i < done; i++) {
            ok = ok && out[i] == pattern(taken++);
        }
        ok = ok && ring_used(&r) == written - taken && ring_used(&r) + ring_room(&r) == RING_BYTES;
    }
    check(ok && taken > 1000000, "a queue keeps bytes and order");
}

int main(void)
{
    test_ring();
    test_begin();
    test_stream();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
