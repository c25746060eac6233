/*
 * task.c - a task's life: made step by step, started, ended.
 * What all makers of tasks do is the spawn library's; here is what a system manifest adds. A
 * failure is always reported with the task and the step.
 */
#include "root.h"

#include <string.h>

static int make_endpoint(struct task *task)
{
    if (task->manifest->provides[0] == '\0') {
        return E_OK;
    }
    return spawn_make(&task->s, OBJ_ENDPOINT, 0, &task->endpoint);
}

static int map_info(struct task *task)
{
    const struct manifest_task *m = task->manifest;
    struct task_info info = {.magic = TASK_INFO_MAGIC,
                             .id = task->id,
                             .cnode_slots = 1u << m->slot_bits,
                             .slot_end = task->slot_end,
                             .device_count = task->device_count,
                             .image_pages = task->image_pages,
                             .port_count = m->port_count,
                             .irq_count = m->irq_count,
                             .untyped_bytes = task->untyped_bytes};

    memcpy(info.name, m->name, strlen(m->name));
    memcpy(info.args, m->args, strlen(m->args));
    memcpy(info.ports, m->ports, m->port_count * sizeof(m->ports[0]));
    memcpy(info.irq_gsi, task->irq_gsi, sizeof(info.irq_gsi));
    return spawn_map_info(&task->s, &info, sizeof(info));
}

static const struct {
    const char *what;
    int (*run)(struct task *);
} steps[] = {
    {"grant its capabilities", task_grant_caps},     {"grant its I/O ports", task_grant_ports},
    {"grant its interrupts", task_grant_irqs},       {"grant its memory", task_grant_untyped},
    {"grant its device memory", task_grant_mmio},    {"grant the boot image", task_grant_image},
    {"grant all device memory", task_grant_devices}, {"map its info page", map_info},
    {"take its signal", task_take_signal},
};

static bool fail(struct task *task, const char *step, int error)
{
    syslog("task %s cannot start: failed to %s: %s", task->name, step, quoll_strerror(error));
    task_end(task);
    return false;
}

/* What every task has: see spawn_build. */
static int build(struct task *task, struct spawn_failure *failure)
{
    const struct manifest_task *m = task->manifest;
    const struct spawn_plan plan = {.image = m->image,
                                    .slot_bits = m->slot_bits,
                                    .stack_bytes = m->stack_bytes,
                                    .budget_us = m->budget_us,
                                    .period_us = m->period_us,
                                    .priority = m->priority,
                                    .max_priority = m->max_priority,
                                    .fault_endpoint = root.endpoint,
                                    .fault_badge = task->id};
    int error = spawn_build(&task->s, &plan, failure);

    if (failure->wrong != NULL) {
        syslog("task %s: the file %s %s", task->name, m->image, failure->wrong);
    }
    return error;
}

bool task_create(struct task *task, const struct manifest_task *manifest)
{
    struct spawn_failure failure;
    int error;

    task->manifest = manifest;
    task->name = manifest->name;
    task->state = THREAD_STOPPED;
    task->slot_end = 1u << manifest->slot_bits;
    error = make_endpoint(task); /* first: it is registered even if the rest fails */
    if (error != E_OK) {
        return fail(task, "make its endpoint", error);
    }
    error = build(task, &failure);
    if (error != E_OK) {
        return fail(task, failure.step, error);
    }
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        error = steps[i].run(task);
        if (error != E_OK) {
            return fail(task, steps[i].what, error);
        }
    }
    task->ready = true;
    return true;
}

bool task_start(struct task *task)
{
    int error = spawn_start(&task->s, 0, 0);

    if (error != E_OK) {
        syslog("task %s cannot start: its thread: %s", task->name, quoll_strerror(error));
        task_end(task);
        return false;
    }
    task->state = THREAD_RUNNING;
    return true;
}

/* Tasks, ports, interrupts: with the untyped. But memory that a mere server shares with its clients
 * stays theirs, or they would fault on it; what runs in its name ends with its budget, since it can
 * make no other. */
static void end_what_it_made(struct task *task)
{
    const struct manifest_task *m = task->manifest;
    struct spawn *s = &task->s;

    if (task->untyped_bytes == 0) {
        return;
    }
    if (m->irq_control || m->ioport_control || m->cpu_control || m->device_control) {
        (void)sys_op(s->cnode, OP_CNODE_REVOKE, SLOT_UNTYPED, 0, 0, 0, 0, 0);
        return;
    }
    task->cpu_us = task_cpu_us(task);
    (void)sys_op(s->maker->cnode, OP_CNODE_REVOKE, s->budget, 0, 0, 0, 0, 0);
    spawn_delete(s, &s->budget);
}

void task_end(struct task *task)
{
    struct spawn *s = &task->s;

    spawn_stop(s);
    spawn_delete(s, &s->portmap); /* first, so that the device is out of its reach */
    device_revoke(task);
    for (unsigned i = 0; i < MANIFEST_IRQS; i++) {
        spawn_delete(s, &task->irq[i]);
    }
    end_what_it_made(task);
    /* Callers that it had picked up get DEAD, callers that still wait get GONE. */
    for (unsigned i = 0; s->cnode != 0 && i < TASK_REPLIES; i++) {
        (void)sys_op(s->cnode, OP_CNODE_DELETE, SLOT_REPLY + i, 0, 0, 0, 0, 0);
    }
    spawn_delete(s, &task->endpoint);
}
