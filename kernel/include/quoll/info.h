/*
 * info.h - the info page: what the kernel says of itself and of the machine. One read-only frame,
 * written at boot (cpu_count by root) and never again, mapped at one address in the root task and,
 * by root, in every task; whoever holds the frame's capability can map it elsewhere.
 */
#ifndef QUOLL_INFO_H
#define QUOLL_INFO_H

#include <stdint.h>

#define QUOLL_INFO_VA    0x0000000020002000ull
#define QUOLL_INFO_MAGIC 0x6f666e696c6f7571ull /* "quolinfo" */

enum quoll_feature {
#define FEATURE(name, bit, text) QUOLL_HAS_##name = 1 << (bit),
#include "features.def"
#undef FEATURE
};

enum quoll_build {
    QUOLL_BUILD_DEBUG = 1,    /* assertions, SYS_DEBUG, the log on the serial port */
    QUOLL_BUILD_FASTPATH = 2, /* the usual IPC runs in assembly */
    QUOLL_BUILD_SPEC = 4,     /* defences against attacks by speculation */
};

struct quoll_info {
    uint64_t magic;
    uint32_t abi_version;
    uint32_t cpu_count; /* that the firmware reports; the kernel runs on one */
    uint64_t features;  /* enum quoll_feature */
    uint64_t build;     /* enum quoll_build */
    uint64_t tsc_hz;
    uint64_t boot_tsc; /* TSC at the kernel's first instruction */
};

static inline const struct quoll_info *quoll_info(void)
{
    return (const struct quoll_info *)QUOLL_INFO_VA;
}

#endif
