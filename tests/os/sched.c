/*
 * sched.c - priorities, preemption, round robin, budgets. Spinning threads lie below the test's
 * own priority, so a kernel that gets it wrong fails the test and does not hang it.
 */
#include "test.h"

#define LOW  100u
#define LESS 99u

static bool spinner(struct puppet *p, unsigned priority)
{
    if (!puppet_make(p, true, priority, 0))
        return false;
    puppet_do(p, PUPPET_SPIN, 0);
    return true;
}

/* Let lower threads run until @p has done something, on a busy host a long time. */
static bool soon(const volatile uint64_t *counter)
{
    for (unsigned i = 0; i < 400 && *counter == 0; i++)
        test_sleep_us(5000);
    return test_expect("the thread has run", *counter > 0, 1);
}

static void higher_preempts_at_once(void)
{
    struct puppet p;

    if (!puppet_make(&p, true, PUPPET_PRIORITY, 0))
        return;
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT(puppet_idle(&p), 1);
}

static void lower_waits(void)
{
    struct puppet p;

    if (!puppet_make(&p, true, LOW, 0))
        return;
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT(puppet_idle(&p), 0);
    sys_yield();
    EXPECT(puppet_idle(&p), 0);
    if (!soon(&p.page->done))
        return;
    EXPECT(puppet_idle(&p), 1);
}

static void timer_preempts_spinner(void)
{
    struct puppet p;

    if (!spinner(&p, LOW))
        return;
    (void)soon(&p.page->spins);
}

static void priority_is_strict(void)
{
    struct puppet high, low;

    if (!spinner(&low, LESS) || !spinner(&high, LOW))
        return;
    if (!soon(&high.page->spins))
        return;
    test_sleep_us(50000);
    EXPECT(low.page->spins, 0);
}

static bool about_equal(uint64_t x, uint64_t y)
{
    return x / 4 < y && y / 4 < x;
}

/* A host that takes the CPU away for a while can be unfair once, but not again and again. */
static void round_robin(void)
{
    struct puppet a, b;

    if (!spinner(&a, LOW) || !spinner(&b, LOW))
        return;
    for (unsigned i = 0; i < 10 && !about_equal(a.page->spins, b.page->spins); i++)
        test_sleep_us(200000);
    EXPECT(about_equal(a.page->spins, b.page->spins), 1);
}

static void priority_change_preempts(void)
{
    struct puppet p;

    if (!puppet_make(&p, true, LOW, 0))
        return;
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_PRIORITY, PUPPET_PRIORITY));
    EXPECT(puppet_idle(&p), 1);
}

static void cpu_time_is_counted(void)
{
    struct puppet p;

    if (!spinner(&p, LOW))
        return;
    if (!soon(&p.page->spins))
        return;
    test_sleep_us(10000);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[2] > quoll_info()->tsc_hz / 1000, 1);
}

static void budget_info(void)
{
    uint64_t slot = lab_slot();

    EXPECT_OK(OP5(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, SLOT_UNTYPED, 1000, 10000, 90, slot));
    EXPECT_OK(OP0(slot, OP_BUDGET_INFO));
    EXPECT(test_out.w[0], 0);
    EXPECT(test_out.w[1], 90);
    EXPECT(test_out.w[2], 1000);
    EXPECT(test_out.w[3], 10000);
}

static void budget_errors(void)
{
    uint64_t slot = lab_slot();
    uint64_t tiny = lab_make(OBJ_UNTYPED, BUDGET_BITS);
    uint64_t second = lab_slot();

#define CREATE(untyped, budget, period, priority, index)                                           \
    OP5(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, (untyped), (budget), (period), (priority), (index))
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 2000, 1000, 90, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 1000, 0, 90, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 1000, 10000, PRIORITY_MAX + 1, slot), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 1000, 10000, 90, 0), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 1000, 10000, 90, task_info()->cnode_slots), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, 1000, 10000, 90, SLOT_UNTYPED), E_EXISTS);
    EXPECT_ERROR(CREATE(SLOT_CNODE, 1000, 10000, 90, slot), E_BAD_TYPE);
    EXPECT_OK(CREATE(tiny, 1000, 10000, 90, slot));
    EXPECT_ERROR(CREATE(tiny, 1000, 10000, 90, second), E_NO_MEMORY);
#undef CREATE
}

static void budget_caps_priority(void)
{
    uint64_t slot = lab_slot();
    uint64_t thread = lab_make(OBJ_THREAD, 0);

    EXPECT_OK(OP5(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, SLOT_UNTYPED, 0, 0, 90, slot));
    EXPECT_OK(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, 0, slot));
    EXPECT_ERROR(OP1(thread, OP_THREAD_SET_PRIORITY, 91), E_BAD_ARG);
    EXPECT_OK(OP1(thread, OP_THREAD_SET_PRIORITY, 90));
}

static const struct test list[] = {
    {"kernel.sched.higher_preempts_at_once", higher_preempts_at_once},
    {"kernel.sched.lower_waits", lower_waits},
    {"kernel.sched.timer_preempts_spinner", timer_preempts_spinner},
    {"kernel.sched.priority_is_strict", priority_is_strict},
    {"kernel.sched.round_robin", round_robin},
    {"kernel.sched.priority_change_preempts", priority_change_preempts},
    {"kernel.sched.cpu_time_is_counted", cpu_time_is_counted},
    {"kernel.budget.info", budget_info},
    {"kernel.budget.errors", budget_errors},
    {"kernel.budget.caps_priority", budget_caps_priority},
};

TEST_AREA(tests_sched);
