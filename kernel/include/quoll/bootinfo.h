/*
 * bootinfo.h - what the kernel tells the root task: two pages at BOOTINFO_VA. Root adds what it
 * finds out about the machine itself, and shows them to others, read-only. Everything the firmware
 * and the loader said, as data; capabilities by slot number.
 */
#ifndef QUOLL_BOOTINFO_H
#define QUOLL_BOOTINFO_H

#include <stdint.h>

#define BOOTINFO_MAGIC   0x746f6f626c6f7571ull /* "quolboot" */
#define BOOTINFO_VA      0x0000100000000000ull
#define BOOTIMAGE_VA     0x0000100040000000ull /* the boot image, read-only */
#define ROOT_STACK_TOP   0x0000100030000000ull
#define ROOT_STACK_BYTES 0x10000
#define ROOT_BUFFER_VA   0x0000100020000000ull /* its IPC buffer */

#define BOOT_MAX_UNTYPED 192
#define BOOT_OWN_WORDS   480

/* Root's capability space when it starts; untyped capabilities follow from untyped_first. */
enum boot_slot {
    BOOT_SLOT_CNODE = 1,
    BOOT_SLOT_VSPACE = 2,
    BOOT_SLOT_THREAD = 3,
    BOOT_SLOT_BUDGET = 4,
    BOOT_SLOT_IRQ_CONTROL = 5,
    BOOT_SLOT_IOPORT_CONTROL = 6,
    BOOT_SLOT_CPU_CONTROL = 7,
    BOOT_SLOT_BUFFER = 8,     /* its IPC buffer's frame */
    BOOT_SLOT_BOOTINFO = 9,   /* the frames of these pages, read-only: BOOTINFO_PAGES */
    BOOT_SLOT_LOG_FIRST = 11, /* the kernel log's frames, read-only: BOOT_LOG_FRAMES of them */
    BOOT_SLOT_INFO = 15,      /* the info page's frame (info.h), read-only */
    BOOT_SLOT_DEVICE_CONTROL = 16,
    BOOT_SLOT_FIRST = 17,
};
#define BOOT_CNODE_BITS 13 /* slots */
#define BOOT_LOG_FRAMES 4
#define BOOTINFO_PAGES  2

struct boot_untyped {
    uint64_t pa;
    uint8_t size_bits;
    uint8_t is_device;
    uint8_t reserved[6];
};

struct boot_framebuffer {
    uint64_t pa; /* 0: none, text mode */
    uint32_t width, height, pitch, bpp;
};

struct bootinfo {
    uint64_t magic;
    uint64_t ram_bytes;    /* usable memory that the firmware reported */
    uint64_t kernel_bytes; /* of it kept by the kernel: image, boot tables, boot image, root */
    uint64_t image_bytes;  /* size of the boot image at BOOTIMAGE_VA */
    uint32_t image_first;  /* its frames (READ, EXEC): image_count from slot image_first */
    uint32_t image_count;
    uint32_t untyped_first; /* untyped_count capabilities, described below */
    uint32_t untyped_count;
    uint32_t slot_free; /* first empty slot; all after it are empty */
    uint32_t reserved;
    char cmdline[256];
    struct boot_framebuffer framebuffer;
    uint64_t rsdp_pa; /* of ACPI, if the loader said it, else 0 */
    struct boot_untyped untyped[BOOT_MAX_UNTYPED];
    uint64_t own[BOOT_OWN_WORDS]; /* root's: quoll/machine.h */
};
_Static_assert(sizeof(struct bootinfo) <= BOOTINFO_PAGES * 4096, "bootinfo is two pages");

#endif
