/*
 * loader.h - what boot_parse calls: one reader for each boot protocol.
 * Each returns NULL or a sentence; @out is zero on entry, and its ram is raw bytes on return.
 */
#ifndef BOOT_LOADER_H
#define BOOT_LOADER_H

#include "boot/boot.h"

/** Read the Multiboot2 information block. Source: Multiboot2 Specification 2.0, section 3.6. */
const char *multiboot2_parse(uint64_t info_pa, struct boot_data *out);

/** Read Xen's hvm_start_info. Source: Xen public/arch-x86/hvm/start_info.h. */
const char *pvh_parse(uint64_t info_pa, struct boot_data *out);

/** Copy at most 255 bytes of a string that may have no NUL within @bytes. */
void boot_copy_cmdline(struct boot_data *out, const char *text, uint64_t bytes);

/* One entry of the firmware's memory map, in the layout that Multiboot2 and PVH share. */
struct memmap_entry {
    uint64_t base, bytes;
    uint32_t type, reserved;
};
_Static_assert(sizeof(struct memmap_entry) == 24, "entry of the firmware's memory map");

/** Turn @count entries, @stride bytes apart, into @out->ram; what any entry reserves wins. */
void memmap_read(const void *entries, uint64_t count, uint64_t stride, struct boot_data *out);

#endif
