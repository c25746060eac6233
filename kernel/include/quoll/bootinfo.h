/*
 * bootinfo.h - what the kernel tells the root task: pages at BOOTINFO_VA, which root adds to and
 * shows to others, read-only.
 * Everything the firmware and the loader said, as data; capabilities by slot number.
 */
#ifndef QUOLL_BOOTINFO_H
#define QUOLL_BOOTINFO_H

#include <stdint.h>

#define BOOTINFO_MAGIC   0x746f6f626c6f7571ull /* "quolboot" */
#define BOOTINFO_VA      0x0000100000000000ull
#define BOOTIMAGE_VA     0x0000100040000000ull /* the boot image, read-only */
#define BOOT_TABLES_VA   0x0000100018000000ull /* root: the pages of the ACPI tables, read-only */
#define BOOT_TABLES_MAX  0x800000u             /* as many bytes; where they lie further apart: none */
#define ROOT_STACK_TOP   0x0000100030000000ull
#define ROOT_STACK_BYTES 0x10000
#define ROOT_BUFFER_VA   0x0000100020000000ull /* its IPC buffer */

#define BOOT_MAX_UNTYPED 192
#define BOOT_MAX_IOAPIC  8
#define BOOT_MAX_ISO     24
#define BOOT_MAX_MCFG    8
#define BOOT_MAX_TABLES  48

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
    BOOT_SLOT_FIRST = 16,
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

struct boot_ioapic {
    uint32_t id, gsi_base;
    uint64_t pa;
};

struct boot_iso { /* MADT interrupt source override */
    uint8_t irq, active_low, level, reserved;
    uint32_t gsi;
};

struct boot_mcfg {
    uint64_t pa;
    uint16_t segment;
    uint8_t bus_first, bus_last;
    uint32_t reserved;
};

struct boot_table { /* an ACPI table; its length and checksum are right */
    char signature[4];
    uint32_t bytes;
    uint64_t pa;
};

struct boot_acpi {
    uint64_t rsdp_pa;   /* 0: no ACPI */
    uint64_t lapic_pa;  /* 0: none */
    uint64_t tables_pa; /* all tables lie in tables_bytes from here on; 0: none */
    uint64_t tables_bytes;
    uint32_t cpu_count;
    uint32_t ioapic_count, iso_count, table_count;
    uint32_t has_8259;
    /* From here on root fills in, before any other task is made (servers/root/tables.h). */
    uint32_t mcfg_count;
    uint64_t hpet_pa; /* 0: none */
    /* Power-off: write (s5_typ << 10) | 1 << 13 to these ports; 0: unknown. */
    uint16_t pm1a_port, pm1b_port;
    uint8_t s5_typ_a, s5_typ_b;
    uint8_t reset_value, has_reset; /* FADT reset register in port space */
    uint16_t reset_port;
    uint16_t reserved[3];
    struct boot_mcfg mcfg[BOOT_MAX_MCFG];
    /* Again the kernel's. */
    struct boot_ioapic ioapic[BOOT_MAX_IOAPIC];
    struct boot_iso iso[BOOT_MAX_ISO];
    struct boot_table table[BOOT_MAX_TABLES];
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
    struct boot_acpi acpi;
    struct boot_untyped untyped[BOOT_MAX_UNTYPED];
};
_Static_assert(sizeof(struct bootinfo) <= BOOTINFO_PAGES * 4096, "bootinfo is two pages");

#endif
