/*
 * thread_op.c - operations on threads: decode checks everything, then the effect can't fail.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <ipc/ipc.h>
#include <ipc/message.h>
#include <object/invoke.h>
#include <object/slot.h>
#include <object/thread.h>
#include <object/thread_debug.h>
#include <object/thread_regs.h>
#include <sched/sched.h>
#include <sched/time.h>

static struct thread *cap_thread(const struct slot *cap)
{
    return (struct thread *)cap->obj;
}

/* Put a copy of @from into thread slot @i; @from's depth has been checked. */
static void set_slot(struct thread *t, enum thread_slot i, struct slot *from)
{
    struct slot *s = &t->slots[i];

    if (s->type != OBJ_NULL) {
        slot_clear(s);
    }
    if (from) {
        (void)slot_copy(from, s, RIGHT_ALL, from->badge);
    }
}

static int configure(struct thread *t, const uint64_t *w)
{
    static const struct {
        uint8_t type, rights, optional;
    } want[] = {{OBJ_CNODE, RIGHT_MANAGE, 0},
                {OBJ_VSPACE, RIGHT_MANAGE, 0},
                {OBJ_ENDPOINT, RIGHT_SEND, 1},
                {OBJ_FRAME, RIGHT_READ | RIGHT_WRITE, 1},
                {OBJ_BUDGET, RIGHT_MANAGE, 0}};
    struct slot *from[5] = {NULL};

    for (unsigned i = 0; i < 5; i++) {
        if (want[i].optional && !w[i]) {
            continue;
        }
        int e = invoke_cap(w[i], (enum quoll_object)want[i].type, want[i].rights, &from[i]);
        if (e) {
            return e;
        }
        if (from[i]->depth >= SLOT_DEPTH_MAX) {
            return E_LIMIT;
        }
    }
    struct slot *buffer = from[TS_BUFFER];
    if (buffer && (buffer->flags & SLOT_DEVICE || buffer->size_bits != FRAME_4K_BITS)) {
        return E_BAD_ARG;
    }
    if (!thread_is_stopped(t)) {
        return E_BUSY;
    }
    uint64_t max_prio = ((struct budget *)from[TS_BUDGET]->obj)->max_prio;
    for (unsigned i = 0; i < 5; i++) {
        set_slot(t, (enum thread_slot)i, from[i]);
    }
    t->payer = NULL;
    if (t->n.prio > max_prio) {
        sched_set_priority(t, (uint32_t)max_prio);
    }
    thread_refresh(t);
    return E_OK;
}

static int start(struct thread *t, const uint64_t *w)
{
    if (!is_user_address(w[0]) || !is_user_address(w[1])) {
        return E_BAD_ARG;
    }
    if (thread_state(t) != THREAD_STOPPED) {
        return E_BUSY;
    }
    thread_result(t, E_OK);
    struct regs *r = thread_regs(t);
    r->vector = 0;
    r->rip = w[0];
    r->rsp = w[1];
    r->rdi = w[2];
    r->rsi = w[3];
    sched_wake(t);
    return E_OK;
}

static int suspend(struct thread *t)
{
    enum quoll_thread_state s = thread_state(t);

    if (s == THREAD_RECEIVING || s == THREAD_RECEIVING_PLAIN || s == THREAD_WAITING) {
        ipc_end_wait(t, E_INTR, E_INTR);
    }
    thread_set(t, thread_state(t), t->flags | TF_SUSPENDED);
    sched_check(t);
    return E_OK;
}

static int resume(struct thread *t)
{
    if (!thread_is_stopped(t)) {
        return E_BUSY;
    }
    bool was_stopped = thread_state(t) == THREAD_STOPPED;
    thread_set(t, was_stopped ? THREAD_RUNNING : thread_state(t),
               t->flags & ~(uint32_t)TF_SUSPENDED);
    sched_check(t);
    return E_OK;
}

static int bind(struct thread *t, uint64_t handle)
{
    struct slot *from = NULL;

    if (handle) {
        int e = invoke_cap(handle, OBJ_NOTIFICATION, RIGHT_RECV, &from);
        if (e) {
            return e;
        }
        if (((struct notification *)from->obj)->bound || t->bound) {
            return E_BUSY;
        }
        if (from->depth >= SLOT_DEPTH_MAX) {
            return E_LIMIT;
        }
    }
    if (t->bound) {
        t->bound->bound = NULL;
    }
    set_slot(t, TS_BOUND, from);
    if (from) {
        struct notification *n = (struct notification *)from->obj;
        n->bound = t;
        notification_signal(n, 0); /* bits from before are delivered, if it receives */
    }
    thread_refresh(t);
    return E_OK;
}

static int set_fs_base(struct thread *t, uint64_t base)
{
    if (!is_user_address(base)) {
        return E_BAD_ARG;
    }
    t->fs_base = base;
    thread_set(t, thread_state(t), base ? t->flags | TF_FSBASE : t->flags & ~(uint32_t)TF_FSBASE);
    if (t == current()) {
        cpu_self()->direct = NULL;
        wrmsr(MSR_FS_BASE, base);
    }
    return E_OK;
}

static int enable_fpu(struct thread *t)
{
    if (t->flags & TF_FPU) {
        return E_OK;
    }
    fpu_thread_init(t);
    thread_set(t, thread_state(t), t->flags | TF_FPU);
    if (t == current()) {
        struct thread *idle = cpu_self()->idle;
        fpu_switch(idle, t); /* the idle thread has no state to save */
    }
    return E_OK;
}

static int info(struct thread *t, uint64_t *out)
{
    time_charge();
    out[0] = t->flags & TF_SUSPENDED ? THREAD_STOPPED : thread_state(t);
    out[1] = t->n.prio;
    out[2] = t->own ? t->own->consumed : 0;
    out[3] = thread_regs(t)->rip;
    return E_OK;
}

int thread_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    struct thread *t = cap_thread(cap);

    switch (op) {
    case OP_THREAD_CONFIGURE:
        return configure(t, w);
    case OP_THREAD_SET_PRIORITY:
        if (w[0] > PRIORITY_MAX || (t->own && w[0] > t->own->max_prio)) {
            return E_BAD_ARG;
        }
        sched_set_priority(t, (uint32_t)spec_index(w[0], PRIORITY_MAX + 1));
        return E_OK;
    case OP_THREAD_START:
        return start(t, w);
    case OP_THREAD_SUSPEND:
        return suspend(t);
    case OP_THREAD_RESUME:
        return resume(t);
    case OP_THREAD_CANCEL:
        ipc_end_wait(t, E_GONE, E_CANCELED);
        return E_OK;
    case OP_THREAD_READ_REGS:
        return thread_read_regs(t, out);
    case OP_THREAD_WRITE_REGS:
        return thread_write_regs(t, w);
    case OP_THREAD_BIND:
        return bind(t, w[0]);
    case OP_THREAD_SET_FS_BASE:
        return set_fs_base(t, w[0]);
    case OP_THREAD_ENABLE_FPU:
        return enable_fpu(t);
    case OP_THREAD_READ_FPU:
        return thread_read_fpu(t, w[0], out);
    case OP_THREAD_WRITE_FPU:
        return thread_write_fpu(t, w);
    case OP_THREAD_READ_DEBUG:
        return thread_read_debug(t, out);
    case OP_THREAD_WRITE_DEBUG:
        return thread_write_debug(t, w);
    case OP_THREAD_STEP:
        return thread_step(t, w[0]);
    case OP_THREAD_INFO:
        return info(t, out);
    default:
        return E_BAD_CALL;
    }
}
