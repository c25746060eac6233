/*
 * dump.c - dumps devices by their tables, from a made-up bus that records every access.
 * Prints the dump, then what happened on the bus; test_rdl.py compares that with dump.expected.
 */
#include <regs/sample_table.h>
#include <regs/uart8250_table.h>
#include <regs/vga_table.h>

#include <stdio.h>

static unsigned accesses;

static uint64_t bus_read(const struct regs_bus *bus, enum regs_space space, uint64_t place,
                         unsigned width)
{
    uint64_t address = bus->base + place;
    uint64_t value = (address * 0x9e3779b97f4a7c15u) >> (64 - width);

    accesses++;
    printf("  space %d r%u %llx=%llx\n", (int)space, width, (unsigned long long)address,
           (unsigned long long)value);
    return value;
}

static void bus_write(const struct regs_bus *bus, enum regs_space space, uint64_t place,
                      unsigned width, uint64_t value)
{
    accesses++;
    printf("  space %d w%u %llx=%llx\n", (int)space, width, (unsigned long long)(bus->base + place),
           (unsigned long long)value);
}

static void line(void *context, const char *text)
{
    (void)context;
    puts(text);
}

static void dump(const struct regs_table *table, uint64_t base)
{
    struct regs_bus bus = {.read = bus_read, .write = bus_write, .base = base};

    printf("---- %s\n", table->name);
    regs_dump(table, &bus, line, NULL);
}

int main(void)
{
    dump(&uart8250_regs_table, 0x3f8);
    dump(&vga_regs_table, 0x3c0);
    dump(&sample_regs_table, 0x1000);
    dump(&sample_config_regs_table, 0);
    dump(&sample_descriptor_regs_table, 0x2000);
    dump(&sample_bank_regs_table, 0x20);
    return accesses == 0;
}
