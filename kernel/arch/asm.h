/*
 * asm.h - single instructions that C cannot say.
 */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

#include <stdint.h>

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

#define MSR_FS_BASE 0xc0000100u

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(sub));
    return r;
}

static inline void clflush(const void *p)
{
    __asm__ volatile("clflush %0" : : "m"(*(const uint8_t *)p) : "memory");
}

static inline void mfence(void)
{
    __asm__ volatile("mfence" : : : "memory");
}

static inline uint64_t read_cr0(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr0, %0" : "=r"(v));
    return v;
}

static inline void write_cr0(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory");
}

static inline uint64_t read_cr2(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr2, %0" : "=r"(v));
    return v;
}

static inline uint64_t read_cr3(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr3, %0" : "=r"(v));
    return v;
}

static inline void write_cr3(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

static inline uint64_t read_cr4(void)
{
    uint64_t v;
    __asm__ volatile("mov %%cr4, %0" : "=r"(v));
    return v;
}

static inline void write_cr4(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

/* In an array of bits, which may be longer than a word. */
static inline void bit_set(uint64_t *bits, uint64_t index)
{
    __asm__ volatile("bts %1, (%0)" : : "r"(bits), "r"(index) : "memory", "cc");
}

static inline void bit_clear(uint64_t *bits, uint64_t index)
{
    __asm__ volatile("btr %1, (%0)" : : "r"(bits), "r"(index) : "memory", "cc");
}

static inline void invlpg(uint64_t va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline void invpcid(uint64_t type, uint64_t pcid, uint64_t va)
{
    const uint64_t descriptor[2] = {pcid, va};
    __asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"(type) : "memory");
}

static inline void write_dr7(uint64_t v)
{
    __asm__ volatile("mov %0, %%dr7" : : "r"(v));
}

/* What happened since it was last read; the CPU only ever adds to it. */
static inline uint64_t take_dr6(void)
{
    uint64_t v;
    __asm__ volatile("mov %%dr6, %0\n\tmov %1, %%dr6" : "=&r"(v) : "r"(0xffff0ff0ull));
    return v;
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}

#endif
