/*
 * io.h - the bus below generated accessors: ports, device memory, PCI configuration space.
 * Only generated headers and the framework use it. A host build finds host/regs/io.h instead,
 * with the same functions. All of them order the compiler's memory accesses: what a driver wrote
 * to memory before it rings a doorbell is there, and what it reads after a status is fresh.
 */
#ifndef REGS_IO_H
#define REGS_IO_H

#include <regs/check.h>

#include <stddef.h>

#define REGS_PORT_ACCESS(bits, letter, reg)                                                        \
    static inline uint##bits##_t port_read##bits(uint16_t port)                                    \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
                                                                                                   \
        __asm__ volatile("in" letter " %1, %" reg "0" : "=a"(value) : "Nd"(port) : "memory");      \
        return value;                                                                              \
    }                                                                                              \
    static inline void port_write##bits(uint16_t port, uint##bits##_t value)                       \
    {                                                                                              \
        __asm__ volatile("out" letter " %" reg "0, %1" : : "a"(value), "Nd"(port) : "memory");     \
    }

REGS_PORT_ACCESS(8, "b", "b")
REGS_PORT_ACCESS(16, "w", "w")
REGS_PORT_ACCESS(32, "l", "k")

#undef REGS_PORT_ACCESS

/* From the port into memory by one instruction: for a register whose reading takes something from
 * the device, and memory that a successor finds (driver_note). Nobody dies in between. */
static inline void port_read8_to(uint16_t port, volatile uint8_t *to)
{
    __asm__ volatile("insb" : "+D"(to) : "d"(port) : "memory");
}

/** Read @count words from @port to @to, or write them: a data port, by one string instruction. */
static inline void port_read32s(uint16_t port, void *to, size_t count)
{
    __asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static inline void port_write32s(uint16_t port, const void *from, size_t count)
{
    __asm__ volatile("rep outsl" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

#define REGS_MMIO_ACCESS(bits)                                                                     \
    static inline uint##bits##_t mmio_read##bits(uintptr_t address)                                \
    {                                                                                              \
        return memory_read##bits((const uint##bits##_t *)address);                                 \
    }                                                                                              \
    static inline void mmio_write##bits(uintptr_t address, uint##bits##_t value)                   \
    {                                                                                              \
        memory_write##bits((uint##bits##_t *)address, value);                                      \
    }

REGS_MMIO_ACCESS(8)
REGS_MMIO_ACCESS(16)
REGS_MMIO_ACCESS(32)
REGS_MMIO_ACCESS(64)

#undef REGS_MMIO_ACCESS

/* Configuration space belongs to the bus driver: these are calls to it. */
struct config_device;

uint8_t config_read8(struct config_device *device, uint32_t offset);
uint16_t config_read16(struct config_device *device, uint32_t offset);
uint32_t config_read32(struct config_device *device, uint32_t offset);
void config_write8(struct config_device *device, uint32_t offset, uint8_t value);
void config_write16(struct config_device *device, uint32_t offset, uint16_t value);
void config_write32(struct config_device *device, uint32_t offset, uint32_t value);

#endif
