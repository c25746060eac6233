/*
 * syscall.c - every system call that the fastpath leaves.
 */
#include <arch/cpu.h>
#include <debug/debug.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <object/invoke.h>
#include <sched/sched.h>

void kernel_syscall(struct thread *t);

#define SYSCALL_BYTES 2 /* of the instruction itself */

static void sys_invoke_object(struct thread *t, struct slot *cap)
{
    struct regs *r = thread_regs(t);
    uint64_t w[MSG_REG_WORDS], out[MSG_REG_WORDS] = {0};
    uint32_t op = (uint32_t)(r->rsi >> TAG_LABEL_SHIFT);
    bool read_regs = cap->type == OBJ_THREAD && op == OP_THREAD_READ_REGS;

    if (message_check(t, r->rsi)) {
        thread_result(t, message_check(t, r->rsi));
        return;
    }
    message_words(t, w);
    int e = invoke(cap, op, w, out);
    if (e == E_AGAIN) {
        r->rip -= SYSCALL_BYTES;
        return;
    }
    if (thread_state(t) == THREAD_STOPPED) {
        return; /* it destroyed itself, or what it runs on */
    }
    if (e && e != E_NO_TABLE) {
        thread_result(t, e);
        return;
    }
    const uint64_t extra = sizeof(struct quoll_regs) / 8 - MSG_REG_WORDS;
    message_put(t, 0, read_regs ? extra : 0, out);
    r->rax = (uint64_t)e;
}

static void sys_call(struct thread *t, struct slot *cap)
{
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
    struct regs *r = thread_regs(t);
    struct slot *rs = NULL, *ep;
    int e = invoke_cap(r->rbx, OBJ_ENDPOINT, RIGHT_RECV, &ep);

    if (!e && (must_reply || r->rdi)) {
        e = invoke_cap(r->rdi, OBJ_REPLY, 0, &rs);
    }
    struct reply *reply = rs && !e ? (struct reply *)rs->obj : NULL;
    if (!e && reply && reply->owner != t) {
        e = E_BAD_ARG;
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
    int e = invoke_cap(thread_regs(t)->rdi, OBJ_REPLY, 0, &rs);

    if (!e) {
        e = ipc_reply(t, (struct reply *)rs->obj);
    }
    thread_result(t, e);
}

static void sys_send(struct thread *t)
{
    struct slot *ep;
    int e = invoke_cap(thread_regs(t)->rdi, OBJ_ENDPOINT, 0, &ep);

    thread_result(t, e ? e : ipc_send(t, ep));
}

static void sys_notify(struct thread *t, int64_t number)
{
    struct slot *s;
    uint8_t right = number == SYS_SIGNAL ? RIGHT_SEND : RIGHT_RECV;
    int e = invoke_cap(thread_regs(t)->rdi, OBJ_NOTIFICATION, right, &s);

    if (!e && number != SYS_SIGNAL) {
        e = notification_wait(t, (struct notification *)s->obj, number == SYS_WAIT);
        if (!e) {
            return; /* it waits, or has its bits */
        }
    }
    thread_result(t, e);
    if (!e) {
        notification_signal((struct notification *)s->obj, s->badge);
    }
}

void kernel_syscall(struct thread *t)
{
    struct regs *r = thread_regs(t);
    int64_t number = (int32_t)r->rax; /* the fastpath tests 32 bits */

    switch (number) {
    case SYS_REPLY_RECV:
        sys_receive(t, true);
        break;
    case SYS_CALL:
        sys_call(t, thread_slot_lookup(t, r->rdi));
        break;
    case SYS_NULL:
        thread_result(t, E_OK);
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
    case SYS_WAIT:
    case SYS_POLL:
        sys_notify(t, number);
        break;
    case SYS_YIELD:
        thread_result(t, E_OK);
        sched_yield();
        break;
    case SYS_DEBUG:
        thread_result(t, debug_call(r->rdi, r->rdx));
        break;
    default:
        thread_result(t, E_BAD_CALL);
        break;
    }
    sched_exit();
}
