/*
 * lost.c - threads whose VSpace, CNode or Budget is taken: stopped, whatever they were doing, and
 * the fault endpoint is told which.
 */
#include "test.h"

#define LOW 100u /* a spinning thread, below the test's own */

enum what { LOSE_VSPACE, LOSE_CNODE, LOSE_BUDGET };

static struct puppet p, q;
static uint64_t ep, faults;
static uint64_t taken[3]; /* the capabilities that @p runs on, by enum what */

/* A puppet that runs on copies, which can be taken. */
static bool prepare(unsigned priority)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    faults = lab_make(OBJ_ENDPOINT, 0);
    if (!puppet_make(&p, true, priority, 0) || !puppet_make(&q, true, PUPPET_PRIORITY, 0))
        return false;
    taken[LOSE_VSPACE] = lab_copy(p.peer.vspace, RIGHT_ALL, 0);
    taken[LOSE_CNODE] = lab_copy(SLOT_CNODE, RIGHT_ALL, 0);
    taken[LOSE_BUDGET] = lab_copy(SLOT_BUDGET, RIGHT_ALL, 0);
    return test_expect_error("suspending", OP0(p.thread, OP_THREAD_SUSPEND), E_OK) &&
           test_expect_error("configuring",
                             OP5(p.thread, OP_THREAD_CONFIGURE, taken[LOSE_CNODE],
                                 taken[LOSE_VSPACE], lab_copy(faults, RIGHT_ALL, 0xcafa),
                                 p.peer.t.buffer_frame, taken[LOSE_BUDGET]),
                             E_OK) &&
           test_expect_error("resuming", OP0(p.thread, OP_THREAD_RESUME), E_OK);
}

static uint64_t state(const struct puppet *of)
{
    return OP0(of->thread, OP_THREAD_INFO) == E_OK ? test_out.w[0] : 0;
}

static bool take(enum what what)
{
    return test_expect_error("taking it", OP1(SLOT_CNODE, OP_CNODE_DELETE, taken[what]), E_OK);
}

/* The fault is queued; receive it with the second Reply. */
static bool told(enum what what)
{
    static const uint64_t types[] = {OBJ_VSPACE, OBJ_CNODE, OBJ_BUDGET};
    struct msg m;

    return puppet_fault(&p, faults, &m) && test_expect("kind", msg_kind(&m), KIND_CAP_FAULT) &&
           test_expect("what was lost", m.w[0], types[what]) &&
           test_expect("badge", m.badge, 0xcafa) && test_expect("state", state(&p), THREAD_FAULTED);
}

/* Give it what it lost and let it go on. */
static bool give_back(void)
{
    struct msg m = {0};

    return test_expect_error("suspending", OP0(p.thread, OP_THREAD_SUSPEND), E_OK) &&
           test_expect_error("configuring",
                             OP5(p.thread, OP_THREAD_CONFIGURE, SLOT_CNODE, p.peer.vspace, faults,
                                 p.peer.t.buffer_frame, SLOT_BUDGET),
                             E_OK) &&
           test_expect_error("resuming", OP0(p.thread, OP_THREAD_RESUME), E_OK) &&
           test_expect_error("answering", sys_reply(SLOT_REPLY + 1, &m), E_OK);
}

/* While it counts, preempted. */
static void running(enum what what)
{
    uint64_t spins;

    if (!prepare(LOW))
        return;
    puppet_do(&p, PUPPET_SPIN, 0);
    for (unsigned i = 0; i < 400 && p.page->spins == 0; i++)
        test_sleep_us(5000);
    if (!take(what))
        return;
    spins = p.page->spins;
    if (!told(what))
        return;
    test_sleep_us(2000);
    EXPECT(p.page->spins, spins);
    if (!give_back())
        return;
    for (unsigned i = 0; i < 400 && p.page->spins == spins; i++)
        test_sleep_us(5000);
    EXPECT(p.page->spins > spins, 1);
}

static void running_vspace(void)
{
    running(LOSE_VSPACE);
}

static void running_cnode(void)
{
    running(LOSE_CNODE);
}

static void running_budget(void)
{
    running(LOSE_BUDGET);
}

/* It takes its own, and finds that done when it gets another. */
static void its_own(enum what what)
{
    struct msg m = {.tag = msg_tag(OP_CNODE_DELETE, 0, 0)};

    if (!prepare(PUPPET_PRIORITY))
        return;
    m.w[0] = taken[what];
    puppet_sys(&p, SYS_CALL, SLOT_CNODE, 0, &m);
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
    EXPECT(slot_type(taken[what]), OBJ_NULL);
    if (!told(what) || !give_back())
        return;
    EXPECT_OK(puppet_status(&p));
}

static void its_own_vspace(void)
{
    its_own(LOSE_VSPACE);
}

static void its_own_cnode(void)
{
    its_own(LOSE_CNODE);
}

static void its_own_budget(void)
{
    its_own(LOSE_BUDGET);
}

/* The space itself is destroyed under the feet of the thread that does it. */
static void space_destroyed_by_its_thread(void)
{
    struct msg m = {.tag = msg_tag(OP_CNODE_DELETE, 0, 0)};

    if (!prepare(PUPPET_PRIORITY))
        return;
    m.w[0] = p.peer.vspace;
    puppet_sys(&p, SYS_CALL, SLOT_CNODE, 0, &m);
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
    EXPECT(slot_type(p.peer.vspace), OBJ_NULL);
    EXPECT(slot_type(taken[LOSE_VSPACE]), OBJ_NULL);
    (void)told(LOSE_VSPACE);
}

/* ---- while it waits: its wait ends, and it is told at once */

static void waiting_to_receive(void)
{
    if (!prepare(PUPPET_PRIORITY))
        return;
    puppet_recv(&p, ep);
    if (!take(LOSE_VSPACE) || !told(LOSE_VSPACE))
        return;
    /* Nobody receives any more, and the Reply is free. */
    EXPECT_ERROR(sys_send(ep, &(struct msg){0}), E_BUSY);
    if (!give_back())
        return;
    EXPECT_ERROR(puppet_status(&p), E_GONE);
    puppet_recv(&p, ep);
    EXPECT_OK(sys_send(ep, &(struct msg){.w = {3}}));
    EXPECT(puppet_out(&p, R_RDX), 3);
}

static void waiting_queued(void)
{
    if (!prepare(PUPPET_PRIORITY))
        return;
    puppet_call(&p, ep, 0, 1);
    if (!take(LOSE_CNODE) || !told(LOSE_CNODE))
        return;
    puppet_recv(&q, ep);
    EXPECT_ERROR(puppet_status(&q), BLOCKED);
    if (!give_back())
        return;
    EXPECT_ERROR(puppet_status(&p), E_GONE);
}

static void waiting_for_its_answer(void)
{
    if (!prepare(PUPPET_PRIORITY))
        return;
    puppet_recv(&q, ep);
    puppet_call(&p, ep, 0, 1);
    EXPECT_OK(puppet_status(&q));
    if (!take(LOSE_BUDGET) || !told(LOSE_BUDGET))
        return;
    /* The Reply is empty. */
    puppet_reply_recv(&q, ep, 0, 2);
    EXPECT_ERROR(puppet_status(&q), BLOCKED);
    if (!give_back())
        return;
    EXPECT_ERROR(puppet_status(&p), E_CANCELED);
}

static void waiting_for_bits(void)
{
    uint64_t n, bits = 0;

    if (!prepare(PUPPET_PRIORITY))
        return;
    n = lab_copy(lab_make(OBJ_NOTIFICATION, 0), RIGHT_ALL, 4);
    puppet_sys(&p, SYS_WAIT, n, 0, NULL);
    if (!take(LOSE_VSPACE) || !told(LOSE_VSPACE))
        return;
    EXPECT_OK(sys_signal(n));
    EXPECT_OK(sys_poll(n, &bits));
    EXPECT(bits, 4);
}

/* ---- while it has faulted for another reason: it is told when it is to go on */

static void faulted(void)
{
    struct msg m = {0};

    if (!prepare(PUPPET_PRIORITY))
        return;
    puppet_do(&p, PUPPET_READ, 0x1000);
    if (!puppet_fault(&p, faults, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    if (!take(LOSE_VSPACE))
        return;
    EXPECT(state(&p), THREAD_FAULTED);
    m = (struct msg){0};
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &m));
    (void)told(LOSE_VSPACE);
}

/* It loses the rest while it is known to have lost one: it is told once. */
static void all_three(void)
{
    struct msg m = {0};

    if (!prepare(PUPPET_PRIORITY))
        return;
    if (!take(LOSE_CNODE) || !told(LOSE_CNODE) || !take(LOSE_VSPACE) || !take(LOSE_BUDGET))
        return;
    EXPECT(state(&p), THREAD_FAULTED);
    EXPECT_ERROR(sys_send(faults, &m), E_BUSY);
    if (!give_back())
        return;
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT_OK(puppet_status(&p));
}

/* Nobody to tell. */
static void no_fault_endpoint(void)
{
    if (!prepare(PUPPET_PRIORITY))
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, faults));
    puppet_recv(&p, ep);
    if (!take(LOSE_VSPACE))
        return;
    EXPECT(state(&p), THREAD_STOPPED);
    EXPECT_ERROR(sys_send(ep, &(struct msg){0}), E_BUSY);
}

/* A handler that waits gets it at once. */
static void handler_waits(void)
{
    if (!prepare(PUPPET_PRIORITY))
        return;
    puppet_recv(&q, faults);
    if (!take(LOSE_CNODE))
        return;
    EXPECT_OK(puppet_status(&q));
    EXPECT(puppet_kind(&q), KIND_CAP_FAULT);
    EXPECT(puppet_out(&q, R_RDX), OBJ_CNODE);
    /* Any label but 0 leaves it stopped. */
    puppet_reply(&q, 1, 0);
    EXPECT(state(&p), THREAD_STOPPED);
}

static const struct test list[] = {
    {"kernel.lost.running.vspace", running_vspace},
    {"kernel.lost.running.cnode", running_cnode},
    {"kernel.lost.running.budget", running_budget},
    {"kernel.lost.its_own.vspace", its_own_vspace},
    {"kernel.lost.its_own.cnode", its_own_cnode},
    {"kernel.lost.its_own.budget", its_own_budget},
    {"kernel.lost.space_destroyed_by_its_thread", space_destroyed_by_its_thread},
    {"kernel.lost.waiting_to_receive", waiting_to_receive},
    {"kernel.lost.waiting_queued", waiting_queued},
    {"kernel.lost.waiting_for_its_answer", waiting_for_its_answer},
    {"kernel.lost.waiting_for_bits", waiting_for_bits},
    {"kernel.lost.faulted", faulted},
    {"kernel.lost.all_three", all_three},
    {"kernel.lost.no_fault_endpoint", no_fault_endpoint},
    {"kernel.lost.handler_waits", handler_waits},
};

TEST_AREA(tests_lost);
