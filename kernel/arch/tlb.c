/*
 * tlb.c - PCIDs and invalidation.
 * Invariant: the TLB holds nothing under a PCID that no space has, and nothing of a space with a
 * PCID that its tables do not say. Number 0 belongs to the kernel's own space and to those that
 * found no other; every load of one of these flushes it.
 * Source: Intel SDM vol. 3A, 4.10.1 (PCIDs), 4.10.4 (invalidation); vol. 2A, INVPCID.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/paging.h>
#include <arch/tlb.h>

#define PCIDS           4096
#define INVPCID_ADDRESS 0
#define INVPCID_SPACE   1

static uint64_t pcids[PCIDS / 64] = {1}; /* in use: a bit each; under the kernel lock */

uint64_t tlb_space_new(uint64_t top_pa)
{
    for (unsigned i = 0; cpu_features.pcid && i < PCIDS / 64; i++) {
        if (~pcids[i]) {
            unsigned bit = (unsigned)__builtin_ctzll(~pcids[i]);
            pcids[i] |= 1ull << bit;
            return top_pa | (64 * i + bit) | CR3_NO_FLUSH;
        }
    }
    return top_pa;
}

static bool is_loaded(uint64_t cr3)
{
    return !((cr3 ^ read_cr3()) & PTE_ADDR);
}

void tlb_space_end(uint64_t cr3)
{
    uint64_t pcid = cr3 & CR3_PCID;

    if (is_loaded(cr3)) {
        write_cr3(paging_kernel_cr3());
    }
    if (pcid) {
        invpcid(INVPCID_SPACE, pcid, 0);
        pcids[pcid / 64] &= ~(1ull << (pcid & 63));
    }
}

void tlb_flush_page(uint64_t cr3, uint64_t va)
{
    if (is_loaded(cr3)) {
        invlpg(va);
    } else if (cr3 & CR3_PCID) {
        invpcid(INVPCID_ADDRESS, cr3 & CR3_PCID, va);
    }
}

void tlb_flush_space(uint64_t cr3)
{
    if (is_loaded(cr3)) {
        write_cr3(cr3 & ~CR3_NO_FLUSH);
    } else if (cr3 & CR3_PCID) {
        invpcid(INVPCID_SPACE, cr3 & CR3_PCID, 0);
    }
}
