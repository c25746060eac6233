/*
 * ends.c - how waits end otherwise than by a message: suspended, cancelled, destroyed, moved.
 * (The commonest of these rows are in ipc.c and reply.c.)
 */
#include "spaces.h"
#include "test.h"

static struct puppet a, b;
static uint64_t ep;

static bool pair(bool other)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&a, other, PUPPET_PRIORITY, lab_copy(ep, RIGHT_ALL, 0xfa)) &&
           puppet_make(&b, other, PUPPET_PRIORITY, 0);
}

static uint64_t state(const struct puppet *p)
{
    return OP0(p->thread, OP_THREAD_INFO) == E_OK ? test_out.w[0] : 0;
}

static bool thread_op(const struct puppet *p, uint32_t label)
{
    return test_expect_error("suspend, resume or cancel", OP0(p->thread, label), E_OK);
}

/* ---- suspended */

static void caller_suspended_queued(bool other)
{
    if (!pair(other))
        return;
    puppet_call(&a, ep, 0, 1);
    if (!thread_op(&a, OP_THREAD_SUSPEND))
        return;
    EXPECT(state(&a), THREAD_STOPPED);
    puppet_recv(&b, ep);
    EXPECT(puppet_out(&b, R_RDX), 1);
    puppet_reply(&b, 0, 2);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    if (!thread_op(&a, OP_THREAD_RESUME))
        return;
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 2);
}

/* Its call ends while it is suspended; it learns of it afterwards. */
static void caller_suspended_cancelled(bool other)
{
    if (!pair(other))
        return;
    puppet_call(&a, ep, 0, 1);
    if (!thread_op(&a, OP_THREAD_SUSPEND))
        return;
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0, 1));
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    if (!thread_op(&a, OP_THREAD_RESUME))
        return;
    EXPECT_ERROR(puppet_status(&a), E_GONE);
}

static void plain_receiver_suspended(bool other)
{
    if (!pair(other))
        return;
    puppet_sys(&b, SYS_RECV, 0, ep, NULL);
    if (!thread_op(&b, OP_THREAD_SUSPEND))
        return;
    EXPECT_ERROR(sys_send(ep, &(struct msg){0}), E_BUSY);
    if (!thread_op(&b, OP_THREAD_RESUME))
        return;
    EXPECT_ERROR(puppet_status(&b), E_INTR);
}

static void waiter_suspended(bool other)
{
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 2);

    if (!pair(other))
        return;
    puppet_sys(&b, SYS_WAIT, n, 0, NULL);
    if (!thread_op(&b, OP_THREAD_SUSPEND))
        return;
    EXPECT_OK(sys_signal(n));
    if (!thread_op(&b, OP_THREAD_RESUME))
        return;
    EXPECT_ERROR(puppet_status(&b), E_INTR);
    /* The bits were not for nobody. */
    puppet_sys(&b, SYS_POLL, n, 0, NULL);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 2);
}

/* A suspended server's Reply holds whom it held. */
static void server_suspended(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 1);
    if (!thread_op(&b, OP_THREAD_SUSPEND))
        return;
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    EXPECT_OK(sys_reply(b.reply, &(struct msg){.w = {5}}));
    EXPECT(puppet_out(&a, R_RDX), 5);
    if (!thread_op(&b, OP_THREAD_RESUME))
        return;
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void suspends_itself(bool other)
{
    struct msg m = {.tag = msg_tag(OP_THREAD_SUSPEND, 0, 0)};

    if (!pair(other))
        return;
    puppet_sys(&a, SYS_CALL, a.thread, 0, &m);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    EXPECT(state(&a), THREAD_STOPPED);
    if (!thread_op(&a, OP_THREAD_RESUME))
        return;
    EXPECT_OK(puppet_status(&a));
}

/* ---- cancelled */

static void cancel_receiving(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    if (!thread_op(&b, OP_THREAD_CANCEL))
        return;
    EXPECT_ERROR(puppet_status(&b), E_GONE);
    puppet_sys(&b, SYS_RECV, 0, ep, NULL);
    if (!thread_op(&b, OP_THREAD_CANCEL))
        return;
    EXPECT_ERROR(puppet_status(&b), E_GONE);
    EXPECT_ERROR(sys_send(ep, &(struct msg){0}), E_BUSY);
    /* The Reply is free to receive with. */
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void cancel_waiting(bool other)
{
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 2), bits = 0;

    if (!pair(other))
        return;
    puppet_sys(&b, SYS_WAIT, n, 0, NULL);
    if (!thread_op(&b, OP_THREAD_CANCEL))
        return;
    EXPECT_ERROR(puppet_status(&b), E_GONE);
    EXPECT_OK(sys_signal(n));
    EXPECT_OK(sys_poll(n, &bits));
    EXPECT(bits, 2);
}

/* A thread that waits for nothing: itself, or one that is stopped. */
static void cancel_nothing(bool other)
{
    struct msg m = {.tag = msg_tag(OP_THREAD_CANCEL, 0, 0)};

    if (!pair(other))
        return;
    puppet_sys(&a, SYS_CALL, a.thread, 0, &m);
    EXPECT_OK(puppet_status(&a));
    if (!thread_op(&a, OP_THREAD_SUSPEND) || !thread_op(&a, OP_THREAD_CANCEL))
        return;
    EXPECT(state(&a), THREAD_STOPPED);
}

/* A faulter runs on, and faults again. */
static void cancel_faulted(bool other)
{
    struct msg m;

    if (!pair(other))
        return;
    puppet_do(&a, PUPPET_READ, 0x1000);
    EXPECT(state(&a), THREAD_FAULT_QUEUED);
    if (!thread_op(&a, OP_THREAD_CANCEL) || !puppet_fault(&a, ep, &m))
        return;
    EXPECT(m.w[0], 0x1000);
    EXPECT(state(&a), THREAD_FAULTED);
    if (!thread_op(&a, OP_THREAD_CANCEL))
        return;
    EXPECT(state(&a), THREAD_FAULT_QUEUED);
    /* The Reply that held it is empty. */
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &(struct msg){0}));
    EXPECT(state(&a), THREAD_FAULT_QUEUED);
}

/* CNODE_CANCEL is for calls that nobody has picked up, and for nothing else. */
static void cancel_leaves_others(bool other)
{
    if (!pair(other))
        return;
    puppet_do(&a, PUPPET_READ, 0x1000);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0, 1));
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0xfa, 0));
    EXPECT(state(&a), THREAD_FAULT_QUEUED);
    puppet_recv(&b, ep);
    EXPECT(puppet_kind(&b), KIND_PAGE_FAULT);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0, 1));
    EXPECT(state(&a), THREAD_FAULTED);
    puppet_reply(&b, 1, 0);
    puppet_recv(&b, ep);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0, 1));
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void cancel_leaves_delivered(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0, 1));
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_reply(&b, 0, 6);
    EXPECT(puppet_out(&a, R_RDX), 6);
}

/* ---- destroyed */

static void receiver_destroyed(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, b.thread));
    puppet_call(&a, ep, 0, 0);
    EXPECT(state(&a), THREAD_QUEUED);
    /* Its Reply has no owner: answering it is nothing, and nobody can receive with it. */
    EXPECT_OK(sys_reply(b.reply, &(struct msg){0}));
    EXPECT_ERROR(sys_recv(b.reply, ep, &(struct msg){0}), E_BAD_ARG);
}

static void waiter_destroyed(bool other)
{
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 2), bits = 0;

    if (!pair(other))
        return;
    puppet_sys(&b, SYS_WAIT, n, 0, NULL);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, b.thread));
    EXPECT_OK(sys_signal(n));
    EXPECT_OK(sys_poll(n, &bits));
    EXPECT(bits, 2);
}

static void endpoint_destroyed_fault_queued(bool other)
{
    if (!pair(other))
        return;
    puppet_do(&a, PUPPET_READ, 0x1000);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT(state(&a), THREAD_STOPPED);
}

static void plain_receiver_endpoint_destroyed(bool other)
{
    if (!pair(other))
        return;
    puppet_sys(&b, SYS_RECV, 0, ep, NULL);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_ERROR(puppet_status(&b), E_GONE);
}

/* A Reply that holds a faulter: it stays stopped, and its supervisor may resume it. */
static void reply_destroyed_holding_faulter(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_do(&a, PUPPET_READ, 0x1000);
    EXPECT(state(&a), THREAD_FAULTED);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, b.reply));
    EXPECT(state(&a), THREAD_STOPPED);
    if (!thread_op(&a, OP_THREAD_RESUME))
        return;
    EXPECT(state(&a), THREAD_FAULT_QUEUED);
}

static void reply_moved_holding(bool other)
{
    uint64_t slot = lab_slot();

    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_call(&a, ep, 0, 0);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_MOVE, slot, 0, b.reply));
    EXPECT_OK(sys_reply(slot, &(struct msg){.w = {3}}));
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 3);
}

/* ---- faults and who receives them */

static void fault_for_plain_receiver(bool other)
{
    if (!pair(other))
        return;
    puppet_sys(&b, SYS_RECV, 0, ep, NULL);
    puppet_do(&a, PUPPET_READ, 0x1000);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_kind(&b), KIND_PAGE_FAULT);
    EXPECT(state(&a), THREAD_STOPPED);
}

static void faulter_suspended(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_do(&a, PUPPET_READ, 0x1000);
    if (!thread_op(&a, OP_THREAD_SUSPEND))
        return;
    puppet_reply(&b, 0, 0);
    EXPECT(state(&a), THREAD_STOPPED);
    if (!thread_op(&a, OP_THREAD_RESUME))
        return;
    EXPECT(state(&a), THREAD_FAULT_QUEUED);
}

static void faulter_destroyed(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&b, ep);
    puppet_do(&a, PUPPET_READ, 0x1000);
    EXPECT_OK(puppet_status(&b));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, a.thread));
    puppet_reply_recv(&b, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

/* ---- several of a kind */

/* Of several receivers the newest gets the message; the oldest caller is received first. */
static void several_receivers(bool other)
{
    if (!pair(other))
        return;
    puppet_recv(&a, ep);
    puppet_recv(&b, ep);
    EXPECT_OK(sys_send(ep, &(struct msg){.w = {1}}));
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    EXPECT(puppet_out(&b, R_RDX), 1);
    EXPECT_OK(sys_send(ep, &(struct msg){.w = {2}}));
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 2);
    EXPECT_ERROR(sys_send(ep, &(struct msg){0}), E_BUSY);
}

static void several_waiters(bool other)
{
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 2);

    if (!pair(other))
        return;
    puppet_sys(&a, SYS_WAIT, n, 0, NULL);
    puppet_sys(&b, SYS_WAIT, n, 0, NULL);
    EXPECT_OK(sys_signal(n));
    EXPECT_OK(puppet_status(&a));
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    EXPECT_OK(sys_signal(n));
    EXPECT_OK(puppet_status(&b));
}

/* Bits for a bound thread that waits for the same notification itself go to that wait. */
static void bound_and_waiting(bool other)
{
    uint64_t n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 2);

    if (!pair(other))
        return;
    EXPECT_OK(OP1(b.thread, OP_THREAD_BIND, n));
    puppet_sys(&b, SYS_WAIT, n, 0, NULL);
    EXPECT_OK(sys_signal(n));
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_kind(&b), KIND_MESSAGE);
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

/* A call to a receiver without a Reply is delivered, but nobody can answer it. */
static void call_plain_receiver(bool other)
{
    if (!pair(other))
        return;
    puppet_sys(&b, SYS_RECV, 0, ep, NULL);
    puppet_call(&a, ep, 7, 8);
    EXPECT_ERROR(puppet_status(&a), E_DEAD);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_label(&b), 7);
    EXPECT(puppet_out(&b, R_RDX), 8);
    /* The same for one that was queued. */
    puppet_call(&a, ep, 7, 9);
    puppet_sys(&b, SYS_RECV, 0, ep, NULL);
    EXPECT_ERROR(puppet_status(&a), E_DEAD);
    EXPECT(puppet_out(&b, R_RDX), 9);
}

/* clang-format off */
#define ROWS(X) \
    X(caller_suspended_queued) X(caller_suspended_cancelled) X(plain_receiver_suspended) \
    X(waiter_suspended) X(server_suspended) X(suspends_itself) X(cancel_receiving) \
    X(cancel_waiting) X(cancel_nothing) X(cancel_faulted) X(cancel_leaves_others) \
    X(cancel_leaves_delivered) X(receiver_destroyed) X(waiter_destroyed) \
    X(endpoint_destroyed_fault_queued) X(plain_receiver_endpoint_destroyed) \
    X(reply_destroyed_holding_faulter) X(reply_moved_holding) X(fault_for_plain_receiver) \
    X(faulter_suspended) X(faulter_destroyed) X(several_receivers) X(several_waiters) \
    X(bound_and_waiting) X(call_plain_receiver)
/* clang-format on */

ROWS(BOTH_SPACES)

#define ENTRY(row) BOTH_ENTRIES("ends", row)
static const struct test list[] = {ROWS(ENTRY)};

TEST_AREA(tests_ends);
