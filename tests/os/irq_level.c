/*
 * irq_level.c - level-triggered pins, from an edu: the line stays up until the device is
 * acknowledged, so every unmasking shows at once.
 */
#include "device.h"
#include "test.h"

static struct puppet driver;
static struct edu edu[2];
static uint64_t ep, irq;

static bool prepare(void)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    if (!puppet_make(&driver, true, PUPPET_PRIORITY, 0) || !edu_open(edu))
        return false;
    irq = device_irq(edu[0].gsi, IRQ_LEVEL);
    return test_expect_error("binding it", OP2(irq, OP_IRQ_BIND, ep, 0x1e), E_OK);
}

static void raise_line(void)
{
    edu_raise(&edu[0]);
    device_wait_us(500);
}

static uint64_t state(void)
{
    return OP0(irq, OP_IRQ_INFO) == E_OK ? test_out.w[3] : UINT64_MAX;
}

static void masked_until_reply(void)
{
    if (!prepare())
        return;
    EXPECT(state(), 0);
    puppet_recv(&driver, ep);
    raise_line();
    EXPECT(puppet_kind(&driver), KIND_IRQ);
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(state(), IRQ_IS_MASKED | IRQ_IS_UNANSWERED);
    device_wait_us(500);
    EXPECT(OP0(irq, OP_IRQ_INFO), E_OK);
    EXPECT(test_out.w[1] + test_out.w[2], 1);
    /* Not silenced: it comes again with the acknowledgement. */
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(state(), IRQ_IS_MASKED | IRQ_IS_UNANSWERED);
    edu_acknowledge(&edu[0]);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT(state(), 0);
    raise_line();
    EXPECT_OK(puppet_status(&driver));
}

static void queued_once(void)
{
    if (!prepare())
        return;
    raise_line();
    EXPECT(state(), IRQ_IS_MASKED | IRQ_IS_UNANSWERED);
    edu_acknowledge(&edu[0]);
    raise_line();
    puppet_recv(&driver, ep);
    EXPECT(puppet_out(&driver, R_RDX), 1); /* the second time the pin was masked */
}

/* Bind anew: the line is still up, so it is delivered at once. */
static void expect_parked(void)
{
    EXPECT(state(), IRQ_IS_MASKED);
    puppet_recv(&driver, ep);
    device_wait_us(500);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 0x1f));
    device_wait_us(500);
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_out(&driver, R_RDI), 0x1f);
    edu_acknowledge(&edu[0]);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(state(), 0);
}

static void stay_masked(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    raise_line();
    puppet_reply(&driver, LABEL_STAY_MASKED, 0);
    EXPECT_OK(puppet_status(&driver));
    expect_parked();
}

static void reply_destroyed(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    raise_line();
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, driver.reply));
    driver.reply = lab_make(OBJ_REPLY, driver.thread);
    expect_parked();
}

static void driver_destroyed(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    raise_line();
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, driver.thread));
    MAKE_PUPPET(&driver, true, 0);
    expect_parked();
}

static void endpoint_destroyed(void)
{
    if (!prepare())
        return;
    raise_line(); /* queued */
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    ep = lab_make(OBJ_ENDPOINT, 0);
    expect_parked();
}

static void endpoint_destroyed_idle(void)
{
    if (!prepare())
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    raise_line();
    ep = lab_make(OBJ_ENDPOINT, 0);
    expect_parked();
}

/* A driver that is stopped in the middle leaves its pin masked; whoever has its Reply may answer
 * for it. */
static void answered_by_another(void)
{
    struct msg m = {0};

    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    raise_line();
    EXPECT_OK(OP0(driver.thread, OP_THREAD_SUSPEND));
    EXPECT(state(), IRQ_IS_MASKED | IRQ_IS_UNANSWERED);
    edu_acknowledge(&edu[0]);
    EXPECT_OK(sys_reply(driver.reply, &m));
    EXPECT(state(), 0);
    EXPECT_OK(sys_reply(driver.reply, &m)); /* empty by now */
}

static void unbound(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    raise_line();
    EXPECT_OK(OP0(irq, OP_IRQ_UNBIND));
    EXPECT(state(), IRQ_IS_MASKED);
    puppet_reply_recv(&driver, ep, 0, 0); /* the Reply was emptied */
    device_wait_us(500);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 2));
    device_wait_us(500);
    EXPECT(puppet_out(&driver, R_RDI), 2);
}

/* Held back by its limit, it owes: the pin stays masked until the period ends. */
static void over_the_limit(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0), bits = 0;

    if (!prepare())
        return;
    EXPECT_OK(OP3(irq, OP_IRQ_SET_LIMIT, 20, 60000000, lab_copy(n, RIGHT_SEND, 4)));
    raise_line();
    puppet_recv(&driver, ep);
    for (unsigned i = 1; i < 20; i++) {
        EXPECT(puppet_out(&driver, R_RDX), 1);
        puppet_reply_recv(&driver, ep, 0, 0); /* its device is not silenced: a storm */
    }
    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT_OK(sys_poll(n, &bits));
    EXPECT(state(), IRQ_IS_MASKED | IRQ_IS_OVER_LIMIT);
    EXPECT(test_out.w[1], 20);
    EXPECT(test_out.w[2], 1);
    edu_acknowledge(&edu[0]);
    EXPECT_OK(OP3(irq, OP_IRQ_SET_LIMIT, 0, 0, 0));
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(state(), IRQ_IS_MASKED | IRQ_IS_UNANSWERED);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(state(), 0);
}

static const struct test list[] = {
    {"kernel.irq_level.masked_until_reply", masked_until_reply},
    {"kernel.irq_level.queued_once", queued_once},
    {"kernel.irq_level.stay_masked", stay_masked},
    {"kernel.irq_level.reply_destroyed", reply_destroyed},
    {"kernel.irq_level.driver_destroyed", driver_destroyed},
    {"kernel.irq_level.endpoint_destroyed", endpoint_destroyed},
    {"kernel.irq_level.endpoint_destroyed_idle", endpoint_destroyed_idle},
    {"kernel.irq_level.answered_by_another", answered_by_another},
    {"kernel.irq_level.unbound", unbound},
    {"kernel.irq_level.over_the_limit", over_the_limit},
};

TEST_AREA_OF(tests_irq_level, list, has_edu);
