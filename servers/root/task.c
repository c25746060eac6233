/*
 * task.c - a task's life: made step by step, started, ended.
 * Each step is a row of a table, so a failure is always reported with the task and the step.
 */
#include "root.h"

#include <quoll/error.h>

static int make_cnode(struct task *task)
{
    return object_make(task, OBJ_CNODE, task->manifest->slot_bits, &task->cnode);
}

static int make_vspace(struct task *task)
{
    return object_make(task, OBJ_VSPACE, 0, &task->vspace);
}

static int make_endpoint(struct task *task)
{
    if (task->manifest->provides[0] == '\0') {
        return E_OK;
    }
    return object_make(task, OBJ_ENDPOINT, 0, &task->endpoint);
}

static int make_budget(struct task *task)
{
    const struct manifest_task *m = task->manifest;
    uint32_t untyped, budget = slot_take(1);
    int error;

    if (budget == 0) {
        return E_LIMIT;
    }
    error = task_cut(task, BUDGET_BITS, 1, &untyped);
    if (error == E_OK) {
        error = sys_op(BOOT_SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, untyped, m->budget_us,
                       m->period_us, m->max_priority, budget, 0);
    }
    if (error == E_OK) {
        task->budget = budget;
    }
    return error;
}

static int make_buffer(struct task *task)
{
    int error = object_make(task, OBJ_FRAME, FRAME_4K_BITS, &task->buffer);

    if (error == E_OK) {
        error =
            space_map(task, task->vspace, TASK_BUFFER_VA, task->buffer, RIGHT_READ | RIGHT_WRITE);
    }
    return error;
}

/* Below the stack nothing is mapped: an overflow faults. */
static int make_stack(struct task *task)
{
    uint64_t bytes = task->manifest->stack_bytes;

    return space_map_zeroed(task, TASK_STACK_TOP - bytes, bytes);
}

static int make_thread(struct task *task)
{
    uint32_t fault = slot_take(1);
    int error = object_make(task, OBJ_THREAD, 0, &task->thread);

    if (fault == 0) {
        return E_LIMIT;
    }
    if (error == E_OK) {
        error = sys_op(BOOT_SLOT_CNODE, OP_CNODE_MINT, fault, 0, root.endpoint, RIGHT_SEND,
                       task->id, 0);
    }
    if (error == E_OK) {
        task->fault = fault;
        error = sys_op(task->thread, OP_THREAD_CONFIGURE, task->cnode, task->vspace, fault,
                       task->buffer, task->budget, 0);
    }
    if (error == E_OK) {
        error =
            sys_op(task->thread, OP_THREAD_SET_PRIORITY, task->manifest->priority, 0, 0, 0, 0, 0);
    }
    return error;
}

static const struct {
    const char *what;
    int (*run)(struct task *);
} steps[] = {
    {"make its endpoint", make_endpoint}, /* first: it is registered even if the rest fails */
    {"make its capability space", make_cnode}, {"make its address space", make_vspace},
    {"load its program", task_load_image},     {"make its stack", make_stack},
    {"make its IPC buffer", make_buffer},      {"make its budget", make_budget},
    {"make its thread", make_thread},          {"grant its capabilities", task_grant_caps},
    {"grant its I/O ports", task_grant_ports}, {"grant its interrupts", task_grant_irqs},
    {"grant its memory", task_grant_untyped},  {"grant its device memory", task_grant_mmio},
    {"map its info page", task_map_info},
};

bool task_create(struct task *task, const struct manifest_task *manifest)
{
    task->manifest = manifest;
    task->name = manifest->name;
    task->state = THREAD_STOPPED;
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int error = steps[i].run(task);
        if (error != E_OK) {
            syslog("task %s cannot start: failed to %s: %s", task->name, steps[i].what,
                   quoll_strerror(error));
            task_end(task);
            return false;
        }
    }
    task->ready = true;
    return true;
}

bool task_start(struct task *task)
{
    int error = sys_op(task->thread, OP_THREAD_START, task->entry, TASK_STACK_TOP, 0, 0, 0, 0);

    if (error != E_OK) {
        syslog("task %s cannot start: its thread: %s", task->name, quoll_strerror(error));
        task_end(task);
        return false;
    }
    task->state = THREAD_RUNNING;
    return true;
}

/* Delete the owner capability in @slot, and with it the object and all that was handed out. */
static void destroy(uint32_t *slot)
{
    if (*slot != 0) {
        (void)sys_op(BOOT_SLOT_CNODE, OP_CNODE_DELETE, *slot, 0, 0, 0, 0, 0);
        *slot = 0;
    }
}

void task_end(struct task *task)
{
    if (task->thread != 0) {
        (void)sys_op(task->thread, OP_THREAD_SUSPEND, 0, 0, 0, 0, 0, 0);
    }
    destroy(&task->portmap); /* first, so that the device is out of its reach */
    device_revoke(task);
    for (unsigned i = 0; i < MANIFEST_IRQS; i++) {
        destroy(&task->irq[i]);
    }
    /* Callers that it had picked up get DEAD, callers that still wait get GONE. */
    for (unsigned i = 0; task->cnode != 0 && i < TASK_REPLIES; i++) {
        (void)sys_op(task->cnode, OP_CNODE_DELETE, SLOT_REPLY + i, 0, 0, 0, 0, 0);
    }
    destroy(&task->endpoint);
}
