/*
 * caps.c - capabilities in messages.
 */
#include "test.h"

static struct puppet a, b;
static uint64_t ep, gift, first;

static bool prepare(uint64_t slots)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    gift = lab_copy(lab_make(OBJ_ENDPOINT, 0), RIGHT_SEND, 0x91f7);
    if (!puppet_make(&a, true, PUPPET_PRIORITY, 0) || !puppet_make(&b, true, PUPPET_PRIORITY, 0))
        return false;
    first = lab_slot();
    (void)lab_slot();
    b.buffer->recv_slot = first;
    b.buffer->recv_count = slots;
    return true;
}

static void give(uint64_t through, unsigned caps)
{
    struct msg m = {.tag = msg_tag(0, 0, caps)};

    for (unsigned i = 0; i < caps; i++)
        a.buffer->send_caps[i] = gift;
    puppet_recv(&b, ep);
    puppet_sys(&a, SYS_CALL, through, 0, &m);
}

static unsigned arrived(const struct puppet *p)
{
    return (unsigned)(puppet_out(p, R_RSI) & TAG_CAPS_MASK) >> TAG_CAPS_SHIFT;
}

static void transfer(void)
{
    if (!prepare(2))
        return;
    give(ep, 2);
    EXPECT_OK(puppet_status(&b));
    EXPECT(arrived(&b), 2);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_INFO, first + 1));
    EXPECT(test_out.w[0], OBJ_ENDPOINT);
    EXPECT(test_out.w[1], RIGHT_SEND);
    EXPECT(test_out.w[2], 0x91f7);
    /* They are children of the one that was sent. */
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, gift));
    EXPECT(slot_type(first), OBJ_NULL);
    EXPECT(slot_type(first + 1), OBJ_NULL);
}

static void needs_grant(void)
{
    if (!prepare(2))
        return;
    give(lab_copy(ep, RIGHT_SEND, 0), 1);
    EXPECT_ERROR(puppet_status(&a), E_NO_RIGHT);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    EXPECT(slot_type(first), OBJ_NULL);
}

static void no_room(void)
{
    if (!prepare(1))
        return;
    /* Two for one slot: none arrives, the message does. */
    give(ep, 2);
    EXPECT_OK(puppet_status(&b));
    EXPECT(arrived(&b), 0);
    EXPECT(slot_type(first), OBJ_NULL);
}

static void occupied_slot(void)
{
    if (!prepare(2))
        return;
    EXPECT_OK(OP4(SLOT_CNODE, OP_CNODE_COPY, first + 1, 0, ep, RIGHT_ALL));
    give(ep, 2);
    EXPECT_OK(puppet_status(&b));
    EXPECT(arrived(&b), 0);
    EXPECT(slot_type(first), OBJ_NULL);
}

static void bad_handle(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 1)};

    if (!prepare(2))
        return;
    a.buffer->send_caps[0] = first;
    puppet_recv(&b, ep);
    puppet_sys(&a, SYS_CALL, ep, 0, &m);
    EXPECT_ERROR(puppet_status(&a), E_BAD_CAP);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void in_an_answer(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 1)};
    uint64_t slot;

    if (!prepare(0))
        return;
    slot = lab_slot();
    a.buffer->recv_slot = slot;
    a.buffer->recv_count = 1;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    b.buffer->send_caps[0] = gift;
    puppet_sys(&b, SYS_REPLY, b.reply, 0, &m);
    EXPECT_OK(puppet_status(&a));
    EXPECT(arrived(&a), 1);
    EXPECT(slot_type(slot), OBJ_ENDPOINT);
}

static const struct test list[] = {
    {"kernel.caps.transfer", transfer},     {"kernel.caps.needs_grant", needs_grant},
    {"kernel.caps.no_room", no_room},       {"kernel.caps.occupied_slot", occupied_slot},
    {"kernel.caps.bad_handle", bad_handle}, {"kernel.caps.in_an_answer", in_an_answer},
};

TEST_AREA(tests_caps);
