/*
 * device.c - device memory by its physical address: the manifest's mmio ranges, and all the rest
 * for the task that has devices = all.
 * The kernel gives root device memory in large pieces; what is asked for is cut out by halving.
 */
#include "root.h"

#include <quoll/pieces.h>

#define DEVICE_PIECES (BOOT_MAX_UNTYPED + 2048) /* more while the ACPI tables are read */

static struct piece piece[DEVICE_PIECES];
static struct pieces devices = {.piece = piece,
                                .max = DEVICE_PIECES,
                                .cnode = BOOT_SLOT_CNODE,
                                .slots = &root.slots};

void device_add(uint32_t slot)
{
    int error = pieces_add(&devices, slot);

    if (error != E_OK) {
        syslog("device memory of untyped %u stays unused: %s", slot, quoll_strerror(error));
    }
}

int device_map(uint64_t pa, uint64_t va, unsigned rights, uint32_t *slot, uint32_t *frame)
{
    struct spawn *self = &root.task[0].s;
    int error = pieces_take_at(&devices, pa, FRAME_4K_BITS, slot);

    if (error != E_OK) {
        return error;
    }
    *frame = slots_take(&root.slots, 1);
    error = *frame == 0
                ? E_LIMIT
                : sys_op(*slot, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_4K_BITS, 0, *frame, 1, 0);
    if (error == E_OK) {
        error = spawn_map(self, va, *frame, rights);
    }
    if (error != E_OK) {
        if (*frame != 0) {
            slots_give(&root.slots, *frame, 1);
        }
        device_give(*slot);
    }
    return error;
}

void device_give(uint32_t slot)
{
    (void)pieces_give(&devices, slot);
}

void device_keep(uint64_t pa)
{
    uint32_t slot;

    (void)pieces_take_at(&devices, pa & ~4095ull, FRAME_4K_BITS, &slot);
}

/* All of @source's memory as an untyped in slot @index of @task. */
static int hand_out(const struct task *task, uint32_t index, uint32_t source, unsigned bits)
{
    return sys_op(source, OP_UNTYPED_RETYPE, OBJ_UNTYPED, bits, task->s.cnode, index, 1, 0);
}

/* Range @i of @task's manifest becomes its untyped SLOT_MMIO + @i. */
static int grant_mmio(struct task *task, unsigned i)
{
    const struct manifest_mmio *m = &task->manifest->mmio[i];
    uint32_t slot;
    int error = pieces_take_at(&devices, m->base, m->bits, &slot);

    if (error == E_BAD_ARG || error == E_BUSY) {
        syslog("task %s: 0x%lx is not device memory, or another task's", task->name,
               (unsigned long)m->base);
        return E_BAD_ARG;
    }
    if (error == E_OK) {
        task->mmio[i] = slot;
        error = hand_out(task, SLOT_MMIO + i, slot, m->bits);
    }
    return error;
}

int task_grant_mmio(struct task *task)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < task->manifest->mmio_count; i++) {
        error = grant_mmio(task, i);
    }
    return error;
}

int task_grant_devices(struct task *task)
{
    int error = E_OK;

    for (unsigned i = 0; task->manifest->all_devices && error == E_OK && i < DEVICE_PIECES; i++) {
        uint32_t slot;
        if (piece[i].state != PIECE_FREE) {
            continue;
        }
        if (task->slot_end <= SLOT_FREE) {
            return E_LIMIT;
        }
        error = pieces_take_at(&devices, piece[i].base, piece[i].bits, &slot);
        if (error == E_OK) {
            error = hand_out(task, --task->slot_end, slot, piece[i].bits);
            task->device_count++;
        }
    }
    return error;
}

void device_revoke(const struct task *task)
{
    for (unsigned i = 0; i < task->manifest->mmio_count; i++) {
        if (task->mmio[i] != 0) {
            (void)pieces_revoke(&devices, task->mmio[i]);
        }
    }
}
