/*
 * thread_regs.c - light and full register frames (object.h), and reading and writing them.
 */
#include <ipc/ipc.h>
#include <object/invoke.h>
#include <object/thread_regs.h>

#define SYSCALL_BYTES 2  /* of the instruction itself */
#define BUFFER_REGS   12 /* of the 18, those behind the six register words */

void thread_fill_frame(struct regs *r)
{
    if (r->vector) {
        return;
    }
    r->rcx = r->rip;
    r->rbx = r->rbp = r->r14 = r->r15 = 0;
    r->rflags = r->r11 = RFLAGS_FIXED | RFLAGS_IF;
    r->cs = SEL_USER_CODE;
    r->ss = SEL_USER_DATA;
    r->vector = FRAME_FULL;
}

void thread_restart_call(struct thread *t, int64_t number)
{
    struct regs *r = thread_regs(t);
    uint64_t rbx = r->rbx;

    r->rip -= SYSCALL_BYTES;
    thread_fill_frame(r);
    r->rbx = rbx;
    r->rax = (uint64_t)number;
}

/* Does @t wait inside a system call? */
static bool in_call(const struct thread *t)
{
    switch (thread_state(t)) {
    case THREAD_RUNNING:
    case THREAD_STOPPED:
    case THREAD_FAULTED:
    case THREAD_FAULT_QUEUED:
        return false;
    default:
        return true;
    }
}

int thread_read_regs(struct thread *t, uint64_t *out)
{
    struct thread *me = current();
    struct regs r = *thread_regs(t);

    if (!me->buffer) {
        return E_NOBUF;
    }
    if (!thread_is_stopped(t) && thread_state(t) != THREAD_FAULTED) {
        return E_BUSY;
    }
    if (in_call(t)) {
        r = (struct regs){.rip = r.rip, .rsp = r.rsp};
    }
    thread_fill_frame(&r);
    if (t->debug.step == STEP_DUE) {
        r.rflags &= ~RFLAGS_TF; /* the debugger's, not the thread's */
    }
    const struct quoll_regs q = {r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.r8,  r.r9,
                                 r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip, r.rsp, r.rflags};
    const uint64_t *v = (const uint64_t *)&q;
    out[OUT_EXTRA] = BUFFER_REGS;
    for (unsigned i = 0; i < MSG_REG_WORDS + BUFFER_REGS; i++) {
        if (i < MSG_REG_WORDS) {
            out[i] = v[i];
        } else {
            me->buffer->words[i - MSG_REG_WORDS] = v[i];
        }
    }
    return E_OK;
}

int thread_write_regs(struct thread *t, const uint64_t *w)
{
    struct thread *me = current();
    struct quoll_regs q;
    uint64_t *v = (uint64_t *)&q;

    if (!me->buffer) {
        return E_NOBUF;
    }
    for (unsigned i = 0; i < MSG_REG_WORDS + BUFFER_REGS; i++) {
        v[i] = i < MSG_REG_WORDS ? w[i] : me->buffer->words[i - MSG_REG_WORDS];
    }
    if (!is_user_address(q.rip) || !is_user_address(q.rsp)) {
        return E_BAD_ARG;
    }
    if (!thread_is_stopped(t) && thread_state(t) != THREAD_FAULTED) {
        return E_BUSY;
    }
    struct regs *r = thread_regs(t);
    if (in_call(t)) {
        r->rip = q.rip;
        r->rsp = q.rsp;
        return E_OK;
    }
    *r = (struct regs){.r15 = q.r15,
                       .r14 = q.r14,
                       .r13 = q.r13,
                       .r12 = q.r12,
                       .r11 = q.r11,
                       .r10 = q.r10,
                       .r9 = q.r9,
                       .r8 = q.r8,
                       .rbp = q.rbp,
                       .rdi = q.rdi,
                       .rsi = q.rsi,
                       .rdx = q.rdx,
                       .rcx = q.rcx,
                       .rbx = q.rbx,
                       .rax = q.rax,
                       .vector = FRAME_FULL,
                       .rip = q.rip,
                       .cs = SEL_USER_CODE,
                       .rflags = (q.rflags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_IF,
                       .rsp = q.rsp,
                       .ss = SEL_USER_DATA};
    return E_OK;
}
