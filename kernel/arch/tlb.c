/*
 * tlb.c - PCIDs and invalidation.
 * Invariant: the TLB holds nothing under a PCID that no space has, and nothing of a space with a
 * PCID that its tables do not say. Number 0 belongs to the kernel's own space and to those that
 * found no other; every load of one of these flushes it.
 * Source: Intel SDM vol. 3A, 4.10.1 (PCIDs), 4.10.4 (invalidation); vol. 2A, INVPCID.
 */
#include <arch/cpu.h>
#include <arch/tlb.h>

#define PCIDS 4096

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

void tlb_space_end(uint64_t cr3)
{
    uint64_t pcid = cr3 & CR3_PCID;

    if (tlb_is_loaded(cr3)) {
        write_cr3(paging_kernel_cr3());
    }
    if (pcid) {
        invpcid(INVPCID_SPACE, pcid, 0);
        pcids[pcid / 64] &= ~(1ull << (pcid & 63));
    }
}
