/*
 * main.c - the bus driver of PCI: finds and reports the functions once, then carries out devman's
 * orders and serves configuration space to their drivers.
 * A successor finds the same functions, but sizes nothing and reports nothing: devman has the tree,
 * and drivers are at work. A function's number everywhere is its place, which never changes.
 */
#include "acpi.h"
#include "pci.h"

#include <driver.h>
#include <idl/bus.h>
#include <idl/pci_desc.h>
#include <idl/pci_server.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define CLASS_VGA 0x0300u
#define CLASS_IDE 0x0101u

const struct idl_interface *const driver_interfaces[] = {&pci_desc, NULL};

static struct pci_tree tree;
static struct pci_access access;
static uint32_t order_done; /* number of the last order that was carried out */

/* ---- the machine */

static uint64_t time_100ns(void)
{
    return driver_now_us() * 10;
}

/* Not the tables that it finds: what is wrong with them. */
static void acpi_log(const char *line)
{
    if (strncmp(line, "ACPI: ", 6) != 0) {
        driver_log("%s", line);
    }
}

static bool add_window(struct acpi_window *to, const char *name)
{
    uint64_t bytes;

    if (!driver_has(name)) {
        return false;
    }
    *to = (struct acpi_window){.pa = driver_mmio_pa(name),
                               .va = (uintptr_t)driver_mmio(name, &bytes)};
    to->bytes = bytes;
    return true;
}

/* Without tables no pin is routed: devices that need an interrupt are refused with that reason. */
static void start_acpi(void)
{
    static struct acpi_window windows[2];
    static struct acpi_platform platform = {.windows = windows,
                                            .config = &access,
                                            .time_100ns = time_100ns,
                                            .log = acpi_log};
    const char *wrong;

    platform.window_count += add_window(&windows[platform.window_count], "rsdp");
    platform.window_count += add_window(&windows[platform.window_count], "tables");
    platform.rsdp_pa = driver_bus()->rsdp_pa;
    wrong = platform.rsdp_pa == 0 ? "the machine has no ACPI" : acpi_start(&platform);
    if (wrong != NULL) {
        driver_log("no interrupt routes: %s", wrong);
    }
}

static void find_access(void)
{
    uint64_t bytes;

    access = (struct pci_access){.bus_last = 255};
    if (driver_has("ecam")) {
        access.ecam_va = (uintptr_t)driver_mmio("ecam", &bytes);
        access.bus_last = (uint8_t)((bytes >> 20) - 1);
    }
}

static struct pci_function *function_at(uint32_t place)
{
    for (unsigned i = 0; i < tree.count; i++) {
        if (tree.function[i].place == place) {
            return &tree.function[i];
        }
    }
    return NULL;
}

/* ---- reporting */

static void report_resource(uint32_t number, struct bus_resource_range *r, const char *name)
{
    int error;

    (void)snprintf(r->name, sizeof(r->name), "%s", name);
    error = bus_call_resource(DRIVER_SLOT_BUS, number, r);
    if (error != E_OK) {
        driver_log("resource %s of device %u: %s", name, (unsigned)number, quoll_strerror(error));
    }
}

/* What a driver may have of a BAR: not the pages of an MSI-X table. */
static void report_bar(uint32_t number, const struct pci_function *f, const struct pci_resource *r)
{
    struct pci_window window = pci_mappable(f, r);
    struct bus_resource_range range = {.kind = r->kind == PCI_IO ? BUS_RESOURCE_KIND_PORTS
                                                                 : BUS_RESOURCE_KIND_MEMORY,
                                       .base = r->base + window.first,
                                       .size = window.last - window.first + 1,
                                       .flags = r->prefetchable ? BUS_FLAG_PREFETCHABLE : 0};
    char name[8];

    if (!r->assigned || window.first > window.last) {
        return;
    }
    (void)snprintf(name, sizeof(name), "bar%u", r->bar);
    report_resource(number, &range, name);
}

static void report_interrupts(uint32_t number, const struct pci_function *f)
{
    struct bus_resource_range irq = {.kind = BUS_RESOURCE_KIND_IRQ, .size = 1};
    struct bus_resource_range msi = {.kind = BUS_RESOURCE_KIND_MSI, .size = 1};

    if (f->routed) {
        irq.base = f->route.gsi;
        irq.flags = (f->route.level ? BUS_FLAG_LEVEL : 0) |
                    (f->route.active_low ? BUS_FLAG_ACTIVE_LOW : 0) |
                    (f->route.isa ? BUS_FLAG_ISA : 0);
        report_resource(number, &irq, "irq");
    }
    if (f->capability.msi != 0) {
        report_resource(number, &msi, "msi");
    }
}

/* The first display controller answers at the VGA's own addresses, which no BAR names (PCI Local
 * Bus 3.0, appendix D: class 03, subclass 00). */
static void report_vga(uint32_t number)
{
    static bool reported;
    struct bus_resource_range ports = {.kind = BUS_RESOURCE_KIND_PORTS,
                                       .base = 0x3c0,
                                       .size = 0x20};
    struct bus_resource_range memory = {.kind = BUS_RESOURCE_KIND_MEMORY,
                                        .base = 0xa0000,
                                        .size = 0x20000};

    if (!reported) {
        reported = true;
        report_resource(number, &ports, "ports");
        report_resource(number, &memory, "memory");
    }
}

/* A conventional bridge speaks for all behind it; so does one from PCI Express to PCI. Source: PCI
 * Express to PCI/PCI-X Bridge Specification 1.0, section 2.3. */
static bool is_disguised(const struct pci_function *f)
{
    for (int i = f->parent; i != PCI_NO_PARENT; i = tree.function[i].parent) {
        if (!pci_is_express_port(&tree.function[i], &access)) {
            return true;
        }
    }
    return false;
}

/* An IDE channel in compatibility mode answers at the AT's addresses and interrupts with the AT's
 * lines, which no BAR names. Source: PCI IDE Controller Specification 1.0, sections 2.1 and 2.4. */
static void report_channel(uint32_t number, unsigned channel)
{
    static const struct {
        const char *command, *control, *irq;
        uint16_t command_at, control_at;
        uint8_t line;
    } channels[] = {{"command0", "control0", "irq0", 0x1f0, 0x3f6, 14},
                    {"command1", "control1", "irq1", 0x170, 0x376, 15}};
    struct bus_resource_range command = {.kind = BUS_RESOURCE_KIND_PORTS,
                                         .base = channels[channel].command_at,
                                         .size = 8};
    struct bus_resource_range control = {.kind = BUS_RESOURCE_KIND_PORTS,
                                         .base = channels[channel].control_at,
                                         .size = 1};
    struct bus_resource_range irq = {.kind = BUS_RESOURCE_KIND_IRQ,
                                     .base = channels[channel].line,
                                     .size = 1,
                                     .flags = BUS_FLAG_ISA};

    report_resource(number, &command, channels[channel].command);
    report_resource(number, &control, channels[channel].control);
    report_resource(number, &irq, channels[channel].irq);
}

/* Bits 0 and 2 of the programming interface say which of the two channels have BARs instead. */
static void report_ide(uint32_t number, const struct pci_function *f)
{
    for (unsigned channel = 0; channel < 2; channel++) {
        if ((f->class >> 2 * channel & 1) == 0) {
            report_channel(number, channel);
        }
    }
}

static void report(const struct pci_function *f)
{
    struct bus_description d = {.vendor = f->vendor,
                                .product = f->device,
                                .subsystem_vendor = f->subsystem_vendor,
                                .subsystem = f->subsystem,
                                .class_code = f->class,
                                .revision = f->revision,
                                .does_dma = true,
                                .requester = f->place,
                                .behind = f->parent == PCI_NO_PARENT
                                              ? BUS_NO_BRIDGE
                                              : tree.function[f->parent].place,
                                .is_disguised = is_disguised(f)};
    struct bus_resource_range config = {.kind = BUS_RESOURCE_KIND_CONFIG,
                                        .base = f->place,
                                        .size = 1};
    uint32_t number;
    int error;

    (void)snprintf(d.name, sizeof(d.name), "%s", f->name);
    error = bus_call_device(DRIVER_SLOT_BUS, &d, &number);
    if (error != E_OK) {
        driver_log("%s can't be reported: %s", f->name, quoll_strerror(error));
        return;
    }
    report_resource(number, &config, "config");
    for (unsigned i = 0; i < f->resource_count; i++) {
        report_bar(number, f, &f->resource[i]);
    }
    report_interrupts(number, f);
    if (f->class >> 8 == CLASS_VGA) {
        report_vga(number);
    }
    if (f->class >> 8 == CLASS_IDE) {
        report_ide(number, f);
    }
}

const char *driver_attach(void)
{
    static const struct pci_tree unknown = {.unknown = true};
    bool takes_over = driver_bus()->takes_over;

    find_access();
    if (takes_over) {
        pci_enumerate(&tree, &access, &unknown, false);
        for (unsigned i = 0; i < tree.count; i++) {
            pci_read_bars(&tree.function[i], &access); /* which kinds it must decode */
        }
        return NULL;
    }
    start_acpi();
    pci_enumerate(&tree, &access, NULL, true);
    pci_silence_all(&tree, &access);
    pci_route(&tree);
    for (unsigned i = 0; i < tree.count; i++) {
        report(&tree.function[i]);
    }
    (void)bus_call_done(DRIVER_SLOT_BUS);
    return NULL;
}

/* ---- orders */

/* Bridges hand accesses to memory up only if they are masters themselves. */
static void let_through(const struct pci_function *f)
{
    for (int i = f->parent; i != PCI_NO_PARENT; i = tree.function[i].parent) {
        struct config_device bridge = pci_config_of(&access, &tree.function[i]);

        pci_set_master(&bridge, true);
    }
}

static int prepare(const struct pci_function *f, const struct driver_order *o)
{
    struct config_device device = pci_config_of(&access, f);
    const char *wrong = NULL;

    pci_msi_stop(f, &device);
    pci_set_decoding(f, &device, true);
    pci_set_master(&device, (o->flags & DRIVER_ORDER_MASTER) != 0);
    if ((o->flags & DRIVER_ORDER_MASTER) != 0) {
        let_through(f);
    }
    if ((o->flags & DRIVER_ORDER_MSI) != 0) {
        wrong = pci_msi_start(f, &device,
                              (struct pci_message){.address = o->msi_address, .data = o->msi_data});
    } else {
        pci_set_intx(&device, true);
    }
    if (wrong != NULL) {
        driver_log("%s: %s", f->name, wrong);
    }
    return wrong == NULL ? E_OK : E_UNSUPPORTED;
}

static int silence(const struct pci_function *f)
{
    struct config_device device = pci_config_of(&access, f);

    pci_silence(f, &device);
    return E_OK;
}

void driver_ordered(void)
{
    const struct driver_order *o = &driver_bus()->order;
    const uint32_t number = __atomic_load_n(&o->number, __ATOMIC_ACQUIRE); /* stored last */
    const struct pci_function *f;
    int status = E_NOT_FOUND;

    if (number == order_done) {
        return;
    }
    f = function_at(o->device);
    if (f != NULL) {
        status = o->kind == DRIVER_ORDER_PREPARE ? prepare(f, o) : silence(f);
    }
    order_done = number;
    (void)bus_call_ordered(DRIVER_SLOT_BUS, order_done, (uint32_t)status);
}

/* ---- the interface pci: each session is of one function */

bool driver_message(struct call *call)
{
    return pci_dispatch(call);
}

int pci_serve_config_read(struct call *call, uint32_t offset, enum pci_width size, uint32_t *result)
{
    const struct pci_function *f = function_at(call_session(call));

    if (f == NULL) {
        return E_NOT_FOUND;
    }
    return pci_child_read(f, &access, offset, (unsigned)size, result) == NULL ? E_OK : E_BAD_ARG;
}

int pci_serve_config_write(struct call *call, uint32_t offset, enum pci_width size, uint32_t value)
{
    const struct pci_function *f = function_at(call_session(call));

    if (f == NULL) {
        return E_NOT_FOUND;
    }
    return pci_child_write(f, &access, offset, (unsigned)size, value) == NULL ? E_OK : E_NO_RIGHT;
}

int pci_serve_capability(struct call *call, uint8_t id, uint32_t after, uint32_t *result)
{
    const struct pci_function *f = function_at(call_session(call));
    struct config_device device;

    if (f == NULL) {
        return E_NOT_FOUND;
    }
    device = pci_config_of(&access, f);
    *result = pci_capability_after(&device, id, after);
    return *result != 0 ? E_OK : E_NOT_FOUND;
}
