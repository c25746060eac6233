/*
 * syscall.c - every system call that the fastpath leaves. Each handler is the rest of the kernel
 * entry: it ends in choosing who runs.
 */
#include <arch/cpu.h>
#include <debug/debug.h>
#include <debug/trace.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <object/invoke.h>
#include <object/thread_debug.h>
#include <object/thread_regs.h>
#include <sched/dispatch.h>

void kernel_syscall(struct thread *t, int32_t number);
void kernel_syscall_debug(struct thread *t, int32_t number);

/* Carry out the operation that @t's tag names; what it answers goes straight into @t's frame. */
static void invoke_for(struct thread *t, struct slot *cap)
{
    struct regs *r = thread_regs(t);
    uint64_t tag = r->rsi, handle = r->rdi, w[MSG_REG_WORDS];
    int e = message_check(t, tag);

    words_copy(w, r->w);
    thread_result(t, E_OK);
    if (!e) {
        e = invoke(cap, (uint32_t)(tag >> TAG_LABEL_SHIFT), w, r->w);
    }
    if (e == E_AGAIN) {
        message_put(t, handle, tag, w);
        thread_restart_call(t, SYS_CALL);
    } else {
        r->rax = (uint64_t)e;
    }
}

static __attribute__((noinline)) void sys_call(struct thread *t)
{
    struct slot *cap = thread_slot_lookup(t, thread_regs(t)->rdi);

    if (!cap) {
        thread_result(t, E_BAD_CAP);
    } else if (cap->type == OBJ_ENDPOINT) {
        ipc_call(t, cap);
    } else {
        invoke_for(t, cap);
    }
    sched_leave(cpu_self(), t);
}

/* Answer @reply if it @must_reply, then receive on the endpoint in rbx with @reply. */
static void receive(struct thread *t, struct slot *ep, struct reply *reply, bool must_reply)
{
    int e = must_reply ? ipc_reply(t, reply) : E_OK;

    if (!e) {
        e = ipc_receive(t, (struct endpoint *)ep->obj, reply);
    }
    if (e == E_AGAIN) {
        /* the Reply is empty by now: answering it again does nothing */
        thread_restart_call(t, must_reply ? SYS_REPLY_RECV : SYS_RECV);
    } else if (e) {
        thread_result(t, e);
    }
    sched_leave(cpu_self(), t);
}

static int own_reply(struct thread *t, struct reply **reply)
{
    struct slot *s;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_REPLY, 0, &s);

    if (e) {
        return e;
    }
    *reply = (struct reply *)s->obj;
    return (*reply)->owner == t ? E_OK : E_BAD_ARG;
}

/* SYS_RECV and SYS_REPLY_RECV: @must_reply is set for the latter. */
static void sys_receive(struct thread *t, bool must_reply)
{
    struct slot *ep;
    struct reply *reply = NULL;
    int e = thread_cap(t, thread_regs(t)->rbx, OBJ_ENDPOINT, RIGHT_RECV, &ep);

    if (!e && (must_reply || thread_regs(t)->rdi)) {
        e = own_reply(t, &reply);
    }
    if (!e) {
        receive(t, ep, reply, must_reply);
        return;
    }
    thread_result(t, e);
    sched_leave(cpu_self(), t);
}

static __attribute__((noinline)) void sys_answer(struct thread *t)
{
    struct slot *rs;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_REPLY, 0, &rs);

    if (!e) {
        e = ipc_reply(t, (struct reply *)rs->obj);
    }
    thread_result(t, e);
    sched_leave(cpu_self(), t);
}

static __attribute__((noinline)) void sys_send(struct thread *t)
{
    struct slot *ep;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_ENDPOINT, 0, &ep);

    thread_result(t, e ? e : ipc_send(t, ep));
    sched_leave(cpu_self(), t);
}

static __attribute__((noinline)) void sys_signal(struct thread *t)
{
    struct slot *s;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_NOTIFICATION, RIGHT_SEND, &s);

    thread_result(t, e);
    if (e) {
        return; /* nothing has changed */
    }
    struct thread *waiter = notification_signal_one((struct notification *)s->obj, s->badge);
    if (waiter) {
        sched_exit_waking(cpu_self(), t, waiter, rdtsc());
    } else {
        sched_leave(cpu_self(), t);
    }
}

/* SYS_WAIT and SYS_POLL. */
static __attribute__((noinline)) void sys_wait(struct thread *t, bool block)
{
    struct slot *s;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_NOTIFICATION, RIGHT_RECV, &s);

    if (!e) {
        e = notification_wait(t, (struct notification *)s->obj, block);
    }
    if (e) {
        thread_result(t, e);
    }
    sched_leave(cpu_self(), t);
}

/* The calls that only give a status. */
static __attribute__((noinline)) void sys_simple(struct thread *t, int32_t number)
{
    const struct regs *r = thread_regs(t);

    switch (number) {
    case SYS_YIELD:
        thread_result(t, E_OK);
        sched_yield();
        break;
    case SYS_DEBUG:
        thread_result(t, debug_call(r->rdi, r->rdx));
        break;
    case SYS_NULL: /* of a thread that is debugged; others' is the fastpath's */
        thread_regs(t)->rax = E_OK;
        break;
    default:
        thread_result(t, E_BAD_CALL);
        break;
    }
    sched_leave(cpu_self(), t);
}

void kernel_syscall(struct thread *t, int32_t number)
{
    trace(TRACE_SYSCALL, (uint64_t)(int64_t)number, thread_regs(t)->rdi, thread_regs(t)->rbx,
          thread_regs(t)->rsi >> TAG_LABEL_SHIFT);
    switch (number) {
    case SYS_REPLY_RECV:
        sys_receive(t, true);
        break;
    case SYS_CALL:
        sys_call(t);
        break;
    case SYS_SEND:
        sys_send(t);
        break;
    case SYS_RECV:
        sys_receive(t, false);
        break;
    case SYS_REPLY:
        sys_answer(t);
        break;
    case SYS_SIGNAL:
        sys_signal(t);
        break;
    case SYS_WAIT:
    case SYS_POLL:
        sys_wait(t, number == SYS_WAIT);
        break;
    default:
        sys_simple(t, number);
        break;
    }
    trace_result(t);
}

/* Of a thread with TF_DEBUG. */
void kernel_syscall_debug(struct thread *t, int32_t number)
{
    kernel_syscall(t, number);
    if (current() == t) {
        debug_leave(t);
    }
}
