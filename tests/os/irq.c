/*
 * irq.c - interrupts as messages, with the timer chip (PIT) as an edge source; vectors.
 * Every wait has a deadline.
 */
#include "device.h"
#include "test.h"

#define CREATE(untyped, pin, flags, index)                                                         \
    OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, (untyped), (pin), (flags), (index))

static struct puppet driver;
static uint64_t ep, irq;

static bool prepare(void)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    if (!puppet_make(&driver, true, PUPPET_PRIORITY, 0) || !device_ports())
        return false;
    irq = device_irq(PIT_GSI, 0);
    return test_expect_error("binding it", OP2(irq, OP_IRQ_BIND, ep, 0x1e), E_OK);
}

static void delivered_to_receiver(void)
{
    uint64_t before = rdtsc();

    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    pit_edge();
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
        pit_edge();
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
    pit_edge();
    EXPECT(puppet_out(&driver, R_RDX), 1);
    pit_edge();
    pit_edge();
    /* The acknowledgement delivers at once what has come meanwhile. */
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_out(&driver, R_RDX), 2);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    pit_edge();
    EXPECT(puppet_out(&driver, R_RDX), 1);
}

static void no_edge_lost(void)
{
    uint64_t seen = 0;

    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    for (unsigned i = 0; i < 20; i++) {
        pit_edge();
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
    pit_edge();
    EXPECT_OK(OP0(irq, OP_IRQ_UNBIND));
    puppet_recv(&driver, ep);
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    pit_edge();
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
}

static void destroyed_while_held(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    pit_edge();
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
    pit_edge();
    puppet_recv(&driver, ep);
    EXPECT(puppet_kind(&driver), KIND_IRQ);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(puppet_kind(&driver), KIND_MESSAGE);
}

/* Of all that can pend the interrupt comes first, then the bound notification, then the caller. */
static void order_at_receive(void)
{
    struct puppet caller;
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 8);

    if (!prepare())
        return;
    MAKE_PUPPET(&caller, true, 0);
    EXPECT_OK(OP1(driver.thread, OP_THREAD_BIND, n));
    puppet_call(&caller, ep, 0, 17);
    EXPECT_OK(sys_signal(n));
    pit_edge();
    puppet_recv(&driver, ep);
    EXPECT(puppet_kind(&driver), KIND_IRQ);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(puppet_kind(&driver), KIND_NOTIFICATION);
    EXPECT(puppet_out(&driver, R_RDX), 8);
    puppet_reply_recv(&driver, ep, 0, 0);
    EXPECT(puppet_kind(&driver), KIND_MESSAGE);
    EXPECT(puppet_out(&driver, R_RDX), 17);
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

    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 100000, 0, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, UINT64_MAX, 0, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, 8, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, IRQ_MSI, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 0, IRQ_MSI | IRQ_LEVEL, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 0, IRQ_MSI | IRQ_ACTIVE_LOW, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 1ull << 32 | PIT_GSI, 0, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, 0, 0), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, 0, SLOT_CNODE), E_EXISTS);
    EXPECT_ERROR(CREATE(SLOT_CNODE, PIT_GSI, 0, slot), E_BAD_TYPE);
    EXPECT_ERROR(CREATE(tiny, PIT_GSI, 0, slot), E_NO_MEMORY);
    EXPECT(slot_type(slot), OBJ_NULL);
}

/* What nobody can answer any more is not delivered again before its owner binds it anew. */
static void expect_parked(void)
{
    puppet_recv(&driver, ep);
    pit_edge();
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[3], IRQ_IS_MASKED);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 0x1f));
    EXPECT_ERROR(puppet_status(&driver), BLOCKED);
    pit_edge();
    EXPECT(puppet_out(&driver, R_RDI), 0x1f);
    EXPECT(puppet_out(&driver, R_RDX), 1);
}

static void stay_masked(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    pit_edge();
    puppet_reply(&driver, LABEL_STAY_MASKED, 0);
    EXPECT_OK(puppet_status(&driver));
    expect_parked();
}

static void reply_destroyed(void)
{
    if (!prepare())
        return;
    puppet_recv(&driver, ep);
    pit_edge();
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, driver.reply));
    driver.reply = lab_make(OBJ_REPLY, driver.thread);
    expect_parked();
}

static void endpoint_destroyed(void)
{
    if (!prepare())
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[3], IRQ_IS_MASKED);
    ep = lab_make(OBJ_ENDPOINT, 0);
    expect_parked();
}

/* What its owner revokes, an Irq loses like the endpoint itself. */
static void endpoint_revoked(void)
{
    uint64_t copy;

    if (!prepare())
        return;
    copy = lab_copy(ep, RIGHT_RECV, 0);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, copy, 7));
    puppet_recv(&driver, ep);
    pit_edge();
    EXPECT(puppet_out(&driver, R_RDI), 7);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, copy));
    puppet_reply(&driver, 0, 0); /* the Reply is empty */
    EXPECT_OK(puppet_status(&driver));
    expect_parked();
}

static void queued_and_unbound(void)
{
    if (!prepare())
        return;
    pit_edge();
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[2], 1);
    EXPECT(test_out.w[3], IRQ_IS_UNANSWERED);
    EXPECT_OK(OP0(irq, OP_IRQ_UNBIND));
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[2], 0);
    EXPECT(test_out.w[3], IRQ_IS_MASKED);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
}

/* A driver's early endpoint, and then the one of its loop: an edge in between is not lost. */
static void moved_while_queued(void)
{
    uint64_t other = lab_make(OBJ_ENDPOINT, 0);

    if (!prepare())
        return;
    pit_edge();
    pit_edge();
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, other, 7));
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[2], 2);
    EXPECT(test_out.w[3], IRQ_IS_UNANSWERED);
    puppet_recv(&driver, other);
    EXPECT_OK(puppet_status(&driver));
    EXPECT(puppet_out(&driver, R_RDI), 7);
    EXPECT(puppet_out(&driver, R_RDX), 2);
    pit_edge(); /* held by the answer that is due, which the move makes needless */
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 8));
    puppet_recv(&driver, ep);
    EXPECT(puppet_out(&driver, R_RDI), 8);
    EXPECT(puppet_out(&driver, R_RDX), 1);
    EXPECT_OK(OP0(irq, OP_IRQ_UNBIND));
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 9));
    EXPECT_OK(OP0(irq, OP_IRQ_INFO));
    EXPECT(test_out.w[2], 0);
}

/* Without a Reply it is acknowledged when it is delivered. */
static void plain_receive(void)
{
    if (!prepare())
        return;
    for (unsigned i = 0; i < 2; i++) {
        puppet_sys(&driver, SYS_RECV, 0, ep, NULL);
        pit_edge();
        EXPECT(puppet_kind(&driver), KIND_IRQ);
        EXPECT(puppet_out(&driver, R_RDX), 1);
    }
}

static uint64_t free_vectors(void)
{
    return OP0(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_INFO) == E_OK ? test_out.w[1] : 0;
}

/* Of a message with @data to @address, 0 if there is something wrong with it. Where interrupts are
 * remapped it names an entry, and there is one for each vector. */
static uint64_t msi_vector(uint64_t address, uint64_t data)
{
    if (interrupts_are_remapped())
        return (address & ~(255ull << 5)) == 0xfee00010 && data == 0 ? 0x30 + (address >> 5 & 255)
                                                                     : 0;
    return address >> 20 == 0xfee && (address & 0xfff) == 0 && data < 256 ? data : 0;
}

/* Every vector can be had, none twice, and one that was given back is had again. */
static void vectors(void)
{
    static bool seen[256];
    uint64_t free = free_vectors(), first = lab_slot(), slot = first, vector;

    for (unsigned i = 0; i < 256; i++)
        seen[i] = false;
    for (uint64_t i = 0; i < free; i++, slot = lab_slot()) {
        EXPECT_OK(CREATE(SLOT_UNTYPED, 0, IRQ_MSI, slot));
        vector = msi_vector(test_out.w[0], test_out.w[1]);
        EXPECT(vector >= 0x30 && vector < 0xf0 && !seen[vector], 1);
        seen[vector] = true;
    }
    EXPECT(free_vectors(), 0);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 0, IRQ_MSI, slot), E_LIMIT);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, PIT_GSI, 0, slot), E_LIMIT);
    EXPECT(slot_type(slot), OBJ_NULL);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, first));
    EXPECT(free_vectors(), 1);
    EXPECT_OK(CREATE(SLOT_UNTYPED, PIT_GSI, 0, first));
    EXPECT_OK(OP0(first, OP_IRQ_INFO));
    EXPECT(test_out.w[0], PIT_GSI);
    EXPECT(test_out.w[5], 0);
}

static const struct test list[] = {
    {"kernel.irq.delivered_to_receiver", delivered_to_receiver},
    {"kernel.irq.counted_without_receiver", counted_without_receiver},
    {"kernel.irq.counted_until_reply", counted_until_reply},
    {"kernel.irq.no_edge_lost", no_edge_lost},
    {"kernel.irq.unbound", unbound},
    {"kernel.irq.destroyed_while_held", destroyed_while_held},
    {"kernel.irq.before_callers", before_callers},
    {"kernel.irq.order_at_receive", order_at_receive},
    {"kernel.irq.bind_errors", bind_errors},
    {"kernel.irq.create_errors", create_errors},
    {"kernel.irq.stay_masked", stay_masked},
    {"kernel.irq.reply_destroyed", reply_destroyed},
    {"kernel.irq.endpoint_destroyed", endpoint_destroyed},
    {"kernel.irq.endpoint_revoked", endpoint_revoked},
    {"kernel.irq.queued_and_unbound", queued_and_unbound},
    {"kernel.irq.moved_while_queued", moved_while_queued},
    {"kernel.irq.plain_receive", plain_receive},
    {"kernel.irq.vectors", vectors},
};

TEST_AREA(tests_irq);
