/*
 * task.h - what a task finds when it starts: fixed capability slots and one read-only page of its
 * own beside the kernel's (quoll/info.h).
 * root fills both from the system manifest; nothing else is in the task's reach.
 */
#ifndef QUOLL_TASK_H
#define QUOLL_TASK_H

#include <stdint.h>

enum task_slot {
    SLOT_CNODE = 1,
    SLOT_VSPACE = 2,
    SLOT_THREAD = 3,
    SLOT_NAMES = 4,        /* the name server, badge: this task */
    SLOT_SERVE = 5,        /* the endpoint this task receives on (manifest: provides), else empty */
    SLOT_NOTIFY = 10,      /* a notification of its own, all rights */
    SLOT_UNTYPED = 11,     /* memory for objects of its own (manifest: untyped), else empty */
    SLOT_IRQ_CONTROL = 12, /* only where the manifest says so */
    SLOT_IOPORT_CONTROL = 13,
    SLOT_CPU_CONTROL = 14,
    SLOT_BUDGET = 15,
    SLOT_REPLY = 16,          /* TASK_REPLIES Replies bound to the first thread: 16 to 21 */
    SLOT_RECEIVE = 24,        /* four empty slots where capabilities in messages arrive */
    SLOT_MMIO = 28,           /* untypeds of device memory in the manifest's order: 28 to 31 */
    SLOT_INFO = 32,           /* the kernel's info page, read-only: quoll/info.h */
    SLOT_DEVICE_CONTROL = 33, /* as 12 to 14 */
    SLOT_SHARED_SPACE = 34,   /* devices = all: what programs share by ONE_AS=1, else empty */
    SLOT_FREE = 40,           /* empty from here to task_info()->slot_end */
};
#define TASK_REPLIES                                                                               \
    6 /* one receives; the console keeps a reader for each of its four terminals                   \
       */

/* Where a task has its own pages. Programs that share an address space (make ONE_AS=1) have all of
 * these, and their code, further up by their slice of it: a multiple of TASK_SLICE, at most
 * TASK_SLICES of them; libc/user.ld. They do not meet, as nobody has as much as a slice from
 * TASK_INFO_VA on, nor below TASK_STACK_TOP. To a maker of tasks, which shares its own with nobody,
 * these are what that is added to. */
#if defined(CONFIG_ONE_AS) && CONFIG_ONE_AS
extern char task_stack_top[];
#define TASK_STACK_TOP ((uint64_t)task_stack_top)
#else
#define TASK_STACK_TOP 0x0000000030000000ull
#endif
#define TASK_INFO_VA   (TASK_STACK_TOP - 0x10000000ull)
#define TASK_BUFFER_VA (TASK_INFO_VA + 0x1000) /* the next page is QUOLL_INFO_VA */
#define TASK_CODE_VA   0x0000000000400000ull
#define TASK_SLICE     0x0000000008000000ull
#define TASK_SLICES    4

/* From task_info()->slot_end to the end of the CNode a task with devices = all finds the untypeds
 * of device memory, device_count of them in no order, then one with boot-image = yes the boot
 * image's frames (READ, EXEC), image_pages in order. The latter also has the pages of bootinfo.h
 * at BOOTINFO_VA and the boot image at BOOTIMAGE_VA, as root has them. */

#define TASK_INFO_MAGIC 0x6b736174u /* "task" */

struct task_ports {
    uint16_t first, last;
};

struct task_info {
    uint32_t magic;
    uint32_t id;
    char name[48];
    char args[256]; /* the manifest's args line */
    uint32_t cnode_slots;
    uint32_t slot_end; /* first slot that is not for the task to use */
    uint32_t device_count, image_pages;
    uint32_t port_count, irq_count;
    struct task_ports ports[8];
    uint32_t irq_gsi[8];
    uint64_t untyped_bytes;
};

/** Slot of the first untyped of device memory, and of the boot image's first frame. */
static inline uint32_t task_device_slot(const struct task_info *info)
{
    return info->slot_end;
}

static inline uint32_t task_image_slot(const struct task_info *info)
{
    return info->slot_end + info->device_count;
}

/** This task's info page. */
static inline const struct task_info *task_info(void)
{
    return (const struct task_info *)TASK_INFO_VA;
}

#endif
