/*
 * spawn_space.c - pages into address spaces, with the page tables they need. See spawn.h.
 * A frame capability has one mapping, so a frame that is filled is first mapped in the maker's
 * window, then unmapped there and mapped in the task.
 */
#include "spawn_internal.h"

#include <quoll/info.h>
#include <quoll/task.h>
#include <string.h>

#define READ_WRITE (RIGHT_READ | RIGHT_WRITE)

/* Make a page table and put it where @va needs one. */
static int add_table(struct spawn *s, uint32_t vspace, uint64_t va)
{
    uint32_t table;
    int error = spawn_make(s, OBJ_TABLE, 0, &table);

    if (error == E_OK) {
        error = sys_op(vspace, OP_VSPACE_MAP_TABLE, va, table, 0, 0, 0, 0);
    }
    return error;
}

int spawn_map_in(struct spawn *s, uint32_t vspace, uint64_t va, uint32_t frame, unsigned rights,
                 enum quoll_cache cache)
{
    int error = sys_op(vspace, OP_VSPACE_MAP, va, frame, rights, cache, 0, 0);

    /* Three levels of tables may be missing below the top one. */
    for (unsigned tables = 0; error == E_NO_TABLE && tables < 3; tables++) {
        error = add_table(s, vspace, va);
        if (error == E_OK) {
            error = sys_op(vspace, OP_VSPACE_MAP, va, frame, rights, cache, 0, 0);
        }
    }
    return error;
}

int spawn_map(struct spawn *s, uint64_t va, uint32_t frame, unsigned rights)
{
    return spawn_map_in(s, s->vspace, va, frame, rights, CACHE_DEFAULT);
}

int spawn_map_copy(struct spawn *s, uint64_t va, uint32_t frame, unsigned rights)
{
    uint32_t copy;
    int error = spawn_copy(s, frame, rights, 0, &copy);

    return error != E_OK ? error : spawn_map(s, va, copy, rights);
}

int spawn_map_zeroed(struct spawn *s, uint64_t va, uint64_t bytes)
{
    uint64_t pages = bytes / SPAWN_PAGE;
    int error = E_OK;

    while (error == E_OK && pages > 0) {
        unsigned count = pages < RETYPE_COUNT_MAX ? (unsigned)pages : RETYPE_COUNT_MAX;
        uint32_t frame;
        error = spawn_make_many(s, OBJ_FRAME, FRAME_4K_BITS, count, &frame);
        for (unsigned i = 0; error == E_OK && i < count; i++, va += SPAWN_PAGE) {
            error = spawn_map(s, va, frame + i, READ_WRITE);
        }
        pages -= count;
    }
    return error;
}

int spawn_window_prepare(struct spawn *self)
{
    uint32_t frame;
    int error = spawn_window_open(self, &frame);

    if (error == E_OK) {
        error = sys_op(frame, OP_FRAME_UNMAP, 0, 0, 0, 0, 0, 0);
    }
    return error;
}

int spawn_window_open(struct spawn *s, uint32_t *frame)
{
    int error = spawn_make(s, OBJ_FRAME, FRAME_4K_BITS, frame);

    if (error != E_OK) {
        return error;
    }
    return spawn_map_in(s, s->maker->vspace, s->maker->window_va, *frame, READ_WRITE,
                        CACHE_DEFAULT);
}

int spawn_window_close(struct spawn *s, uint32_t frame, uint64_t va, unsigned rights)
{
    int error = sys_op(frame, OP_FRAME_UNMAP, 0, 0, 0, 0, 0, 0);

    return error != E_OK ? error : spawn_map(s, va, frame, rights);
}

int spawn_map_data(struct spawn *s, uint64_t va, const void *data, size_t bytes, unsigned rights)
{
    uint32_t frame;
    int error = bytes > SPAWN_PAGE ? E_BAD_ARG : spawn_window_open(s, &frame);

    if (error != E_OK) {
        return error;
    }
    memcpy((void *)s->maker->window_va, data, bytes);
    return spawn_window_close(s, frame, va, rights);
}

int spawn_map_info(struct spawn *s, const void *info, size_t bytes)
{
    int error = spawn_map_data(s, s->slice + TASK_INFO_VA, info, bytes, RIGHT_READ);

    if (error == E_OK) {
        error = spawn_map_copy(s, QUOLL_INFO_VA, s->maker->info_frame, RIGHT_READ);
    }
    /* Those who share an address space have one of it. */
    return error == E_EXISTS && s->slice != 0 ? E_OK : error;
}

/* The next @count frames of 2^@bits bytes of @device to @va. */
static int map_device_frames(struct spawn *s, uint32_t device, uint64_t va, unsigned bits,
                             unsigned count, enum quoll_cache cache)
{
    uint32_t frame = slots_take_top(s->slots, count);
    int error;

    if (frame == 0) {
        return E_LIMIT;
    }
    error = sys_op(device, OP_UNTYPED_RETYPE, OBJ_FRAME, bits, 0, frame, count, 0);
    if (error != E_OK) {
        slots_give(s->slots, frame, count);
    }
    for (unsigned i = 0; error == E_OK && i < count; i++) {
        error =
            spawn_map_in(s, s->vspace, va + ((uint64_t)i << bits), frame + i, READ_WRITE, cache);
    }
    return error;
}

int spawn_map_device(struct spawn *s, uint32_t device, uint64_t va, uint64_t bytes,
                     enum quoll_cache cache)
{
    struct msg m = {0};
    int error = sys_invoke(device, OP_UNTYPED_INFO, &m);
    unsigned bits =
        ((m.w[0] | va | bytes) & ((1u << FRAME_2M_BITS) - 1)) == 0 ? FRAME_2M_BITS : FRAME_4K_BITS;

    if (error == E_OK && (m.w[2] != 0 || m.w[3] == 0 || bytes % SPAWN_PAGE != 0)) {
        return E_BAD_ARG; /* frames would not begin at the untyped's first byte */
    }
    for (uint64_t frames = bytes >> bits; error == E_OK && frames > 0;) {
        unsigned count = frames < RETYPE_COUNT_MAX ? (unsigned)frames : RETYPE_COUNT_MAX;
        error = map_device_frames(s, device, va, bits, count, cache);
        va += (uint64_t)count << bits;
        frames -= count;
    }
    return error;
}
