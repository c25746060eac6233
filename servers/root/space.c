/*
 * space.c - pages into address spaces, with the page tables they need.
 * A frame capability has one mapping, so a frame that root fills is first mapped in root's
 * window, then unmapped there and mapped in the task.
 */
#include "root.h"

#define PAGE 4096u

/* Make a page table for @task and put it where @va needs one. */
static int space_add_table(struct task *task, uint32_t vspace, uint64_t va)
{
    uint32_t table;
    int error = object_make(task, OBJ_TABLE, 0, &table);

    if (error == E_OK) {
        error = sys_op(vspace, OP_VSPACE_MAP_TABLE, va, table, 0, 0, 0, 0);
    }
    return error;
}

int space_map(struct task *task, uint32_t vspace, uint64_t va, uint32_t frame, unsigned rights)
{
    int error = E_NO_TABLE;

    /* Three levels of tables may be missing below the top one. */
    for (unsigned tables = 0; error == E_NO_TABLE && tables <= 3; tables++) {
        error = sys_op(vspace, OP_VSPACE_MAP, va, frame, rights, CACHE_DEFAULT, 0, 0);
        if (error == E_NO_TABLE && tables < 3) {
            int table_error = space_add_table(task, vspace, va);
            if (table_error != E_OK) {
                return table_error;
            }
        }
    }
    return error;
}

int window_open(struct task *task, uint32_t *frame)
{
    int error = object_make(task, OBJ_FRAME, FRAME_4K_BITS, frame);

    if (error != E_OK) {
        return error;
    }
    return space_map(&root.task[0], BOOT_SLOT_VSPACE, ROOT_WINDOW_VA, *frame,
                     RIGHT_READ | RIGHT_WRITE);
}

int window_close(struct task *task, uint32_t frame, uint64_t va, unsigned rights)
{
    int error = sys_op(frame, OP_FRAME_UNMAP, 0, 0, 0, 0, 0, 0);

    if (error != E_OK) {
        return error;
    }
    return space_map(task, task->vspace, va, frame, rights);
}

int space_map_zeroed(struct task *task, uint64_t va, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += PAGE) {
        uint32_t frame;
        int error = object_make(task, OBJ_FRAME, FRAME_4K_BITS, &frame);
        if (error == E_OK) {
            error = space_map(task, task->vspace, va + at, frame, RIGHT_READ | RIGHT_WRITE);
        }
        if (error != E_OK) {
            return error;
        }
    }
    return E_OK;
}
