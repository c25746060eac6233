/*
 * phys.h - how boot code reads physical memory before any server runs.
 * The direct map holds every physical address at PHYS_MAP_BASE; while the kernel starts only the
 * first 4 GiB of it are there, so tables go through phys_window, which knows that limit.
 * Host tests define HOST_TEST and supply both functions on buffers of their own.
 */
#ifndef BOOT_PHYS_H
#define BOOT_PHYS_H

#include <arch/layout.h>
#include <stddef.h>
#include <stdint.h>

#define PHYS_MAP_BASE   DIRECT_BASE
#define PHYS_BOOT_LIMIT 0x100000000ull /* the boot page tables map this much */

#ifdef HOST_TEST

void *pa_to_va(uint64_t pa);
const void *phys_window(uint64_t pa, uint64_t bytes);

#else

/** The direct-map address of @pa. Valid only where the direct map has been built. */
static inline void *pa_to_va(uint64_t pa)
{
    return (void *)(pa + PHYS_MAP_BASE);
}

/** A pointer to @bytes bytes of physical memory at @pa for reading during boot.
 *  NULL if they are empty, start at 0, or do not lie below PHYS_BOOT_LIMIT. */
static inline const void *phys_window(uint64_t pa, uint64_t bytes)
{
    if (pa == 0 || bytes == 0 || bytes > PHYS_BOOT_LIMIT || pa > PHYS_BOOT_LIMIT - bytes) {
        return NULL;
    }
    return pa_to_va(pa);
}

#endif

#endif
