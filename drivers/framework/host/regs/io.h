/*
 * io.h - the bus below generated accessors, for a program on the host: the same functions as in
 * regs/io.h, defined by whoever stands in for the hardware.
 */
#ifndef REGS_IO_H
#define REGS_IO_H

#include <regs/check.h>

#include <stddef.h>

uint8_t port_read8(uint16_t port);
uint16_t port_read16(uint16_t port);
uint32_t port_read32(uint16_t port);
void port_write8(uint16_t port, uint8_t value);
void port_write16(uint16_t port, uint16_t value);
void port_write32(uint16_t port, uint32_t value);

void port_read32s(uint16_t port, void *to, size_t count);
void port_write32s(uint16_t port, const void *from, size_t count);

uint8_t mmio_read8(uintptr_t address);
uint16_t mmio_read16(uintptr_t address);
uint32_t mmio_read32(uintptr_t address);
uint64_t mmio_read64(uintptr_t address);
void mmio_write8(uintptr_t address, uint8_t value);
void mmio_write16(uintptr_t address, uint16_t value);
void mmio_write32(uintptr_t address, uint32_t value);
void mmio_write64(uintptr_t address, uint64_t value);

struct config_device;

uint8_t config_read8(struct config_device *device, uint32_t offset);
uint16_t config_read16(struct config_device *device, uint32_t offset);
uint32_t config_read32(struct config_device *device, uint32_t offset);
void config_write8(struct config_device *device, uint32_t offset, uint8_t value);
void config_write16(struct config_device *device, uint32_t offset, uint16_t value);
void config_write32(struct config_device *device, uint32_t offset, uint32_t value);

static inline void port_read8_to(uint16_t port, volatile uint8_t *to)
{
    *to = port_read8(port);
}

#endif
