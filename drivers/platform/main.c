/*
 * main.c - the bus driver of the legacy devices: looks for them and reports what it finds.
 */
#include <driver.h>
#include <idl/bus.h>
#include <stdio.h>
#include <string.h>

static void report(const char *name, const char *id, uint16_t base, uint32_t count, uint32_t gsi)
{
    struct bus_description d = {0};
    struct bus_resource_range ports = {.kind = BUS_RESOURCE_KIND_PORTS,
                                       .name = "ports",
                                       .base = base,
                                       .size = count};
    struct bus_resource_range irq = {.kind = BUS_RESOURCE_KIND_IRQ,
                                     .name = "irq",
                                     .base = gsi,
                                     .size = 1};
    uint32_t number;

    (void)snprintf(d.name, sizeof(d.name), "%s", name);
    (void)snprintf(d.id, sizeof(d.id), "%s", id);
    if (bus_call_device(DRIVER_SLOT_BUS, &d, &number) == E_OK) {
        (void)bus_call_resource(DRIVER_SLOT_BUS, number, &ports);
        (void)bus_call_resource(DRIVER_SLOT_BUS, number, &irq);
    }
}

const char *driver_attach(void)
{
    report("com1", "com", 0x3f8, 8, 4);
    report("com2", "com", 0x2f8, 8, 3);
    (void)bus_call_done(DRIVER_SLOT_BUS);
    return NULL;
}
