/*
 * fault.c - faults as messages. The handler is the test's own thread, which receives only what
 * has already been queued.
 */
#include "test.h"

static struct puppet p;
static uint64_t ep;

static bool prepare(bool other)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&p, other, PUPPET_PRIORITY, lab_copy(ep, RIGHT_ALL, 0xfa));
}

/* The puppet does @command; its fault goes to @m. */
static bool fault(enum puppet_command command, uint64_t arg, struct msg *m)
{
    puppet_do(&p, command, arg);
    return puppet_fault(&p, ep, m);
}

static void page(bool other)
{
    struct msg m;

    if (!prepare(other) || !fault(PUPPET_READ, 0x1008, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.badge, 0xfa);
    EXPECT(m.w[0], 0x1008);
    EXPECT(m.w[2], 4);
    EXPECT(m.w[1] - p.peer.entry < 4096, 1);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_FAULTED);
    /* Label 0 runs the instruction again. */
    m = (struct msg){0};
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &m));
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    /* Any other leaves the thread stopped. */
    m = (struct msg){.tag = msg_tag(1, 0, 0)};
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &m));
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_STOPPED);
}

static void page_same_as(void)
{
    page(false);
}

static void page_diff_as(void)
{
    page(true);
}

static void kernel_address(void)
{
    struct msg m;

    if (!prepare(true) || !fault(PUPPET_READ, 0xffffffff80000000ull, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.w[0], 0xffffffff80000000ull);
}

static void execute_data(void)
{
    struct msg m;

    if (!prepare(true) || !fault(PUPPET_JUMP, LAB_PAGE_VA, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.w[0], LAB_PAGE_VA);
    EXPECT(m.w[2], 0x15); /* present, user, fetch */
}

static void write_code(void)
{
    struct msg m;

    if (!prepare(true) || !fault(PUPPET_WRITE, LAB_CODE_VA, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.w[2], 7);
}

static void exception(enum puppet_command command, uint64_t vector)
{
    struct msg m;

    if (!prepare(true) || !fault(command, 0, &m))
        return;
    EXPECT(msg_kind(&m), KIND_EXCEPTION);
    EXPECT(m.w[0], vector);
}

static void invalid_opcode(void)
{
    exception(PUPPET_UD2, 6);
}

static void privileged(void)
{
    exception(PUPPET_HALT, 13);
}

static void divide(void)
{
    exception(PUPPET_DIVIDE, 0);
}

static void breakpoint(void)
{
    exception(PUPPET_BREAK, 3);
}

static void no_handler(void)
{
    if (!puppet_make(&p, true, PUPPET_PRIORITY, 0))
        return;
    puppet_do(&p, PUPPET_UD2, 0);
    EXPECT(puppet_idle(&p), 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_STOPPED);
}

static void queued_then_destroyed(void)
{
    struct msg m = {0};

    if (!prepare(true))
        return;
    puppet_do(&p, PUPPET_UD2, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_FAULT_QUEUED);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, p.thread));
    /* Nothing is left in the queue. */
    EXPECT_ERROR(sys_send(ep, &m), E_BUSY);
}

static const struct test list[] = {
    {"kernel.fault.page.same_as", page_same_as},
    {"kernel.fault.page.diff_as", page_diff_as},
    {"kernel.fault.kernel_address", kernel_address},
    {"kernel.fault.execute_data", execute_data},
    {"kernel.fault.write_code", write_code},
    {"kernel.fault.invalid_opcode", invalid_opcode},
    {"kernel.fault.privileged", privileged},
    {"kernel.fault.divide", divide},
    {"kernel.fault.breakpoint", breakpoint},
    {"kernel.fault.no_handler", no_handler},
    {"kernel.fault.queued_then_destroyed", queued_then_destroyed},
};

TEST_AREA(tests_fault);
