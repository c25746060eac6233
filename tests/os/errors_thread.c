/*
 * errors_thread.c - failing calls of threads and notifications.
 */
#include "errors.h"

#define FAILS(obj, op, e, invoked, text, ...)                                                      \
    {                                                                                              \
        .what = (text), .object = OBJ_##obj, .label = OP_##obj##_##op, .error = E_##e,             \
        .cap = (invoked), .w = {                                                                   \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define CONFIGURE(e, invoked, text, ...) FAILS(THREAD, CONFIGURE, e, invoked, text, __VA_ARGS__)
#define START(e, invoked, text, ...)     FAILS(THREAD, START, e, invoked, text, __VA_ARGS__)
#define PRIORITY(text, value)            FAILS(THREAD, SET_PRIORITY, BAD_ARG, W_THREAD, text, value)
#define FS_BASE(text, value)             FAILS(THREAD, SET_FS_BASE, BAD_ARG, W_THREAD, text, value)

#define WRITE(e, invoked, text, prepare)                                                           \
    {                                                                                              \
        .what = (text), .object = OBJ_THREAD, .label = OP_THREAD_WRITE_REGS, .error = E_##e,       \
        .cap = (invoked), .extra = true, .before = (prepare)                                       \
    }
#define MUTE(op)                                                                                   \
    {                                                                                              \
        .what = "no buffer", .object = OBJ_THREAD, .label = OP_THREAD_##op, .error = E_NOBUF,      \
        .cap = W_THREAD, .mute = true                                                              \
    }

#define DEBUG_REGS(text, ...) FAILS(THREAD, WRITE_DEBUG, BAD_ARG, W_THREAD, text, __VA_ARGS__)
#define RUNS(op, prepare, ...)                                                                     \
    {                                                                                              \
        .what = "not stopped", .object = OBJ_THREAD, .label = OP_THREAD_##op, .error = E_BUSY,     \
        .cap = W_WAITING, .before = (prepare), .w = {                                              \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static void enable_fpu(void)
{
    (void)OP0(W_WAITING, OP_THREAD_ENABLE_FPU);
}

/* RIP and RSP are words 15 and 16. */
static void put(uint64_t rip, uint64_t rsp)
{
    world.caller.buffer->words[15 - MSG_REG_WORDS] = rip;
    world.caller.buffer->words[16 - MSG_REG_WORDS] = rsp;
}

static void rip_at_end(void)
{
    put(USER_TOP, 0);
}

static void rip_not_canonical(void)
{
    put(1ull << 47, 0);
}

static void rip_of_kernel(void)
{
    put(0xffffffff80000000ull, 0);
}

static void rsp_at_end(void)
{
    put(0, USER_TOP);
}

static void rsp_of_kernel(void)
{
    put(0, UINT64_MAX);
}

static void good_registers(void)
{
    put(LAB_CODE_VA, LAB_PAGE_VA);
}

/* clang-format off */
static const struct call list[] = {
    CONFIGURE(BAD_ARG, W_THREAD, "a large page as buffer",
              SLOT_CNODE, W_VSPACE, 0, W_FRAME_2M_UNMAPPED, W_BUDGET),
    CONFIGURE(BAD_ARG, W_THREAD, "device memory as buffer",
              SLOT_CNODE, W_VSPACE, 0, W_FRAME_DEVICE, W_BUDGET),
    CONFIGURE(BUSY, W_WAITING, "not stopped", SLOT_CNODE, W_VSPACE, 0, 0, W_BUDGET),
    PRIORITY("above the Budget's", WORLD_PRIORITY + 1),
    PRIORITY("above all", PRIORITY_MAX + 1),
    PRIORITY("of 64 bits", 1ull << 32),
    PRIORITY("the last number", UINT64_MAX),
    START(BAD_ARG, W_THREAD, "RIP at the end", USER_TOP, LAB_PAGE_VA),
    START(BAD_ARG, W_THREAD, "RIP not canonical", 1ull << 47, LAB_PAGE_VA),
    START(BAD_ARG, W_THREAD, "RIP of the kernel", 0xffffffff80000000ull, LAB_PAGE_VA),
    START(BAD_ARG, W_THREAD, "the last RIP", UINT64_MAX, LAB_PAGE_VA),
    START(BAD_ARG, W_THREAD, "RSP at the end", LAB_CODE_VA, USER_TOP),
    START(BAD_ARG, W_THREAD, "RSP not canonical", LAB_CODE_VA, 1ull << 47),
    START(BAD_ARG, W_THREAD, "the last RSP", LAB_CODE_VA, UINT64_MAX),
    START(BUSY, W_WAITING, "not stopped", LAB_CODE_VA, LAB_PAGE_VA),
    FAILS(THREAD, RESUME, BUSY, W_WAITING, "not stopped", 0),
    FAILS(THREAD, READ_REGS, BUSY, W_WAITING, "not stopped", 0),
    MUTE(READ_REGS),
    WRITE(BAD_ARG, W_THREAD, "RIP at the end", rip_at_end),
    WRITE(BAD_ARG, W_THREAD, "RIP not canonical", rip_not_canonical),
    WRITE(BAD_ARG, W_THREAD, "RIP of the kernel", rip_of_kernel),
    WRITE(BAD_ARG, W_THREAD, "RSP at the end", rsp_at_end),
    WRITE(BAD_ARG, W_THREAD, "RSP of the kernel", rsp_of_kernel),
    WRITE(BUSY, W_WAITING, "not stopped", good_registers),
    MUTE(WRITE_REGS),
    FAILS(THREAD, READ_FPU, BAD_ARG, W_THREAD, "no such part", 3),
    FAILS(THREAD, READ_FPU, BAD_ARG, W_THREAD, "part of 64 bits", 1ull << 32),
    FAILS(THREAD, READ_FPU, BAD_ARG, W_THREAD, "the last part", UINT64_MAX),
    FAILS(THREAD, READ_FPU, BAD_ARG, W_BOUND, "a thread without FPU", 0),
    FAILS(THREAD, WRITE_FPU, BAD_ARG, W_THREAD, "no such part", 3, 0x37f, 0, 0, 0x1f80),
    FAILS(THREAD, WRITE_FPU, BAD_ARG, W_THREAD, "the last part", UINT64_MAX, 0x37f, 0, 0, 0x1f80),
    FAILS(THREAD, WRITE_FPU, BAD_ARG, W_BOUND, "a thread without FPU", 0, 0x37f, 0, 0, 0x1f80),
    FAILS(THREAD, WRITE_FPU, BAD_ARG, W_THREAD, "a bit that MXCSR does not have",
          0, 0x37f, 0, 0, 0x11f80),
    MUTE(READ_FPU),
    MUTE(WRITE_FPU),
    RUNS(READ_FPU, enable_fpu, 0),
    RUNS(WRITE_FPU, enable_fpu, 0, 0x37f, 0, 0, 0x1f80),
    DEBUG_REGS("DR0 at the end", USER_TOP),
    DEBUG_REGS("DR1 not canonical", 0, 1ull << 47),
    DEBUG_REGS("DR2 of the kernel", 0, 0, 0xffffffff80000000ull),
    DEBUG_REGS("the last DR3", 0, 0, 0, UINT64_MAX),
    DEBUG_REGS("DR6 with BD", 0, 0, 0, 0, 1u << 13),
    DEBUG_REGS("DR6 with BT", 0, 0, 0, 0, 1u << 15),
    DEBUG_REGS("DR6 of 64 bits", 0, 0, 0, 0, 1ull << 32),
    DEBUG_REGS("DR7 with GD", 0, 0, 0, 0, 0, 1u << 13),
    DEBUG_REGS("DR7 with RTM", 0, 0, 0, 0, 0, 1u << 11),
    DEBUG_REGS("DR7 with a reserved bit", 0, 0, 0, 0, 0, 1u << 14),
    DEBUG_REGS("DR7 of 64 bits", 0, 0, 0, 0, 0, 1ull << 32),
    DEBUG_REGS("a breakpoint on I/O", 0, 0, 0, 0, 0, 2u << 16 | 1),
    DEBUG_REGS("the last breakpoint on I/O", 0, 0, 0, 0, 0, 2u << 28 | 0x40),
    DEBUG_REGS("an instruction with a length", 0, 0, 0, 0, 0, 4u << 16 | 1),
    RUNS(WRITE_DEBUG, NULL, 0),
    FAILS(THREAD, STEP, BAD_ARG, W_THREAD, "neither on nor off", 2),
    FAILS(THREAD, STEP, BAD_ARG, W_THREAD, "on in 64 bits", 1ull << 32),
    RUNS(STEP, NULL, 1),
    FAILS(THREAD, BIND, BUSY, W_BOUND, "the thread is bound", W_NOTIFICATION),
    FAILS(THREAD, BIND, BUSY, W_THREAD, "the notification is bound", W_BOUND_NOTIFICATION),
    FS_BASE("at the end", USER_TOP),
    FS_BASE("not canonical", 1ull << 47),
    FS_BASE("of the kernel", 0xffff800000000000ull),
    FS_BASE("the last", UINT64_MAX),

    FAILS(NOTIFICATION, SET_DEADLINE, BAD_ARG, W_NOTIFICATION, "no bits", 1, 0),
    FAILS(NOTIFICATION, SET_DEADLINE, BAD_ARG, W_NOTIFICATION, "no bits, never", UINT64_MAX, 0),
};
/* clang-format on */

CALL_TABLE(errors_thread);
