/*
 * symbols.c - from an address in the kernel's code to the function, and backtraces.
 * Debug builds only. The table is made by tools/symbols.py from a first link of the kernel.
 * A damaged chain of frames ends the backtrace: nothing outside the kernel's own data is read.
 */
#include <debug/kdb.h>

#define FRAMES_MAX 32

/* Sorted by address. The names lie behind the table; both numbers are byte offsets. */
struct symbol {
    uint32_t code; /* from __text_start */
    uint32_t name; /* from symbol_table */
};
extern const struct symbol symbol_table[], symbol_table_end[];
extern const uint8_t __text_start[], __text_end[], __data_start[], __kernel_end[];

/* What `push rbp; mov rbp, rsp` leaves. */
struct frame {
    uint64_t caller;
    uint64_t return_address;
};

/* One line about @address. With @returns it is a return address: the call before it counts, and
 * what follows a call that never returns is another function. */
static void print_address(uint64_t address, bool returns)
{
    const struct symbol *s = symbol_table;
    uint64_t offset = address - returns - (uint64_t)__text_start;

    while (s + 1 < symbol_table_end && s[1].code <= offset) {
        s++;
    }
    kprintf(offset < (uint64_t)(__text_end - __text_start) ? "  %016lx  %s+0x%lx\n"
                                                           : "  %016lx  (not kernel code)\n",
            address, (const char *)symbol_table + s->name, offset + returns - s->code);
}

void kdb_print_calls(const struct regs *r, const void *frame)
{
    uint64_t f = r ? r->rbp : (uint64_t)frame, newer = (uint64_t)__data_start - 1;
    const uint64_t last = (uint64_t)__kernel_end - sizeof(struct frame);

    if (r) {
        kdb_print_regs(r);
    }
    kprintf("backtrace:\n");
    if (r) {
        print_address(r->rip, false);
    }
    /* All stacks lie in the image's data, and an older frame lies above a newer one. */
    for (unsigned i = 0; i < FRAMES_MAX && f > newer && f <= last && f % 8 == 0; i++) {
        print_address(((const struct frame *)f)->return_address, true);
        newer = f;
        f = ((const struct frame *)f)->caller;
    }
    if (f) { /* the entry code starts every chain with 0 */
        kprintf("  (the chain goes on at %lx, not followed)\n", f);
    }
}
