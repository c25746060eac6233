/*
 * fpu.c - FPU state, switched eagerly and only between threads that asked for it.
 * CR0.TS is set while any other thread runs, so nobody can read a neighbour's registers; the
 * fastpath refuses threads with the flag, so only the slow path comes here.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <console/panic.h>
#include <lib/string.h>

#define CR0_TS         (1u << 3)
#define XCR0_X87_SSE   3u
#define XCR0_AVX       4u
#define FPU_AREA_BYTES ((1u << THREAD_BITS) - THREAD_FPU_OFFSET)

static uint32_t xcr0;

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
    xcr0 = XCR0_X87_SSE | (cpu_features.avx ? XCR0_AVX : 0);
    __asm__ volatile("xsetbv" : : "c"(0), "a"(xcr0), "d"(0));
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
        memcpy(p + 512, &in_use, sizeof in_use);
    }
}

void fpu_switch(struct thread *from, struct thread *to)
{
    __asm__ volatile("clts");
    if (from->flags & TF_FPU) {
        if (xcr0) {
            __asm__ volatile("xsave64 (%0)" : : "r"(area(from)), "a"(xcr0), "d"(0) : "memory");
        } else {
            __asm__ volatile("fxsave64 (%0)" : : "r"(area(from)) : "memory");
        }
    }
    if (!(to->flags & TF_FPU)) {
        write_cr0(read_cr0() | CR0_TS);
    } else if (xcr0) {
        __asm__ volatile("xrstor64 (%0)" : : "r"(area(to)), "a"(xcr0), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area(to)) : "memory");
    }
}
