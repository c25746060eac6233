/*
 * fpu.c - FPU state, switched eagerly and only between threads that asked for it.
 * CR0.TS is set while any other thread runs, so nobody can read a neighbour's registers; the
 * fastpath refuses threads with the flag, so only the slow path comes here.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/spec.h>
#include <console/panic.h>
#include <lib/string.h>

#define CR0_TS         (1u << 3)
#define XCR0_X87_SSE   3u
#define XCR0_AVX       4u
#define FPU_AREA_BYTES ((1u << THREAD_BITS) - THREAD_FPU_OFFSET)

/* Words of the area: Intel SDM vol. 1, 10.5.1 and 13.4.2. */
#define MXCSR_WORD         3 /* MXCSR, and above it its mask */
#define MXCSR_MASK_DEFAULT 0xffbfu
#define XSAVE_HEADER       512

static uint64_t xcr0;
static uint32_t avx_offset; /* of the upper halves of the AVX registers */

static void *area(struct thread *t)
{
    return (uint8_t *)t - THREAD_OFFSET + THREAD_FPU_OFFSET;
}

void fpu_init(void)
{
    if (!cpu_features.xsave) {
        return;
    }
    cpu_features.avx = cpuid(13, 0).a & XCR0_AVX;
    avx_offset = cpuid(13, 2).b;
    xcr0 = XCR0_X87_SSE | (cpu_features.avx ? XCR0_AVX : 0);
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)xcr0), "d"(0));
    cpu_features.fpu_bytes = cpuid(13, 0).b;
    if (cpu_features.fpu_bytes > FPU_AREA_BYTES) {
        panic("FPU state of %u bytes does not fit a thread", cpu_features.fpu_bytes);
    }
}

void fpu_thread_init(struct thread *t)
{
    uint8_t *p = area(t);
    uint16_t fcw = 0x37f;
    uint32_t mxcsr = 0x1f80;

    memset(p, 0, FPU_AREA_BYTES);
    memcpy(p, &fcw, sizeof fcw);
    memcpy(p + 24, &mxcsr, sizeof mxcsr);
    if (xcr0) {
        uint64_t in_use = XCR0_X87_SSE;
        memcpy(p + XSAVE_HEADER, &in_use, sizeof in_use);
    }
}

uint64_t *fpu_part(struct thread *t, uint64_t part)
{
    if (!(t->flags & TF_FPU) || part >= (cpu_features.avx ? 3 : 2)) {
        return NULL;
    }
    part = spec_index(part, 3);
    return (uint64_t *)area(t) + (part < 2 ? FPU_PART_WORDS * part : avx_offset / 8);
}

/* Only MXCSR can be wrong: the CPU refuses bits that the mask beside it does not have. */
bool fpu_acceptable(struct thread *t, uint64_t part, const uint64_t *v)
{
    uint32_t mask = (uint32_t)(fpu_part(t, 0)[MXCSR_WORD] >> 32);

    return part || !((uint32_t)v[MXCSR_WORD] & ~(mask ? mask : MXCSR_MASK_DEFAULT));
}

void fpu_put_part(struct thread *t, uint64_t part, const uint64_t *v)
{
    uint64_t *to = fpu_part(t, part), mask = fpu_part(t, 0)[MXCSR_WORD] >> 32;

    memcpy(to, v, FPU_PART_WORDS * sizeof *v);
    if (!part) {
        to[MXCSR_WORD] = (uint32_t)v[MXCSR_WORD] | mask << 32;
    }
    if (xcr0) {
        memcpy((uint8_t *)area(t) + XSAVE_HEADER, &xcr0, sizeof xcr0); /* all of it is in use */
    }
}

void fpu_switch(struct thread *from, struct thread *to)
{
    __asm__ volatile("clts");
    if (from->flags & TF_FPU) {
        if (xcr0) {
            __asm__ volatile("xsave64 (%0)"
                             :
                             : "r"(area(from)), "a"((uint32_t)xcr0), "d"(0)
                             : "memory");
        } else {
            __asm__ volatile("fxsave64 (%0)" : : "r"(area(from)) : "memory");
        }
    }
    if (!(to->flags & TF_FPU)) {
        write_cr0(read_cr0() | CR0_TS);
    } else if (xcr0) {
        __asm__ volatile("xrstor64 (%0)" : : "r"(area(to)), "a"((uint32_t)xcr0), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area(to)) : "memory");
    }
}
