/*
 * spec.h - what SPEC=1 builds add against attacks by speculation: docs/spectre.md. In other builds
 * all of it compiles to nothing.
 */
#ifndef ARCH_SPEC_H
#define ARCH_SPEC_H

#include <arch/asm.h>
#include <arch/cpu.h>

#ifndef CONFIG_SPEC
#define CONFIG_SPEC 0
#endif

#define MSR_PRED_CMD  0x49u
#define PRED_CMD_IBPB 1u

/** @index, which has been found to be below @limit; 0 where the CPU only guesses that it is. */
static inline uint64_t spec_index(uint64_t index, uint64_t limit)
{
    if (CONFIG_SPEC) {
        uint64_t mask;
        __asm__ volatile("cmp %2, %1\n\tsbb %0, %0" : "=r"(mask) : "r"(index), "r"(limit) : "cc");
        index &= mask;
    }
    return index;
}

/** What ran until now taught the branch predictor nothing that whoever runs next can meet. */
static inline void spec_barrier(void)
{
    if (CONFIG_SPEC && cpu_features.ibpb) {
        wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    }
}

#endif
