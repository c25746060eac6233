/*
 * acpi_prt.c - the interrupt routes of ACPI's namespace, recorded once.
 * Every device with a _PRT is a bus: a root bridge says its number in _BBN, another's is in the
 * bridge that _ADR names. An entry names a pin of an IO-APIC, or a link device that has been set
 * to one. Source: ACPI Specification 6.4, section 6.2.13 (_PRT), 5.8.1 (_PIC), 6.1.1 (_ADR).
 */
#include "acpi.h"
#include "acpi_os.h"
#include "acpi_route.h"

#include <acpica.h>

#include <regs/pci.h>

#include <stdio.h>
#include <string.h>

#define TABLES_MAX      32u
#define DEPTH_MAX       32u /* of the namespace */
#define BRIDGES_MAX     8u  /* one behind the other */
#define TABLE_BYTES     0x8000u
#define RESOURCES_BYTES 0x400u
#define PIC_IO_APIC     1u
#define FUNCTION_ALL    0xffffu

static struct acpi_table_desc tables[TABLES_MAX];
static char error[96];
/* ACPICA fills these: kept off the small stack and out of the pool. */
static _Alignas(16) uint8_t table_buffer[TABLE_BYTES];
static _Alignas(16) uint8_t resource_buffer[RESOURCES_BYTES];

static const struct acpi_platform *machine;

/* ---- link devices ---- */

/* The interrupt of a resource: its place in the descriptor, the route without a number. */
static u32 irq_of(struct acpi_resource *resource, unsigned index, struct acpi_route *route)
{
    struct acpi_resource_irq *isa = &resource->data.irq;
    struct acpi_resource_extended_irq *extended = &resource->data.extended_irq;

    if (resource->type == ACPI_RESOURCE_TYPE_IRQ && index < isa->interrupt_count) {
        *route = (struct acpi_route){.level = isa->triggering == ACPI_LEVEL_SENSITIVE,
                                     .active_low = isa->polarity == ACPI_ACTIVE_LOW,
                                     .isa = true};
        route->gsi = ((const u8 *)isa + offsetof(struct acpi_resource_irq, interrupts))[index];
        return route->gsi;
    }
    if (resource->type == ACPI_RESOURCE_TYPE_EXTENDED_IRQ && index < extended->interrupt_count) {
        *route = (struct acpi_route){.level = extended->triggering == ACPI_LEVEL_SENSITIVE,
                                     .active_low = extended->polarity == ACPI_ACTIVE_LOW};
        /* ACPICA packs its structures, and the array is longer than it says. */
        memcpy(&route->gsi,
               (const u8 *)extended + offsetof(struct acpi_resource_extended_irq, interrupts) +
                   index * sizeof(route->gsi),
               sizeof(route->gsi));
        return route->gsi;
    }
    return 0;
}

struct choice {
    struct acpi_route route; /* gsi 0: none yet */
    unsigned users;
};

/* The least used of the possible interrupts, of equal ones the last: low numbers are ISA's. */
static acpi_status choose(struct acpi_resource *resource, void *context)
{
    struct choice *best = context;
    struct acpi_route route;

    for (unsigned i = 0; irq_of(resource, i, &route) != 0; i++) {
        unsigned users = acpi_route_users(route.gsi);

        if (best->route.gsi == 0 || users <= best->users) {
            *best = (struct choice){.route = route, .users = users};
        }
    }
    return AE_OK;
}

/* What the link is set to; false: it is off. */
static bool link_current(acpi_handle link, struct acpi_route *route)
{
    struct choice found = {.users = 0};
    acpi_status status = acpi_walk_resources(link, METHOD_NAME__CRS, choose, &found);

    *route = found.route;
    return ACPI_SUCCESS(status) && found.route.gsi != 0;
}

/* Set a link that is off: _CRS gives the form that _SRS takes, one interrupt in it. */
static bool link_set(acpi_handle link, struct acpi_route *route)
{
    struct acpi_buffer buffer = {.length = sizeof(resource_buffer), .pointer = resource_buffer};
    struct acpi_resource *form = (struct acpi_resource *)resource_buffer;
    struct choice best = {.users = 0};

    if (ACPI_FAILURE(acpi_walk_resources(link, METHOD_NAME__PRS, choose, &best)) ||
        best.route.gsi == 0 || ACPI_FAILURE(acpi_get_current_resources(link, &buffer))) {
        return false;
    }
    if (form->type == ACPI_RESOURCE_TYPE_EXTENDED_IRQ) {
        form->data.extended_irq.interrupt_count = 1;
        form->data.extended_irq.interrupts[0] = best.route.gsi;
    } else if (form->type == ACPI_RESOURCE_TYPE_IRQ) {
        form->data.irq.interrupt_count = 1;
        form->data.irq.interrupts[0] = (u8)best.route.gsi;
    } else {
        return false;
    }
    return ACPI_SUCCESS(acpi_set_current_resources(link, &buffer)) && link_current(link, route) &&
           route->gsi == best.route.gsi;
}

/* ---- tables ---- */

/* A line without a source names the pin itself; PCI's INTx are level and active low. */
static bool line_route(acpi_handle bridge, struct acpi_pci_routing_table *line,
                       struct acpi_route *route)
{
    acpi_handle link;

    if (line->source[0] == '\0') {
        *route = (struct acpi_route){.gsi = line->source_index, .level = true, .active_low = true};
        return true;
    }
    return ACPI_SUCCESS(acpi_get_handle(bridge, line->source, &link)) &&
           (link_current(link, route) || link_set(link, route));
}

static void record_table(acpi_handle bridge, unsigned bus)
{
    struct acpi_buffer buffer = {.length = sizeof(table_buffer), .pointer = table_buffer};
    acpi_status status = acpi_get_irq_routing_table(bridge, &buffer);
    size_t at = 0;

    if (ACPI_FAILURE(status)) {
        machine->log("a _PRT cannot be read; its bus has no interrupts");
        return;
    }
    acpi_route_add_bus(bus);
    while (at + sizeof(struct acpi_pci_routing_table) <= sizeof(table_buffer)) {
        struct acpi_pci_routing_table *line = (void *)&table_buffer[at];
        struct acpi_route route;

        if (line->length == 0) {
            return;
        }
        if (!line_route(bridge, line, &route)) {
            machine->log("an interrupt link device cannot be set");
        } else if (!acpi_route_add(bus, (unsigned)(line->address >> 16), line->pin, &route)) {
            machine->log("an entry of a _PRT is of no slot, or there are too many");
        }
        at += line->length;
    }
}

/* ---- buses ---- */

static u64 integer_of(acpi_handle node, char *name, u64 otherwise)
{
    union acpi_object result;
    struct acpi_buffer buffer = {.length = sizeof(result), .pointer = &result};
    acpi_status status = acpi_evaluate_object_typed(node, name, NULL, &buffer, ACPI_TYPE_INTEGER);

    return ACPI_SUCCESS(status) ? result.integer.value : otherwise;
}

static bool is_root_bridge(acpi_handle node)
{
    struct acpi_device_info *info;
    bool is;

    if (ACPI_FAILURE(acpi_get_object_info(node, &info))) {
        return false;
    }
    is = (info->flags & ACPI_PCI_ROOT_BRIDGE) != 0;
    acpi_os_free(info);
    return is;
}

/* The bus behind the bridge at @address (_ADR) of @bus. */
static bool bus_behind(unsigned bus, u64 address, unsigned *behind)
{
    struct config_device device = {.access = machine->config};

    if (address >> 16 >= PCI_SLOTS || (address & FUNCTION_ALL) >= PCI_FUNCTIONS) {
        return false;
    }
    device.place = PCI_PLACE(bus, address >> 16, address & FUNCTION_ALL);
    if (pci_header_shape_read(pci_header_regs_at(&device)).layout != PCI_HEADER_LAYOUT_BRIDGE) {
        return false;
    }
    *behind = pci_bridge_secondary_read(pci_bridge_regs_at(&device));
    return *behind > bus;
}

/* The bus that @node is: down from its root bridge, bridge by bridge. */
static bool bus_of(acpi_handle node, unsigned *bus)
{
    acpi_handle path[BRIDGES_MAX + 1] = {node};
    unsigned depth = 0;

    while (!is_root_bridge(path[depth])) {
        if (depth == BRIDGES_MAX || ACPI_FAILURE(acpi_get_parent(path[depth], &path[depth + 1]))) {
            return false;
        }
        depth++;
    }
    if (integer_of(path[depth], METHOD_NAME__SEG, 0) != 0) {
        return false; /* no other segment can be reached */
    }
    *bus = (unsigned)integer_of(path[depth], METHOD_NAME__BBN, 0) & UINT8_MAX;
    while (depth-- > 0) {
        if (!bus_behind(*bus, integer_of(path[depth], METHOD_NAME__ADR, UINT32_MAX), bus)) {
            return false;
        }
    }
    return true;
}

static acpi_status visit(acpi_handle node, u32 level, void *context, void **result)
{
    acpi_handle method;
    unsigned bus;

    (void)level;
    (void)context;
    (void)result;
    if (ACPI_SUCCESS(acpi_get_handle(node, METHOD_NAME__PRT, &method)) && bus_of(node, &bus)) {
        record_table(node, bus);
    }
    return AE_OK;
}

/* ---- starting ---- */

static const char *wrong(const char *what, acpi_status status)
{
    (void)snprintf(error, sizeof(error), "ACPI: %s: %s", what, acpi_format_exception(status));
    return error;
}

/* Methods choose their routes by it. A machine without _PIC has one mode only. */
static acpi_status choose_io_apic(void)
{
    union acpi_object mode = {.integer = {.type = ACPI_TYPE_INTEGER, .value = PIC_IO_APIC}};
    struct acpi_object_list arguments = {.count = 1, .pointer = &mode};
    acpi_status status = acpi_evaluate_object(NULL, "\\_PIC", &arguments, NULL);

    return status == AE_NOT_FOUND ? AE_OK : status;
}

/* AML's device memory: through acpi_os.c, never by pointer, so that a write is refused. */
static acpi_status memory_handler(u32 function, acpi_physical_address address, u32 width,
                                  u64 *value, void *handler_context, void *region_context)
{
    (void)handler_context;
    (void)region_context;
    return function == ACPI_READ ? acpi_os_read_memory(address, value, width)
                                 : acpi_os_write_memory(address, *value, width);
}

/* Before tables are loaded: that would install ACPICA's own. */
static acpi_status load_tables(void)
{
    acpi_status status =
        acpi_install_address_space_handler(ACPI_ROOT_OBJECT, ACPI_ADR_SPACE_SYSTEM_MEMORY,
                                           memory_handler, NULL, NULL);

    return ACPI_FAILURE(status) ? status : acpi_load_tables();
}

static acpi_status enable(void)
{
    acpi_status status = acpi_enable_subsystem(ACPI_FULL_INITIALIZATION);

    return ACPI_FAILURE(status) ? status : acpi_initialize_objects(ACPI_NO_DEVICE_INIT);
}

/* Devices are not initialised (_INI): that is for whoever drives them, and happens once; this
 * driver starts again after each death. */
const char *acpi_start(const struct acpi_platform *platform)
{
    acpi_status status;

    machine = platform;
    acpi_os_set_platform(platform);
    status = acpi_initialize_subsystem();
    if (ACPI_FAILURE(status)) {
        return wrong("no memory for the interpreter", status);
    }
    status = acpi_initialize_tables(tables, TABLES_MAX, FALSE);
    if (ACPI_FAILURE(status)) {
        return wrong("the tables cannot be read", status);
    }
    status = load_tables();
    if (ACPI_FAILURE(status)) {
        return wrong("the DSDT cannot be read", status);
    }
    status = enable();
    if (ACPI_FAILURE(status)) {
        return wrong("the namespace cannot be initialised", status);
    }
    status = choose_io_apic();
    if (ACPI_FAILURE(status)) {
        return wrong("_PIC failed", status);
    }
    status =
        acpi_walk_namespace(ACPI_TYPE_DEVICE, ACPI_ROOT_OBJECT, DEPTH_MAX, visit, NULL, NULL, NULL);
    return ACPI_FAILURE(status) ? wrong("the namespace cannot be walked", status) : NULL;
}
