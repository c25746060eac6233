/*
 * load.c - a task's program and its info page, from the boot image into its address space.
 * The file is checked as a whole by elf.c before the first page is made.
 */
#include "elf.h"
#include "root.h"

#include <string.h>

#define PAGE 4096u

static int load_segment(struct task *task, const uint8_t *file, const struct elf_segment *s)
{
    uint64_t end = s->va + s->bytes;

    for (uint64_t va = s->va & ~(uint64_t)(PAGE - 1); va < end; va += PAGE) {
        uint32_t frame;
        int error = window_open(task, &frame);
        if (error != E_OK) {
            return error;
        }
        elf_fill_page(file, s, va, (uint8_t *)ROOT_WINDOW_VA);
        error = window_close(task, frame, va, s->rights);
        if (error != E_OK) {
            return error;
        }
    }
    return E_OK;
}

int task_load_image(struct task *task)
{
    const char *image = task->manifest->image;
    struct elf_program program;
    struct image_file file;
    const char *wrong;
    int error = E_OK;

    if (!image_find((const uint8_t *)BOOTIMAGE_VA, root.image_bytes, image, &file)) {
        syslog("task %s: the boot image has no file %s", task->name, image);
        return E_BAD_ARG;
    }
    wrong = elf_parse(file.data, file.bytes, TASK_CODE_VA, TASK_INFO_VA, &program);
    if (wrong != NULL) {
        syslog("task %s: the file %s %s", task->name, image, wrong);
        return E_BAD_ARG;
    }
    for (unsigned i = 0; error == E_OK && i < program.count; i++) {
        error = load_segment(task, file.data, &program.segment[i]);
    }
    task->entry = program.entry;
    return error;
}

static void info_fill(struct task_info *info, const struct task *task)
{
    const struct manifest_task *m = task->manifest;

    info->magic = TASK_INFO_MAGIC;
    info->id = task->id;
    memcpy(info->name, m->name, strlen(m->name)); /* the page is zeroed: so are the ends */
    memcpy(info->args, m->args, strlen(m->args));
    info->cnode_slots = 1u << m->slot_bits;
    info->port_count = m->port_count;
    info->irq_count = m->irq_count;
    memcpy(info->ports, m->ports, m->port_count * sizeof(m->ports[0]));
    memcpy(info->irq_gsi, task->irq_gsi, sizeof(info->irq_gsi));
    info->untyped_bytes = task->untyped_bytes;
}

/* The kernel's page: each mapping needs a capability of its own. */
static int map_kernel_info(struct task *task)
{
    uint32_t frame = slot_take(1);
    int error = sys_op(BOOT_SLOT_CNODE, OP_CNODE_COPY, frame, 0, BOOT_SLOT_INFO, RIGHT_READ, 0, 0);

    if (error != E_OK) {
        return error;
    }
    return space_map(task, task->vspace, QUOLL_INFO_VA, frame, RIGHT_READ);
}

int task_map_info(struct task *task)
{
    uint32_t frame;
    int error = window_open(task, &frame);

    if (error != E_OK) {
        return error;
    }
    info_fill((struct task_info *)ROOT_WINDOW_VA, task);
    error = window_close(task, frame, TASK_INFO_VA, RIGHT_READ);
    return error != E_OK ? error : map_kernel_info(task);
}
