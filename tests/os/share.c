/*
 * share.c - objects with many that wait on them are destroyed, and callers cancelled, in shares:
 * what there is to see between two of them. A worker of lower priority does it; the test's thread
 * is among the first that it wakes, and so stands exactly between the first share and the second.
 */
#include "test.h"
#include <quoll/crowd.h>

#define WORKER_PRIORITY 110u
#define AFTER_MAIN      115u /* runs when the test's thread waits, before the worker */
#define AT_ONCE         130u
#define CROWD           100u
#define REPLIES         400u
#define NAPS            20000u
#define NAP_US          10u
#define ME              (SLOT_REPLY + 1)

static struct puppet worker;
static uint64_t crowd[CROWD + 1]; /* thread handles; one may come late */
static unsigned crowd_size;

static bool ok(const char *what, int status)
{
    return test_expect_error(what, status, E_OK);
}

static bool prepare(void)
{
    crowd_size = 0;
    return puppet_make(&worker, false, WORKER_PRIORITY, 0);
}

/* One more, which runs as soon as its priority allows. */
static bool join(const char *entry, uint64_t handle, uint64_t tag, uint64_t buffer, unsigned prio)
{
    uint64_t t = lab_make(OBJ_THREAD, 0);

    crowd[crowd_size++] = t;
    return ok("configuring",
              OP5(t, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, buffer, SLOT_BUDGET)) &&
           ok("priority", OP1(t, OP_THREAD_SET_PRIORITY, prio)) &&
           ok("starting", OP4(t, OP_THREAD_START, (uint64_t)entry, 0, handle, tag));
}

/* How many wait when the test's thread looks depends on the time: what it sees of that is no part
 * of the test's results. */
static uint64_t ask(uint64_t cap, uint32_t label)
{
    struct msg m = {0};

    return sys_invoke(cap, label, &m) == E_OK ? m.w[0] : UINT64_MAX;
}

static bool is_queued(unsigned i)
{
    return ask(crowd[i], OP_THREAD_INFO) == THREAD_QUEUED;
}

/* What member @i's wait ended with; BLOCKED if it waits, or has not run since. */
static int ended_with(unsigned i)
{
    if (ask(crowd[i], OP_THREAD_INFO) != THREAD_STOPPED)
        return BLOCKED;
    return (int)ask(crowd[i], OP_THREAD_READ_REGS);
}

/* How many waits ended with @status. */
static unsigned count(int status)
{
    unsigned n = 0;

    for (unsigned i = 0; i < crowd_size; i++)
        n += ended_with(i) == status;
    return n;
}

/* The worker will invoke the own CNode when the test's thread waits. */
static void order(uint32_t label, uint64_t a, uint64_t b, uint64_t c)
{
    struct msg m = {.tag = msg_tag(label, 0, 0), .w = {a, b, c}};

    puppet_sys(&worker, SYS_CALL, SLOT_CNODE, 0, &m);
}

static int finish(void)
{
    for (unsigned i = 0; i < NAPS && !puppet_idle(&worker); i++)
        test_sleep_us(NAP_US);
    return puppet_status(&worker);
}

static uint64_t rights_of(uint64_t slot)
{
    return OP1(SLOT_CNODE, OP_CNODE_INFO, slot) == E_OK ? test_out.w[1] : UINT64_MAX;
}

static void endpoint_destroyed(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    struct msg m = {0};

    if (!prepare())
        return;
    for (unsigned i = 0; i < CROWD; i++)
        if (!join(crowd_receiver, ep, 0, 0, AT_ONCE))
            return;
    order(OP_CNODE_DELETE, ep, 0, 0);
    EXPECT_ERROR(sys_recv(ME, ep, &m), E_GONE); /* the last to wait is the first */
    EXPECT(puppet_idle(&worker), 0);
    EXPECT(count(BLOCKED) > 0, 1);
    EXPECT(count(BLOCKED) + count(E_GONE), CROWD);
    /* It can't be used any more, and nobody can begin to wait on it. */
    EXPECT(slot_type(ep), OBJ_ENDPOINT);
    EXPECT(rights_of(ep), 0);
    EXPECT_ERROR(sys_send(ep, &m), E_NO_RIGHT);
    EXPECT_ERROR(sys_call(ep, &m), E_NO_RIGHT);
    EXPECT_ERROR(sys_recv(ME, ep, &m), E_NO_RIGHT);
    EXPECT_ERROR(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 0, 1), E_NO_RIGHT);
    EXPECT(rights_of(lab_copy(ep, RIGHT_ALL, 0)), 0);
    EXPECT_OK(finish());
    EXPECT(slot_type(ep), OBJ_NULL);
    EXPECT(count(E_GONE), CROWD);
}

static void notification_destroyed(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t bits = 0;

    if (!prepare())
        return;
    order(OP_CNODE_DELETE, n, 0, 0);
    for (unsigned i = 0; i < CROWD; i++)
        if (!join(crowd_waiter, n, 0, 0, AFTER_MAIN))
            return;
    EXPECT_ERROR(sys_wait(n, &bits), E_GONE);
    EXPECT(puppet_idle(&worker), 0);
    EXPECT(rights_of(n), 0);
    EXPECT_ERROR(sys_signal(n), E_NO_RIGHT);
    EXPECT_ERROR(sys_poll(n, &bits), E_NO_RIGHT);
    EXPECT_ERROR(OP2(n, OP_NOTIFICATION_SET_DEADLINE, 1, 1), E_NO_RIGHT);
    EXPECT_OK(finish());
    EXPECT(slot_type(n), OBJ_NULL);
    EXPECT(count(E_GONE), CROWD);
}

/* The newest of a thread's Replies is the first that goes. */
static void thread_destroyed(void)
{
    struct puppet server;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0), reply = 0;
    struct msg m = {0};

    MAKE_PUPPET(&server, true, 0);
    if (!prepare())
        return;
    for (unsigned i = 0; i < REPLIES; i++)
        reply = lab_make(OBJ_REPLY, server.thread);
    puppet_sys(&server, SYS_RECV, reply, ep, NULL);
    order(OP_CNODE_DELETE, server.thread, 0, 0);
    EXPECT_ERROR(sys_call(ep, &m), E_DEAD);
    EXPECT(puppet_idle(&worker), 0);
    EXPECT(slot_type(server.thread), OBJ_THREAD);
    EXPECT(rights_of(server.thread), 0);
    EXPECT_ERROR(OP0(server.thread, OP_THREAD_RESUME), E_NO_RIGHT);
    EXPECT_ERROR(op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_REPLY, 0, 0, lab_slot(), 1, server.thread),
                 E_NO_RIGHT);
    EXPECT_OK(sys_reply(reply, &m)); /* it holds nobody */
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, reply));
    EXPECT_OK(finish());
    EXPECT(slot_type(server.thread), OBJ_NULL);
    EXPECT(slot_type(reply - 1), OBJ_REPLY);
    EXPECT_ERROR(sys_recv(reply - 1, ep, &m), E_BAD_ARG);
}

/* A thread that destroys itself gets to the end of it. */
static void thread_destroys_itself(void)
{
    struct msg m = {.tag = msg_tag(OP_CNODE_DELETE, 0, 0)};

    if (!prepare())
        return;
    for (unsigned i = 0; i < REPLIES; i++)
        (void)lab_make(OBJ_REPLY, worker.thread);
    m.w[0] = worker.thread;
    puppet_sys(&worker, SYS_CALL, SLOT_CNODE, 0, &m);
    for (unsigned i = 0; i < NAPS && slot_type(worker.thread) != OBJ_NULL; i++)
        test_sleep_us(NAP_US);
    EXPECT(slot_type(worker.thread), OBJ_NULL);
}

/* Callers with badge 1 and 2 in turns, the test's thread first. */
static bool queue_callers(uint64_t ep, uint64_t badged[3])
{
    bool made = true;

    badged[1] = lab_copy(ep, RIGHT_ALL, 1);
    badged[2] = lab_copy(ep, RIGHT_ALL, 2);
    for (unsigned i = 0; made && i < CROWD; i++)
        made = join(crowd_caller, badged[1 + i % 2], 0, 0, AFTER_MAIN);
    return made;
}

static void cancel_goes_on(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0), badged[3];
    struct msg m = {0};

    if (!prepare())
        return;
    order(OP_CNODE_CANCEL, ep, 1, 0);
    if (!queue_callers(ep, badged))
        return;
    EXPECT_ERROR(sys_call(badged[1], &m), E_GONE);
    EXPECT(puppet_idle(&worker), 0);
    /* One that comes now, behind all others, is cancelled, too. */
    if (!join(crowd_caller, badged[1], 0, 0, AT_ONCE))
        return;
    /* The first in the queue is received as ever. */
    EXPECT_OK(sys_recv(ME, ep, &m));
    EXPECT(m.badge, 2);
    EXPECT_OK(finish());
    EXPECT(count(E_GONE), CROWD / 2 + 1);
    EXPECT(count(BLOCKED), CROWD / 2);
    EXPECT_ERROR(ended_with(crowd_size - 1), E_GONE);
}

/* Two cancel at the same endpoint, each with a badge of its own. */
static void cancel_within_cancel(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0), badged[3];
    struct msg m = {0};

    if (!prepare())
        return;
    order(OP_CNODE_CANCEL, ep, 1, 0);
    if (!queue_callers(ep, badged))
        return;
    EXPECT_ERROR(sys_call(badged[1], &m), E_GONE);
    EXPECT(puppet_idle(&worker), 0);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_CANCEL, ep, 2, 0));
    for (unsigned i = 1; i < CROWD; i += 2)
        EXPECT(is_queued(i), 0);
    EXPECT_OK(finish());
    EXPECT(count(E_GONE), CROWD);
    EXPECT_ERROR(sys_send(ep, &m), E_BUSY);
}

/* The canceller is gone for good: what it left in the queue disturbs nobody. */
static void cancel_abandoned(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0), badged[3];
    struct msg m = {0};
    unsigned served = 0;

    if (!prepare())
        return;
    order(OP_CNODE_CANCEL, ep, 1, 0);
    if (!queue_callers(ep, badged))
        return;
    EXPECT_ERROR(sys_call(badged[1], &m), E_GONE);
    EXPECT(puppet_idle(&worker), 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, worker.thread));
    for (unsigned i = 0; i < CROWD; i++) {
        if (!is_queued(i))
            continue;
        served++;
        EXPECT_OK(sys_recv(ME, ep, &m));
        EXPECT(m.badge, 1 + i % 2);
        EXPECT_OK(sys_reply(ME, &m));
    }
    EXPECT(served > CROWD / 2 && served < CROWD, 1);
    /* All have been served, in spite of the mark; now somebody waits, and is found. */
    if (!join(crowd_receiver, ep, 0, 0, AT_ONCE))
        return;
    EXPECT_OK(sys_send(ep, &m));
    EXPECT_OK(ended_with(crowd_size - 1));
}

/* A receiver that can't take what is queued sends all of it home, and then waits. */
static void receiver_without_buffer(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    struct msg m = {0};

    if (!prepare())
        return;
    for (unsigned i = 0; i < CROWD - 1; i++)
        if (!join(crowd_caller, ep, 1, frame, AT_ONCE))
            return;
    if (!join(crowd_receiver, ep, 0, 0, AT_ONCE))
        return;
    EXPECT(count(E_NOBUF), CROWD - 1);
    EXPECT_OK(sys_send(ep, &m));
    EXPECT_OK(ended_with(CROWD - 1));
}

/* The same in reply_recv: the answer goes out once. */
static void answer_without_buffer(void)
{
    struct puppet server, caller;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0), other = lab_make(OBJ_ENDPOINT, 0);
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    struct msg m = {0};

    MAKE_PUPPET(&server, true, 0);
    MAKE_PUPPET(&caller, true, 0);
    if (!prepare())
        return;
    puppet_recv(&server, ep);
    puppet_call(&caller, ep, 0, 1);
    EXPECT_OK(puppet_status(&server));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, server.peer.t.buffer_frame));
    for (unsigned i = 0; i < CROWD; i++)
        if (!join(crowd_caller, ep, 1, frame, AT_ONCE))
            return;
    puppet_reply_recv(&server, ep, 7, 77);
    EXPECT_OK(puppet_status(&caller));
    EXPECT(puppet_label(&caller), 7);
    EXPECT(puppet_out(&caller, R_RDX), 77);
    EXPECT(count(E_NOBUF), CROWD);
    EXPECT_ERROR(puppet_status(&server), BLOCKED);
    puppet_call(&caller, other, 0, 0); /* it is not waited for */
    EXPECT_ERROR(puppet_status(&caller), BLOCKED);
    EXPECT_OK(sys_send(ep, &m));
    EXPECT_OK(puppet_status(&server));
}

/* More entries than one share clears. */
static void full_table(void)
{
    uint64_t space = lab_make(OBJ_VSPACE, 0), frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    uint64_t first = 0, table[3];

    for (unsigned i = 0; i < 3; i++) {
        table[i] = lab_make(OBJ_TABLE, 0);
        EXPECT_OK(OP2(space, OP_VSPACE_MAP_TABLE, 0, table[i]));
    }
    for (unsigned i = 0; i < 512; i++) {
        uint64_t copy = lab_copy(frame, RIGHT_READ | RIGHT_MANAGE, 0);

        first = i == 0 ? copy : first;
        EXPECT_OK(OP4(space, OP_VSPACE_MAP, (uint64_t)i << 12, copy, RIGHT_READ, 0));
    }
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, table[2]));
    for (uint64_t copy = first; copy < first + 512; copy++) {
        EXPECT_OK(OP0(copy, OP_FRAME_INFO));
        EXPECT(test_out.w[2], 0);
    }
}

/* A CNode that is being taken apart: what has been looked at stays empty. */
static void cnode_destroyed(void)
{
    enum { BEFORE = 2, EP = 10, BEHIND = 12 }; /* its slots */
    uint64_t memory = lab_make(OBJ_UNTYPED, CNODE_MIN_BITS + SLOT_BITS);
    uint64_t cnode = lab_slot(), ep = lab_slot(), gift = lab_make(OBJ_ENDPOINT, 0);
    uint64_t t = lab_make(OBJ_THREAD, 0);
    struct msg m = {0};

    if (!prepare())
        return;
    EXPECT_OK(OP5(memory, OP_UNTYPED_RETYPE, OBJ_CNODE, CNODE_MIN_BITS, 0, cnode, 1));
    EXPECT_OK(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, cnode, EP, 1));
    EXPECT_OK(OP4(SLOT_CNODE, OP_CNODE_COPY, ep, cnode, EP, RIGHT_ALL));
    EXPECT_OK(OP4(cnode, OP_CNODE_COPY, BEHIND, 0, gift, RIGHT_ALL));
    for (unsigned i = 0; i < CROWD; i++)
        if (!join(crowd_receiver, ep, 0, 0, AT_ONCE))
            return;
    order(OP_CNODE_DELETE, cnode, 0, 0);
    EXPECT_ERROR(sys_recv(ME, ep, &m), E_GONE);
    EXPECT(puppet_idle(&worker), 0);
    EXPECT(slot_type(ep), OBJ_NULL);
    EXPECT(rights_of(cnode), 0);
    EXPECT_ERROR(OP4(cnode, OP_CNODE_COPY, BEFORE, 0, gift, RIGHT_ALL), E_NO_RIGHT);
    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, ep, cnode, BEHIND, RIGHT_ALL), E_NO_RIGHT);
    EXPECT_ERROR(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, cnode, BEFORE, 1),
                 E_NO_RIGHT);
    EXPECT_ERROR(OP5(t, OP_THREAD_CONFIGURE, cnode, SLOT_VSPACE, 0, 0, SLOT_BUDGET), E_NO_RIGHT);
    EXPECT_OK(finish());
    EXPECT(slot_type(cnode), OBJ_NULL);
    EXPECT_OK(OP0(memory, OP_UNTYPED_INFO));
    EXPECT(test_out.w[2], 0);
}

static const struct test list[] = {
    {"kernel.share.endpoint_destroyed", endpoint_destroyed},
    {"kernel.share.notification_destroyed", notification_destroyed},
    {"kernel.share.thread_destroyed", thread_destroyed},
    {"kernel.share.thread_destroys_itself", thread_destroys_itself},
    {"kernel.share.cancel_goes_on", cancel_goes_on},
    {"kernel.share.cancel_within_cancel", cancel_within_cancel},
    {"kernel.share.cancel_abandoned", cancel_abandoned},
    {"kernel.share.receiver_without_buffer", receiver_without_buffer},
    {"kernel.share.answer_without_buffer", answer_without_buffer},
    {"kernel.share.full_table", full_table},
    {"kernel.share.cnode_destroyed", cnode_destroyed},
};

TEST_AREA(tests_share);
