/*
 * notification.c - sticky bits, waiting, binding to a thread, the deadline.
 */
#include "test.h"

static void sticky_bits(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t bits = 0;

    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY);
    EXPECT_OK(sys_signal(lab_copy(n, RIGHT_SEND, 1)));
    EXPECT_OK(sys_signal(lab_copy(n, RIGHT_SEND, 4)));
    EXPECT_OK(sys_poll(n, &bits));
    EXPECT(bits, 5);
    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY);
}

static void rights(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t bits = 0;

    EXPECT_ERROR(sys_signal(lab_copy(n, RIGHT_RECV, 1)), E_NO_RIGHT);
    EXPECT_ERROR(sys_poll(lab_copy(n, RIGHT_SEND, 1), &bits), E_NO_RIGHT);
    EXPECT_ERROR(sys_wait(lab_copy(n, RIGHT_SEND, 1), &bits), E_NO_RIGHT);
    EXPECT_ERROR(sys_signal(ep), E_BAD_TYPE);
    EXPECT_ERROR(sys_wait(ep, &bits), E_BAD_TYPE);
    EXPECT_ERROR(sys_poll(lab_slot(), &bits), E_BAD_CAP);
}

static void wakes_waiter(void)
{
    struct puppet p;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);

    MAKE_PUPPET(&p, true, 0);
    puppet_sys(&p, SYS_WAIT, n, 0, NULL);
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
    EXPECT_OK(sys_signal(lab_copy(n, RIGHT_ALL, 0x30)));
    EXPECT_OK(puppet_status(&p));
    EXPECT(puppet_out(&p, R_RDX), 0x30);
}

static void destroyed(void)
{
    struct puppet p;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);

    MAKE_PUPPET(&p, true, 0);
    puppet_sys(&p, SYS_WAIT, n, 0, NULL);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, n));
    EXPECT_ERROR(puppet_status(&p), E_GONE);
}

static void bound_wakes_receiver(void)
{
    struct puppet p, caller;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t badged = lab_copy(n, RIGHT_ALL, 8);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&p, true, 0);
    MAKE_PUPPET(&caller, true, 0);
    EXPECT_OK(OP1(p.thread, OP_THREAD_BIND, n));
    puppet_recv(&p, ep);
    EXPECT_OK(sys_signal(badged));
    EXPECT_OK(puppet_status(&p));
    EXPECT(puppet_kind(&p), KIND_NOTIFICATION);
    EXPECT(puppet_out(&p, R_RDX), 8);
    /* The Reply stayed empty; of two that are pending the notification comes first. */
    EXPECT_OK(sys_signal(badged));
    puppet_call(&caller, ep, 0, 17);
    puppet_recv(&p, ep);
    EXPECT(puppet_kind(&p), KIND_NOTIFICATION);
    puppet_recv(&p, ep);
    EXPECT(puppet_kind(&p), KIND_MESSAGE);
    EXPECT(puppet_out(&p, R_RDX), 17);
}

static void bound_destroyed(void)
{
    struct puppet p;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP1(p.thread, OP_THREAD_BIND, n));
    puppet_recv(&p, ep);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, n));
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
    EXPECT_OK(OP1(p.thread, OP_THREAD_BIND, lab_make(OBJ_NOTIFICATION, 0)));
}

static void deadline(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t when = rdtsc() + quoll_info()->tsc_hz / 100;
    uint64_t bits = 0;

    EXPECT_OK(OP2(n, OP_NOTIFICATION_SET_DEADLINE, when, 0x40));
    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY);
    EXPECT_OK(sys_wait(n, &bits));
    EXPECT(bits, 0x40);
    EXPECT(rdtsc() >= when, 1);
    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY);
}

static void deadline_past(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t bits = 0;

    EXPECT_OK(OP2(n, OP_NOTIFICATION_SET_DEADLINE, 1, 2));
    EXPECT_OK(sys_wait(n, &bits));
    EXPECT(bits, 2);
}

static void deadline_cleared(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t bits = 0;

    EXPECT_OK(OP2(n, OP_NOTIFICATION_SET_DEADLINE, rdtsc() + quoll_info()->tsc_hz / 200, 2));
    EXPECT_OK(OP2(n, OP_NOTIFICATION_SET_DEADLINE, 0, 0));
    test_sleep_us(10000);
    EXPECT_ERROR(sys_poll(n, &bits), E_BUSY);
}

static void deadlines_in_order(void)
{
    uint64_t n[3];
    uint64_t now = rdtsc(), step = quoll_info()->tsc_hz / 20; /* longer than any screen is drawn */
    uint64_t bits = 0;

    /* Set in the order 1 2 0; they fire in the order 0 1 2. */
    for (unsigned i = 0; i < 3; i++)
        n[i] = lab_make(OBJ_NOTIFICATION, 0);
    for (unsigned i = 1; i <= 3; i++)
        EXPECT_OK(OP2(n[i % 3], OP_NOTIFICATION_SET_DEADLINE, now + (i % 3 + 1) * step, 1));
    EXPECT_OK(sys_wait(n[1], &bits));
    EXPECT_OK(sys_poll(n[0], &bits));
    EXPECT_ERROR(sys_poll(n[2], &bits), E_BUSY);
    EXPECT_OK(sys_wait(n[2], &bits));
}

static void deadline_of_destroyed(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);

    EXPECT_OK(OP2(n, OP_NOTIFICATION_SET_DEADLINE, rdtsc() + quoll_info()->tsc_hz / 200, 2));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, n));
    test_sleep_us(10000);
}

static const struct test list[] = {
    {"kernel.notification.sticky_bits", sticky_bits},
    {"kernel.notification.rights", rights},
    {"kernel.notification.wakes_waiter", wakes_waiter},
    {"kernel.notification.destroyed", destroyed},
    {"kernel.notification.bound_wakes_receiver", bound_wakes_receiver},
    {"kernel.notification.bound_destroyed", bound_destroyed},
    {"kernel.notification.deadline", deadline},
    {"kernel.notification.deadline_past", deadline_past},
    {"kernel.notification.deadline_cleared", deadline_cleared},
    {"kernel.notification.deadlines_in_order", deadlines_in_order},
    {"kernel.notification.deadline_of_destroyed", deadline_of_destroyed},
};

TEST_AREA(tests_notification);
