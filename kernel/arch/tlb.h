/*
 * tlb.h - address spaces as CR3 and the TLB see them.
 * A space's cr3 is the value that its threads load: the top table's address and, where the CPU has
 * PCIDs, the space's number and the bit that leaves the TLB alone. So a switch keeps what the TLB
 * holds of both spaces, and whoever takes a mapping out must invalidate it here at once.
 */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

#include <arch/asm.h>
#include <arch/paging.h>
#include <stdbool.h>

#define CR3_PCID     0xfffull
#define CR3_NO_FLUSH (1ull << 63) /* of a write; reads as 0 */

#define INVPCID_ADDRESS 0
#define INVPCID_SPACE   1

/** The cr3 of a new space whose top table is at @top_pa. With all PCIDs in use, or without any,
 *  it has number 0, and each switch to it flushes. */
uint64_t tlb_space_new(uint64_t top_pa);

/** No thread has @cr3 any more: leave the space if this CPU is in it, forget all of it, and let
 *  another space have its number. */
void tlb_space_end(uint64_t cr3);

static inline bool tlb_is_loaded(uint64_t cr3)
{
    return !((cr3 ^ read_cr3()) & PTE_ADDR);
}

/** The entry for the page at @va of space @cr3 has changed. */
static inline void tlb_flush_page(uint64_t cr3, uint64_t va)
{
    if (tlb_is_loaded(cr3)) {
        invlpg(va);
    } else if (cr3 & CR3_PCID) {
        invpcid(INVPCID_ADDRESS, cr3 & CR3_PCID, va);
    }
}

/** Any entry of space @cr3 may have changed. */
static inline void tlb_flush_space(uint64_t cr3)
{
    if (tlb_is_loaded(cr3)) {
        write_cr3(cr3 & ~CR3_NO_FLUSH);
    } else if (cr3 & CR3_PCID) {
        invpcid(INVPCID_SPACE, cr3 & CR3_PCID, 0);
    }
}

#endif
