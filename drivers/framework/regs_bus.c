/*
 * regs_bus.c - the bus for dumps: picks the access by space and width at run time, where generated
 * accessors know both when they are compiled. Apart from regs_dump.c, which tests and tools use
 * with a bus of their own.
 */
#include <regs/io.h>
#include <regs/table.h>

static uint64_t read_port(uint16_t port, unsigned width)
{
    switch (width) {
    case 8:
        return port_read8(port);
    case 16:
        return port_read16(port);
    default:
        return port_read32(port);
    }
}

static void write_port(uint16_t port, unsigned width, uint64_t value)
{
    switch (width) {
    case 8:
        port_write8(port, (uint8_t)value);
        break;
    case 16:
        port_write16(port, (uint16_t)value);
        break;
    default:
        port_write32(port, (uint32_t)value);
        break;
    }
}

static uint64_t read_config(struct config_device *device, uint32_t place, unsigned width)
{
    switch (width) {
    case 8:
        return config_read8(device, place);
    case 16:
        return config_read16(device, place);
    default:
        return config_read32(device, place);
    }
}

static void write_config(struct config_device *device, uint32_t place, unsigned width,
                         uint64_t value)
{
    switch (width) {
    case 8:
        config_write8(device, place, (uint8_t)value);
        break;
    case 16:
        config_write16(device, place, (uint16_t)value);
        break;
    default:
        config_write32(device, place, (uint32_t)value);
        break;
    }
}

static uint64_t read_mmio(uintptr_t address, unsigned width)
{
    switch (width) {
    case 8:
        return mmio_read8(address);
    case 16:
        return mmio_read16(address);
    case 32:
        return mmio_read32(address);
    default:
        return mmio_read64(address);
    }
}

static void write_mmio(uintptr_t address, unsigned width, uint64_t value)
{
    switch (width) {
    case 8:
        mmio_write8(address, (uint8_t)value);
        break;
    case 16:
        mmio_write16(address, (uint16_t)value);
        break;
    case 32:
        mmio_write32(address, (uint32_t)value);
        break;
    default:
        mmio_write64(address, value);
        break;
    }
}

static uint64_t read_memory(uintptr_t address, unsigned width)
{
    switch (width) {
    case 8:
        return memory_read8((const uint8_t *)address);
    case 16:
        return memory_read16((const uint16_t *)address);
    case 32:
        return memory_read32((const uint32_t *)address);
    default:
        return memory_read64((const uint64_t *)address);
    }
}

static void write_memory(uintptr_t address, unsigned width, uint64_t value)
{
    switch (width) {
    case 8:
        memory_write8((uint8_t *)address, (uint8_t)value);
        break;
    case 16:
        memory_write16((uint16_t *)address, (uint16_t)value);
        break;
    case 32:
        memory_write32((uint32_t *)address, (uint32_t)value);
        break;
    default:
        memory_write64((uint64_t *)address, value);
        break;
    }
}

static uint64_t bus_read(const struct regs_bus *bus, enum regs_space space, uint64_t place,
                         unsigned width)
{
    switch (space) {
    case REGS_PORT:
        return read_port((uint16_t)(bus->base + place), width);
    case REGS_CONFIG:
        return read_config((struct config_device *)bus->base, (uint32_t)place, width);
    case REGS_MEMORY:
        return read_memory((uintptr_t)(bus->base + place), width);
    default:
        return read_mmio((uintptr_t)(bus->base + place), width);
    }
}

static void bus_write(const struct regs_bus *bus, enum regs_space space, uint64_t place,
                      unsigned width, uint64_t value)
{
    switch (space) {
    case REGS_PORT:
        write_port((uint16_t)(bus->base + place), width, value);
        break;
    case REGS_CONFIG:
        write_config((struct config_device *)bus->base, (uint32_t)place, width, value);
        break;
    case REGS_MEMORY:
        write_memory((uintptr_t)(bus->base + place), width, value);
        break;
    default:
        write_mmio((uintptr_t)(bus->base + place), width, value);
        break;
    }
}

struct regs_bus regs_bus_at(uint64_t base)
{
    return (struct regs_bus){.read = bus_read, .write = bus_write, .base = base};
}
