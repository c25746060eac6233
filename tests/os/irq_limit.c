/*
 * irq_limit.c - the rate limit of a source, with the PIT's edges.
 * The period is a minute where it must not end by itself.
 */
#include "device.h"
#include "test.h"

#define MINUTE_US     60000000u
#define MANAGER_BADGE 0x40u

static struct puppet driver;
static uint64_t ep, irq, notification, manager;

#define SET_LIMIT(limit, period_us, handle)                                                        \
    OP3(irq, OP_IRQ_SET_LIMIT, (limit), (period_us), (handle))

/* A driver that waits on a bound Irq with @limit a minute, and its manager. */
static bool prepare(uint64_t limit)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    notification = lab_make(OBJ_NOTIFICATION, 0);
    manager = lab_copy(notification, RIGHT_SEND, MANAGER_BADGE);
    if (!puppet_make(&driver, true, PUPPET_PRIORITY, 0) || !device_ports())
        return false;
    irq = device_irq(PIT_GSI, 0);
    return test_expect_error("binding it", OP2(irq, OP_IRQ_BIND, ep, 1), E_OK) &&
           test_expect_error("limiting it", SET_LIMIT(limit, MINUTE_US, manager), E_OK);
}

/* One edge, which is delivered, and answered; the driver waits again. */
static bool one_round(void)
{
    pit_edge();
    bool ok = test_expect_error("delivery", puppet_status(&driver), E_OK) &&
              test_expect("its count", puppet_out(&driver, R_RDX), 1);
    puppet_reply_recv(&driver, ep, 0, 0);
    return ok && test_expect_error("waiting again", puppet_status(&driver), BLOCKED);
}

static bool signalled(bool want)
{
    uint64_t bits = 0;
    int e = sys_poll(notification, &bits);

    return test_expect_error("the manager's notification", e, want ? E_OK : E_BUSY) &&
           (!want || test_expect("its bits", bits, MANAGER_BADGE));
}

static bool has_state(uint64_t pending, uint64_t state, uint64_t storms)
{
    return test_expect_error("irq info", OP0(irq, OP_IRQ_INFO), E_OK) &&
           test_expect("pending", test_out.w[2], pending) &&
           test_expect("state", test_out.w[3], state) &&
           test_expect("storms", test_out.w[4], storms);
}

#define OVER (IRQ_IS_MASKED | IRQ_IS_OVER_LIMIT)

/* One edge too many: held back, with the pin masked. */
static bool go_over(void)
{
    pit_edge();
    return test_expect_error("driver over the limit", puppet_status(&driver), BLOCKED) &&
           signalled(true) && has_state(1, OVER, 1);
}

static void below_it(void)
{
    if (!prepare(3))
        return;
    puppet_recv(&driver, ep);
    for (unsigned i = 0; i < 3; i++)
        if (!one_round())
            return;
    EXPECT(signalled(false) && has_state(0, 0, 0), 1);
}

static void above_it(void)
{
    if (!prepare(2))
        return;
    puppet_recv(&driver, ep);
    if (!one_round() || !one_round() || !go_over())
        return;
    /* Masked: what comes now is not even seen, and the manager is not told twice. */
    pit_edge();
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT(signalled(false) && has_state(1, OVER, 1), 1);
}

/* Delivered once when the period ends, and not earlier; that one counts in the next period. */
static void period_ends(void)
{
    uint64_t first = 0, bits, ticks = quoll_info()->tsc_hz / 2;
    bool late = true;

    if (!prepare(1))
        return;
    puppet_recv(&driver, ep);
    /* The host may stop the machine for longer than the period: then again. */
    for (unsigned i = 0; late && i < 10; i++) {
        EXPECT_OK(SET_LIMIT(0, 0, 0));
        if (puppet_idle(&driver) && i > 0)
            puppet_reply_recv(&driver, ep, 0, 0);
        (void)sys_poll(notification, &bits);
        EXPECT_OK(SET_LIMIT(1, 500000, manager));
        first = rdtsc();
        EXPECT(one_round(), 1);
        pit_edge();
        late = rdtsc() - first >= ticks;
    }
    EXPECT(late, 0);
    while (!puppet_idle(&driver) && rdtsc() - first < 20 * ticks)
        device_wait_us(1000);
    EXPECT(rdtsc() - first >= ticks, 1);
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(signalled(true), 1);
    EXPECT_OK(SET_LIMIT(0, 0, 0));
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[2], 0);
    EXPECT(test_out.w[3], IRQ_IS_UNANSWERED);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(one_round(), 1);
}

static void new_limit_ends_it(void)
{
    if (!prepare(1))
        return;
    puppet_recv(&driver, ep);
    if (!one_round() || !go_over())
        return;
    EXPECT_OK(SET_LIMIT(5, MINUTE_US, 0));
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(has_state(0, IRQ_IS_UNANSWERED, 1), 1);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(one_round() && signalled(false), 1);
}

/* What waits for a receiver waits on. */
static void queued(void)
{
    if (!prepare(1))
        return;
    pit_edge();
    pit_edge();
    EXPECT(signalled(true) && has_state(2, OVER, 1), 1);
    puppet_recv(&driver, ep);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT_OK(SET_LIMIT(0, 0, 0));
    EXPECT(puppet_out(&driver, R_RDX), 2);
}

/* An answer does not end it. */
static void answered_meanwhile(void)
{
    if (!prepare(2))
        return;
    puppet_recv(&driver, ep);
    pit_edge();
    pit_edge();
    pit_edge();
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(signalled(true) && has_state(2, OVER | IRQ_IS_UNANSWERED, 1), 1);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT(has_state(2, OVER, 1), 1);
    EXPECT_OK(SET_LIMIT(0, 0, 0));
    EXPECT(puppet_out(&driver, R_RDX), 2);
    EXPECT(has_state(0, IRQ_IS_UNANSWERED, 1), 1);
}

/* ... nor does an answer that asks for silence, which then outlives the limit. */
static void silenced_meanwhile(void)
{
    if (!prepare(1))
        return;
    puppet_recv(&driver, ep);
    pit_edge();
    pit_edge();
    puppet_reply_recv(&driver, ep, LABEL_STAY_MASKED, 0);
    EXPECT(has_state(1, OVER, 1), 1);
    EXPECT_OK(SET_LIMIT(0, 0, 0));
    EXPECT(has_state(1, IRQ_IS_MASKED, 1), 1);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
}

static void bound_anew(void)
{
    if (!prepare(1))
        return;
    puppet_recv(&driver, ep);
    if (!one_round() || !go_over())
        return;
    EXPECT_OK(OP0(irq, OP_IRQ_UNBIND));
    EXPECT(has_state(0, IRQ_IS_MASKED, 1), 1);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 1));
    EXPECT(has_state(0, 0, 1), 1);
    EXPECT(one_round(), 1); /* and its limit is still there */
    pit_edge();
    EXPECT(has_state(1, OVER, 2), 1);
}

static void endpoint_lost(void)
{
    if (!prepare(1))
        return;
    puppet_recv(&driver, ep);
    if (!one_round() || !go_over())
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_OK(SET_LIMIT(0, 0, 0));
    EXPECT(has_state(0, IRQ_IS_MASKED, 1), 1);
}

/* The Irq's capability goes with the one that it was made from; the limit stays. */
static void manager_lost(void)
{
    if (!prepare(1))
        return;
    puppet_recv(&driver, ep);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, manager));
    EXPECT(one_round(), 1);
    pit_edge();
    EXPECT(signalled(false) && has_state(1, OVER, 1), 1);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, notification));
    EXPECT_OK(SET_LIMIT(0, 0, 0));
    EXPECT(puppet_out(&driver, R_RDX), 1);
}

/* Its end of period must not come to memory that is something else by then. */
static void destroyed_over_it(void)
{
    if (!prepare(1))
        return;
    puppet_recv(&driver, ep);
    EXPECT_OK(SET_LIMIT(1, 20000, manager));
    pit_edge();
    pit_edge();
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, irq));
    device_wait_us(40000);
    irq = device_irq(PIT_GSI, 0);
    EXPECT(has_state(0, IRQ_IS_MASKED, 0), 1);
}

/* Signalled while it waits, the manager runs at once; the kernel never waits for it. */
static void manager_waits(void)
{
    struct puppet p;

    if (!prepare(1))
        return;
    MAKE_PUPPET(&p, true, 0);
    puppet_recv(&driver, ep);
    puppet_sys(&p, SYS_WAIT, notification, 0, NULL);
    EXPECT(one_round(), 1);
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
    pit_edge();
    EXPECT_OK(puppet_status(&p));
    EXPECT(puppet_out(&p, R_RDX), MANAGER_BADGE);
}

static void errors(void)
{
    if (!prepare(7))
        return;
    EXPECT_ERROR(SET_LIMIT(1ull << 32, 1, 0), E_BAD_ARG);
    EXPECT_ERROR(SET_LIMIT(1, 1ull << 32, 0), E_BAD_ARG);
    EXPECT_ERROR(SET_LIMIT(UINT64_MAX, UINT64_MAX, 0), E_BAD_ARG);
    EXPECT_ERROR(SET_LIMIT(1, 0, 0), E_BAD_ARG);
    EXPECT_ERROR(SET_LIMIT(0, 1, 0), E_BAD_ARG);
    EXPECT_ERROR(SET_LIMIT(0, 0, manager), E_BAD_ARG);
    EXPECT_ERROR(SET_LIMIT(1, 1, notification), E_BAD_ARG); /* no badge: nothing to signal */
    EXPECT_ERROR(SET_LIMIT(1, 1, lab_copy(notification, RIGHT_RECV, 1)), E_NO_RIGHT);
    EXPECT_ERROR(SET_LIMIT(1, 1, ep), E_BAD_TYPE);
    EXPECT_ERROR(SET_LIMIT(1, 1, lab_slot()), E_BAD_CAP);
    EXPECT_ERROR(SET_LIMIT(1, 1, UINT64_MAX), E_BAD_CAP);
    EXPECT_ERROR(OP3(lab_copy(irq, RIGHT_SEND, 0), OP_IRQ_SET_LIMIT, 1, 1, 0), E_NO_RIGHT);
    /* None of them changed the limit of seven. */
    puppet_recv(&driver, ep);
    for (unsigned i = 0; i < 7; i++)
        EXPECT(one_round(), 1);
    EXPECT(go_over(), 1);
}

static void derived_too_deeply(void)
{
    uint64_t cap, next;

    if (!prepare(1))
        return;
    next = manager;
    do {
        cap = next;
        next = lab_slot();
    } while (OP4(SLOT_CNODE, OP_CNODE_COPY, next, 0, cap, RIGHT_ALL) == E_OK);
    EXPECT_ERROR(SET_LIMIT(1, 1, cap), E_LIMIT);
    puppet_recv(&driver, ep);
    EXPECT(one_round() && go_over(), 1);
}

static const struct test list[] = {
    {"kernel.irq_limit.below_it", below_it},
    {"kernel.irq_limit.above_it", above_it},
    {"kernel.irq_limit.period_ends", period_ends},
    {"kernel.irq_limit.new_limit_ends_it", new_limit_ends_it},
    {"kernel.irq_limit.queued", queued},
    {"kernel.irq_limit.answered_meanwhile", answered_meanwhile},
    {"kernel.irq_limit.silenced_meanwhile", silenced_meanwhile},
    {"kernel.irq_limit.bound_anew", bound_anew},
    {"kernel.irq_limit.endpoint_lost", endpoint_lost},
    {"kernel.irq_limit.manager_lost", manager_lost},
    {"kernel.irq_limit.destroyed_over_it", destroyed_over_it},
    {"kernel.irq_limit.manager_waits", manager_waits},
    {"kernel.irq_limit.errors", errors},
    {"kernel.irq_limit.derived_too_deeply", derived_too_deeply},
};

TEST_AREA(tests_irq_limit);
