/*
 * boot.h - what the boot loader and the firmware said, in one form for both loaders.
 * boot_parse runs once, first thing in C, on the boot CPU; nothing it returns points into the
 * loader's memory, which may be overwritten afterwards.
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "quoll/bootinfo.h"

#define MULTIBOOT2_BOOT_MAGIC 0x36d76289u
#define PVH_BOOT_MAGIC        0x336ec578u

#define BOOT_MAX_RAM 64

struct boot_range {
    uint64_t base, bytes;
};

struct boot_data {
    char cmdline[256];                   /* NUL-terminated, cut off at 255 bytes */
    struct boot_range ram[BOOT_MAX_RAM]; /* usable: whole pages, sorted, disjoint, merged */
    unsigned ram_count;
    struct boot_range module;            /* the boot image, exact bytes; below 4 GiB */
    bool has_module;                     /* false: module is empty */
    struct boot_framebuffer framebuffer; /* pa 0 in text mode */
    uint64_t rsdp_pa;                    /* RSDP or the loader's copy of it; 0: not said */
};

/** Read what the loader left at physical address @info_pa; @magic is its register value.
 *  Fills all of @out. A missing module is not an error: see has_module.
 *  Returns NULL, or a sentence for boot_refuse that says what is wrong and what to do.
 *  RAM still contains the kernel image, the module and page 0: the caller takes them out.
 *  Sources: Multiboot2 Specification 2.0 section 3.6; Xen docs/misc/pvh.pandoc. */
const char *boot_parse(uint32_t magic, uint64_t info_pa, struct boot_data *out);

/** Take [@base, @base + @bytes), rounded outwards to pages, out of the sorted ranges @r.
 *  A split that would make more than @max ranges drops the smaller part and logs that. */
void ranges_remove(struct boot_range *r, unsigned *count, unsigned max, uint64_t base,
                   uint64_t bytes);

/** Add [@base, @base + @bytes) to the sorted ranges @r and merge what overlaps or touches.
 *  With @max ranges used, the smallest one is dropped, and that is logged. */
void ranges_add(struct boot_range *r, unsigned *count, unsigned max, uint64_t base, uint64_t bytes);

/** Shrink each range to whole pages; ranges without a whole page disappear. */
void ranges_align(struct boot_range *r, unsigned *count);

/** Sum of the ranges' bytes. */
uint64_t ranges_bytes(const struct boot_range *r, unsigned count);

#endif
