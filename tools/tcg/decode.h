/*
 * decode.h - from the bytes of an x86-64 instruction to what makes it expensive, and the marks of
 * servers/bench/marks.inc. Separate from the plugin so that a host test can ask it.
 */
#ifndef TCG_DECODE_H
#define TCG_DECODE_H

#include <stddef.h>
#include <stdint.h>

/* What costs more than its one instruction. OP_NAMES in this order. */
enum op {
    OP_NONE = -1,
    OP_CR3, /* mov to CR3: another address space, or the TLB flushed */
    OP_WRMSR,
    OP_SWAPGS,
    OP_IRETQ,
    OP_SYSRET,
    OP_INVLPG, /* and INVPCID */
    OP_LOCKED, /* a LOCK prefix, or XCHG with memory */
    OP_PORT,   /* IN, OUT, INS, OUTS */
    OP_MMIO,   /* an access to a device's memory: found at run time, not by decode_op */
    OP_RDTSC,
    OP_FPU,   /* the XSAVE and FXSAVE families */
    OP_OTHER, /* other control registers, RDMSR, CPUID, descriptor tables, WBINVD, DIV */
    OP_COUNT
};

#define OP_NAMES                                                                                   \
    {                                                                                              \
        "cr3", "wrmsr", "swapgs", "iretq", "sysret", "invlpg", "locked", "port", "mmio", "rdtsc",  \
            "fpu", "other"                                                                         \
    }

/* The REX prefixes of marks.inc. */
enum mark {
    MARK_NONE = 0,
    MARK_BEGIN = 0x41,
    MARK_END = 0x42,
    MARK_SERIES_BEGIN = 0x43,
    MARK_SERIES_END = 0x44,
};

/** What is expensive about the instruction at @bytes, @n long; OP_NONE if nothing is, and for what
 *  is no whole instruction. */
enum op decode_op(const uint8_t *bytes, size_t n);

/** Is it a marked RDTSC, and which? */
enum mark decode_mark(const uint8_t *bytes, size_t n);

#endif
