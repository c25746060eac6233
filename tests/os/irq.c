/*
 * irq.c - interrupts as messages, with the timer chip (PIT) as an edge source that this task
 * commands itself. Every wait has a deadline through the test's sleep.
 */
#include "test.h"

#define PIT_GSI      2u
#define PIT_CHANNEL0 0x40u
#define PIT_COMMAND  0x43u
#define PIT_ONE_SHOT 0x30u
#define PIT_TICKS    1000u /* 0.84 ms */
#define SLEEP_US     5000u

static struct puppet driver;
static uint64_t ep, irq;

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* One edge, 0.84 ms from now, and it has come when this returns. */
static void one_edge(void)
{
    out8(PIT_COMMAND, PIT_ONE_SHOT);
    out8(PIT_CHANNEL0, PIT_TICKS & 0xff);
    out8(PIT_CHANNEL0, PIT_TICKS >> 8);
    test_sleep_us(SLEEP_US);
}

static bool make_irq(void)
{
    uint64_t map = lab_slot();
    int status = OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED, SLOT_VSPACE, map);

    if (!test_expect_error("PortMap for the PIT", status, E_OK))
        return false;
    status = OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, PIT_CHANNEL0, PIT_COMMAND);
    if (!test_expect_error("ports of the PIT", status, E_OK))
        return false;
    irq = lab_slot();
    status = OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, PIT_GSI, 0, irq);
    return test_expect_error("Irq of the PIT", status, E_OK);
}

static bool prepare(void)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&driver, true, PUPPET_PRIORITY, 0) && make_irq() &&
           test_expect_error("binding it", OP2(irq, OP_IRQ_BIND, ep, 0x1e), E_OK);
}

static void delivered_to_receiver(void)
{
    uint64_t before = rdtsc();

    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    one_edge();
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_kind(&driver), KIND_IRQ);
    EXPECT(puppet_out(&driver, R_RDI), 0x1e);
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT(puppet_out(&driver, R_R8) > before && puppet_out(&driver, R_R8) < rdtsc(), 1);
}

static void counted_without_receiver(void)
{
    if (!prepare())
        return;
    for (unsigned i = 0; i < 3; i++)
        one_edge();
    puppet_recv(&driver, ep);
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_kind(&driver), KIND_IRQ);
    EXPECT(puppet_out(&driver, R_RDX), 3);
}

static void counted_until_reply(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    one_edge();
    EXPECT(puppet_out(&driver, R_RDX), 1);
    one_edge();
    one_edge();
    /* The acknowledgement delivers at once what has come meanwhile. */
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_out(&driver, R_RDX), 2);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    one_edge();
    EXPECT(puppet_out(&driver, R_RDX), 1);
}

static void no_edge_lost(void)
{
    uint64_t seen = 0;

    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    for (unsigned i = 0; i < 20; i++) {
        one_edge();
        if (!puppet_idle(&driver))
            continue;
        seen += puppet_out(&driver, R_RDX);
        puppet_reply_recv(&driver, ep, 0, 0);
    }
    EXPECT(seen, 20);
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[1], 20);
}

static void unbound(void)
{
    if (!prepare())
        return;
    one_edge();
    EXPECT_OK(OP0(irq, OP_IRQ_UNBIND));
    puppet_recv(&driver, ep);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    one_edge();
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
}

static void destroyed_while_held(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    one_edge();
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, irq));
    /* The Reply is empty. */
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
}

static void before_callers(void)
{
    struct puppet caller;

    if (!prepare())
        return;
    MAKE_PUPPET(&caller, true, 0);
    puppet_call(&caller, ep, 0, 0);
    one_edge();
    puppet_recv(&driver, ep);
    EXPECT(puppet_kind(&driver), KIND_IRQ);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(puppet_kind(&driver), KIND_MESSAGE);
}

static void bind_errors(void)
{
    if (!prepare())
        return;
    EXPECT_ERROR(OP2(irq, OP_IRQ_BIND, lab_copy(ep, RIGHT_SEND, 0), 1), E_NO_RIGHT);
    EXPECT_ERROR(OP2(irq, OP_IRQ_BIND, irq, 1), E_BAD_TYPE);
    EXPECT_ERROR(OP2(irq, OP_IRQ_BIND, 0, 1), E_BAD_CAP);
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[0], PIT_GSI);
}

static void create_errors(void)
{
    uint64_t slot = lab_slot();
    uint64_t tiny = lab_make(OBJ_UNTYPED, UNTYPED_MIN_BITS);

#define CREATE(untyped, pin, flags, index)                                                         \
    OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, (untyped), (pin), (flags), (index))
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 100000, 0, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, UINT64_MAX, 0, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, 4, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, 0, 0), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, 0, SLOT_CNODE), E_EXISTS);
    EXPECT_ERROR(CREATE(SLOT_CNODE, PIT_GSI, 0, slot), E_BAD_TYPE);
    EXPECT_ERROR(CREATE(tiny, PIT_GSI, 0, slot), E_NO_MEMORY);
    EXPECT(slot_type(slot), OBJ_NULL);
#undef CREATE
}

static const struct test list[] = {
    {"kernel.irq.delivered_to_receiver", delivered_to_receiver},
    {"kernel.irq.counted_without_receiver", counted_without_receiver},
    {"kernel.irq.counted_until_reply", counted_until_reply},
    {"kernel.irq.no_edge_lost", no_edge_lost},
    {"kernel.irq.unbound", unbound},
    {"kernel.irq.destroyed_while_held", destroyed_while_held},
    {"kernel.irq.before_callers", before_callers},
    {"kernel.irq.bind_errors", bind_errors},
    {"kernel.irq.create_errors", create_errors},
};

TEST_AREA(tests_irq);
