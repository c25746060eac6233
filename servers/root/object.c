/*
 * object.c - who pays for kernel objects: the account of the memory they cost.
 * Each task has untypeds of its own (at least CHUNK_BITS large), so that everything of a task can
 * be revoked and its memory reused; only these are cut from root.memory.
 */
#include "root.h"

#define CHUNK_BITS 16

/* Cut an untyped of 2^@bits bytes from the system's memory and add it to @task's heap. */
static int task_add_chunk(struct task *task, unsigned bits)
{
    struct area *from = heap_find(&root.memory, bits, 1);
    uint32_t slot;
    uint64_t cost;
    int error;

    if (from == NULL) {
        return E_NO_MEMORY;
    }
    slot = slots_take(&root.slots, 1);
    if (slot == 0 || task->heap.count == HEAP_AREAS) {
        return E_LIMIT;
    }
    cost = area_cost(from, bits, 1);
    error = sys_op(from->slot, OP_UNTYPED_RETYPE, OBJ_UNTYPED, bits, 0, slot, 1, 0);
    if (error != E_OK) {
        return error;
    }
    from->used += cost;
    task->memory_bytes += cost;
    (void)heap_add(&task->heap, slot, bits, 0);
    return E_OK;
}

/* Whose @s is: a task's struct spawn is its first field. */
static struct task *task_of(struct spawn *s)
{
    return (struct task *)s;
}
_Static_assert(offsetof(struct task, s) == 0, "task_of");

int task_pay(struct spawn *s, unsigned bits, unsigned count, uint32_t *untyped)
{
    struct task *task = task_of(s);
    struct area *area = heap_find(&task->heap, bits, count);
    unsigned chunk = CHUNK_BITS;

    while (area == NULL && 1ull << chunk < (uint64_t)count << bits) {
        chunk++;
    }
    if (area == NULL) {
        int error = task_add_chunk(task, chunk);
        if (error != E_OK) {
            return error;
        }
        area = heap_find(&task->heap, bits, count);
    }
    area->used += area_cost(area, bits, count);
    *untyped = area->slot;
    return E_OK;
}
