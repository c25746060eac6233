/*
 * regs.c - what a system call leaves in the registers: the ABI's outputs, else 0; never a value of
 * the kernel. Each call is made with every register full of a pattern.
 */
#include "regs.h"
#include <stdio.h>

static const char *const names[R_COUNT] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
                                           "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rsp"};

void call_full(struct puppet *p, int64_t number, uint64_t rdi, uint64_t rbx)
{
    struct msg m = {.w = {PATTERN, PATTERN, PATTERN, PATTERN, PATTERN, PATTERN}};

    p->page->in[R_RCX] = PATTERN;
    p->page->in[R_RBP] = PATTERN;
    p->page->in[R_R11] = PATTERN;
    p->page->in[R_R14] = PATTERN;
    p->page->in[R_R15] = PATTERN;
    puppet_sys(p, number, rdi, rbx, &m);
}

static bool reg_is(const struct puppet *p, const char *call, enum puppet_reg reg, uint64_t want)
{
    char what[64];

    (void)snprintf(what, sizeof what, "%s after %s", names[reg], call);
    return test_expect(what, puppet_out(p, reg), want);
}

bool check(const struct puppet *p, const char *call, uint64_t rdi, uint64_t tag,
           const uint64_t *words)
{
    static const enum puppet_reg word_regs[] = {R_RDX, R_R8, R_R9, R_R10, R_R12, R_R13};

    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        if (!reg_is(p, call, word_regs[i], words == NULL ? 0 : words[i]))
            return false;
    return reg_is(p, call, R_RDI, rdi) && reg_is(p, call, R_RSI, tag) &&
           reg_is(p, call, R_RBX, 0) && reg_is(p, call, R_RBP, 0) && reg_is(p, call, R_R14, 0) &&
           reg_is(p, call, R_R15, 0) && reg_is(p, call, R_RSP, p->peer.page_va) &&
           test_expect("rcx lies in the code", puppet_out(p, R_RCX) - p->peer.entry < 4096, 1) &&
           test_expect("r11, the flags", puppet_out(p, R_R11), FLAGS_CLEAN);
}

const uint64_t all_pattern[] = {PATTERN, PATTERN, PATTERN, PATTERN, PATTERN, PATTERN};

static void null_and_yield(void)
{
    static const enum puppet_reg kept[] = {R_RDI, R_RBX, R_RDX, R_R8,  R_R9,
                                           R_R10, R_R12, R_R13, R_R14, R_R15};
    struct puppet p;

    MAKE_PUPPET(&p, true, 0);
    call_full(&p, SYS_NULL, PATTERN, PATTERN);
    EXPECT_OK(puppet_status(&p));
    EXPECT(puppet_out(&p, R_RBP), 0);
    for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++)
        EXPECT(puppet_out(&p, kept[i]), PATTERN);
    call_full(&p, SYS_YIELD, PATTERN, PATTERN);
    EXPECT_OK(puppet_status(&p));
    (void)check(&p, "yield", 0, 0, NULL);
}

static void errors(void)
{
    static const int64_t numbers[] = {SYS_CALL, SYS_SEND, SYS_RECV,   SYS_REPLY, SYS_REPLY_RECV,
                                      SYS_WAIT, SYS_POLL, SYS_SIGNAL, 1000,      -7};
    struct puppet p;
    uint64_t empty = lab_slot();

    MAKE_PUPPET(&p, true, 0);
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        call_full(&p, numbers[i], empty, empty);
        EXPECT(puppet_status(&p) > E_OK, 1);
        if (!check(&p, "a call with a bad handle", 0, 0, NULL))
            return;
    }
}

static void invocation(void)
{
    struct puppet p;
    struct msg m = {.tag = msg_tag(OP_NOTIFICATION_SET_DEADLINE, 0, 0)};

    MAKE_PUPPET(&p, true, 0);
    puppet_sys(&p, SYS_CALL, p.go, 0, &m);
    EXPECT_OK(puppet_status(&p));
    (void)check(&p, "an invocation", 0, 0, NULL);
}

static void signal_wait(void)
{
    struct puppet p;
    uint64_t n = lab_make(OBJ_NOTIFICATION, 0);
    uint64_t bits[MSG_REG_WORDS] = {6};

    MAKE_PUPPET(&p, true, 0);
    call_full(&p, SYS_SIGNAL, lab_copy(n, RIGHT_ALL, 6), 0);
    EXPECT_OK(puppet_status(&p));
    if (!check(&p, "signal", 0, 0, NULL))
        return;
    call_full(&p, SYS_WAIT, n, 0);
    EXPECT_OK(puppet_status(&p));
    if (!check(&p, "wait", 0, 0, bits))
        return;
    call_full(&p, SYS_POLL, n, 0);
    EXPECT_ERROR(puppet_status(&p), E_BUSY);
    (void)check(&p, "poll", 0, 0, NULL);
}

/* @queued: the call waits for its receiver, which is the slow path. */
static void call_reply(bool other, bool queued)
{
    struct puppet a, b;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t badged = lab_copy(ep, RIGHT_ALL, 0xbb);

    MAKE_PUPPET(&a, other, 0);
    MAKE_PUPPET(&b, true, 0);
    if (!queued)
        call_full(&b, SYS_RECV, b.reply, ep);
    call_full(&a, SYS_CALL, badged, PATTERN);
    if (queued)
        call_full(&b, SYS_RECV, b.reply, ep);
    EXPECT_OK(puppet_status(&b));
    if (!check(&b, "receive", 0xbb, 0, all_pattern))
        return;
    call_full(&b, SYS_REPLY_RECV, b.reply, ep);
    EXPECT_OK(puppet_status(&a));
    if (!check(&a, "call", 0, 0, all_pattern))
        return;
    call_full(&a, SYS_CALL, badged, PATTERN);
    EXPECT_OK(puppet_status(&b));
    if (!check(&b, "reply_recv", 0xbb, 0, all_pattern))
        return;
    call_full(&b, SYS_REPLY, b.reply, 0);
    EXPECT_OK(puppet_status(&b));
    (void)check(&b, "reply", 0, 0, NULL);
}

static void call_reply_same_as(void)
{
    call_reply(false, false);
}

static void call_reply_diff_as(void)
{
    call_reply(true, false);
}

static void call_reply_queued(void)
{
    call_reply(true, true);
}

static void ended_waits(void)
{
    struct puppet a;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    MAKE_PUPPET(&a, true, 0);
    call_full(&a, SYS_CALL, ep, PATTERN);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_ERROR(puppet_status(&a), E_GONE);
    (void)check(&a, "a call that ended with GONE", 0, 0, NULL);
}

static const struct test list[] = {
    {"kernel.regs.null_and_yield", null_and_yield},
    {"kernel.regs.errors", errors},
    {"kernel.regs.invocation", invocation},
    {"kernel.regs.signal_wait", signal_wait},
    {"kernel.regs.call_reply.same_as", call_reply_same_as},
    {"kernel.regs.call_reply.diff_as", call_reply_diff_as},
    {"kernel.regs.call_reply.queued", call_reply_queued},
    {"kernel.regs.ended_waits", ended_waits},
};

TEST_AREA(tests_regs);
