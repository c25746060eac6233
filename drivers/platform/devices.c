/*
 * devices.c - the platform's devices and what belongs to each, as data.
 * Source: IBM PC/AT Technical Reference (1985), system board I/O map and interrupts; IBM VGA
 * ports as in vga.rdl.
 */
#include "platform.h"

#define COM(number, port, irq)                                                                     \
    {                                                                                              \
        .name = "com" #number, .match = "com", .kind = PLATFORM_COM, .resource_count = 2,          \
        .resource = {                                                                              \
            {"ports", PLATFORM_PORTS, port, 8},                                                    \
            {"irq", PLATFORM_IRQ, irq, 1},                                                         \
        },                                                                                         \
    }

const struct platform_device platform_devices[PLATFORM_DEVICES] = {
    COM(1, 0x3f8, 4),
    COM(2, 0x2f8, 3),
    COM(3, 0x3e8, 4),
    COM(4, 0x2e8, 3),
    /* Port 0x64 is not among them: a command can reset the machine, so it stays with the bus. */
    {.name = "i8042",
     .match = "i8042",
     .kind = PLATFORM_I8042,
     .resource_count = 3,
     .resource = {{"data", PLATFORM_PORTS, 0x60, 1},
                  {"keyboard", PLATFORM_IRQ, 1, 1},
                  {"auxiliary", PLATFORM_IRQ, 12, 1}}},
    {.name = "vga",
     .match = "vga",
     .kind = PLATFORM_VGA,
     .resource_count = 2,
     .resource = {{"ports", PLATFORM_PORTS, 0x3c0, 0x20},
                  {"memory", PLATFORM_MEMORY, 0xa0000, 0x20000}}},
    {.name = "hpet",
     .match = "hpet",
     .kind = PLATFORM_HPET,
     .resource_count = 1,
     .resource = {{"registers", PLATFORM_MEMORY, 0, 0x1000}}},
    {.name = "pit",
     .match = "pit",
     .kind = PLATFORM_PIT,
     .resource_count = 3,
     .resource = {{"ports", PLATFORM_PORTS, 0x40, 4},
                  {"gate", PLATFORM_PORTS, 0x61, 1},
                  {"irq", PLATFORM_IRQ, 0, 1}}},
    {.name = "cmos",
     .match = "cmos",
     .kind = PLATFORM_CMOS,
     .resource_count = 2,
     .resource = {{"ports", PLATFORM_PORTS, 0x70, 2}, {"irq", PLATFORM_IRQ, 8, 1}}},
};
