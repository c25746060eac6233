/*
 * irq_edge.c - no edge is ever lost: the PIT running freely against drivers that keep up and that
 * do not, and a serial port whose next interrupt comes from what the driver does in the last one.
 * The drivers are threads of this address space in a loop of their own.
 */
#include "device.h"
#include "test.h"

#define STACK_BYTES 4096u
#define PRIORITY    110u /* below the test's: a driver that never ends its work does not stop it */
#define PRIORITY_UP 188u /* above drivers and console, which can take longer than a period */
#define PIT_PERIOD  240u /* ticks: 0.2 ms */

/* What a driver is told and what it has seen; shared with the test's thread. */
static struct {
    uint64_t reply, ep;
    volatile uint64_t busy_ticks; /* it needs for each message */
    volatile uint64_t messages, interrupts, wrong;
    volatile uint64_t to_send; /* the serial port's: bytes */
} drv;

static uint64_t irq;

static void spin(uint64_t ticks)
{
    uint64_t start = rdtsc();

    while (rdtsc() - start < ticks)
        continue;
}

static void count_message(int status, const struct msg *m)
{
    if (status != E_OK || msg_kind(m) != KIND_IRQ || m->w[0] == 0)
        drv.wrong++;
    drv.messages++;
    drv.interrupts += m->w[0];
}

static _Noreturn void pit_driver(void)
{
    struct msg m = {0};
    int status = sys_recv(drv.reply, drv.ep, &m);

    for (;;) {
        count_message(status, &m);
        spin(drv.busy_ticks);
        m = (struct msg){0};
        status = sys_reply_recv(drv.reply, drv.ep, &m);
    }
}

/* A driver on @gsi, which waits when this returns. */
static bool start(void (*loop)(void), uint64_t gsi, unsigned priority)
{
    struct lab_thread t;
    uint64_t stack = (uint64_t)lab_map_here(lab_make(OBJ_FRAME, FRAME_4K_BITS));

    drv.messages = drv.interrupts = drv.wrong = drv.busy_ticks = drv.to_send = 0;
    drv.ep = lab_make(OBJ_ENDPOINT, 0);
    lab_thread_make(&t, SLOT_VSPACE, 0, priority);
    drv.reply = t.reply;
    irq = device_ports() ? device_irq(gsi, 0) : 0;
    return irq != 0 && stack != 0 &&
           test_expect_error("binding it", OP2(irq, OP_IRQ_BIND, drv.ep, 1), E_OK) &&
           test_expect_error("starting the driver",
                             OP4(t.thread, OP_THREAD_START, (uint64_t)loop, stack + STACK_BYTES - 8,
                                 0, 0),
                             E_OK);
}

/* When the last message has been read, the kernel's count and the driver's are the same. */
static bool sums_agree(void)
{
    if (!test_expect_error("unbinding", OP0(irq, OP_IRQ_UNBIND), E_OK))
        return false;
    device_wait_us(1000 + 2 * drv.busy_ticks * 1000000 / quoll_info()->tsc_hz);
    if (!test_expect_error("irq info", OP0(irq, OP_IRQ_INFO), E_OK))
        return false;
    return test_expect("interrupts in the messages", drv.interrupts, test_out.w[1]) &&
           test_expect("messages that are none of an interrupt", drv.wrong, 0);
}

static void sums(void)
{
    uint64_t edges;

    if (!start(pit_driver, PIT_GSI, PRIORITY))
        return;
    pit_run(PIT_PERIOD);
    for (unsigned i = 0; i < 100 && drv.messages < 50; i++)
        device_wait_us(50000);
    drv.busy_ticks = quoll_info()->tsc_hz / 1000; /* from now on it does not keep up */
    for (unsigned i = 0; i < 100 && drv.interrupts < drv.messages + 50; i++)
        device_wait_us(50000);
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    edges = pit_edges(); /* after that: the chip goes on meanwhile */
    EXPECT(test_out.w[1] + test_out.w[2] <= edges, 1);
    EXPECT(sums_agree(), 1);
    EXPECT(drv.messages >= 50 && drv.interrupts >= drv.messages + 50, 1);
}

/* @edges edges, all of them seen, whatever the driver does meanwhile. */
static void run_exactly(uint64_t edges, uint64_t busy_us, unsigned priority)
{
    uint64_t seen;

    if (!start(pit_driver, PIT_GSI, priority))
        return;
    drv.busy_ticks = busy_us * quoll_info()->tsc_hz / 1000000;
    pit_run(PIT_PERIOD);
    device_wait_us(edges * 1000000 * PIT_PERIOD / 1193182);
    seen = pit_edges();
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[1] + test_out.w[2], seen);
    EXPECT(seen >= edges - 2, 1);
    EXPECT(sums_agree(), 1);
}

static void exact_fast(void)
{
    run_exactly(4000, 0, PRIORITY_UP);
    EXPECT(drv.messages, drv.interrupts); /* it kept up */
}

/* Each message takes longer than a period. */
static void exact_slow(void)
{
    run_exactly(4000, 330, PRIORITY);
    EXPECT(drv.interrupts > drv.messages, 1);
}

static void exact_very_slow(void)
{
    run_exactly(2000, 30000, PRIORITY);
    EXPECT(drv.interrupts > 100 * drv.messages, 1);
}

/* ---- the transmitter of COM2: empty, it interrupts; a byte makes it full and, later, empty */
#define THR 0 /* register numbers, 16550D datasheet */
#define DLL 0
#define IER 1
#define DLM 1
#define IIR 2
#define FCR 2
#define LCR 3
#define MCR 4

#define IER_THRE 0x02
#define IIR_THRE 0x02
#define LCR_8N1  0x03
#define LCR_DLAB 0x80
#define MCR_OUT2 0x08

static _Noreturn void serial_driver(void)
{
    struct msg m = {0};
    int status = sys_recv(drv.reply, drv.ep, &m);

    for (;;) {
        count_message(status, &m);
        drv.wrong += (in8(COM2 + IIR) & 0x0f) != IIR_THRE;
        spin(drv.busy_ticks);
        if (drv.to_send > 0) {
            drv.to_send--;
            out8(COM2 + THR, 'x');
        }
        m = (struct msg){0};
        status = sys_reply_recv(drv.reply, drv.ep, &m);
    }
}

#define IDLE_WAITS 20 /* a busy host may stop the machine for some of them */

/* One lost edge, and the chain would stand still. */
static void run_chain(uint64_t bytes, uint64_t busy_us)
{
    if (!start(serial_driver, COM2_GSI, PRIORITY))
        return;
    drv.to_send = bytes;
    drv.busy_ticks = busy_us * quoll_info()->tsc_hz / 1000000;
    out8(COM2 + LCR, LCR_DLAB);
    out8(COM2 + DLL, 1);
    out8(COM2 + DLM, 0);
    out8(COM2 + LCR, LCR_8N1);
    out8(COM2 + FCR, 0);
    out8(COM2 + MCR, MCR_OUT2);
    out8(COM2 + IER, IER_THRE);
    for (unsigned idle = 0; idle < IDLE_WAITS && drv.interrupts <= bytes; idle++) {
        uint64_t last = drv.interrupts;
        device_wait_us(20000);
        idle = drv.interrupts == last ? idle : 0;
    }
    out8(COM2 + IER, 0);
    EXPECT(drv.to_send, 0);
    EXPECT(drv.interrupts, bytes + 1);
    EXPECT(sums_agree(), 1);
}

static void serial_fast(void)
{
    run_chain(3000, 0);
}

static void serial_slow(void)
{
    run_chain(500, 300);
}

static const struct test any[] = {{"kernel.irq_edge.sums", sums}};
static const struct test exact[] = {
    {"kernel.irq_edge.exact_fast", exact_fast},
    {"kernel.irq_edge.exact_slow", exact_slow},
    {"kernel.irq_edge.exact_very_slow", exact_very_slow},
};
static const struct test serial[] = {
    {"kernel.irq_edge.serial_fast", serial_fast},
    {"kernel.irq_edge.serial_slow", serial_slow},
};

TEST_AREA_OF(tests_irq_edge, any, NULL);
TEST_AREA_OF(tests_irq_exact, exact, is_exact_machine);
TEST_AREA_OF(tests_irq_serial, serial, has_com2);
