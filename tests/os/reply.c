/*
 * reply.c - Reply objects: kept, moved, destroyed, answered out of order.
 */
#include "test.h"

static void out_of_order(void)
{
    struct puppet a, b, server;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t second;
    struct msg m = {.w = {2}};

    MAKE_PUPPET(&a, true, 0);
    MAKE_PUPPET(&b, true, 0);
    MAKE_PUPPET(&server, true, 0);
    second = lab_make(OBJ_REPLY, server.thread);
    puppet_recv(&server, ep);
    puppet_call(&a, ep, 0, 0);
    puppet_sys(&server, SYS_RECV, second, ep, NULL);
    puppet_call(&b, ep, 0, 0);
    puppet_sys(&server, SYS_REPLY, second, 0, &m);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 2);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_reply(&server, 0, 1);
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 1);
}

static void answered_by_another(void)
{
    struct puppet a, server;
    struct msg m = {.w = {3}};
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&a, true, 0);
    MAKE_PUPPET(&server, true, 0);
    puppet_recv(&server, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(sys_reply(server.reply, &m));
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 3);
}

static void destroyed_armed(void)
{
    struct puppet server;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&server, true, 0);
    puppet_recv(&server, ep);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, server.reply));
    EXPECT_ERROR(puppet_status(&server), E_DEAD);
}

static void destroyed_holding(void)
{
    struct puppet a, server;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&a, true, 0);
    MAKE_PUPPET(&server, true, 0);
    puppet_recv(&server, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, server.reply));
    EXPECT_ERROR(puppet_status(&a), E_DEAD);
}

static void moved(void)
{
    struct puppet a, server;
    struct msg m = {.w = {4}};
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t slot = lab_slot();

    MAKE_PUPPET(&a, true, 0);
    MAKE_PUPPET(&server, true, 0);
    puppet_recv(&server, ep);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_MOVE, slot, 0, server.reply));
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(puppet_status(&server));
    EXPECT_OK(sys_reply(slot, &m));
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 4);
}

static void empty(void)
{
    struct puppet server;
    struct msg m = {0};

    MAKE_PUPPET(&server, true, 0);
    EXPECT_OK(sys_reply(server.reply, &m));
    EXPECT_ERROR(sys_reply(server.go, &m), E_BAD_TYPE);
    EXPECT_ERROR(sys_reply(lab_slot(), &m), E_BAD_CAP);
}

static const struct test list[] = {
    {"kernel.reply.out_of_order", out_of_order},
    {"kernel.reply.answered_by_another", answered_by_another},
    {"kernel.reply.destroyed_armed", destroyed_armed},
    {"kernel.reply.destroyed_holding", destroyed_holding},
    {"kernel.reply.moved", moved},
    {"kernel.reply.empty", empty},
};

TEST_AREA(tests_reply);
