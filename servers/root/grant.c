/*
 * grant.c - what a manifest grants, as capabilities in the task's CNode.
 * Nothing else ever puts authority there. Port maps stay with root: an open port needs no handle.
 */
#include "root.h"

#include <quoll/irq_route.h>
#include <quoll/proto.h>
#include <quoll/task.h>

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
        {SLOT_CNODE, task->s.cnode, RIGHT_ALL, 0, true},
        {SLOT_VSPACE, task->s.vspace, RIGHT_ALL, 0, true},
        {SLOT_THREAD, task->s.thread, RIGHT_ALL, 0, true},
        {SLOT_BUDGET, task->s.budget, RIGHT_ALL, 0, true},
        {SLOT_NAMES, names, RIGHT_SEND, task->id, task != &root.task[1]},
        /* All: it mints capabilities to itself, with badges of its sessions, for its clients. */
        {SLOT_SERVE, task->endpoint, RIGHT_ALL, 0, task->endpoint != 0},
        {SLOT_INFO, BOOT_SLOT_INFO, RIGHT_READ, 0, true},
        {SLOT_IRQ_CONTROL, BOOT_SLOT_IRQ_CONTROL, RIGHT_ALL, 0, m->irq_control},
        {SLOT_IOPORT_CONTROL, BOOT_SLOT_IOPORT_CONTROL, RIGHT_ALL, 0, m->ioport_control},
        {SLOT_CPU_CONTROL, BOOT_SLOT_CPU_CONTROL, RIGHT_ALL, 0, m->cpu_control},
        {SLOT_DEVICE_CONTROL, BOOT_SLOT_DEVICE_CONTROL, RIGHT_ALL, 0, m->device_control},
        {SLOT_SHARED_SPACE, root.maker.shared_space, RIGHT_ALL, 0, CONFIG_ONE_AS && m->all_devices},
    };
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < sizeof(grants) / sizeof(grants[0]); i++) {
        if (grants[i].wanted) {
            error = spawn_give(&task->s, grants[i].index, grants[i].source, grants[i].rights,
                               grants[i].badge);
        }
    }
    /* A Reply can't be copied: it is made where it stays. The notification's owner is the task. */
    if (error == E_OK) {
        error = spawn_make_in(&task->s, &(struct spawn_object){.type = OBJ_REPLY,
                                                               .cnode = task->s.cnode,
                                                               .index = SLOT_REPLY,
                                                               .count = TASK_REPLIES,
                                                               .thread = task->s.thread});
    }
    if (error == E_OK) {
        error = spawn_make_in(&task->s, &(struct spawn_object){.type = OBJ_NOTIFICATION,
                                                               .cnode = task->s.cnode,
                                                               .index = SLOT_NOTIFY,
                                                               .count = 1});
    }
    return error;
}

int task_grant_ports(struct task *task)
{
    const struct manifest_task *m = task->manifest;
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < m->port_count; i++) {
        error = spawn_ports(&task->s, m->ports[i].first, m->ports[i].last);
    }
    return error;
}

/* Irq @i of @task: made, and bound to its endpoint. The task gets no capability to it: answering
 * the interrupt acknowledges it, and all else is its manager's. */
static int grant_irq(struct task *task, unsigned i)
{
    struct spawn_irq irq = {.endpoint = task->endpoint, .badge = 1ull << 63 | i};
    int error;

    irq_route(&boot_machine(root.info)->acpi, &task->manifest->irqs[i], &irq.gsi, &irq.flags);
    error = spawn_irq(&task->s, &irq);
    task->irq[i] = irq.slot;
    task->irq_gsi[i] = irq.gsi;
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
        error = spawn_make_in(&task->s,
                              &(struct spawn_object){.type = OBJ_UNTYPED,
                                                     .size_bits = (unsigned)__builtin_ctzll(bytes),
                                                     .cnode = task->s.cnode,
                                                     .index = SLOT_UNTYPED,
                                                     .count = 1});
        if (error == E_OK) {
            task->untyped_bytes = bytes;
        }
    }
    return error;
}

/* A page that root has at @va, read-only at the same address of @task. */
static int show_page(struct task *task, uint64_t va, uint32_t frame)
{
    return spawn_map_copy(&task->s, va, frame, RIGHT_READ);
}

int task_grant_image(struct task *task)
{
    const struct bootinfo *info = root.info;
    int error = E_OK;

    if (!task->manifest->boot_image) {
        return E_OK;
    }
    if (task->slot_end < SLOT_FREE + info->image_count) {
        return E_LIMIT;
    }
    for (uint32_t i = 0; error == E_OK && i < BOOTINFO_PAGES; i++) {
        error = show_page(task, BOOTINFO_VA + i * 4096ull, BOOT_SLOT_BOOTINFO + i);
    }
    task->slot_end -= info->image_count;
    task->image_pages = info->image_count;
    for (uint32_t i = 0; error == E_OK && i < info->image_count; i++) {
        uint32_t frame = info->image_first + i;
        error = show_page(task, BOOTIMAGE_VA + i * 4096ull, frame);
        if (error == E_OK) {
            error = spawn_give(&task->s, task->slot_end + i, frame, RIGHT_READ | RIGHT_EXEC, 0);
        }
    }
    return error;
}

/* The other way round: how servers that keep things for tasks, as the driver manager, are told of
 * deaths. A signal, since root waits for nobody. */
int task_take_signal(struct task *task)
{
    uint32_t slot;

    if (!task->manifest->deaths) {
        return E_OK;
    }
    slot = slots_take_top(&root.slots, 1);
    if (slot == 0) {
        return E_LIMIT;
    }
    task->death_signal = slot;
    return sys_op(BOOT_SLOT_CNODE, OP_CNODE_MINT, slot, task->s.cnode, SLOT_NOTIFY, RIGHT_SEND,
                  SYSTEM_BIT_DEATH, 0);
}
