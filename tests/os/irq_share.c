/*
 * irq_share.c - one pin, several Irqs: two edu on the same IO-APIC pin.
 * Each sharer has an endpoint and a driver. The first edu's line is up during most tests, so that
 * a pin that is not masked shows: everyone who waits is told at once.
 */
#include "device.h"
#include "test.h"

#define MAX_SHARERS 8

static struct edu edu[2];
static struct sharer {
    struct puppet driver;
    uint64_t ep, irq;
} sharer[MAX_SHARERS];

static bool prepare(unsigned count)
{
    bool ok = edu_open(edu);

    for (unsigned i = 0; ok && i < count; i++) {
        struct sharer *s = &sharer[i];
        s->ep = lab_make(OBJ_ENDPOINT, 0);
        ok = puppet_make(&s->driver, false, PUPPET_PRIORITY, 0);
        s->irq = device_irq(edu[0].gsi, IRQ_LEVEL);
        ok = ok && test_expect_error("binding it", OP2(s->irq, OP_IRQ_BIND, s->ep, i + 1), E_OK);
        puppet_recv(&s->driver, s->ep);
    }
    return ok;
}

static void raise_line(void)
{
    edu_raise(&edu[0]);
    device_wait_us(500);
}

/* Has @s been told, once? */
static bool told(const struct sharer *s)
{
    return puppet_idle(&s->driver) && puppet_kind(&s->driver) == KIND_IRQ &&
           puppet_out(&s->driver, R_RDX) == 1;
}

static void answer(struct sharer *s)
{
    puppet_reply_recv(&s->driver, s->ep, 0, 0);
}

static uint64_t state(const struct sharer *s)
{
    return OP0(s->irq, OP_IRQ_INFO) == E_OK ? test_out.w[3] : UINT64_MAX;
}

static void eight_acknowledge(void)
{
    if (!prepare(MAX_SHARERS))
        return;
    raise_line();
    for (unsigned i = 0; i < MAX_SHARERS; i++)
        EXPECT(told(&sharer[i]), 1);
    for (unsigned i = 0; i < MAX_SHARERS - 1; i++) {
        answer(&sharer[i]);
        EXPECT(state(&sharer[i]), IRQ_IS_MASKED);
        EXPECT(told(&sharer[i]), 0);
    }
    answer(&sharer[MAX_SHARERS - 1]); /* the last one unmasks it */
    for (unsigned i = 0; i < MAX_SHARERS; i++)
        EXPECT(told(&sharer[i]), 1);
    edu_acknowledge(&edu[0]);
    for (unsigned i = MAX_SHARERS; i-- > 0;)
        answer(&sharer[i]);
    for (unsigned i = 0; i < MAX_SHARERS; i++)
        EXPECT(state(&sharer[i]) == 0 && !told(&sharer[i]), 1);
}

static void no_ninth(void)
{
    uint64_t slot = lab_slot();

    if (!prepare(MAX_SHARERS))
        return;
#define CREATE(flags)                                                                              \
    OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, edu[0].gsi, (flags), slot)
    EXPECT_ERROR(CREATE(IRQ_LEVEL), E_LIMIT);
    EXPECT_ERROR(CREATE(0), E_BUSY);
    EXPECT_ERROR(CREATE(IRQ_LEVEL | IRQ_ACTIVE_LOW), E_BUSY);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, sharer[3].irq));
    EXPECT_OK(CREATE(IRQ_LEVEL));
#undef CREATE
}

/* Each device's driver silences its own; the line is up until both have. */
static void two_devices(void)
{
    if (!prepare(2))
        return;
    edu_raise(&edu[1]);
    raise_line();
    EXPECT(told(&sharer[0]) && told(&sharer[1]), 1);
    edu_acknowledge(&edu[0]);
    answer(&sharer[0]);
    answer(&sharer[1]);
    EXPECT(told(&sharer[0]) && told(&sharer[1]), 1);
    answer(&sharer[0]);
    edu_acknowledge(&edu[1]);
    answer(&sharer[1]);
    EXPECT(told(&sharer[0]) || told(&sharer[1]), 0);
    EXPECT(state(&sharer[0]), 0);
}

static void unbound_sharer(void)
{
    if (!prepare(2))
        return;
    EXPECT_OK(OP0(sharer[0].irq, OP_IRQ_UNBIND));
    for (unsigned i = 0; i < 3; i++) {
        raise_line();
        EXPECT(told(&sharer[1]), 1);
        edu_acknowledge(&edu[0]);
        answer(&sharer[1]);
        EXPECT(state(&sharer[1]), 0);
    }
    EXPECT(told(&sharer[0]), 0);
}

/* ---- one sharer ends in the middle: does the pin go on without it? */
static void by_unbind(struct sharer *s)
{
    (void)OP0(s->irq, OP_IRQ_UNBIND);
}

static void by_destroying_irq(struct sharer *s)
{
    (void)OP1(SLOT_CNODE, OP_CNODE_DELETE, s->irq);
}

static void by_destroying_reply(struct sharer *s)
{
    (void)OP1(SLOT_CNODE, OP_CNODE_DELETE, s->driver.reply);
}

static void by_destroying_thread(struct sharer *s)
{
    (void)OP1(SLOT_CNODE, OP_CNODE_DELETE, s->driver.thread);
}

static void by_destroying_endpoint(struct sharer *s)
{
    (void)OP1(SLOT_CNODE, OP_CNODE_DELETE, s->ep);
}

static void by_staying_masked(struct sharer *s)
{
    puppet_reply(&s->driver, LABEL_STAY_MASKED, 0);
}

static void by_suspending(struct sharer *s)
{
    (void)OP0(s->driver.thread, OP_THREAD_SUSPEND);
}

/* Sharer 1 has answered; sharer 0 has been told, or is queued, and then @ends. */
static void one_ends(void (*ends)(struct sharer *), bool queued, bool counts_as_acknowledged)
{
    struct sharer *it = &sharer[0], *other = &sharer[1];

    if (!prepare(2))
        return;
    if (queued) {
        raise_line();
        edu_acknowledge(&edu[0]);
        answer(it);
        answer(other);
        /* Told by nobody but itself: it does not receive now. */
        EXPECT_OK(OP0(it->driver.thread, OP_THREAD_SUSPEND));
    }
    raise_line();
    EXPECT(told(other), 1);
    answer(other);
    EXPECT(told(other), 0);
    ends(it);
    device_wait_us(500);
    EXPECT(told(other), counts_as_acknowledged);
    if (counts_as_acknowledged)
        return;
    /* Its owner silences the device; whatever it does then, the other one goes on. */
    edu_acknowledge(&edu[0]);
    EXPECT_OK(OP0(it->irq, OP_IRQ_UNBIND));
    EXPECT(state(other), 0);
    raise_line();
    EXPECT(told(other), 1);
}

static void unbind_held(void)
{
    one_ends(by_unbind, false, true);
}

static void unbind_queued(void)
{
    one_ends(by_unbind, true, true);
}

static void destroy_irq_held(void)
{
    one_ends(by_destroying_irq, false, true);
}

static void destroy_irq_queued(void)
{
    one_ends(by_destroying_irq, true, true);
}

static void destroy_reply(void)
{
    one_ends(by_destroying_reply, false, false);
}

static void destroy_thread(void)
{
    one_ends(by_destroying_thread, false, false);
}

static void destroy_thread_queued(void)
{
    one_ends(by_destroying_thread, true, false);
}

static void destroy_endpoint_held(void)
{
    one_ends(by_destroying_endpoint, false, false);
}

static void destroy_endpoint_queued(void)
{
    one_ends(by_destroying_endpoint, true, false);
}

static void stay_masked(void)
{
    one_ends(by_staying_masked, false, false);
}

static void suspend(void)
{
    one_ends(by_suspending, false, false);
}

/* Bound anew instead, it takes part again: the line is still up. */
static void bound_anew(void)
{
    if (!prepare(2))
        return;
    raise_line();
    answer(&sharer[1]);
    by_staying_masked(&sharer[0]);
    puppet_recv(&sharer[0].driver, sharer[0].ep);
    EXPECT(told(&sharer[0]) || told(&sharer[1]), 0);
    EXPECT_OK(OP2(sharer[0].irq, OP_IRQ_BIND, sharer[0].ep, 1));
    device_wait_us(500);
    EXPECT(told(&sharer[0]) && told(&sharer[1]), 1);
}

/* A sharer over its limit owes until its period ends, and the others wait with it. */
static void over_the_limit(void)
{
    if (!prepare(2))
        return;
    EXPECT_OK(OP3(sharer[0].irq, OP_IRQ_SET_LIMIT, 1, 60000000, 0));
    raise_line();
    answer(&sharer[0]);
    answer(&sharer[1]);
    EXPECT(told(&sharer[0]), 0);
    EXPECT(told(&sharer[1]), 1);
    edu_acknowledge(&edu[0]);
    answer(&sharer[1]);
    EXPECT(state(&sharer[0]), IRQ_IS_MASKED | IRQ_IS_OVER_LIMIT);
    EXPECT(state(&sharer[1]), IRQ_IS_MASKED);
    EXPECT_OK(OP3(sharer[0].irq, OP_IRQ_SET_LIMIT, 0, 0, 0));
    EXPECT(told(&sharer[0]), 1);
    answer(&sharer[0]);
    EXPECT(state(&sharer[1]), 0);
    raise_line();
    EXPECT(told(&sharer[0]) && told(&sharer[1]), 1);
}

static const struct test list[] = {
    {"kernel.irq_share.eight_acknowledge", eight_acknowledge},
    {"kernel.irq_share.no_ninth", no_ninth},
    {"kernel.irq_share.two_devices", two_devices},
    {"kernel.irq_share.unbound_sharer", unbound_sharer},
    {"kernel.irq_share.unbind_held", unbind_held},
    {"kernel.irq_share.unbind_queued", unbind_queued},
    {"kernel.irq_share.destroy_irq_held", destroy_irq_held},
    {"kernel.irq_share.destroy_irq_queued", destroy_irq_queued},
    {"kernel.irq_share.destroy_reply", destroy_reply},
    {"kernel.irq_share.destroy_thread", destroy_thread},
    {"kernel.irq_share.destroy_thread_queued", destroy_thread_queued},
    {"kernel.irq_share.destroy_endpoint_held", destroy_endpoint_held},
    {"kernel.irq_share.destroy_endpoint_queued", destroy_endpoint_queued},
    {"kernel.irq_share.stay_masked", stay_masked},
    {"kernel.irq_share.suspend", suspend},
    {"kernel.irq_share.bound_anew", bound_anew},
    {"kernel.irq_share.over_the_limit", over_the_limit},
};

TEST_AREA_OF(tests_irq_share, list, has_edu);
