/*
 * regress.c - faults that the fuzzer found, each as the few calls that show it.
 */
#include "test.h"

/* Bits that were there when the notification was bound to a receiver stayed announced to it after
 * it had got them: its next receive was answered with none. */
static void bind_delivers_bits_once(void)
{
    struct puppet p;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0), ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&p, true, 0);
    puppet_recv(&p, ep);
    EXPECT_OK(sys_signal(lab_copy(n, RIGHT_SEND, 6)));
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
    EXPECT_OK(OP1(p.thread, OP_THREAD_BIND, n));
    EXPECT_OK(puppet_status(&p));
    EXPECT(puppet_kind(&p), KIND_NOTIFICATION);
    EXPECT(puppet_out(&p, R_RDX), 6);
    puppet_recv(&p, ep);
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
}

#define EXTRA(index) ((index)-MSG_REG_WORDS) /* of a register behind the words, in the buffer */
#define RFLAGS_TF    0x100u

/* A thread that is single-stepped makes a system call: a processor that traps behind SYSCALL,
 * although that clears the flag, does so in the kernel, which took it for a fault of its own. */
static void single_step_into_a_call(void)
{
    struct quoll_buffer *buffer = (struct quoll_buffer *)TASK_BUFFER_VA;
    struct puppet p;
    struct msg m;
    unsigned steps = 0;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&p, true, ep);
    puppet_do(&p, PUPPET_HALT, 0);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    m = test_out;
    m.tag = msg_tag(OP_THREAD_WRITE_REGS, 18 - MSG_REG_WORDS, 0);
    buffer->words[EXTRA(15)] += 1; /* behind HLT */
    buffer->words[EXTRA(17)] |= RFLAGS_TF;
    EXPECT_OK(sys_call(p.thread, &m));
    for (; steps < 100; steps++) {
        m = (struct msg){0};
        EXPECT_OK(sys_reply(SLOT_REPLY + 1, &m));
        EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
        if (test_out.w[0] == THREAD_WAITING)
            break;
        if (!puppet_fault(&p, ep, &m))
            return;
        EXPECT(msg_kind(&m), KIND_EXCEPTION);
        EXPECT(m.w[0], 1);
    }
    EXPECT(steps > 10 && steps < 100, 1);
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT_OK(puppet_status(&p));
}

/* How often the processor gets around a loop in half a millisecond, at best. */
static uint64_t loops(void)
{
    uint64_t best = 0;

    for (unsigned i = 0; i < 10; i++) {
        uint64_t end = rdtsc() + quoll_info()->tsc_hz / 2000, n = 0;
        while (rdtsc() < end)
            n++;
        best = n > best ? n : best;
    }
    return best;
}

/* A deadline more than 2^63 ticks away was taken for one in the past: the timer's interrupts came
 * one after the other for as long as it was armed. */
static void deadline_at_the_end_of_time(void)
{
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0), before = loops();

    EXPECT_OK(OP2(n, OP_NOTIFICATION_SET_DEADLINE, UINT64_MAX - 63, 1));
    EXPECT(loops() > before / 3, 1);
    EXPECT_OK(OP2(n, OP_NOTIFICATION_SET_DEADLINE, UINT64_MAX / 2 + 2 * rdtsc(), 1));
    EXPECT(loops() > before / 3, 1);
}

/* Periods so short that the kernel had no time left for anybody but their beginnings and ends. */
static void shortest_budget_period(void)
{
    uint64_t first = lab_slot(), second = lab_slot();

#define CREATE(budget, period, index)                                                              \
    OP5(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, SLOT_UNTYPED, (budget), (period), 90, (index))
    EXPECT_ERROR(CREATE(1, 2, first), E_BAD_ARG);
    EXPECT_ERROR(CREATE(1, BUDGET_PERIOD_MIN_US - 1, first), E_BAD_ARG);
    EXPECT(slot_type(first), OBJ_NULL);
    EXPECT_OK(CREATE(1, BUDGET_PERIOD_MIN_US, first));
    EXPECT_OK(CREATE(1, 1, second)); /* all the time */
#undef CREATE
}

/* A thread that was destroyed while it waited for its Budget's next period stayed in the Budget's
 * queue. */
static void destroyed_while_parked(void)
{
    uint64_t budget = lab_slot();
    struct puppet p;

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP5(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, SLOT_UNTYPED, 1000, 10000, 190, budget));
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP5(p.thread, OP_THREAD_CONFIGURE, SLOT_CNODE, p.peer.vspace, 0,
                  p.peer.t.buffer_frame, budget));
    EXPECT_OK(OP0(p.thread, OP_THREAD_RESUME));
    puppet_do(&p, PUPPET_SPIN, 0); /* until the Budget is used up */
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, p.thread));
    (void)sys_debug(DEBUG_CHECK, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, budget));
    test_sleep_us(20000); /* past the end of the period */
}

/* While a thread had breakpoints or was stepped, it was refused the call that does nothing. */
static void null_call_while_debugged(void)
{
    struct puppet p;
    struct msg m = {.w = {0x123}};

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(op(p.thread, OP_THREAD_WRITE_DEBUG, 0x1000, 0, 0, 0, 0, 1)); /* not where it runs */
    EXPECT_OK(OP0(p.thread, OP_THREAD_RESUME));
    puppet_sys(&p, SYS_NULL, 0, 0, &m);
    EXPECT_OK(puppet_status(&p));
    EXPECT(puppet_out(&p, R_RDX), 0x123);
}

static const struct test list[] = {
    {"kernel.regress.null_call_while_debugged", null_call_while_debugged},
    {"kernel.regress.destroyed_while_parked", destroyed_while_parked},
    {"kernel.regress.shortest_budget_period", shortest_budget_period},
    {"kernel.regress.deadline_at_the_end_of_time", deadline_at_the_end_of_time},
    {"kernel.regress.single_step_into_a_call", single_step_into_a_call},
    {"kernel.regress.bind_delivers_bits_once", bind_delivers_bits_once},
};

TEST_AREA(tests_regress);
