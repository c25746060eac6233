/*
 * accounting_more.c - scenes of accounting.h: interrupts, notifications, ports, memory, and threads
 * that lose what they run on.
 */
#include "accounting.h"
#include "device.h"

#define IRQ_BADGE   0x1eu
#define SPIN_PRIO   100u /* below this thread's */
#define SMALL_BITS  12u
#define SPARE_PORT  0x3e8u
#define VA          0x40000000ull
#define NESTED_BITS 16u
#define BUDGET_MAX  190u
#define SPIN_US     200u

static uint64_t irq, notification, signaller;

static int delete (uint64_t slot)
{
    return OP1(SLOT_CNODE, OP_CNODE_DELETE, slot);
}

/* ---- interrupts: the actors, and an Irq of the PIT's bound to the endpoint; and a notification */

static bool enter_irq(void)
{
    uint64_t untyped;

    if (!device_ports() || !actors_enter())
        return false;
    untyped = actor_begin(SMALL_BITS);
    irq = lab_slot();
    notification = lab_make(OBJ_NOTIFICATION, 0);
    signaller = lab_copy(notification, RIGHT_SEND, 2);
    actor_end();
    REQUIRE_OK(OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, untyped, PIT_GSI, 0, irq));
    REQUIRE_OK(OP2(irq, OP_IRQ_BIND, cast.ep, IRQ_BADGE));
    return true;
}

static bool enter_irq_held(void)
{
    if (!enter_irq())
        return false;
    puppet_recv(&cast.server, cast.ep);
    pit_edge();
    REQUIRE(puppet_kind(&cast.server), KIND_IRQ);
    return true;
}

static bool enter_irq_queued(void)
{
    if (!enter_irq())
        return false;
    pit_edge();
    REQUIRE_OK(OP0(irq, OP_IRQ_INFO));
    REQUIRE(test_out.w[2], 1);
    return true;
}

static bool irq_held(void)
{
    return enter_irq_held();
}

static bool irq_queued(void)
{
    return enter_irq_queued();
}

static bool irq_queued_before_caller(void)
{
    if (!enter_irq_queued())
        return false;
    puppet_call(&cast.client, cast.ep, 0, 0);
    puppet_recv(&cast.server, cast.ep);
    REQUIRE(puppet_kind(&cast.server), KIND_IRQ);
    return true;
}

static bool irq_answered(void)
{
    if (!enter_irq_held())
        return false;
    pit_edge(); /* counted until the answer */
    puppet_reply_recv(&cast.server, cast.ep, 0, 0);
    REQUIRE(puppet_kind(&cast.server), KIND_IRQ);
    puppet_reply(&cast.server, 0, 0);
    REQUIRE_OK(puppet_status(&cast.server));
    return true;
}

static bool irq_stays_masked(void)
{
    if (!enter_irq_held())
        return false;
    puppet_reply(&cast.server, LABEL_STAY_MASKED, 0);
    REQUIRE_OK(OP0(irq, OP_IRQ_INFO));
    REQUIRE(test_out.w[3] & IRQ_IS_MASKED, IRQ_IS_MASKED);
    return true;
}

static bool irq_reply_destroyed(void)
{
    if (!enter_irq_held())
        return false;
    REQUIRE_OK(delete (cast.server.reply));
    REQUIRE_OK(OP0(irq, OP_IRQ_INFO));
    REQUIRE(test_out.w[3] & IRQ_IS_MASKED, IRQ_IS_MASKED);
    return true;
}

static bool irq_unbound_queued(void)
{
    if (!enter_irq_queued())
        return false;
    REQUIRE_OK(OP0(irq, OP_IRQ_UNBIND));
    puppet_recv(&cast.server, cast.ep);
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool irq_unbound_held(void)
{
    if (!enter_irq_held())
        return false;
    REQUIRE_OK(OP0(irq, OP_IRQ_UNBIND));
    puppet_recv(&cast.server, cast.ep); /* the Reply is empty */
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool irq_destroyed_queued(void)
{
    if (!enter_irq_queued())
        return false;
    REQUIRE_OK(delete (irq));
    puppet_recv(&cast.server, cast.ep);
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool irq_destroyed_held(void)
{
    if (!enter_irq_held())
        return false;
    REQUIRE_OK(delete (irq));
    puppet_recv(&cast.server, cast.ep);
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

static bool irq_endpoint_destroyed(void)
{
    if (!enter_irq_queued())
        return false;
    REQUIRE_OK(delete (cast.ep));
    REQUIRE_OK(OP0(irq, OP_IRQ_INFO));
    REQUIRE(test_out.w[3] & IRQ_IS_MASKED, IRQ_IS_MASKED);
    return true;
}

/* Over its limit: its period's timer runs, and its manager has been told. */
static bool irq_over_limit(void)
{
    uint64_t bits = 0;

    if (!enter_irq())
        return false;
    REQUIRE_OK(OP3(irq, OP_IRQ_SET_LIMIT, 1, 1000000, signaller));
    pit_edge();
    pit_edge();
    REQUIRE_OK(sys_poll(notification, &bits));
    REQUIRE(bits, 2);
    REQUIRE_OK(OP0(irq, OP_IRQ_INFO));
    REQUIRE(test_out.w[3] & IRQ_IS_OVER_LIMIT, IRQ_IS_OVER_LIMIT);
    return true;
}

/* ---- notifications */

static bool enter_notification(void)
{
    if (!actors_enter())
        return false;
    (void)actor_begin(SMALL_BITS);
    notification = lab_make(OBJ_NOTIFICATION, 0);
    signaller = lab_copy(notification, RIGHT_SEND, 2);
    actor_end();
    return true;
}

static bool notification_waited_for(void)
{
    if (!enter_notification())
        return false;
    puppet_sys(&cast.client, SYS_WAIT, notification, 0, NULL);
    REQUIRE(state_of(&cast.client), THREAD_WAITING);
    return true;
}

static bool notification_destroyed_waited_for(void)
{
    if (!notification_waited_for())
        return false;
    REQUIRE_OK(delete (notification));
    REQUIRE_ERROR(puppet_status(&cast.client), E_GONE);
    return true;
}

static bool waiter_destroyed(void)
{
    if (!notification_waited_for())
        return false;
    REQUIRE_OK(delete (cast.client.thread));
    REQUIRE_OK(sys_signal(signaller));
    return true;
}

static bool notification_bound(void)
{
    if (!enter_notification())
        return false;
    REQUIRE_OK(OP1(cast.server.thread, OP_THREAD_BIND, notification));
    puppet_recv(&cast.server, cast.ep);
    REQUIRE_OK(sys_signal(signaller));
    REQUIRE(puppet_kind(&cast.server), KIND_NOTIFICATION);
    REQUIRE_OK(sys_signal(signaller)); /* the next one is pending */
    return true;
}

static bool notification_destroyed_bound(void)
{
    if (!notification_bound())
        return false;
    REQUIRE_OK(delete (notification));
    REQUIRE_OK(OP1(cast.server.thread, OP_THREAD_BIND, cast.client.go));
    return true;
}

static bool bound_thread_destroyed(void)
{
    if (!notification_bound())
        return false;
    REQUIRE_OK(delete (cast.server.thread));
    REQUIRE_OK(OP1(cast.client.thread, OP_THREAD_BIND, notification));
    return true;
}

static bool deadline_armed(void)
{
    if (!enter_notification())
        return false;
    REQUIRE_OK(OP2(notification, OP_NOTIFICATION_SET_DEADLINE, UINT64_MAX / 2, 1));
    return true;
}

/* ---- what a thread runs on */

/* The client, spinning, on a CNode and a Budget of its own. */
static bool enter_spinning(uint64_t *cnode, uint64_t *budget)
{
    uint64_t untyped;

    if (!actors_enter())
        return false;
    untyped = actor_begin(SMALL_BITS);
    *cnode = lab_make(OBJ_CNODE, CNODE_MIN_BITS);
    *budget = lab_slot();
    actor_end();
    REQUIRE_OK(
        OP5(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, untyped, 1000, 10000, BUDGET_MAX, *budget));
    REQUIRE_OK(OP1(cast.client.thread, OP_THREAD_SET_PRIORITY, SPIN_PRIO));
    puppet_do(&cast.client, PUPPET_SPIN, 0);
    test_sleep_us(SPIN_US);
    REQUIRE_OK(OP0(cast.client.thread, OP_THREAD_SUSPEND));
    REQUIRE_OK(OP5(cast.client.thread, OP_THREAD_CONFIGURE, *cnode, cast.client.peer.vspace,
                   cast.ep, cast.client.peer.t.buffer_frame, *budget));
    REQUIRE_OK(OP0(cast.client.thread, OP_THREAD_RESUME));
    test_sleep_us(SPIN_US);
    return true;
}

static bool cnode_destroyed(void)
{
    uint64_t cnode, budget;

    if (!enter_spinning(&cnode, &budget))
        return false;
    REQUIRE_OK(delete (cnode));
    REQUIRE(state_of(&cast.client), THREAD_FAULT_QUEUED);
    return true;
}

static bool budget_destroyed(void)
{
    uint64_t cnode, budget;

    if (!enter_spinning(&cnode, &budget))
        return false;
    REQUIRE_OK(delete (budget));
    REQUIRE(state_of(&cast.client), THREAD_FAULT_QUEUED);
    return true;
}

static bool budget_used_up(void)
{
    uint64_t cnode, budget;

    if (!enter_spinning(&cnode, &budget))
        return false;
    test_sleep_us(10 * SPIN_US); /* the client waits for the end of its period */
    return true;
}

static bool vspace_destroyed(void)
{
    uint64_t cnode, budget;

    if (!enter_spinning(&cnode, &budget))
        return false;
    REQUIRE_OK(delete (cast.client.peer.vspace));
    REQUIRE(state_of(&cast.client), THREAD_FAULT_QUEUED);
    puppet_recv(&cast.server, cast.ep);
    REQUIRE(puppet_kind(&cast.server), KIND_CAP_FAULT);
    return true;
}

/* ---- ports and memory */

static bool ports_open(void)
{
    uint64_t untyped, map;

    if (!actors_enter())
        return false;
    untyped = actor_begin(PORTMAP_BITS);
    map = lab_slot();
    actor_end();
    REQUIRE_OK(
        OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, untyped, cast.client.peer.vspace, map));
    /* What one order of dying has opened, the next one can open again. */
    REQUIRE_OK(OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, SPARE_PORT, SPARE_PORT + 7));
    return true;
}

static bool space_with_ports_destroyed(void)
{
    if (!ports_open())
        return false;
    REQUIRE_OK(delete (cast.client.peer.vspace));
    return true;
}

static bool frames_mapped(void)
{
    uint64_t space, frame, copy;

    if (!actors_enter())
        return false;
    space = cast.client.peer.vspace;
    (void)actor_begin(NESTED_BITS);
    frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    copy = lab_copy(frame, RIGHT_ALL, 0);
    (void)lab_map(space, VA, frame, RIGHT_READ);
    (void)lab_map(space, VA + 4096, copy, RIGHT_READ);
    actor_end();
    return true;
}

/* Untyped memory inside untyped memory, and a CNode inside a CNode with capabilities of all. */
static bool nested(void)
{
    uint64_t outer, inner, cnode;

    if (!actors_enter())
        return false;
    (void)actor_begin(NESTED_BITS);
    outer = lab_make(OBJ_UNTYPED, NESTED_BITS - 1);
    inner = lab_slot();
    cnode = lab_slot();
    actor_end();
    REQUIRE_OK(OP5(outer, OP_UNTYPED_RETYPE, OBJ_UNTYPED, SMALL_BITS, 0, inner, 1));
    REQUIRE_OK(OP5(inner, OP_UNTYPED_RETYPE, OBJ_CNODE, CNODE_MIN_BITS, 0, cnode, 1));
    REQUIRE_OK(OP5(inner, OP_UNTYPED_RETYPE, OBJ_CNODE, CNODE_MIN_BITS, cnode, 1, 1));
    REQUIRE_OK(OP5(inner, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, cnode, 2, 3));
    REQUIRE_OK(OP4(cnode, OP_CNODE_COPY, 5, 0, cast.badged, RIGHT_ALL));
    REQUIRE_OK(OP4(cnode, OP_CNODE_COPY, 6, 0, cast.client.thread, RIGHT_ALL));
    return true;
}

#define IRQ_ROWS(ROW)                                                                              \
    ROW(irq_held)                                                                                  \
    ROW(irq_queued)                                                                                \
    ROW(irq_queued_before_caller)                                                                  \
    ROW(irq_answered)                                                                              \
    ROW(irq_stays_masked)                                                                          \
    ROW(irq_reply_destroyed)                                                                       \
    ROW(irq_unbound_queued)                                                                        \
    ROW(irq_unbound_held)                                                                          \
    ROW(irq_destroyed_queued)                                                                      \
    ROW(irq_destroyed_held)                                                                        \
    ROW(irq_endpoint_destroyed)                                                                    \
    ROW(irq_over_limit)

#define ROWS(ROW)                                                                                  \
    ROW(notification_waited_for)                                                                   \
    ROW(notification_destroyed_waited_for)                                                         \
    ROW(waiter_destroyed)                                                                          \
    ROW(notification_bound)                                                                        \
    ROW(notification_destroyed_bound)                                                              \
    ROW(bound_thread_destroyed)                                                                    \
    ROW(deadline_armed)                                                                            \
    ROW(cnode_destroyed)                                                                           \
    ROW(budget_destroyed)                                                                          \
    ROW(budget_used_up)                                                                            \
    ROW(vspace_destroyed)                                                                          \
    ROW(ports_open)                                                                                \
    ROW(space_with_ports_destroyed)                                                                \
    ROW(frames_mapped)                                                                             \
    ROW(nested)

/* The devices' drivers give their vectors back before any are counted. */
#define ACCOUNT_IRQ(scene)                                                                         \
    static void account_##scene(void)                                                              \
    {                                                                                              \
        if (device_borrow())                                                                       \
            account(scene);                                                                        \
    }

IRQ_ROWS(ACCOUNT_IRQ)
ROWS(ACCOUNT)

#define ENTRY(scene) {"kernel.account." #scene, account_##scene},
static const struct test list[] = {IRQ_ROWS(ENTRY) ROWS(ENTRY)};

TEST_AREA(tests_account_more);
