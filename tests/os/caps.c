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

/* All slots that are named must be empty, also those that nothing would come to. */
static void more_slots_than_sent(void)
{
    if (!prepare(2))
        return;
    give(ep, 1);
    EXPECT(arrived(&b), 1);
    EXPECT(slot_type(first), OBJ_ENDPOINT);
    EXPECT(slot_type(first + 1), OBJ_NULL);
    /* The first is in use now. */
    puppet_reply(&b, 0, 0);
    give(ep, 1);
    EXPECT_OK(puppet_status(&b));
    EXPECT(arrived(&b), 0);
    EXPECT(slot_type(first + 1), OBJ_NULL);
}

/* Places that are none: the message arrives alone. */
static void impossible_slots(void)
{
    static const struct {
        uint64_t slot, count;
    } places[] = {{0, 1},          {1u << 20, 1},           {UINT64_MAX, 1},
                  {UINT64_MAX, 2}, {SLOT_FREE, UINT64_MAX}, {SLOT_FREE, MSG_MAX_CAPS + 1}};
    uint64_t last, elsewhere;
    bool moved;

    if (!prepare(0))
        return;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        b.buffer->recv_slot = places[i].slot;
        b.buffer->recv_count = places[i].count;
        give(ep, 1);
        EXPECT_OK(puppet_status(&b));
        EXPECT(arrived(&b), 0);
        puppet_reply(&b, 0, 0);
        EXPECT_OK(puppet_status(&a));
    }
    /* The last slot and the one behind the CNode; if it is in use, that is somewhere else. */
    last = task_info()->cnode_slots - 1;
    elsewhere = lab_slot();
    moved = OP3(SLOT_CNODE, OP_CNODE_MOVE, elsewhere, 0, last) == E_OK;
    b.buffer->recv_slot = last;
    b.buffer->recv_count = 2;
    give(ep, 1);
    if (moved)
        EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_MOVE, last, 0, elsewhere));
    EXPECT(arrived(&b), 0);
}

static void as_many_as_can_be(void)
{
    if (!prepare(MSG_MAX_CAPS))
        return;
    for (unsigned i = 2; i < MSG_MAX_CAPS; i++)
        (void)lab_slot();
    give(ep, MSG_MAX_CAPS);
    EXPECT(arrived(&b), MSG_MAX_CAPS);
    for (unsigned i = 0; i < MSG_MAX_CAPS; i++)
        EXPECT(slot_type(first + i), OBJ_ENDPOINT);
}

/* Through a queue the same. */
static void queued(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 1)};

    if (!prepare(1))
        return;
    a.buffer->send_caps[0] = gift;
    puppet_sys(&a, SYS_CALL, ep, 0, &m);
    puppet_recv(&b, ep);
    EXPECT(arrived(&b), 1);
    EXPECT(slot_type(first), OBJ_ENDPOINT);
}

/* It is taken from its sender while the call is queued: the message arrives without it. */
static void taken_while_queued(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 1), .w = {6}};

    if (!prepare(1))
        return;
    a.buffer->send_caps[0] = gift;
    puppet_sys(&a, SYS_CALL, ep, 0, &m);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, gift));
    puppet_recv(&b, ep);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 6);
    EXPECT(arrived(&b), 0);
    EXPECT(slot_type(first), OBJ_NULL);
}

/* With a send, which nobody answers. */
static void with_send(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 1)};

    if (!prepare(1))
        return;
    a.buffer->send_caps[0] = gift;
    puppet_recv(&b, ep);
    puppet_sys(&a, SYS_SEND, ep, 0, &m);
    EXPECT(arrived(&b), 1);
    EXPECT(slot_type(first), OBJ_ENDPOINT);
}

/* An answer carries although the call could not have. */
static void in_an_answer_without_grant(void)
{
    struct msg m = {.tag = msg_tag(0, 0, 1)};

    if (!prepare(0))
        return;
    a.buffer->recv_slot = first;
    a.buffer->recv_count = 1;
    puppet_recv(&b, ep);
    puppet_call(&a, lab_copy(ep, RIGHT_SEND, 0), 0, 0);
    b.buffer->send_caps[0] = gift;
    puppet_sys(&b, SYS_REPLY_RECV, b.reply, ep, &m);
    EXPECT_OK(puppet_status(&a));
    EXPECT(arrived(&a), 1);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_INFO, first));
    EXPECT(test_out.w[1], RIGHT_SEND);
    EXPECT(test_out.w[2], 0x91f7);
}

static const struct test list[] = {
    {"kernel.caps.transfer", transfer},
    {"kernel.caps.needs_grant", needs_grant},
    {"kernel.caps.no_room", no_room},
    {"kernel.caps.occupied_slot", occupied_slot},
    {"kernel.caps.bad_handle", bad_handle},
    {"kernel.caps.in_an_answer", in_an_answer},
    {"kernel.caps.more_slots_than_sent", more_slots_than_sent},
    {"kernel.caps.impossible_slots", impossible_slots},
    {"kernel.caps.as_many_as_can_be", as_many_as_can_be},
    {"kernel.caps.queued", queued},
    {"kernel.caps.taken_while_queued", taken_while_queued},
    {"kernel.caps.with_send", with_send},
    {"kernel.caps.in_an_answer_without_grant", in_an_answer_without_grant},
};

TEST_AREA(tests_caps);
