/*
 * thread.c - operations on threads and their errors.
 */
#include "test.h"

static struct quoll_buffer *own_buffer(void)
{
    return (struct quoll_buffer *)TASK_BUFFER_VA;
}

/* RIP lies beyond the registers' words: 15 rip, 16 rsp, 17 rflags. */
#define EXTRA(index) ((index)-MSG_REG_WORDS)

static void configure_errors(void)
{
    uint64_t thread = lab_make(OBJ_THREAD, 0);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t empty = lab_slot();

    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, 0, SLOT_VSPACE, 0, 0, SLOT_BUDGET), E_BAD_CAP);
    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, ep, SLOT_VSPACE, 0, 0, SLOT_BUDGET), E_BAD_TYPE);
    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, ep, 0, 0, SLOT_BUDGET), E_BAD_TYPE);
    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, thread, 0, SLOT_BUDGET),
                 E_BAD_TYPE);
    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, empty, 0, SLOT_BUDGET),
                 E_BAD_CAP);
    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, ep, SLOT_BUDGET),
                 E_BAD_TYPE);
    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, 0, ep), E_BAD_TYPE);
    EXPECT_OK(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, 0, SLOT_BUDGET));
}

static void buffer_must_be_writable(void)
{
    uint64_t thread = lab_make(OBJ_THREAD, 0);
    uint64_t weak = lab_copy(lab_make(OBJ_FRAME, 12), RIGHT_READ, 0);

    EXPECT_ERROR(OP5(thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, weak, SLOT_BUDGET),
                 E_NO_RIGHT);
}

static void priority_errors(void)
{
    struct lab_thread t;

    lab_thread_make(&t, SLOT_VSPACE, 0, 100);
    EXPECT_OK(OP0(SLOT_BUDGET, OP_BUDGET_INFO));
    EXPECT_ERROR(OP1(t.thread, OP_THREAD_SET_PRIORITY, test_out.w[1] + 1), E_BAD_ARG);
    EXPECT_ERROR(OP1(t.thread, OP_THREAD_SET_PRIORITY, PRIORITY_MAX + 1), E_BAD_ARG);
    EXPECT_ERROR(OP1(t.thread, OP_THREAD_SET_PRIORITY, UINT64_MAX), E_BAD_ARG);
    EXPECT_OK(OP0(t.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[1], 100);
}

static void start_errors(void)
{
    struct lab_thread t;

    lab_thread_make(&t, SLOT_VSPACE, 0, 100);
    EXPECT_ERROR(OP4(t.thread, OP_THREAD_START, USER_TOP, 0, 0, 0), E_BAD_ARG);
    EXPECT_ERROR(OP4(t.thread, OP_THREAD_START, 0x800000000000ull, 0, 0, 0), E_BAD_ARG);
    EXPECT_ERROR(OP4(t.thread, OP_THREAD_START, UINT64_MAX, 0, 0, 0), E_BAD_ARG);
    EXPECT_OK(OP0(t.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_STOPPED);
}

static void not_stopped(void)
{
    struct puppet p;

    MAKE_PUPPET(&p, true, 0);
    EXPECT_ERROR(OP4(p.thread, OP_THREAD_START, LAB_CODE_VA, LAB_PAGE_VA, 0, 0), E_BUSY);
    EXPECT_ERROR(OP0(p.thread, OP_THREAD_RESUME), E_BUSY);
    EXPECT_ERROR(OP0(p.thread, OP_THREAD_READ_REGS), E_BUSY);
    EXPECT_ERROR(OP5(p.thread, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, 0, SLOT_BUDGET),
                 E_BUSY);
}

static void states(void)
{
    struct puppet p;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_WAITING);
    EXPECT(test_out.w[1], PUPPET_PRIORITY);
    puppet_call(&p, ep, 0, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_QUEUED);
    EXPECT_OK(OP0(p.thread, OP_THREAD_CANCEL));
    puppet_recv(&p, ep);
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_RECEIVING);
}

static void suspend_resume(void)
{
    struct puppet p;

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP0(p.thread, OP_THREAD_CANCEL));
    EXPECT_OK(OP0(p.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_STOPPED);
}

static void read_regs(void)
{
    struct puppet p;

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    EXPECT(msg_extra(&test_out), 18 - MSG_REG_WORDS);
    EXPECT(own_buffer()->words[EXTRA(15)] - LAB_CODE_VA < 4096, 1);
    EXPECT(own_buffer()->words[EXTRA(16)], p.peer.page_va);
}

static void write_regs(void)
{
    struct puppet p;
    struct msg m;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    /* A fault's instruction is stepped over by its handler. */
    MAKE_PUPPET(&p, true, ep);
    puppet_do(&p, PUPPET_HALT, 0);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    m = test_out;
    m.tag = msg_tag(OP_THREAD_WRITE_REGS, 18 - MSG_REG_WORDS, 0);
    m.w[1] = 0xb0b; /* rbx */
    own_buffer()->words[EXTRA(15)] += 1;
    own_buffer()->words[EXTRA(17)] |= 0x3000; /* IOPL: must not come through */
    EXPECT_OK(sys_call(p.thread, &m));
    m = (struct msg){0};
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &m));
    EXPECT(puppet_idle(&p), 1);
    EXPECT(puppet_out(&p, R_RBX), 0xb0b);
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT(puppet_out(&p, R_R11) & 0x3000, 0);
}

static void write_regs_errors(void)
{
    struct puppet p;
    struct msg m;

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    m = test_out;
    m.tag = msg_tag(OP_THREAD_WRITE_REGS, 18 - MSG_REG_WORDS, 0);
    own_buffer()->words[EXTRA(15)] = USER_TOP;
    EXPECT_ERROR(sys_call(p.thread, &m), E_BAD_ARG);
}

static void bind_errors(void)
{
    struct lab_thread t, u;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    lab_thread_make(&t, SLOT_VSPACE, 0, 100);
    lab_thread_make(&u, SLOT_VSPACE, 0, 100);
    EXPECT_ERROR(OP1(t.thread, OP_THREAD_BIND, ep), E_BAD_TYPE);
    EXPECT_OK(OP1(t.thread, OP_THREAD_BIND, n));
    EXPECT_ERROR(OP1(u.thread, OP_THREAD_BIND, n), E_BUSY);
    EXPECT_OK(OP1(t.thread, OP_THREAD_BIND, 0));
    EXPECT_OK(OP1(u.thread, OP_THREAD_BIND, n));
}

static void fs_base(void)
{
    struct puppet p;

    MAKE_PUPPET(&p, true, 0);
    EXPECT_ERROR(OP1(p.thread, OP_THREAD_SET_FS_BASE, 0x800000000000ull), E_BAD_ARG);
    EXPECT_ERROR(OP1(p.thread, OP_THREAD_SET_FS_BASE, UINT64_MAX), E_BAD_ARG);
    EXPECT_OK(OP1(p.thread, OP_THREAD_SET_FS_BASE, LAB_PAGE_VA));
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT_OK(puppet_status(&p));
}

static void fpu_is_private(void)
{
    struct puppet p, q;

    MAKE_PUPPET(&p, true, 0);
    MAKE_PUPPET(&q, true, 0);
    EXPECT_OK(OP0(p.thread, OP_THREAD_ENABLE_FPU));
    EXPECT_OK(OP0(q.thread, OP_THREAD_ENABLE_FPU));
    puppet_do(&p, PUPPET_FPU_LOAD, 0x1111);
    puppet_do(&q, PUPPET_FPU_STORE, 0);
    EXPECT(puppet_out(&q, R_RAX), 0);
    puppet_do(&q, PUPPET_FPU_LOAD, 0x2222);
    puppet_do(&p, PUPPET_FPU_STORE, 0);
    EXPECT(puppet_idle(&p), 1);
    EXPECT(puppet_out(&p, R_RAX), 0x1111);
    puppet_do(&q, PUPPET_FPU_STORE, 0);
    EXPECT(puppet_out(&q, R_RAX), 0x2222);
}

static void fpu_must_be_enabled(void)
{
    struct puppet p;
    struct msg m = {0};
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&p, true, ep);
    puppet_do(&p, PUPPET_FPU_LOAD, 1);
    EXPECT(puppet_idle(&p), 0);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(msg_kind(&m), KIND_EXCEPTION);
    EXPECT(m.w[0], 7); /* #NM */
    EXPECT_OK(OP0(p.thread, OP_THREAD_ENABLE_FPU));
    m = (struct msg){0};
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &m));
    EXPECT(puppet_idle(&p), 1);
}

static void destroyed_objects_stop_it(void)
{
    struct puppet p;

    MAKE_PUPPET(&p, true, 0);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, p.peer.vspace));
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT_ERROR(puppet_status(&p), BLOCKED);
}

static void bad_call(void)
{
    EXPECT_ERROR(OP0(SLOT_THREAD, 99), E_BAD_CALL);
    EXPECT_ERROR(OP0(lab_copy(SLOT_THREAD, 0, 0), OP_THREAD_SUSPEND), E_NO_RIGHT);
}

static const struct test list[] = {
    {"kernel.thread.configure_errors", configure_errors},
    {"kernel.thread.buffer_must_be_writable", buffer_must_be_writable},
    {"kernel.thread.priority_errors", priority_errors},
    {"kernel.thread.start_errors", start_errors},
    {"kernel.thread.not_stopped", not_stopped},
    {"kernel.thread.states", states},
    {"kernel.thread.suspend_resume", suspend_resume},
    {"kernel.thread.read_regs", read_regs},
    {"kernel.thread.write_regs", write_regs},
    {"kernel.thread.write_regs_errors", write_regs_errors},
    {"kernel.thread.bind_errors", bind_errors},
    {"kernel.thread.fs_base", fs_base},
    {"kernel.thread.fpu_is_private", fpu_is_private},
    {"kernel.thread.fpu_must_be_enabled", fpu_must_be_enabled},
    {"kernel.thread.destroyed_objects_stop_it", destroyed_objects_stop_it},
    {"kernel.thread.bad_call", bad_call},
};

TEST_AREA(tests_thread);
