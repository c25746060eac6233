/*
 * grant.c - what a manifest grants, as capabilities in the task's CNode.
 * Nothing else ever puts authority there. Port maps stay with root: an open port needs no handle.
 */
#include "irq.h"
#include "root.h"

#include <quoll/task.h>

_Static_assert(MANIFEST_IRQS == SLOT_RECEIVE - SLOT_IRQ, "every Irq has its slot");
_Static_assert(MANIFEST_MMIO == SLOT_INFO - SLOT_MMIO, "every mmio range has its slot");

struct grant {
    uint32_t index, source;
    unsigned rights;
    uint64_t badge;
    bool wanted;
};

int task_grant_caps(struct task *task)
{
    const struct manifest_task *m = task->manifest;
    uint32_t names = root.task[1].endpoint;
    const struct grant grants[] = {
        {SLOT_CNODE, task->cnode, RIGHT_ALL, 0, true},
        {SLOT_VSPACE, task->vspace, RIGHT_ALL, 0, true},
        {SLOT_THREAD, task->thread, RIGHT_ALL, 0, true},
        {SLOT_BUDGET, task->budget, RIGHT_ALL, 0, true},
        {SLOT_NAMES, names, RIGHT_SEND, task->id, task != &root.task[1]},
        {SLOT_SERVE, task->endpoint, RIGHT_RECV, 0, task->endpoint != 0},
        {SLOT_INFO, BOOT_SLOT_INFO, RIGHT_READ, 0, true},
        {SLOT_IRQ_CONTROL, BOOT_SLOT_IRQ_CONTROL, RIGHT_ALL, 0, m->irq_control},
        {SLOT_IOPORT_CONTROL, BOOT_SLOT_IOPORT_CONTROL, RIGHT_ALL, 0, m->ioport_control},
        {SLOT_CPU_CONTROL, BOOT_SLOT_CPU_CONTROL, RIGHT_ALL, 0, m->cpu_control},
    };
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < sizeof(grants) / sizeof(grants[0]); i++) {
        if (grants[i].wanted) {
            error = task_give(task, grants[i].index, grants[i].source, grants[i].rights,
                              grants[i].badge);
        }
    }
    /* A Reply can't be copied: it is made where it stays. The notification's owner is the task. */
    if (error == E_OK) {
        error =
            object_make_in(task, OBJ_REPLY, 0, task->cnode, SLOT_REPLY, TASK_REPLIES, task->thread);
    }
    if (error == E_OK) {
        error = object_make_in(task, OBJ_NOTIFICATION, 0, task->cnode, SLOT_NOTIFY, 1, 0);
    }
    return error;
}

int task_grant_ports(struct task *task)
{
    const struct manifest_task *m = task->manifest;
    uint32_t untyped, portmap;
    int error;

    if (m->port_count == 0) {
        return E_OK;
    }
    portmap = slot_take(1);
    if (portmap == 0) {
        return E_LIMIT;
    }
    error = task_cut(task, PORTMAP_BITS, 1, &untyped);
    if (error == E_OK) {
        error = sys_op(BOOT_SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, untyped, task->vspace,
                       portmap, 0, 0, 0);
    }
    if (error == E_OK) {
        task->portmap = portmap;
    }
    for (unsigned i = 0; error == E_OK && i < m->port_count; i++) {
        error = sys_op(BOOT_SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, portmap,
                       m->ports[i].first, m->ports[i].last, 0, 0, 0);
    }
    return error;
}

/* Irq @i of @task: made, bound to its endpoint, and a copy in its CNode. */
static int grant_irq(struct task *task, unsigned i)
{
    uint32_t flags, untyped, irq = slot_take(1);
    int error;

    if (irq == 0) {
        return E_LIMIT;
    }
    irq_route(&root.info->acpi, &task->manifest->irqs[i], &task->irq_gsi[i], &flags);
    error = task_cut(task, IRQ_BITS, 1, &untyped);
    if (error == E_OK) {
        error = sys_op(BOOT_SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, untyped, task->irq_gsi[i],
                       flags, irq, 0, 0);
    }
    if (error == E_OK) {
        task->irq[i] = irq;
        error = sys_op(irq, OP_IRQ_BIND, task->endpoint, 1ull << 63 | i, 0, 0, 0, 0);
    }
    if (error == E_OK) {
        error = task_give(task, SLOT_IRQ + i, irq, RIGHT_ALL, 0);
    }
    return error;
}

int task_grant_irqs(struct task *task)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < task->manifest->irq_count; i++) {
        error = grant_irq(task, i);
    }
    return error;
}

int task_grant_untyped(struct task *task)
{
    const struct manifest_task *m = task->manifest;
    uint64_t free = heap_total(&root.memory) - heap_used(&root.memory);
    uint64_t bytes = heap_share(free, m->untyped_min, m->untyped_max);
    int error = E_NO_MEMORY;

    if (m->untyped_max == 0) {
        return E_OK;
    }
    /* Free memory may be in pieces: the next smaller size can fit where this one does not. */
    for (; error == E_NO_MEMORY && bytes >= m->untyped_min; bytes /= 2) {
        error = object_make_in(task, OBJ_UNTYPED, (unsigned)__builtin_ctzll(bytes), task->cnode,
                               SLOT_UNTYPED, 1, 0);
        if (error == E_OK) {
            task->untyped_bytes = bytes;
        }
    }
    return error;
}
