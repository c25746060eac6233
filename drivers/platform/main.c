/*
 * main.c - the bus driver of the legacy devices: looks for them once, reports them with what
 * belongs to each, and keeps port 0x64 of the keyboard controller, which can reset the machine. A
 * successor looks for nothing: devman has the tree, and the ports are the drivers' now.
 */
#include "platform.h"

#include <driver.h>
#include <idl/bus.h>
#include <idl/platform_desc.h>
#include <idl/platform_server.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define I8042_NUMBER 1u /* of the only device whose driver has a session here */

const struct idl_interface *const driver_interfaces[] = {&platform_desc, NULL};

/* False: another device owns it: the VGA is a PCI device here. */
static bool report_resource(uint32_t number, const struct platform_resource *r)
{
    static const enum bus_resource_kind kinds[] = {[PLATFORM_PORTS] = BUS_RESOURCE_KIND_PORTS,
                                                   [PLATFORM_MEMORY] = BUS_RESOURCE_KIND_MEMORY,
                                                   [PLATFORM_IRQ] = BUS_RESOURCE_KIND_IRQ};
    struct bus_resource_range range = {.kind = kinds[r->kind],
                                       .base = r->base,
                                       .size = r->size,
                                       .flags = r->kind == PLATFORM_IRQ ? BUS_FLAG_ISA : 0};
    int error;

    (void)snprintf(range.name, sizeof(range.name), "%s", r->name);
    error = bus_call_resource(DRIVER_SLOT_BUS, number, &range);
    if (error != E_OK && error != E_EXISTS) {
        driver_log("resource %s: %s", r->name, quoll_strerror(error));
    }
    return error != E_EXISTS;
}

static void report_config(uint32_t number)
{
    struct bus_resource_range range = {.kind = BUS_RESOURCE_KIND_CONFIG,
                                       .name = "config",
                                       .base = I8042_NUMBER,
                                       .size = 1};

    (void)bus_call_resource(DRIVER_SLOT_BUS, number, &range);
}

static bool has_hpet;
static struct platform_hpet hpet;

/* The HPET's interrupt is what its comparator can do, on this machine. */
static void report_hpet_interrupt(uint32_t number)
{
    struct bus_resource_range range = {.name = "irq", .base = hpet.gsi, .size = 1};

    if (hpet.has_pin) {
        range.kind = BUS_RESOURCE_KIND_IRQ;
        range.flags = BUS_FLAG_LEVEL | BUS_FLAG_ACTIVE_LOW;
    } else {
        range.kind = BUS_RESOURCE_KIND_MSI;
        range.base = 0;
        (void)snprintf(range.name, sizeof(range.name), "message");
    }
    if (hpet.has_pin || hpet.has_message) {
        (void)bus_call_resource(DRIVER_SLOT_BUS, number, &range);
    }
}

/* Which of HPET and PIT is to be used is told by what they are called. */
static const char *id_of(const struct platform_device *p)
{
    if (p->kind == PLATFORM_HPET && hpet.reaches_memory) {
        return PLATFORM_HPET_FSB;
    }
    return p->kind == PLATFORM_PIT && has_hpet && !hpet.reaches_memory ? PLATFORM_PIT_SPARE
                                                                       : p->match;
}

static void report(const struct platform_device *p)
{
    struct bus_description d = {0};
    uint32_t number;

    (void)snprintf(d.name, sizeof(d.name), "%s", p->name);
    (void)snprintf(d.id, sizeof(d.id), "%s", id_of(p));
    if (bus_call_device(DRIVER_SLOT_BUS, &d, &number) != E_OK) {
        return;
    }
    for (unsigned i = 0; i < p->resource_count; i++) {
        struct platform_resource r = p->resource[i];
        if (p->kind == PLATFORM_HPET) {
            r.base = driver_bus()->hpet_pa;
        }
        if (!report_resource(number, &r)) {
            (void)bus_call_gone(DRIVER_SLOT_BUS, number);
            return;
        }
    }
    if (p->kind == PLATFORM_I8042) {
        report_config(number);
    }
    if (p->kind == PLATFORM_HPET) {
        report_hpet_interrupt(number);
    }
}

/* A bit for each device whose ports this bus was not given: another bus has reported it. */
static uint32_t not_ours(void)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < PLATFORM_DEVICES; i++) {
        const struct platform_device *p = &platform_devices[i];
        if (p->kind != PLATFORM_HPET && !driver_has(p->name)) {
            mask |= 1u << i;
        }
    }
    return mask;
}

const char *driver_attach(void)
{
    struct platform_machine machine = {.hpet_pa = driver_bus()->hpet_pa};
    uint32_t there;

    if (driver_bus()->takes_over) {
        return NULL;
    }
    if (driver_has("hpet")) {
        machine.hpet_va = (uintptr_t)driver_mmio("hpet", NULL);
    }
    machine.live = not_ours();
    there = platform_probe(&machine) & ~machine.live;
    for (unsigned i = 0; i < PLATFORM_DEVICES; i++) {
        has_hpet |= platform_devices[i].kind == PLATFORM_HPET && (there >> i & 1) != 0;
    }
    if (has_hpet) {
        hpet = platform_hpet_interrupt(machine.hpet_va);
    }
    for (unsigned i = 0; i < PLATFORM_DEVICES; i++) {
        if ((there >> i & 1) != 0) {
            report(&platform_devices[i]);
        }
    }
    (void)bus_call_done(DRIVER_SLOT_BUS);
    return NULL;
}

/* Orders for the i8042: there is nothing to prepare, and silence is its driver's. */
void driver_ordered(void)
{
    static uint32_t done;
    uint32_t number = __atomic_load_n(&driver_bus()->order.number, __ATOMIC_ACQUIRE);

    if (number != done) {
        done = number;
        (void)bus_call_ordered(DRIVER_SLOT_BUS, done, E_OK);
    }
}

bool driver_message(struct call *call)
{
    return platform_dispatch(call);
}

static bool is_i8042(const struct call *call)
{
    return call_session(call) == I8042_NUMBER;
}

int platform_serve_i8042_status(struct call *call, uint8_t *result)
{
    if (!is_i8042(call)) {
        return E_NO_RIGHT;
    }
    *result = i8042_status();
    return E_OK;
}

int platform_serve_i8042_command(struct call *call, uint8_t command)
{
    if (!is_i8042(call) || i8042_command_find(command)->refused != NULL) {
        return E_NO_RIGHT;
    }
    return i8042_command_send(command) == NULL ? E_OK : E_TIMEOUT;
}
