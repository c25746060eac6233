/*
 * ipc.c - calls, sends and receives: the event table of the IPC specification, row by row. A is
 * the caller and B the server; each row runs with both in one and in different address spaces.
 */
#include "spaces.h"
#include "test.h"

static struct puppet a, b;
static uint64_t ep;

static bool pair(bool other)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&a, false, PUPPET_PRIORITY, 0) && puppet_make(&b, other, PUPPET_PRIORITY, 0);
}

static void call_waiting_receiver(bool other)
{
    struct msg m = {.tag = msg_tag(77, 0, 0), .w = {1, 2, 3, 4, 5, 6}};
    uint64_t badged;

    if (!pair(other))
        return;
    badged = lab_copy(ep, RIGHT_SEND, 0xbad6e);
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    puppet_sys(&a, SYS_CALL, badged, 0, &m);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDI), 0xbad6e);
    EXPECT(puppet_label(&b), 77);
    EXPECT(puppet_kind(&b), KIND_MESSAGE);
    EXPECT(puppet_out(&b, R_RDX), 1);
    EXPECT(puppet_out(&b, R_R13), 6);
    puppet_reply(&b, 5, 99);
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 99);
    EXPECT(puppet_label(&a), 5);
    EXPECT(puppet_out(&a, R_RDI), 0);
}

static void call_queued(bool other)
{
    if (!pair(other))
        return;
    puppet_call(&a, ep, 1, 42);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_recv(&b, ep);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 42);
    /* An answer that also receives. */
    puppet_reply_recv(&b, ep, 0, 43);
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 43);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    puppet_call(&a, ep, 1, 44);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 44);
}

static void call_fifo(bool other)
{
    struct puppet c;

    if (!pair(other) || !puppet_make(&c, other, PUPPET_PRIORITY, 0))
        return;
    puppet_call(&a, ep, 0, 1);
    puppet_call(&c, ep, 0, 2);
    puppet_recv(&b, ep);
    EXPECT(puppet_out(&b, R_RDX), 1);
    puppet_reply_recv(&b, ep, 0, 0);
    EXPECT_OK(puppet_status(&a));
    EXPECT_ERROR(puppet_status(&c), BLOCKED);
    EXPECT(puppet_out(&b, R_RDX), 2);
}

static void long_message(bool other)
{
    struct msg m = {.tag = msg_tag(3, MSG_EXTRA_MAX, 0)};

    if (!pair(other))
        return;
    for (unsigned i = 0; i < MSG_EXTRA_MAX; i++)
        a.buffer->words[i] = 0x1000u + i;
    puppet_recv(&b, ep);
    puppet_sys(&a, SYS_CALL, ep, 0, &m);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RSI) & TAG_WORDS_MASK, MSG_EXTRA_MAX);
    for (unsigned i = 0; i < MSG_EXTRA_MAX; i++)
        EXPECT(b.buffer->words[i], 0x1000u + i);
    b.buffer->words[0] = 7;
    m.tag = msg_tag(0, 1, 0);
    puppet_sys(&b, SYS_REPLY, b.reply, 0, &m);
    EXPECT_OK(puppet_status(&a));
    EXPECT(a.buffer->words[0], 7);
    EXPECT(a.buffer->words[1], 0x1001);
}

static void bad_tag(bool other)
{
    static const uint64_t bad[] = {
        MSG_EXTRA_MAX + 1, TAG_WORDS_MASK, 1u << TAG_KIND_SHIFT,
        1u << 16,          1u << 31,       (MSG_MAX_CAPS + 1u) << TAG_CAPS_SHIFT};

    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct msg m = {.tag = bad[i]};

        puppet_sys(&a, SYS_CALL, ep, 0, &m);
        EXPECT_ERROR(puppet_status(&a), E_BAD_ARG);
        EXPECT_ERROR(puppet_status(&b), BLOCKED);
    }
}

static void call_rights(bool other)
{
    uint64_t receive_only;

    if (!pair(other))
        return;
    receive_only = lab_copy(ep, RIGHT_RECV, 0);
    puppet_call(&a, receive_only, 0, 0);
    EXPECT_ERROR(puppet_status(&a), E_NO_RIGHT);
    puppet_recv(&b, lab_copy(ep, RIGHT_SEND, 0));
    EXPECT_ERROR(puppet_status(&b), E_NO_RIGHT);
    puppet_recv(&b, a.go);
    EXPECT_ERROR(puppet_status(&b), E_BAD_TYPE);
    puppet_recv(&b, lab_slot());
    EXPECT_ERROR(puppet_status(&b), E_BAD_CAP);
    puppet_sys(&b, SYS_RECV, a.go, ep, NULL);
    EXPECT_ERROR(puppet_status(&b), E_BAD_TYPE);
    /* A Reply of another thread. */
    puppet_sys(&b, SYS_RECV, a.reply, ep, NULL);
    EXPECT(puppet_status(&b) != E_OK && puppet_status(&b) != BLOCKED, 1);
}

static void send(bool other)
{
    struct msg m = {.w = {11}};

    if (!pair(other))
        return;
    puppet_sys(&a, SYS_SEND, ep, 0, &m);
    EXPECT_ERROR(puppet_status(&a), E_BUSY);
    puppet_recv(&b, ep);
    puppet_sys(&a, SYS_SEND, ep, 0, &m);
    EXPECT_OK(puppet_status(&a));
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 11);
    /* The Reply stayed empty: answering is a no-op, receiving with it works. */
    puppet_reply_recv(&b, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void receive_occupied(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&b), E_BUSY);
    puppet_reply(&b, 0, 5);
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 5);
}

static void receive_plain(bool other)
{
    struct msg m = {.w = {12}};

    if (!pair(other))
        return;
    puppet_sys(&b, SYS_RECV, 0, ep, NULL);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    puppet_sys(&a, SYS_SEND, ep, 0, &m);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 12);
}

static void endpoint_destroyed(bool other)
{
    if (!pair(other))
        return;
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_ERROR(puppet_status(&a), E_GONE);
    ep = lab_make(OBJ_ENDPOINT, 0);
    puppet_recv(&b, ep);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_ERROR(puppet_status(&b), E_GONE);
}

static void endpoint_destroyed_delivered(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_reply(&b, 0, 8);
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 8);
}

static void cancel_badge(bool other)
{
    uint64_t one, two;

    if (!pair(other))
        return;
    one = lab_copy(ep, RIGHT_SEND, 1);
    two = lab_copy(ep, RIGHT_SEND, 2);
    puppet_call(&a, one, 0, 0);
    puppet_call(&b, two, 0, 0);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 1, 0));
    EXPECT_ERROR(puppet_status(&a), E_GONE);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0, 1));
    EXPECT_ERROR(puppet_status(&b), E_GONE);
    EXPECT_ERROR(OP3(SLOT_CNODE, OP_CNODE_CANCEL, one, 0, 1), E_NO_RIGHT);
    EXPECT_ERROR(OP3(SLOT_CNODE, OP_CNODE_CANCEL, a.go, 0, 1), E_BAD_TYPE);
    EXPECT_ERROR(OP3(SLOT_CNODE, OP_CNODE_CANCEL, 0, 0, 1), E_BAD_ARG);
}

static void server_destroyed(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, b.thread));
    EXPECT_ERROR(puppet_status(&a), E_DEAD);
}

static void caller_destroyed(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, a.thread));
    /* The Reply is empty now. */
    puppet_reply_recv(&b, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void caller_destroyed_queued(bool other)
{
    if (!pair(other))
        return;
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, a.thread));
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void caller_suspended(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP0(a.thread, OP_THREAD_SUSPEND));
    puppet_reply(&b, 0, 6);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    EXPECT_OK(OP0(a.thread, OP_THREAD_RESUME));
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 6);
}

static void receiver_suspended(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    EXPECT_OK(OP0(b.thread, OP_THREAD_SUSPEND));
    puppet_call(&a, ep, 0, 1);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    EXPECT_OK(OP0(b.thread, OP_THREAD_RESUME));
    EXPECT_ERROR(puppet_status(&b), E_INTR);
    puppet_recv(&b, ep);
    EXPECT_OK(puppet_status(&b));
}

static void thread_cancel(bool other)
{
    if (!pair(other))
        return;
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP0(a.thread, OP_THREAD_CANCEL));
    EXPECT_ERROR(puppet_status(&a), E_GONE);
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP0(a.thread, OP_THREAD_CANCEL));
    EXPECT_ERROR(puppet_status(&a), E_CANCELED);
    puppet_reply_recv(&b, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void revoked_while_queued(bool other)
{
    uint64_t badged;

    if (!pair(other))
        return;
    badged = lab_copy(ep, RIGHT_SEND, 3);
    puppet_call(&a, badged, 0, 9);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, badged));
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_recv(&b, ep);
    EXPECT(puppet_out(&b, R_RDX), 9);
    EXPECT(puppet_out(&b, R_RDI), 3);
}

static void unknown_call(bool other)
{
    if (!pair(other))
        return;
    puppet_sys(&a, 1000, 0, 0, NULL);
    EXPECT_ERROR(puppet_status(&a), E_BAD_CALL);
    puppet_sys(&a, -2, 0, 0, NULL);
    EXPECT_ERROR(puppet_status(&a), E_BAD_CALL);
}

/* Each row as two tests. (clang-format never settles on lines of macro calls.) */
/* clang-format off */
#define ROWS(X) \
    X(call_waiting_receiver) X(call_queued) X(call_fifo) \
    X(long_message) X(bad_tag) X(call_rights) \
    X(send) X(receive_occupied) X(receive_plain) \
    X(endpoint_destroyed) X(endpoint_destroyed_delivered) X(cancel_badge) \
    X(server_destroyed) X(caller_destroyed) X(caller_destroyed_queued) \
    X(caller_suspended) X(receiver_suspended) X(thread_cancel) \
    X(revoked_while_queued) X(unknown_call)
/* clang-format on */

ROWS(BOTH_SPACES)

#define ENTRY(row) BOTH_ENTRIES("ipc", row)
static const struct test list[] = {ROWS(ENTRY)};

TEST_AREA(tests_ipc);
