/*
 * bar.c - base address registers: their sizes, and addresses for those without one.
 * A BAR is sized by writing ones, so for a moment it has another address: the function answers
 * none meanwhile, and is never one that a driver uses. Source: PCI 3.0, section 6.2.5.1.
 */
#include "pci.h"

#include <regs/pci.h>

#define IO_BITS      0x3u /* of a BAR that are no address */
#define MEMORY_BITS  0xfu
#define IS_IO        0x1u
#define TYPE_MASK    0x6u
#define TYPE_WIDE    0x4u
#define PREFETCHABLE 0x8u
#define BRIDGE_BARS  2

static uint32_t probe(struct pci_device_regs regs, unsigned bar)
{
    uint32_t before = pci_device_bar_read(regs, bar), ones;

    pci_device_bar_write(regs, bar, UINT32_MAX);
    ones = pci_device_bar_read(regs, bar);
    pci_device_bar_write(regs, bar, before);
    return ones;
}

/* The lowest bit that takes a one is the size; none does: no BAR. */
static uint64_t size_of(uint64_t ones)
{
    return ones & (~ones + 1);
}

/* Zero is what a BAR has after reset. What is not a multiple of its size no BAR can hold. */
static bool has_place(const struct pci_resource *r)
{
    return r->base != 0 && (r->base & (r->size - 1)) == 0 && r->base + (r->size - 1) >= r->base;
}

static bool size_io(struct pci_device_regs regs, unsigned bar, struct pci_resource *r)
{
    uint32_t now = pci_device_bar_read(regs, bar);
    uint32_t ones = probe(regs, bar) & ~IO_BITS & UINT16_MAX; /* ports have 16 bits */

    *r = (struct pci_resource){.kind = PCI_IO, .bar = (uint8_t)bar, .size = size_of(ones)};
    r->base = now & ~IO_BITS;
    r->assigned = has_place(r);
    return r->size != 0;
}

static bool size_memory(struct pci_device_regs regs, unsigned bar, struct pci_resource *r)
{
    uint32_t now = pci_device_bar_read(regs, bar);
    bool wide = (now & TYPE_MASK) == TYPE_WIDE;
    uint64_t ones = probe(regs, bar) & ~MEMORY_BITS;

    *r = (struct pci_resource){.kind = PCI_MEMORY,
                               .bar = (uint8_t)bar,
                               .prefetchable = (now & PREFETCHABLE) != 0,
                               .wide = wide,
                               .base = now & ~MEMORY_BITS};
    if (wide) {
        r->base |= (uint64_t)pci_device_bar_read(regs, bar + 1) << 32;
        ones |= (uint64_t)probe(regs, bar + 1) << 32;
    }
    r->size = size_of(ones);
    r->assigned = has_place(r);
    return r->size != 0;
}

/* Bridges have their two at the same place. */
static unsigned bars_of(const struct pci_function *function)
{
    switch (function->layout) {
    case PCI_HEADER_LAYOUT_DEVICE:
        return PCI_BARS;
    case PCI_HEADER_LAYOUT_BRIDGE:
        return BRIDGE_BARS;
    default:
        return 0;
    }
}

void pci_size_bars(struct pci_function *function, const struct pci_access *access)
{
    struct config_device device = pci_config_of(access, function);
    struct pci_header_regs header = pci_header_regs_at(&device);
    struct pci_device_regs regs = pci_device_regs_at(&device);
    struct pci_header_command command = pci_header_command_read(header), off = command;
    unsigned count = bars_of(function);

    off.ports = false;
    off.memory = false;
    pci_header_command_write(header, off);
    function->resource_count = 0;
    for (unsigned bar = 0; bar < count; bar++) {
        struct pci_resource *r = &function->resource[function->resource_count];
        uint32_t now = pci_device_bar_read(regs, bar);
        bool wide = (now & IS_IO) == 0 && (now & TYPE_MASK) == TYPE_WIDE;

        if (wide && bar + 1 == count) {
            break; /* its upper half would be another register */
        }
        if ((now & IS_IO) != 0 ? size_io(regs, bar, r) : size_memory(regs, bar, r)) {
            function->resource_count++;
        }
        bar += wide;
    }
    pci_header_command_write(header, command);
}

/* All that a BAR tells without being sized. */
static struct pci_resource read_bar(struct pci_device_regs regs, unsigned bar)
{
    uint32_t now = pci_device_bar_read(regs, bar);
    bool is_io = (now & IS_IO) != 0;
    struct pci_resource r = {.kind = is_io ? PCI_IO : PCI_MEMORY,
                             .bar = (uint8_t)bar,
                             .wide = !is_io && (now & TYPE_MASK) == TYPE_WIDE,
                             .base = now & ~(is_io ? IO_BITS : MEMORY_BITS)};

    if (r.wide && bar + 1 < PCI_BARS) {
        r.base |= (uint64_t)pci_device_bar_read(regs, bar + 1) << 32;
    }
    r.assigned = r.base != 0;
    return r;
}

void pci_read_bars(struct pci_function *function, const struct pci_access *access)
{
    struct config_device device = pci_config_of(access, function);
    struct pci_device_regs regs = pci_device_regs_at(&device);
    unsigned count = bars_of(function);

    function->resource_count = 0;
    for (unsigned bar = 0; bar < count; bar++) {
        struct pci_resource r = read_bar(regs, bar);
        if (r.assigned) {
            function->resource[function->resource_count++] = r;
        }
        bar += r.wide;
    }
}

void pci_place_bar(struct config_device *device, struct pci_resource *resource, uint64_t base)
{
    struct pci_device_regs regs = pci_device_regs_at(device);

    pci_device_bar_write(regs, resource->bar, (uint32_t)base);
    if (resource->wide) {
        pci_device_bar_write(regs, resource->bar + 1u, (uint32_t)(base >> 32));
    }
    resource->base = base;
    resource->assigned = true;
}
