/*
 * irq.c - the timer chip's interrupt to a driver in its own address space, and its acknowledgement.
 * The driver (peers.asm) has the PIT's four ports and its pin; a thread of low priority in this
 * address space is what it interrupts. This thread only waits, with a deadline.
 */
#include "measure.h"
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <string.h>

#define PRIORITY_DRIVER   130u
#define PRIORITY_SPIN     100u
#define PIT_FIRST_PORT    0x40u
#define PIT_LAST_PORT     0x43u
#define DELAY_TICKS       8u /* of the PIT, 838 ns each, from the order to the interrupt */
#define LIMIT             1000000u
#define LIMIT_PERIOD_US   1000000u
#define BIT_DONE          1u
#define BIT_LATE          2u
#define TIMEOUT_S(rounds) (2u + (rounds) / 300u)

static struct lab_peer driver;
static struct lab_thread spinner;
static const char *spin_entry;
static uint64_t notification;

/* The PIT is ISA interrupt 0: GSI 2 where the firmware overrides it, as it nearly always does. */
#define PIT_CHOICES 2u
static const uint64_t pit_gsi[PIT_CHOICES] = {2, 0};
static unsigned pit_choice;

static void give_ports(uint64_t vspace)
{
    uint64_t map = lab_slot();

    (void)lab_check("port map", sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED,
                                       vspace, map, 0, 0, 0));
    (void)lab_check("the PIT's ports", sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map,
                                              PIT_FIRST_PORT, PIT_LAST_PORT, 0, 0, 0));
}

static void give_irq(uint64_t ep)
{
    uint64_t irq = lab_slot();

    (void)lab_check("the PIT's interrupt", sys_op(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE,
                                                  SLOT_UNTYPED, pit_gsi[pit_choice], 0, irq, 0, 0));
    (void)lab_check("interrupt bind", sys_op(irq, OP_IRQ_BIND, ep, 1, 0, 0, 0, 0));
    /* As every driver's has one; this is never reached. */
    (void)lab_check("interrupt limit",
                    sys_op(irq, OP_IRQ_SET_LIMIT, LIMIT, LIMIT_PERIOD_US, 0, 0, 0, 0));
}

static void build(struct lab_blob blob, const char *spin)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    unsigned pages = 1 + (ROUNDS_MAX * (unsigned)sizeof(uint32_t) + 4095) / 4096;
    struct peer_page *page;

    notification = lab_make(OBJ_NOTIFICATION, 0);
    lab_peer_make(&driver, true, blob, pages, 0, PRIORITY_DRIVER);
    lab_thread_make(&spinner, SLOT_VSPACE, 0, PRIORITY_SPIN);
    spin_entry = spin;
    page = driver.page;
    if (page == NULL)
        return;
    page->reply = driver.t.reply;
    page->ep = ep;
    page->notify = lab_make(OBJ_NOTIFICATION, 0);
    page->done = lab_copy(notification, RIGHT_ALL, BIT_DONE);
    give_ports(driver.vspace);
    give_irq(ep);
}

/* Let the driver do its rounds; false when the interrupts stay away. */
static bool drive(uint64_t rounds)
{
    struct peer_page *page = driver.page;
    uint64_t bits = 0;
    uint64_t deadline = rdtsc() + TIMEOUT_S(rounds) * quoll_info()->tsc_hz;

    page->rounds = rounds;
    page->count = 0;
    page->bad = 0;
    page->delay = DELAY_TICKS;
    (void)sys_op(notification, OP_NOTIFICATION_SET_DEADLINE, deadline, BIT_LATE, 0, 0, 0, 0);
    lab_peer_start(&driver);
    (void)sys_op(spinner.thread, OP_THREAD_START, (uint64_t)spin_entry, driver.page_va,
                 (uint64_t)&page->stamp, 0, 0, 0);
    (void)sys_wait(notification, &bits);
    (void)sys_op(notification, OP_NOTIFICATION_SET_DEADLINE, 0, 0, 0, 0, 0, 0);
    return (bits & BIT_DONE) != 0;
}

static uint64_t run_irq(struct measure *m, struct lab_blob blob, const char *spin)
{
    const struct peer_page *page;

    lab_end();
    lab_begin();
    build(blob, spin);
    page = driver.page;
    if (lab_error() != NULL)
        return m->rounds;
    if (!drive(m->rounds))
        return m->rounds - page->count;
    memcpy(m->samples, (const char *)page + PEER_SAMPLES_OFFSET, m->rounds * sizeof(uint32_t));
    return 0;
}

/* The first run finds the pin: one that gets no interrupt at all tries the other. */
static uint64_t run_either_pin(struct measure *m, struct lab_blob blob, const char *spin)
{
    uint64_t left = run_irq(m, blob, spin);

    if (left == ROUNDS_WARM && m->rounds == ROUNDS_WARM && lab_error() == NULL) {
        pit_choice = (pit_choice + 1) % PIT_CHOICES;
        left = run_irq(m, blob, spin);
    }
    return left;
}

static uint64_t run_entry(struct measure *m)
{
    return run_either_pin(m, BLOB(peer_irq_entry), spin_stamping);
}

static uint64_t run_ack(struct measure *m)
{
    return run_either_pin(m, BLOB(peer_irq_ack), spin_first);
}

/* Each run builds its own lab: the driver's loop ends with its rounds. */
static void setup_irq(const struct bench *b, struct measure *m)
{
    (void)b;
    (void)m;
}

static const struct bench list[] = {
    {"irq.to_driver", ROUNDS_MAX, 0, true, setup_irq, run_entry},
    {"irq.ack_wait", ROUNDS_MAX, 0, true, setup_irq, run_ack},
};

const struct bench_area area_irq = {list, sizeof list / sizeof list[0], 0, NULL};
