/*
 * object.c - makes kernel objects and keeps the account of the memory they cost.
 * Each task has untypeds of its own (at least CHUNK_BITS large), so that everything of a task can
 * be revoked and its memory reused; only these are cut from root.memory.
 */
#include "root.h"

#define CHUNK_BITS 16

uint32_t slot_take(unsigned count)
{
    uint32_t first = root.next_slot;

    if (count > (1u << BOOT_CNODE_BITS) - first) {
        return 0;
    }
    root.next_slot += count;
    return first;
}

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
    slot = slot_take(1);
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

int task_cut(struct task *task, unsigned bits, unsigned count, uint32_t *slot)
{
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
    *slot = area->slot;
    return E_OK;
}

int object_make_in(struct task *task, enum quoll_object type, unsigned size_bits, uint32_t cnode,
                   uint32_t index, unsigned count, uint32_t thread)
{
    struct msg m = {0};
    uint32_t untyped;
    int error = task_cut(task, quoll_object_bits(type, size_bits), count, &untyped);

    if (error != E_OK) {
        return error;
    }
    m.w[0] = type;
    m.w[1] = size_bits;
    m.w[2] = cnode;
    m.w[3] = index;
    m.w[4] = count;
    m.w[5] = thread;
    return sys_invoke(untyped, OP_UNTYPED_RETYPE, &m);
}

int object_make(struct task *task, enum quoll_object type, unsigned size_bits, uint32_t *slot)
{
    uint32_t s = slot_take(1);
    int error;

    if (s == 0) {
        return E_LIMIT;
    }
    error = object_make_in(task, type, size_bits, 0, s, 1, 0);
    if (error == E_OK) {
        *slot = s;
    }
    return error;
}

int task_give(struct task *task, uint32_t index, uint32_t source, unsigned rights, uint64_t badge)
{
    if (badge == 0) {
        return sys_op(task->cnode, OP_CNODE_COPY, index, 0, source, rights, 0, 0);
    }
    return sys_op(task->cnode, OP_CNODE_MINT, index, 0, source, rights, badge, 0);
}
