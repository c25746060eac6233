/*
 * layout.h - the kernel's half of every address space, by top-level (512 GiB) slot.
 *   256-383  direct map of physical memory: RAM write-back, never executable
 *   508      its last page holds this CPU's struct cpu and TSS (shared by all spaces)
 *   509      the I/O permission bitmap at its first address, private to a space with a PortMap
 *   511      kernel image at -2 GiB; device registers at -1 GiB
 */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

#include <stdint.h>

#define PAGE_BYTES 4096ull
#ifndef DIRECT_BASE /* a host test's memory lies elsewhere */
#define DIRECT_BASE 0xffff800000000000ull
#endif
#define DIRECT_SLOT 256
#define IOPB_VA     0xfffffe8000000000ull
#define IOPB_BYTES  8192ull
#define IOPB_SLOT   509
#define CPU_SLOT    508
#define CPU_VA      (IOPB_VA - PAGE_BYTES)
#define KERNEL_BASE 0xffffffff80000000ull
#define DEVICE_BASE 0xffffffffc0000000ull

/* Slots hold 32-bit links in units of their size: kernel objects lie below this. */
#define OBJECT_PA_LIMIT (1ull << 37)

#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA   0x1b
#define SEL_USER_CODE   0x23
#define SEL_TSS         0x28

#define RFLAGS_FIXED 0x2ull
#define RFLAGS_IF    0x200ull
#define RFLAGS_TF    0x100ull
#define RFLAGS_RF    0x10000ull
/* What user level may set in its own flags: CF PF AF ZF SF TF DF OF AC ID; a debugger also RF. */
#define RFLAGS_USER (0x240dd5ull | RFLAGS_RF)

static inline void *direct(uint64_t pa)
{
    return (void *)(pa + DIRECT_BASE);
}

/* Of an address in the direct map. */
static inline uint64_t direct_pa(const void *p)
{
    return (uint64_t)p - DIRECT_BASE;
}

/* Of an address in the kernel image. */
static inline uint64_t image_pa(const void *p)
{
    return (uint64_t)p - KERNEL_BASE;
}

#endif
