/*
 * victim.c - one call: into the victim's registers, run, out of them again, judged.
 */
#include "fuzz.h"
#include <quoll/message.h>
#include <quoll/sys.h>
#include <stdio.h>
#include <string.h>

#define USER_FLAGS      0x202u
#define SUPERVISOR_PRIO 120u /* as in the manifest */

/* State and RIP of @thread; false if it is no more. */
static bool info(uint64_t thread, uint64_t *state, uint64_t *rip)
{
    struct msg m = {0};

    if (sys_invoke(thread, OP_THREAD_INFO, &m) != E_OK)
        return false;
    *state = m.w[0];
    *rip = m.w[3];
    return true;
}

static int thread_op(uint64_t thread, uint32_t label, uint64_t word)
{
    return sys_op(thread, label, word, 0, 0, 0, 0, 0);
}

static bool trapped(uint64_t state)
{
    return state == THREAD_FAULT_QUEUED || state == THREAD_FAULTED || state == THREAD_STOPPED;
}

enum outcome victim_look(unsigned victim)
{
    uint64_t state, rip;

    if (!info(WORLD_THREAD + victim, &state, &rip))
        return OUTCOME_LOST;
    return trapped(state) || state == THREAD_RUNNING ? OUTCOME_DONE : OUTCOME_BLOCKED;
}

static int write_regs(uint64_t thread, const struct quoll_regs *regs)
{
    const uint64_t *v = (const uint64_t *)regs;
    unsigned extra = sizeof *regs / sizeof *v - MSG_REG_WORDS;
    struct msg m = {.tag = msg_tag(OP_THREAD_WRITE_REGS, extra, 0)};

    memcpy(m.w, v, sizeof m.w);
    memcpy(task_buffer()->words, v + MSG_REG_WORDS, extra * sizeof *v);
    return sys_call(thread, &m);
}

static int read_regs(uint64_t thread, struct quoll_regs *regs)
{
    uint64_t *v = (uint64_t *)regs;
    struct msg m = {0};
    int status = sys_invoke(thread, OP_THREAD_READ_REGS, &m);

    memcpy(v, m.w, sizeof m.w);
    memcpy(v + MSG_REG_WORDS, task_buffer()->words, sizeof *regs - sizeof m.w);
    return status;
}

/* Whatever can run, does, whatever its priority: the supervisor steps behind everybody. */
static void let_all_run(void)
{
    (void)thread_op(SLOT_THREAD, OP_THREAD_SET_PRIORITY, 0);
    for (unsigned i = 0; i < 2; i++)
        sys_yield();
    (void)thread_op(SLOT_THREAD, OP_THREAD_SET_PRIORITY, SUPERVISOR_PRIO);
}

void victims_quiet(struct victims_priority *p, unsigned but)
{
    for (unsigned i = 0; i < VICTIMS; i++) {
        struct msg m = {0};

        p->there[i] = i != but && sys_invoke(WORLD_THREAD + i, OP_THREAD_INFO, &m) == E_OK;
        p->priority[i] = m.w[1];
        if (p->there[i])
            (void)thread_op(WORLD_THREAD + i, OP_THREAD_SET_PRIORITY, 0);
    }
}

void victims_loud(const struct victims_priority *p)
{
    let_all_run();
    for (unsigned i = 0; i < VICTIMS; i++) {
        if (p->there[i])
            (void)thread_op(WORLD_THREAD + i, OP_THREAD_SET_PRIORITY, p->priority[i]);
    }
}

bool victim_can_run(unsigned victim)
{
    uint64_t thread = WORLD_THREAD + victim, state, rip;

    (void)thread_op(thread, OP_THREAD_SUSPEND, 0);
    (void)thread_op(thread, OP_THREAD_CANCEL, 0);
    (void)thread_op(thread, OP_THREAD_RESUME, 0);
    let_all_run();
    return info(thread, &state, &rip) && state != THREAD_RUNNING;
}

enum outcome victim_run(const struct call *c, struct quoll_regs *result)
{
    uint64_t thread = WORLD_THREAD + c->victim, state, rip;
    int status;

    (void)thread_op(thread, OP_THREAD_SUSPEND, 0);
    (void)thread_op(thread, OP_THREAD_CANCEL, 0);
    status = write_regs(thread, &c->regs);
    if (status == E_OK)
        status = thread_op(thread, OP_THREAD_RESUME, 0);
    if (status != E_OK && status != E_BAD_CAP)
        fuzz_fail("starting a victim: error %d", status);
    let_all_run();
    if (status != E_OK || !info(thread, &state, &rip) || state == THREAD_RUNNING)
        return OUTCOME_LOST;
    if (!trapped(state))
        return OUTCOME_BLOCKED;
    if (rip != AFTER_VA)
        return OUTCOME_LOST;
    if (state == THREAD_FAULT_QUEUED)
        (void)thread_op(thread, OP_THREAD_SUSPEND, 0);
    status = read_regs(thread, result);
    if (state == THREAD_FAULT_QUEUED)
        (void)thread_op(thread, OP_THREAD_RESUME, 0);
    if (status != E_OK)
        fuzz_fail("reading a victim's registers: error %d", status);
    return status == E_OK ? OUTCOME_DONE : OUTCOME_LOST;
}

/* Is @v an address of the kernel's? Generated values of that range end in MARK (call.c). */
static bool kernel_address(uint64_t v)
{
    return v >= 0xffff800000000000ull && v < 0xfffffffffffff000ull && (v & 0xfff) != FUZZ_MARK;
}

const char *victim_judge(const struct call *c, const struct quoll_regs *r)
{
    static const uint8_t outputs[] = {
        offsetof(struct quoll_regs, rdi), offsetof(struct quoll_regs, rsi),
        offsetof(struct quoll_regs, rdx), offsetof(struct quoll_regs, r8),
        offsetof(struct quoll_regs, r9),  offsetof(struct quoll_regs, r10),
        offsetof(struct quoll_regs, r12), offsetof(struct quoll_regs, r13)};

    /* a notification's bits are several badges in one */
    bool may_be_bits = (int32_t)c->regs.rax == SYS_WAIT || (int32_t)c->regs.rax == SYS_POLL ||
                       (r->rsi & TAG_KIND_MASK) >> TAG_KIND_SHIFT == KIND_NOTIFICATION;

    if ((int32_t)c->regs.rax == SYS_NULL)
        return r->rax | r->rbp ? "rax or rbp is not 0" : NULL;
    if (r->rax > E_NOT_MAPPED)
        return "a status that is no error of the ABI";
    if (r->rbx | r->rbp | r->r14 | r->r15)
        return "rbx, rbp, r14 or r15 is not 0";
    if (r->rcx != AFTER_VA || r->r11 != USER_FLAGS)
        return "rcx or r11 is not what the processor leaves there";
    if (r->rsp != c->regs.rsp)
        return "rsp has changed";
    for (unsigned i = 0; i < sizeof outputs; i++) {
        uint64_t v = *(const uint64_t *)((const char *)r + outputs[i]);
        if (v != 0 && r->rax != E_OK && r->rax != E_NO_TABLE)
            return "an output that is not 0 after an error";
        if (kernel_address(v) && !may_be_bits)
            return "an address of the kernel";
    }
    return NULL;
}
