/*
 * debug.c - what a debugger does with a thread: its FPU registers, its debug registers, one
 * instruction at a time. The thread is a puppet that has faulted, or stops at a breakpoint.
 */
#include "cpu.h"
#include <string.h>

#define BREAKPOINT 3 /* vectors */
#define DEBUG      1
#define DR6_STEP   0x4000u
#define TF         0x100u
#define MXCSR_WORD 3
#define XMM0_WORD  20

static struct puppet p;
static uint64_t ep;
static struct msg fault;

static uint64_t *extra_words(void)
{
    return ((struct quoll_buffer *)TASK_BUFFER_VA)->words;
}

/* The puppet must have raised @vector at @rip (0: anywhere); its fault is received. */
static bool raised(uint64_t vector, uint64_t rip)
{
    return puppet_fault(&p, ep, &fault) &&
           test_expect("kind of the fault", msg_kind(&fault), KIND_EXCEPTION) &&
           test_expect("vector", fault.w[0], vector) &&
           (rip == 0 || test_expect("rip", fault.w[1], rip));
}

static int go_on(void)
{
    struct msg m = {0};

    return sys_reply(SLOT_REPLY + 1, &m);
}

/* A puppet that runs @code, and stands behind the int3 that this begins with. */
static bool stands_in(const char *code, uint64_t argument)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    if (!cpu_puppet(&p, ep))
        return false;
    cpu_run(&p, code, argument);
    return raised(BREAKPOINT, cpu_code(code) + 1);
}

/* Step once; the puppet must stop at @offset of @code. */
static bool steps_to(const char *code, uint64_t offset)
{
    return test_expect_error("step", OP1(p.thread, OP_THREAD_STEP, 1), E_OK) &&
           test_expect_error("reply", go_on(), E_OK) && raised(DEBUG, cpu_code(code) + offset) &&
           test_expect("DR6 in the message", fault.w[2], DR6_STEP);
}

/* ---- stepping */

static void step(void)
{
    /* behind nop, mov, syscall with a nop, lea */
    static const uint64_t offsets[] = {2, 7, 10, 18};

    if (!stands_in(cpu_steps, 0))
        return;
    for (unsigned i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        if (!steps_to(cpu_steps, offsets[i]))
            return;
        EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
        EXPECT(extra_words()[17 - MSG_REG_WORDS] & TF, 0);
    }
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
    EXPECT(puppet_out(&p, R_RAX) & TF, 0); /* its own flags, by pushfq, after the steps */
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_DEBUG));
    EXPECT(test_out.w[4], DR6_STEP);
}

/* The system call waits, and others run meanwhile; its step ends when it has come back. */
static void step_over_call(void)
{
    struct puppet server;
    uint64_t serve = lab_make(OBJ_ENDPOINT, 0);

    if (!stands_in(cpu_call_step, lab_copy(serve, RIGHT_ALL, 5)))
        return;
    MAKE_PUPPET(&server, true, 0);
    if (!steps_to(cpu_call_step, 6) || !steps_to(cpu_call_step, 8) || !steps_to(cpu_call_step, 10))
        return;
    EXPECT_OK(OP1(p.thread, OP_THREAD_STEP, 1));
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 0);
    puppet_recv(&server, serve);
    EXPECT_OK(puppet_status(&server));
    puppet_reply(&server, 0, 0);
    EXPECT(raised(DEBUG, cpu_code(cpu_call_step) + 13), 1);
    EXPECT_OK(OP1(p.thread, OP_THREAD_STEP, 0));
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
}

/* What was to be stepped faults first: the step is still due after that. */
static void step_over_fault(void)
{
    const uint64_t va = 0x40000000;

    ep = lab_make(OBJ_ENDPOINT, 0);
    MAKE_PUPPET(&p, true, ep);
    puppet_do(&p, PUPPET_READ, va);
    EXPECT(puppet_fault(&p, ep, &fault), 1);
    EXPECT(msg_kind(&fault), KIND_PAGE_FAULT);
    uint64_t rip = fault.w[1];
    EXPECT_OK(OP1(p.thread, OP_THREAD_STEP, 1));
    EXPECT_OK(go_on());
    EXPECT(puppet_fault(&p, ep, &fault), 1);
    EXPECT(msg_kind(&fault), KIND_PAGE_FAULT);
    EXPECT_OK(lab_map(p.peer.vspace, va, lab_make(OBJ_FRAME, 12), RIGHT_READ));
    EXPECT_OK(go_on());
    EXPECT(raised(DEBUG, rip + 2), 1); /* mov al, [rdi] */
}

/* A step that is called off before it could happen leaves nothing behind. */
static void step_called_off(void)
{
    const uint64_t va = 0x40000000;

    ep = lab_make(OBJ_ENDPOINT, 0);
    MAKE_PUPPET(&p, true, ep);
    puppet_do(&p, PUPPET_READ, va);
    EXPECT(puppet_fault(&p, ep, &fault), 1);
    EXPECT_OK(OP1(p.thread, OP_THREAD_STEP, 1));
    EXPECT_OK(go_on());
    EXPECT(puppet_fault(&p, ep, &fault), 1);
    EXPECT_OK(OP1(p.thread, OP_THREAD_STEP, 0));
    EXPECT_OK(lab_map(p.peer.vspace, va, lab_make(OBJ_FRAME, 12), RIGHT_READ));
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
}

/* Another thread that is switched to meanwhile is not stepped, nor one that was, once it is over.
 */
static void step_is_private(void)
{
    struct puppet q;

    if (!stands_in(cpu_steps, 0))
        return;
    MAKE_PUPPET(&q, false, 0);
    EXPECT_OK(OP1(p.thread, OP_THREAD_STEP, 1));
    EXPECT_OK(go_on());
    EXPECT(raised(DEBUG, cpu_code(cpu_steps) + 2), 1);
    puppet_sys(&q, SYS_NULL, 0, 0, NULL);
    EXPECT_OK(puppet_status(&q));
    EXPECT_OK(OP1(p.thread, OP_THREAD_STEP, 0));
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    EXPECT_OK(puppet_status(&p));
}

/* ---- breakpoints */

/* Kind of breakpoint @i (RW and LEN, 4 bits), enabled. */
static uint64_t dr7(unsigned i, uint64_t kind)
{
    return 1ull << 2 * i | kind << (16 + 4 * i);
}

#define ON_EXEC  0u
#define ON_WRITE 1u
#define ON_READ  3u
#define BYTES_2  4u
#define BYTES_8  8u

static int set_debug(uint64_t dr0, uint64_t dr1, uint64_t control)
{
    return op(p.thread, OP_THREAD_WRITE_DEBUG, dr0, dr1, 0, 0, 0, control);
}

static void break_on_instruction(void)
{
    uint64_t at = cpu_code(cpu_steps) + 2; /* mov */

    if (!stands_in(cpu_steps, 0))
        return;
    EXPECT_OK(set_debug(at, 0, dr7(0, ON_EXEC)));
    EXPECT_OK(go_on());
    EXPECT(raised(DEBUG, at), 1);
    EXPECT(fault.w[2], 1);
    EXPECT_OK(go_on()); /* it is passed, and there the next time */
    EXPECT(puppet_idle(&p), 1);
    cpu_run(&p, cpu_steps, 0);
    EXPECT(raised(BREAKPOINT, at - 1), 1);
    EXPECT_OK(go_on());
    EXPECT(raised(DEBUG, at), 1);
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_DEBUG));
    EXPECT(test_out.w[0], at);
    EXPECT(test_out.w[4], 1);
    EXPECT(test_out.w[5], dr7(0, ON_EXEC));
    EXPECT_OK(set_debug(0, 0, 0));
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
}

/* Registers that are read and written back at a breakpoint do not bring it back. */
static void break_and_write_regs(void)
{
    uint64_t at = cpu_code(cpu_steps) + 2;
    struct msg m;

    if (!stands_in(cpu_steps, 0))
        return;
    EXPECT_OK(set_debug(at, 0, dr7(0, ON_EXEC)));
    EXPECT_OK(go_on());
    EXPECT(raised(DEBUG, at), 1);
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    m = test_out;
    m.tag = msg_tag(OP_THREAD_WRITE_REGS, 18 - MSG_REG_WORDS, 0);
    EXPECT_OK(sys_call(p.thread, &m));
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
}

static void break_on_data(void)
{
    const uint64_t va = 0x40000000;
    uint64_t frame = lab_make(OBJ_FRAME, 12);
    uint8_t *here = lab_map_here(frame);
    struct puppet q;

    if (here == NULL || !stands_in(cpu_steps, 0))
        return;
    MAKE_PUPPET(&q, true, 0);
    EXPECT_OK(lab_map(p.peer.vspace, va, frame, RIGHT_READ | RIGHT_WRITE));
    EXPECT_OK(lab_map(q.peer.vspace, va, lab_copy(frame, RIGHT_ALL, 0), RIGHT_READ | RIGHT_WRITE));
    EXPECT_OK(set_debug(va, va + 8, dr7(0, ON_WRITE) | dr7(1, ON_READ | BYTES_8)));
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
    puppet_do(&p, PUPPET_READ, va); /* a read is no write */
    EXPECT(puppet_idle(&p), 1);
    puppet_do(&p, PUPPET_WRITE, va);
    EXPECT(raised(DEBUG, 0), 1);
    EXPECT(fault.w[2], 1);
    EXPECT_OK(go_on());
    EXPECT(puppet_idle(&p), 1);
    puppet_do(&p, PUPPET_READ, va + 15);
    EXPECT(raised(DEBUG, 0), 1);
    EXPECT(fault.w[2], 2);
    EXPECT_OK(go_on());
    puppet_do(&q, PUPPET_WRITE, va); /* another thread, the same address */
    EXPECT(puppet_idle(&q), 1);
    *here = 1;
}

/* The breakpoint waits for the end of the instruction behind `mov ss`, which is in the kernel. */
static void break_behind_mov_ss(void)
{
    static const char *const codes[] = {cpu_ss_syscall, cpu_ss_int3, cpu_ss_int1};
    const uint64_t va = 0x40000000;
    uint64_t frame = lab_make(OBJ_FRAME, 12);
    uint16_t *here = lab_map_here(frame);

    if (here == NULL || !stands_in(cpu_steps, 0))
        return;
    *here = 0x1b; /* the user's stack segment */
    EXPECT_OK(lab_map(p.peer.vspace, va, frame, RIGHT_READ));
    EXPECT_OK(set_debug(va, 0, dr7(0, ON_READ | BYTES_2)));
    EXPECT_OK(go_on());
    for (unsigned i = 0; i < 3; i++) {
        cpu_run(&p, codes[i], va);
        for (unsigned faults = 0; !puppet_idle(&p) && faults < 2; faults++) {
            EXPECT(puppet_fault(&p, ep, &fault), 1); /* what the emulator reports differs */
            if (codes[i] == cpu_ss_int1 && fault.w[0] == 6)
                return; /* QEMU does not know int1 */
            EXPECT_OK(go_on());
        }
        EXPECT(puppet_idle(&p), 1);
    }
}

/* ---- FPU registers */

/* A puppet that may use the FPU, has @value in xmm0, and stands behind an int3. */
static bool fpu_stands(uint64_t value)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    if (!cpu_puppet(&p, ep) || !test_expect_error("FPU", OP0(p.thread, OP_THREAD_ENABLE_FPU), E_OK))
        return false;
    puppet_do(&p, PUPPET_FPU_LOAD, value);
    puppet_do(&p, PUPPET_BREAK, 0);
    return raised(BREAKPOINT, 0);
}

static int read_fpu(uint64_t part, uint64_t *words)
{
    int error = OP1(p.thread, OP_THREAD_READ_FPU, part);

    memcpy(words, test_out.w, sizeof test_out.w);
    memcpy(words + MSG_REG_WORDS, extra_words(), (FPU_PART_WORDS - MSG_REG_WORDS) * 8);
    return error;
}

static int write_fpu(uint64_t part, const uint64_t *words)
{
    const unsigned in_registers = MSG_REG_WORDS - 1, rest = FPU_PART_WORDS - in_registers;
    struct msg m = {.tag = msg_tag(OP_THREAD_WRITE_FPU, rest, 0), .w = {part}};

    memcpy(m.w + 1, words, in_registers * 8);
    memcpy(extra_words(), words + in_registers, rest * 8);
    return sys_call(p.thread, &m);
}

static void fpu_read_write(void)
{
    uint64_t words[FPU_PART_WORDS], again[FPU_PART_WORDS];

    if (!fpu_stands(0x1111))
        return;
    EXPECT_OK(read_fpu(0, words));
    EXPECT(msg_extra(&test_out), FPU_PART_WORDS - MSG_REG_WORDS);
    EXPECT(words[XMM0_WORD], 0x1111);
    EXPECT((uint32_t)words[MXCSR_WORD], 0x1f80);
    words[XMM0_WORD] = 0x2222;
    EXPECT_OK(write_fpu(0, words));
    EXPECT_OK(read_fpu(0, again));
    EXPECT(memcmp(words, again, sizeof words), 0);
    EXPECT_OK(read_fpu(1, words));
    words[0] = 0x6666; /* xmm6 */
    EXPECT_OK(write_fpu(1, words));
    EXPECT_OK(go_on());
    puppet_do(&p, PUPPET_FPU_STORE, 0);
    EXPECT(puppet_out(&p, R_RAX), 0x2222);
    puppet_do(&p, PUPPET_BREAK, 0);
    EXPECT(raised(BREAKPOINT, 0), 1);
    EXPECT_OK(read_fpu(1, again));
    EXPECT(again[0], 0x6666);
}

/* The upper halves are there where AVX is, and only there. */
static void fpu_avx_part(void)
{
    uint64_t words[FPU_PART_WORDS] = {0};

    if (!fpu_stands(0))
        return;
    if (!(quoll_info()->features & QUOLL_HAS_avx)) {
        EXPECT_ERROR(read_fpu(2, words), E_BAD_ARG);
        EXPECT_ERROR(write_fpu(2, words), E_BAD_ARG);
        return;
    }
    EXPECT_OK(read_fpu(2, words));
    words[1] = 0x3333; /* the top of ymm0 */
    EXPECT_OK(write_fpu(2, words));
    EXPECT_OK(go_on());
    cpu_run(&p, cpu_avx_store, 0);
    EXPECT(puppet_out(&p, R_RAX), 0x3333);
}

static const struct test list[] = {
    {"kernel.debug.step", step},
    {"kernel.debug.step_over_call", step_over_call},
    {"kernel.debug.step_over_fault", step_over_fault},
    {"kernel.debug.step_called_off", step_called_off},
    {"kernel.debug.step_is_private", step_is_private},
    {"kernel.debug.break_on_instruction", break_on_instruction},
    {"kernel.debug.break_and_write_regs", break_and_write_regs},
    {"kernel.debug.break_on_data", break_on_data},
    {"kernel.debug.break_behind_mov_ss", break_behind_mov_ss},
    {"kernel.debug.fpu_read_write", fpu_read_write},
    {"kernel.debug.fpu_avx_part", fpu_avx_part},
};

TEST_AREA(tests_debug);
