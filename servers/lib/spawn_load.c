/*
 * spawn_load.c - a program of the boot image into a task's address space. See spawn.h.
 * The file is checked as a whole by elf_program.c before the first page is made.
 */
#include "spawn_internal.h"

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

/* The slice that a program is linked for, 0: none, by where it begins: with its first code. */
static uint64_t slice_of(const struct image_file *file)
{
    uint64_t slice = elf_entry(file->data, file->bytes) / TASK_SLICE * TASK_SLICE;

    return slice <= TASK_SLICES * TASK_SLICE ? slice : 0;
}

int spawn_find(struct spawn *s, const char *name, struct spawn_program *program, const char **wrong)
{
    struct image_file *file = &program->file;
    uint64_t end = TASK_INFO_VA;

    *wrong = NULL;
    if (!image_find(s->maker->image, s->maker->image_bytes, name, file)) {
        *wrong = "is not in the boot image";
        return E_BAD_ARG;
    }
    s->slice = slice_of(file);
    if (s->slice != 0 && s->maker->shared_space == 0) {
        *wrong = "is linked to share an address space, and there is none: make iso ONE_AS=1 "
                 "builds all that this needs";
        return E_BAD_ARG;
    }
    if (s->slice != 0) {
        end = s->slice + TASK_SLICE;
    }
    *wrong = elf_parse(file->data, file->bytes, s->slice + TASK_CODE_VA, end, &program->elf);
    s->entry = program->elf.entry;
    return *wrong == NULL ? E_OK : E_BAD_ARG;
}

int spawn_load(struct spawn *s, const struct spawn_program *program)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < program->elf.count; i++) {
        error = load_segment(s, &program->file, &program->elf.segment[i]);
    }
    return error;
}
