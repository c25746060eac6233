/*
 * spawn_load.c - a program of the boot image into a task's address space. See spawn.h.
 * The file is checked as a whole by elf_program.c before the first page is made.
 */
#include "spawn_internal.h"

#include <quoll/elf_program.h>
#include <quoll/image_file.h>
#include <quoll/task.h>

/* The frame of the boot image that is the page at @va of @seg as it is, or 0. What the page has
 * beyond the segment is of the same file. */
static uint32_t shared_frame(const struct spawn *s, const struct image_file *file,
                             const struct elf_segment *seg, uint64_t va)
{
    const struct spawn_maker *maker = s->maker;
    uint64_t in_file = seg->offset + va - seg->va; /* below 0: wraps to more than the image has */
    uint64_t at = (uint64_t)(file->data - maker->image) + in_file;

    if ((seg->rights & RIGHT_WRITE) != 0 || seg->bytes != seg->file_bytes ||
        in_file >= file->bytes || at % SPAWN_PAGE != 0 || at + SPAWN_PAGE > maker->image_bytes) {
        return 0;
    }
    return maker->image_first + (uint32_t)(at / SPAWN_PAGE);
}

static int copy_page(struct spawn *s, const uint8_t *file, const struct elf_segment *seg,
                     uint64_t va)
{
    uint32_t frame;
    int error = spawn_window_open(s, &frame);

    if (error != E_OK) {
        return error;
    }
    elf_fill_page(file, seg, va, (uint8_t *)s->maker->window_va);
    return spawn_window_close(s, frame, va, seg->rights);
}

static int load_segment(struct spawn *s, const struct image_file *file,
                        const struct elf_segment *seg)
{
    uint64_t va = seg->va & ~(uint64_t)(SPAWN_PAGE - 1);
    uint64_t end = (seg->va + seg->bytes + SPAWN_PAGE - 1) & ~(uint64_t)(SPAWN_PAGE - 1);
    uint64_t data_end = seg->va + seg->file_bytes;
    bool zeroed = (seg->rights & RIGHT_WRITE) != 0;
    int error = E_OK;

    for (; error == E_OK && va < end && (!zeroed || va < data_end); va += SPAWN_PAGE) {
        uint32_t frame = shared_frame(s, file, seg, va);
        if (frame != 0) {
            s->shared_pages++;
            error = spawn_map_copy(s, va, frame, seg->rights);
        } else {
            error = copy_page(s, file->data, seg, va);
        }
    }
    if (error == E_OK && va < end) {
        error = spawn_map_zeroed(s, va, end - va);
    }
    return error;
}

int spawn_load(struct spawn *s, const char *name, const char **wrong)
{
    struct elf_program program;
    struct image_file file;
    int error = E_OK;

    *wrong = NULL;
    if (!image_find(s->maker->image, s->maker->image_bytes, name, &file)) {
        *wrong = "is not in the boot image";
        return E_BAD_ARG;
    }
    *wrong = elf_parse(file.data, file.bytes, TASK_CODE_VA, TASK_INFO_VA, &program);
    if (*wrong != NULL) {
        return E_BAD_ARG;
    }
    for (unsigned i = 0; error == E_OK && i < program.count; i++) {
        error = load_segment(s, &file, &program.segment[i]);
    }
    s->entry = program.entry;
    return error;
}
