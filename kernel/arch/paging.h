/*
 * paging.h - the kernel's own mappings: made once at boot, shared by every address space.
 */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include <boot/boot.h>
#include <stdint.h>

#define PTE_PRESENT 1ull
#define PTE_WRITE   2ull
#define PTE_USER    4ull
#define PTE_PWT     8ull  /* with the PAT of cpu.c: write-combining */
#define PTE_PCD     16ull /* with PWT: uncached */
#define PTE_LARGE   128ull
#define PTE_GLOBAL  256ull
#define PTE_NX      (1ull << 63)
#define PTE_ADDR    0x000ffffffffff000ull

/** Build the final kernel mappings (W^X, no identity map) and load them.
 *  Takes its tables from @boot's RAM ranges. */
void paging_init(struct boot_data *boot);

/** @bytes (whole pages) of zeroed RAM out of @boot's ranges, for ever; panics when there is none.
 *  Returns the direct-map address. Source must lie below 4 GiB: nothing else is mapped yet. */
void *boot_alloc(struct boot_data *boot, uint64_t bytes);

/** Map the device page at @pa uncached; returns its address. At most 512 pages, for ever. */
void *paging_map_device(uint64_t pa);

/** The kernel's half of a new top-level table. */
void paging_copy_kernel_half(uint64_t *top);

/** Physical address of the table that holds the kernel's half only. */
uint64_t paging_kernel_cr3(void);

#endif
