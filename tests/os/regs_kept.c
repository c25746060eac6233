/*
 * regs_kept.c - registers that the kernel must give back as they were: of a thread that is
 * preempted, suspended or resumed after a fault, and as its supervisor reads and writes them.
 * Flags: what user level sets is its own, but a system call starts it clean.
 */
#include "regs.h"
#include <string.h>

#define LOW     100u /* below the test's own */
#define NOWHERE 0x1000ull
#define CARRY   0x001ull
#define TRAP    0x100ull
#define DOWN    0x400ull
#define NESTED  0x4000ull
#define IOPL    0x3000ull
#define AC      0x40000ull
#define ID      0x200000ull
#define REGS    18u

static struct puppet p;
static uint64_t faults;

static struct quoll_buffer *own_buffer(void)
{
    return (struct quoll_buffer *)TASK_BUFFER_VA;
}

static bool make(unsigned priority)
{
    faults = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&p, true, priority, faults);
}

/* A value for each register that no other has; rdi is @rdi. */
static void fill(struct puppet *of, uint64_t seed, uint64_t rdi)
{
    for (unsigned reg = 0; reg < R_COUNT; reg++)
        of->page->in[reg] = seed * 0x0101010101010101ull + reg;
    of->page->in[R_RDI] = rdi;
}

static bool kept(const struct puppet *of, const char *how)
{
    for (unsigned reg = 0; reg < R_RSP; reg++)
        if (!test_expect(how, puppet_out(of, (enum puppet_reg)reg), of->page->in[reg]))
            return false;
    return test_expect(how, puppet_out(of, R_RSP), of->peer.page_va);
}

/* Until @of has counted on from @spins. */
static bool counts_on(const struct puppet *of, uint64_t spins)
{
    for (unsigned i = 0; i < 400 && of->page->spins <= spins; i++)
        test_sleep_us(3000);
    return test_expect("the thread has run", of->page->spins > spins, 1);
}

static void hold(struct puppet *of, uint64_t seed, uint64_t flags)
{
    of->page->flags_in = flags;
    fill(of, seed, seed);
    puppet_do(of, PUPPET_HOLD, seed);
}

/* Let it go and wait until it has stored its registers. */
static bool released(struct puppet *of)
{
    of->page->release = 1;
    for (unsigned i = 0; i < 400 && !puppet_idle(of); i++)
        test_sleep_us(3000);
    return test_expect("the thread has finished", puppet_idle(of), 1);
}

/* Two threads of equal priority take turns, each with registers of its own. */
static void preempted(void)
{
    struct puppet q;

    if (!make(LOW) || !puppet_make(&q, true, LOW, 0))
        return;
    hold(&p, 0x11, ID | DOWN | NESTED);
    hold(&q, 0x77, AC);
    if (!counts_on(&p, 0) || !counts_on(&q, 0) || !counts_on(&p, p.page->spins) || !released(&p) ||
        !released(&q) || !kept(&p, "a register of a preempted thread") ||
        !kept(&q, "a register of the other one"))
        return;
    EXPECT(p.page->flags_out & (ID | DOWN | NESTED | AC), ID | DOWN | NESTED);
    EXPECT(q.page->flags_out & (ID | DOWN | NESTED | AC), AC);
}

/* Suspended in the middle, read, and resumed. */
static void suspended(void)
{
    static const enum puppet_reg order[] = {R_RAX, R_RBX, R_RCX, R_RDX, R_RSI, R_RDI, R_RBP, R_R8,
                                            R_R9,  R_R10, R_R11, R_R12, R_R13, R_R14, R_R15};

    if (!make(LOW))
        return;
    hold(&p, 0x22, CARRY | ID);
    if (!counts_on(&p, 0))
        return;
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    for (unsigned i = 0; i < 15; i++)
        EXPECT(i < MSG_REG_WORDS ? test_out.w[i] : own_buffer()->words[i - MSG_REG_WORDS],
               p.page->in[order[i]]);
    EXPECT(own_buffer()->words[9] - p.peer.entry < 4096, 1);
    EXPECT(own_buffer()->words[10], p.peer.page_va);
    EXPECT(own_buffer()->words[11] & ~0x8d5ull, FLAGS_CLEAN | ID);
    EXPECT_OK(OP0(p.thread, OP_THREAD_RESUME));
    if (released(&p))
        (void)kept(&p, "a register of a suspended thread");
}

/* The page appears while the thread is in its fault; then the access succeeds. */
static void resumed_after_fault(void)
{
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    struct msg m;

    if (!make(PUPPET_PRIORITY))
        return;
    p.page->flags_in = ID | DOWN | NESTED;
    fill(&p, 0x33, NOWHERE);
    puppet_do(&p, PUPPET_TOUCH, NOWHERE);
    if (!puppet_fault(&p, faults, &m))
        return;
    EXPECT_OK(lab_map(p.peer.vspace, NOWHERE, frame, RIGHT_READ));
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &(struct msg){0}));
    EXPECT(puppet_idle(&p), 1);
    if (!kept(&p, "a register after a fault"))
        return;
    EXPECT(p.page->flags_out & (ID | DOWN | NESTED | AC), ID | DOWN | NESTED);
}

/* The registers of the fault are read, and all of them written; @rip_step is added to RIP. */
static bool rewrite(uint64_t seed, uint64_t rip_step, uint64_t flags)
{
    struct msg m = {.tag = msg_tag(OP_THREAD_WRITE_REGS, REGS - MSG_REG_WORDS, 0)};
    uint64_t *more = own_buffer()->words;

    if (!test_expect_error("reading", OP0(p.thread, OP_THREAD_READ_REGS), E_OK))
        return false;
    for (unsigned i = 0; i < 15; i++) {
        if (i < MSG_REG_WORDS)
            m.w[i] = seed + i;
        else
            more[i - MSG_REG_WORDS] = seed + i;
    }
    more[15 - MSG_REG_WORDS] += rip_step;
    more[17 - MSG_REG_WORDS] = flags;
    return test_expect_error("writing", sys_call(p.thread, &m), E_OK);
}

static void written_in_fault(void)
{
    static const enum puppet_reg order[] = {R_RAX, R_RBX, R_RCX, R_RDX, R_RSI, R_RDI, R_RBP, R_R8,
                                            R_R9,  R_R10, R_R11, R_R12, R_R13, R_R14, R_R15};
    struct msg m;

    if (!make(PUPPET_PRIORITY))
        return;
    fill(&p, 0x44, NOWHERE);
    puppet_do(&p, PUPPET_TOUCH, NOWHERE);
    /* All flags but TF: of these user level has CF PF AF ZF SF DF OF AC ID. */
    if (!puppet_fault(&p, faults, &m) || !rewrite(0xabcd00, 3, ~TRAP))
        return;
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &(struct msg){0}));
    EXPECT(puppet_idle(&p), 1);
    for (unsigned i = 0; i < 15; i++)
        EXPECT(puppet_out(&p, order[i]), 0xabcd00 + i);
    EXPECT(p.page->flags_out, 0x240cd5 | FLAGS_CLEAN);
}

/* A thread that waits in a system call has no registers but rip, rsp and what SYSCALL leaves. */
static void read_while_waiting(void)
{
    const uint64_t *more = own_buffer()->words;

    if (!make(PUPPET_PRIORITY))
        return;
    call_full(&p, SYS_CALL, faults, PATTERN);
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    for (unsigned i = 0; i < 15; i++) {
        uint64_t value = i < MSG_REG_WORDS ? test_out.w[i] : more[i - MSG_REG_WORDS];
        bool by_syscall = i == 2 || i == 10; /* rcx, r11 */

        EXPECT(by_syscall ? 0 : value, 0);
    }
    EXPECT(test_out.w[2], more[15 - MSG_REG_WORDS]);
    EXPECT(more[10 - MSG_REG_WORDS], FLAGS_CLEAN);
    EXPECT(more[15 - MSG_REG_WORDS] - p.peer.entry < 4096, 1);
    EXPECT(more[16 - MSG_REG_WORDS], p.peer.page_va);
    EXPECT(more[17 - MSG_REG_WORDS], FLAGS_CLEAN);
}

/* The call's result is there once its wait has ended. */
static void read_after_waiting(void)
{
    if (!make(PUPPET_PRIORITY))
        return;
    call_full(&p, SYS_CALL, faults, PATTERN);
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP0(p.thread, OP_THREAD_CANCEL));
    EXPECT_OK(OP0(p.thread, OP_THREAD_READ_REGS));
    EXPECT(test_out.w[0], E_GONE);
    EXPECT(test_out.w[1], 0);
    EXPECT(test_out.w[3], 0);
    EXPECT(test_out.w[4], 0);
    EXPECT(test_out.w[5], 0);
}

/* Written while it waits: rip and rsp count, the rest is the result's. */
static void written_while_waiting(void)
{
    if (!make(PUPPET_PRIORITY))
        return;
    call_full(&p, SYS_CALL, faults, PATTERN);
    EXPECT_OK(OP0(p.thread, OP_THREAD_SUSPEND));
    if (!rewrite(0xabcd00, 0, ~0ull))
        return;
    EXPECT_OK(OP0(p.thread, OP_THREAD_CANCEL));
    EXPECT_OK(OP0(p.thread, OP_THREAD_RESUME));
    EXPECT_ERROR(puppet_status(&p), E_GONE);
    if (!check(&p, "a call whose registers were written", 0, 0, NULL))
        return;
    EXPECT(p.page->flags_out & ~0x8d5ull, FLAGS_CLEAN);
}

/* Its first instruction finds two arguments and nothing else. */
static void started(void)
{
    static const uint8_t zero[] = {0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    const uint64_t *more = own_buffer()->words;
    struct lab_thread t;

    faults = lab_make(OBJ_ENDPOINT, 0);
    lab_thread_make(&t, lab_make(OBJ_VSPACE, 0), faults, PUPPET_PRIORITY);
    EXPECT_OK(OP4(t.thread, OP_THREAD_START, 0x5000, 0x6000, 0x77, 0x88));
    /* Nothing is mapped there: it has faulted before its first instruction. */
    EXPECT_OK(OP0(t.thread, OP_THREAD_INFO));
    EXPECT(test_out.w[0], THREAD_FAULT_QUEUED);
    EXPECT_OK(sys_recv(SLOT_REPLY + 1, faults, &(struct msg){0}));
    EXPECT_OK(OP0(t.thread, OP_THREAD_READ_REGS));
    for (unsigned i = 0; i < sizeof zero; i++) {
        unsigned reg = zero[i];
        bool by_sysret = reg == 2 || reg == 10;
        uint64_t value = reg < MSG_REG_WORDS ? test_out.w[reg] : more[reg - MSG_REG_WORDS];

        EXPECT(by_sysret ? 0 : value, 0);
    }
    EXPECT(test_out.w[4], 0x88);
    EXPECT(test_out.w[5], 0x77);
    EXPECT(more[15 - MSG_REG_WORDS], 0x5000);
    EXPECT(more[16 - MSG_REG_WORDS], 0x6000);
}

/* A call that is restarted in the middle (it takes back more than one entry can) ends clean. */
static void restarted(void)
{
    uint64_t top = lab_make(OBJ_ENDPOINT, 0);
    struct msg m = {.tag = msg_tag(OP_CNODE_REVOKE, 0, 0),
                    .w = {top, PATTERN, PATTERN, PATTERN, PATTERN, PATTERN}};

    if (!make(PUPPET_PRIORITY))
        return;
    for (unsigned i = 0; i < 100; i++)
        (void)lab_copy(top, RIGHT_ALL, 0);
    p.page->in[R_RBP] = p.page->in[R_R14] = p.page->in[R_R15] = PATTERN;
    puppet_sys(&p, SYS_CALL, SLOT_CNODE, PATTERN, &m);
    EXPECT_OK(puppet_status(&p));
    (void)check(&p, "a call that was restarted", 0, 0, NULL);
}

/* ---- flags */

/* A system call ends with clean flags, whatever they were. */
static void flags_after_calls(void)
{
    static const uint64_t flags[] = {NESTED, AC, DOWN, ID, IOPL, NESTED | AC | DOWN | ID | 0x8d5};
    static const int64_t numbers[] = {SYS_NULL,  SYS_YIELD, SYS_CALL, SYS_SEND,
                                      SYS_REPLY, SYS_POLL,  1000};

    if (!make(PUPPET_PRIORITY))
        return;
    for (unsigned f = 0; f < sizeof flags / sizeof flags[0]; f++) {
        p.page->flags_in = flags[f];
        for (unsigned n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
            puppet_sys(&p, numbers[n], 0, 0, NULL);
            EXPECT(puppet_idle(&p), 1);
            EXPECT(puppet_out(&p, R_R11), FLAGS_CLEAN);
            EXPECT(p.page->flags_out & ~0x8d5ull, FLAGS_CLEAN);
        }
    }
}

/* The same by the short ways between two threads. */
static void flags_after_messages(void)
{
    struct puppet q;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    if (!make(PUPPET_PRIORITY) || !puppet_make(&q, true, PUPPET_PRIORITY, 0))
        return;
    p.page->flags_in = q.page->flags_in = NESTED | AC | DOWN | ID;
    puppet_recv(&q, ep);
    puppet_call(&p, ep, 0, 0);
    EXPECT(q.page->flags_out & ~0x8d5ull, FLAGS_CLEAN);
    puppet_reply_recv(&q, ep, 0, 0);
    EXPECT(p.page->flags_out & ~0x8d5ull, FLAGS_CLEAN);
    puppet_call(&p, ep, 0, 0);
    EXPECT(q.page->flags_out & ~0x8d5ull, FLAGS_CLEAN);
}

/* Single steps up to the system call, which ends them. */
static void single_steps(void)
{
    unsigned steps = 0;
    struct msg m;

    if (!make(PUPPET_PRIORITY))
        return;
    p.page->flags_in = TRAP;
    puppet_sys(&p, SYS_NULL, 0, 0, NULL);
    while (!puppet_idle(&p) && steps < 100) {
        if (!puppet_fault(&p, faults, &m))
            return;
        EXPECT(msg_kind(&m), KIND_EXCEPTION);
        EXPECT(m.w[0], 1); /* #DB */
        EXPECT_OK(sys_reply(SLOT_REPLY + 1, &(struct msg){0}));
        steps++;
    }
    /* The instructions of LOAD_ALL behind POPF: 16 */
    EXPECT(steps, 16);
    EXPECT_OK(puppet_status(&p));
    EXPECT(puppet_out(&p, R_R11), FLAGS_CLEAN);
}

static const struct test list[] = {
    {"kernel.regs.preempted", preempted},
    {"kernel.regs.suspended", suspended},
    {"kernel.regs.resumed_after_fault", resumed_after_fault},
    {"kernel.regs.written_in_fault", written_in_fault},
    {"kernel.regs.read_while_waiting", read_while_waiting},
    {"kernel.regs.read_after_waiting", read_after_waiting},
    {"kernel.regs.written_while_waiting", written_while_waiting},
    {"kernel.regs.started", started},
    {"kernel.regs.restarted", restarted},
    {"kernel.regs.flags_after_calls", flags_after_calls},
    {"kernel.regs.flags_after_messages", flags_after_messages},
    {"kernel.regs.single_steps", single_steps},
};

TEST_AREA(tests_regs_kept);
