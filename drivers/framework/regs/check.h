/*
 * check.h - what generated accessors share on every back end: mistakes that stop the compilation,
 * and access to structures in memory. Constants are checked for free; what only run time knows is
 * not checked.
 */
#ifndef REGS_CHECK_H
#define REGS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

void regs_value_does_not_fit(void)
    __attribute__((error("the value does not fit into the register's field")));
void regs_index_is_outside(void) __attribute__((error("the index lies outside of the array")));

#define REGS_FITS(value, max)                                                                      \
    do {                                                                                           \
        if (__builtin_constant_p(value) && (uint64_t)(value) > (max)) {                            \
            regs_value_does_not_fit();                                                             \
        }                                                                                          \
    } while (0)

#define REGS_IN_ARRAY(index, count)                                                                \
    do {                                                                                           \
        if (__builtin_constant_p(index) && (index) >= (count)) {                                   \
            regs_index_is_outside();                                                               \
        }                                                                                          \
    } while (0)

/* A register's value is a structure of bit-fields. REGS_LAZY is no member: without something
 * volatile in it, gcc takes the structure apart where it is read, and every field that is used
 * anywhere later costs an instruction there. tests/rdl/overhead.c would notice. */
#define REGS_VALUE __attribute__((packed))
#define REGS_LAZY  volatile uint8_t regs_lazy[0]

/* A function that must not exist, declared so that its caller learns why. */
#define REGS_REFUSED(why) __attribute__((error(why)))

/* The device reads and writes the structure at any time: each access happens, whole, and the
 * compiler keeps its order among all memory accesses. So does the processor, but that a read may
 * come before an earlier write to another place (Intel SDM vol. 3A, section 9.2). */
#define REGS_MEMORY_ACCESS(bits)                                                                   \
    static inline uint##bits##_t memory_read##bits(const uint##bits##_t *from)                     \
    {                                                                                              \
        uint##bits##_t value = *(const volatile uint##bits##_t *)from;                             \
                                                                                                   \
        __asm__ volatile("" : : : "memory");                                                       \
        return value;                                                                              \
    }                                                                                              \
    static inline void memory_write##bits(uint##bits##_t *to, uint##bits##_t value)                \
    {                                                                                              \
        __asm__ volatile("" : : : "memory");                                                       \
        *(volatile uint##bits##_t *)to = value;                                                    \
    }

REGS_MEMORY_ACCESS(8)
REGS_MEMORY_ACCESS(16)
REGS_MEMORY_ACCESS(32)
REGS_MEMORY_ACCESS(64)

#undef REGS_MEMORY_ACCESS

#endif
