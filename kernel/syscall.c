/*
 * syscall.c - every system call that the fastpath leaves.
 */
#include <arch/cpu.h>
#include <debug/debug.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <object/invoke.h>
#include <object/thread_regs.h>
#include <sched/sched.h>

void kernel_syscall(struct thread *t, int32_t number);

static void sys_invoke_object(struct thread *t, struct slot *cap)
{
    uint64_t tag = thread_regs(t)->rsi, w[MSG_REG_WORDS], out[MSG_REG_WORDS] = {0};
    uint32_t op = (uint32_t)(tag >> TAG_LABEL_SHIFT);
    uint64_t out_tag = cap->type == OBJ_THREAD && op == OP_THREAD_READ_REGS
                           ? sizeof(struct quoll_regs) / 8 - MSG_REG_WORDS
                           : 0;
    int e = message_check(t, tag);

    if (!e) {
        message_words(t, w);
        e = invoke(cap, op, w, out);
    }
    if (e == E_AGAIN) {
        thread_restart_call(t);
    } else if (thread_state(t) == THREAD_STOPPED) {
        return; /* it destroyed itself, or what it runs on */
    } else if (e && e != E_NO_TABLE) {
        thread_result(t, e);
    } else {
        message_put(t, 0, out_tag, out);
        thread_regs(t)->rax = (uint64_t)e;
    }
}

static void sys_call(struct thread *t)
{
    struct slot *cap = thread_slot_lookup(t, thread_regs(t)->rdi);

    if (!cap) {
        thread_result(t, E_BAD_CAP);
    } else if (cap->type == OBJ_ENDPOINT) {
        ipc_call(t, cap);
    } else {
        sys_invoke_object(t, cap);
    }
}

/* SYS_RECV and SYS_REPLY_RECV: @must_reply is set for the latter. */
static void sys_receive(struct thread *t, bool must_reply)
{
    const struct regs *r = thread_regs(t);
    struct slot *rs, *ep;
    struct reply *reply = NULL;
    int e = thread_cap(t, r->rbx, OBJ_ENDPOINT, RIGHT_RECV, &ep);

    if (!e && (must_reply || r->rdi)) {
        e = thread_cap(t, r->rdi, OBJ_REPLY, 0, &rs);
        if (!e) {
            reply = (struct reply *)rs->obj;
            e = reply->owner == t ? E_OK : E_BAD_ARG;
        }
    }
    if (!e && must_reply) {
        e = ipc_reply(t, reply);
    }
    if (!e) {
        e = ipc_receive(t, ep, reply);
    }
    if (e) {
        thread_result(t, e);
    }
}

static void sys_answer(struct thread *t)
{
    struct slot *rs;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_REPLY, 0, &rs);

    if (!e) {
        e = ipc_reply(t, (struct reply *)rs->obj);
    }
    thread_result(t, e);
}

static void sys_send(struct thread *t)
{
    struct slot *ep;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_ENDPOINT, 0, &ep);

    thread_result(t, e ? e : ipc_send(t, ep));
}

static void sys_signal(struct thread *t)
{
    struct slot *s;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_NOTIFICATION, RIGHT_SEND, &s);

    thread_result(t, e);
    if (!e) {
        notification_signal((struct notification *)s->obj, s->badge);
    }
}

/* SYS_WAIT and SYS_POLL. */
static void sys_wait(struct thread *t, bool block)
{
    struct slot *s;
    int e = thread_cap(t, thread_regs(t)->rdi, OBJ_NOTIFICATION, RIGHT_RECV, &s);

    if (!e) {
        e = notification_wait(t, (struct notification *)s->obj, block);
    }
    if (e) {
        thread_result(t, e);
    }
}

void kernel_syscall(struct thread *t, int32_t number)
{
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
    case SYS_YIELD:
        thread_result(t, E_OK);
        sched_yield();
        break;
    case SYS_DEBUG:
        thread_result(t, debug_call(thread_regs(t)->rdi, thread_regs(t)->rdx));
        break;
    default: /* SYS_NULL never comes here */
        thread_result(t, E_BAD_CALL);
        break;
    }
    sched_exit();
}
