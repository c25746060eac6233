/*
 * kdb_memory.c - the debugger's view of memory and of a task's page tables.
 * User memory is reached through its page tables and the direct map, RAM only: a read from a
 * device could change it.
 */
#include <arch/paging.h>
#include <debug/kdb.h>

#define ENTRY_RIGHTS (PTE_WRITE | PTE_USER | PTE_PWT | PTE_PCD | PTE_NX)

struct range {
    uint64_t va, bytes, pa, entry;
};

/* The page of @va in the tables at @cr3, or the hole around it (entry 0). With @tell, how the
 * walk goes. */
static struct range walk(uint64_t cr3, uint64_t va, bool tell)
{
    uint64_t table = cr3 & PTE_ADDR;

    for (unsigned level = 4;; level--) {
        uint64_t bytes = 1ull << (3 + 9 * level), index = va / bytes & 511;
        uint64_t e = ((const uint64_t *)direct(table))[index];
        bool present = e & PTE_PRESENT, page = level == 1 || (level < 4 && e & PTE_LARGE);
        if (tell) {
            kprintf("level %u: table %lx entry %lx is %lx\n", level, table, index, e);
        }
        table = e & PTE_ADDR;
        if (!present || page) {
            return (struct range){va & -bytes, bytes, table & -bytes, present ? e : 0};
        }
    }
}

const uint64_t *kdb_user_frame(uint64_t cr3, uint64_t va)
{
    struct range r = walk(cr3, va, false);
    bool ram = r.entry && !(r.entry & (PTE_PWT | PTE_PCD)) && va % 8 == 0 && va < USER_TOP;

    return ram && va - r.va <= r.bytes - 16 ? direct(r.pa + (va - r.va)) : NULL;
}

/* Pages that follow each other in both address spaces, with the same rights, are one range. */
static void print_ranges(uint64_t cr3)
{
    struct range all = {0}, page;

    kprintf("%14s %12s %12s FLAGS\n", "VA", "BYTES", "PHYSICAL");
    for (uint64_t va = 0; va < USER_TOP; va = page.va + page.bytes) {
        page = walk(cr3, va, false);
        if (page.entry && page.pa == all.pa + all.bytes && va == all.va + all.bytes &&
            !((page.entry ^ all.entry) & ENTRY_RIGHTS)) {
            all.bytes += page.bytes;
            continue;
        }
        if (all.entry) {
            kprintf("%14lx %12lx %12lx ", all.va, all.bytes, all.pa);
            kdb_print_bits(all.entry >> 1, "wutc"); /* from PTE_WRITE on */
            kprintf(all.entry & PTE_NX ? "\n" : "x\n");
        }
        all = page;
    }
}

void kdb_cmd_pt(void)
{
    uint64_t cr3 = kdb_thread()->cr3;

    if (kdb_args == 1) {
        print_ranges(cr3);
        return;
    }
    struct range r = walk(cr3, kdb_arg[1], true);
    kprintf(r.entry ? "it is at %lx\n" : "nothing is mapped there\n", r.pa + (kdb_arg[1] - r.va));
}

void kdb_cmd_mem(void)
{
    const uint64_t *w = kdb_pointer();

    if (kdb_arg[0] % 8) {
        kdb_stop("the address must be a multiple of 8");
    }
    for (uint64_t i = 0; i < (kdb_args > 1 ? kdb_arg[1] : 4); i++, w += 4) {
        kprintf("%10lx: %016lx %016lx %016lx %016lx\n", SHORT(w), w[0], w[1], w[2], w[3]);
    }
}
