/*
 * thread_debug.c - what a debugger does with a thread.
 * Invariants: breakpoints lie at user addresses, which the kernel never touches, so none fires in
 * the kernel (but see kernel_nmi); TF is set by the kernel only in a frame whose step is
 * due, and never shown; DR7 and LSTAR are those of the current thread.
 * Source: Intel SDM vol. 3B, 17.2 (debug registers), 17.3.1 (#DB), 17.3.1.1 (RF); vol. 1, 13.4
 * (XSAVE area).
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <lib/string.h>
#include <object/invoke.h>
#include <object/thread_debug.h>
#include <object/thread_regs.h>
#include <sched/sched.h>

#define DR6_BREAKPOINTS 0xfull
#define DR6_STEP        0x4000ull
#define DR7_ENABLE      0xffull
#define DR7_USER        0xffff07ffull /* all but GD and what is reserved */
#define DR7_FIXED       0x400ull

#define BUFFER_WORDS (FPU_PART_WORDS - MSG_REG_WORDS)

static bool may_touch(const struct thread *t)
{
    return thread_is_stopped(t) || thread_state(t) == THREAD_FAULTED;
}

int thread_read_fpu(struct thread *t, uint64_t part, uint64_t *out)
{
    const uint64_t *from = fpu_part(t, part);
    struct quoll_buffer *buffer = current()->buffer;

    if (!buffer) {
        return E_NOBUF;
    }
    if (!from) {
        return E_BAD_ARG;
    }
    if (!may_touch(t)) {
        return E_BUSY;
    }
    memcpy(out, from, MSG_REG_WORDS * sizeof *out);
    memcpy(buffer->words, from + MSG_REG_WORDS, BUFFER_WORDS * sizeof *out);
    out[OUT_EXTRA] = BUFFER_WORDS;
    return E_OK;
}

int thread_write_fpu(struct thread *t, const uint64_t *w)
{
    uint64_t v[FPU_PART_WORDS];
    const struct quoll_buffer *buffer = current()->buffer;

    if (!buffer) {
        return E_NOBUF;
    }
    memcpy(v, w + 1, (MSG_REG_WORDS - 1) * sizeof *v);
    memcpy(v + MSG_REG_WORDS - 1, buffer->words, (BUFFER_WORDS + 1) * sizeof *v);
    if (!fpu_part(t, w[0]) || !fpu_acceptable(t, w[0], v)) {
        return E_BAD_ARG;
    }
    if (!may_touch(t)) {
        return E_BUSY;
    }
    fpu_put_part(t, w[0], v);
    return E_OK;
}

static void update_flag(struct thread *t)
{
    bool on = t->debug.dr7 & DR7_ENABLE || t->debug.step;

    thread_set(t, thread_state(t), on ? t->flags | TF_DEBUG : t->flags & ~(uint32_t)TF_DEBUG);
}

int thread_read_debug(const struct thread *t, uint64_t *out)
{
    memcpy(out, &t->debug, MSG_REG_WORDS * sizeof *out);
    return E_OK;
}

/* No breakpoint on I/O; one on instructions has length 0. */
static bool kinds_are_good(uint64_t dr7)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned kind = dr7 >> (16 + 4 * i) & 15;
        if ((kind & 3) == 2 || (!(kind & 3) && kind)) {
            return false;
        }
    }
    return true;
}

int thread_write_debug(struct thread *t, const uint64_t *w)
{
    uint64_t dr6 = w[4], dr7 = w[5];

    if (!is_user_address(w[0]) || !is_user_address(w[1]) || !is_user_address(w[2]) ||
        !is_user_address(w[3]) || dr6 & ~(DR6_BREAKPOINTS | DR6_STEP) || dr7 & ~DR7_USER ||
        !kinds_are_good(dr7)) {
        return E_BAD_ARG;
    }
    if (!may_touch(t)) {
        return E_BUSY;
    }
    memcpy(&t->debug, w, MSG_REG_WORDS * sizeof *w);
    update_flag(t);
    return E_OK;
}

int thread_step(struct thread *t, uint64_t on)
{
    if (on > 1) {
        return E_BAD_ARG;
    }
    if (!may_touch(t)) {
        return E_BUSY;
    }
    if (t->debug.step == STEP_DUE) {
        thread_regs(t)->rflags &= ~RFLAGS_TF;
    }
    t->debug.step = on ? STEP_DUE : STEP_OFF;
    update_flag(t);
    return E_OK;
}

void debug_leave(struct thread *t)
{
    if (t->debug.step == STEP_DUE) {
        struct regs *r = thread_regs(t);
        thread_fill_frame(r);
        r->rflags |= RFLAGS_TF;
    }
}

void debug_switch(struct thread *to)
{
    const struct debug_regs *d = &to->debug;

    if (!(to->flags & TF_DEBUG)) {
        write_dr7(DR7_FIXED);
        cpu_set_syscall_entry(false);
        return;
    }
    __asm__ volatile("mov %0, %%dr0\n\tmov %1, %%dr1\n\tmov %2, %%dr2\n\tmov %3, %%dr3"
                     :
                     : "r"(d->dr[0]), "r"(d->dr[1]), "r"(d->dr[2]), "r"(d->dr[3]));
    write_dr7(d->dr7 | DR7_FIXED);
    cpu_set_syscall_entry(true);
    debug_leave(to);
}

/* A breakpoint on the instruction at @r->rip must not fire again when the thread goes on there. */
static void pass_breakpoint(const struct debug_regs *d, struct regs *r)
{
    for (unsigned i = 0; i < 4; i++) {
        if (d->dr6 >> i & 1 && !(d->dr7 >> (16 + 4 * i) & 3) && d->dr[i] == r->rip) {
            r->rflags |= RFLAGS_RF;
        }
    }
}

uint64_t debug_exception(struct thread *t)
{
    struct debug_regs *d = &t->debug;
    struct regs *r = thread_regs(t);
    uint64_t dr6 = take_dr6();

    for (unsigned i = 0; i < 4; i++) {
        if (!(d->dr7 >> 2 * i & 3)) {
            dr6 &= ~(1ull << i); /* the CPU reports those that are not enabled, too */
        }
    }
    d->dr6 = dr6 & (DR6_BREAKPOINTS | DR6_STEP);
    pass_breakpoint(d, r);
    if (d->step == STEP_DUE) {
        r->rflags &= ~RFLAGS_TF;
        d->step = dr6 & DR6_STEP ? STEP_DONE : STEP_DUE;
    }
    return d->dr6;
}
