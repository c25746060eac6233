/*
 * device.c - device memory by its physical address: the manifest's mmio ranges.
 * The kernel gives root device memory in large pieces; what is asked for is cut out by halving.
 * Invariant: the areas do not overlap, and a taken one has all of its memory in one task's untyped.
 */
#include "root.h"

#define DEVICE_AREAS (BOOT_MAX_UNTYPED + 128)

static struct device_area {
    uint64_t base;
    uint32_t slot;
    uint8_t bits;
    bool taken;
} areas[DEVICE_AREAS];
static unsigned area_count;

void device_add(uint64_t base, unsigned bits, uint32_t slot)
{
    if (area_count < DEVICE_AREAS) {
        areas[area_count++] =
            (struct device_area){.base = base, .slot = slot, .bits = (uint8_t)bits};
    }
}

static struct device_area *find(uint64_t base, unsigned bits)
{
    for (unsigned i = 0; i < area_count; i++) {
        struct device_area *a = &areas[i];
        if (a->bits >= bits && base >= a->base && base - a->base < 1ull << a->bits) {
            return a;
        }
    }
    return NULL;
}

/* @a becomes the half of it that has @base, the other half an area of its own. */
static int halve(struct device_area *a, uint64_t base)
{
    unsigned bits = a->bits - 1u;
    uint64_t upper = a->base + (1ull << bits);
    uint32_t slot = slot_take(2);
    int error;

    if (slot == 0 || area_count == DEVICE_AREAS) {
        return E_LIMIT;
    }
    error = sys_op(a->slot, OP_UNTYPED_RETYPE, OBJ_UNTYPED, bits, 0, slot, 2, 0);
    if (error != E_OK) {
        return error;
    }
    device_add(base < upper ? upper : a->base, bits, base < upper ? slot + 1 : slot);
    a->slot = base < upper ? slot : slot + 1;
    a->base = base < upper ? a->base : upper;
    a->bits = (uint8_t)bits;
    return E_OK;
}

/* Range @i of @task's manifest becomes its untyped SLOT_MMIO + @i. */
static int grant_mmio(struct task *task, unsigned i)
{
    const struct manifest_mmio *m = &task->manifest->mmio[i];
    struct device_area *a = find(m->base, m->bits);
    int error = E_OK;

    if (a == NULL || a->taken) {
        syslog("task %s: 0x%lx is not device memory, or another task's", task->name,
               (unsigned long)m->base);
        return E_BAD_ARG;
    }
    while (error == E_OK && a->bits > m->bits) {
        error = halve(a, m->base);
    }
    if (error == E_OK) {
        error = sys_op(a->slot, OP_UNTYPED_RETYPE, OBJ_UNTYPED, m->bits, task->cnode, SLOT_MMIO + i,
                       1, 0);
    }
    if (error == E_OK) {
        a->taken = true;
        task->mmio[i] = a->slot;
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

void device_revoke(const struct task *task)
{
    for (unsigned i = 0; i < task->manifest->mmio_count; i++) {
        if (task->mmio[i] != 0) {
            (void)sys_op(BOOT_SLOT_CNODE, OP_CNODE_REVOKE, task->mmio[i], 0, 0, 0, 0, 0);
        }
    }
}
