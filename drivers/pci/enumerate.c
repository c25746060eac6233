/*
 * enumerate.c - which functions there are, bus by bus.
 * Bus numbers are the firmware's where it gave any: other tasks, and AML, may count on them. A
 * bridge that would lead back to a bus already seen leads nowhere.
 */
#include "pci.h"

#include <regs/pci.h>

#include <string.h>

#define BUSES      256u
#define NO_DEVICE  0xffffu
#define BUS_LAST   255u
#define MIB_SHIFT  20
#define KIB4_SHIFT 12

struct walk {
    struct pci_tree *tree;
    const struct pci_access *access;
    const struct pci_tree *recorded;
    uint8_t seen[BUSES / 8];
};

static bool bus_is_new(struct walk *walk, unsigned bus)
{
    return (walk->seen[bus / 8] >> bus % 8 & 1) == 0 && pci_access_reaches(walk->access, bus, 0, 4);
}

/* The same device at the same place, as the previous instance knew it. */
static const struct pci_function *record_of(const struct walk *walk,
                                            const struct pci_function *function)
{
    for (unsigned i = 0; walk->recorded != NULL && i < walk->recorded->count; i++) {
        const struct pci_function *r = &walk->recorded->function[i];

        if (r->place == function->place && r->vendor == function->vendor &&
            r->device == function->device) {
            return r;
        }
    }
    return NULL;
}

/* ---- a function ---- */

static void read_window(struct pci_window *window, uint64_t base, uint64_t limit, unsigned shift)
{
    *window =
        (struct pci_window){.first = base << shift, .last = limit << shift | ((1u << shift) - 1)};
}

static void read_behind(struct pci_function *function, struct config_device *device)
{
    struct pci_bridge_regs regs = pci_bridge_regs_at(device);
    struct pci_bridge_prefetch_base low = pci_bridge_prefetch_base_read(regs);
    struct pci_behind *behind = &function->behind;
    uint64_t base, limit;

    behind->secondary = pci_bridge_secondary_read(regs);
    behind->subordinate = pci_bridge_subordinate_read(regs);
    read_window(&behind->memory, pci_bridge_memory_base_read(regs),
                pci_bridge_memory_limit_read(regs), MIB_SHIFT);
    base = low.bits | (uint64_t)pci_bridge_prefetch_base_high_read(regs) << 12;
    limit = pci_bridge_prefetch_limit_read(regs).bits |
            (uint64_t)pci_bridge_prefetch_limit_high_read(regs) << 12;
    read_window(&behind->prefetch, base, limit, MIB_SHIFT);
    base = pci_bridge_io_base_read(regs).bits | (uint64_t)pci_bridge_io_base_high_read(regs) << 4;
    limit = pci_bridge_io_limit_read(regs).bits | (uint64_t)pci_bridge_io_limit_high_read(regs)
                                                      << 4;
    read_window(&behind->io, base, limit, KIB4_SHIFT);
}

static void read_header(struct pci_function *function, struct config_device *device)
{
    struct pci_header_regs header = pci_header_regs_at(device);
    struct pci_header_class class = pci_header_class_read(header);

    pci_name(function->name, function->place);
    function->vendor = pci_header_vendor_read(header);
    function->device = pci_header_device_read(header);
    function->class = (uint32_t) class.base << 16 | (uint32_t) class.sub << 8 | class.interface;
    function->revision = class.revision;
    function->layout = pci_header_shape_read(header).layout;
    function->pin = pci_header_pin_read(header);
    function->line = pci_header_line_read(header);
    if (function->pin > PCI_PINS) {
        function->pin = 0;
    }
    if (function->layout == PCI_HEADER_LAYOUT_DEVICE) {
        function->subsystem_vendor = pci_device_subsystem_vendor_read(pci_device_regs_at(device));
        function->subsystem = pci_device_subsystem_read(pci_device_regs_at(device));
    } else if (function->layout == PCI_HEADER_LAYOUT_BRIDGE) {
        read_behind(function, device);
    }
}

/* A bridge's decoding is what its children are reached by: on a restart it too is left alone. */
static void find_resources(const struct walk *walk, struct pci_function *function)
{
    const struct pci_function *record = record_of(walk, function);

    if (walk->recorded != NULL && walk->recorded->unknown) {
        function->live = true;
    } else if (record != NULL && (record->live || record->layout == PCI_HEADER_LAYOUT_BRIDGE)) {
        function->live = record->live;
        function->resource_count = record->resource_count;
        memcpy(function->resource, record->resource, sizeof(function->resource));
    } else {
        pci_size_bars(function, walk->access);
    }
}

static struct pci_function *add_function(struct walk *walk, pci_place place, int16_t parent)
{
    struct config_device device = {.access = walk->access, .place = place};
    struct pci_tree *tree = walk->tree;
    struct pci_function *function = &tree->function[tree->count];

    if (tree->count == PCI_FUNCTIONS_MAX) {
        tree->full = true;
        return NULL;
    }
    tree->count++;
    *function = (struct pci_function){.place = place, .parent = parent};
    read_header(function, &device);
    find_resources(walk, function);
    pci_find_capabilities(function, &device);
    return function;
}

/* ---- buses ---- */

static void scan_bus(struct walk *walk, unsigned bus, int16_t parent);

static void scan_function(struct walk *walk, pci_place place, int16_t parent)
{
    struct pci_function *function = add_function(walk, place, parent);
    struct pci_behind *behind;

    if (function == NULL || function->layout != PCI_HEADER_LAYOUT_BRIDGE) {
        return;
    }
    behind = &function->behind;
    if (behind->secondary > pci_bus_of(place) && behind->subordinate >= behind->secondary &&
        bus_is_new(walk, behind->secondary)) {
        scan_bus(walk, behind->secondary, (int16_t)(walk->tree->count - 1));
    } else {
        behind->secondary = behind->subordinate = 0;
    }
}

/* The others of a slot are looked for only if the first says that there may be some. */
static void scan_slot(struct walk *walk, unsigned bus, unsigned slot, int16_t parent)
{
    unsigned functions = PCI_FUNCTIONS;

    for (unsigned i = 0; i < functions; i++) {
        struct config_device device = {.access = walk->access, .place = PCI_PLACE(bus, slot, i)};
        struct pci_header_regs header = pci_header_regs_at(&device);
        bool exists = pci_header_vendor_read(header) != NO_DEVICE;

        if (i == 0 && (!exists || !pci_header_shape_read(header).multi)) {
            functions = 1;
        }
        if (exists) {
            scan_function(walk, device.place, parent);
        }
    }
}

/* Each call is for a higher bus than its caller's, so there are at most 256. */
static void scan_bus(struct walk *walk, unsigned bus, int16_t parent)
{
    walk->seen[bus / 8] |= (uint8_t)(1u << bus % 8);
    if (bus > walk->tree->bus_last) {
        walk->tree->bus_last = (uint8_t)bus;
    }
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        scan_slot(walk, bus, slot, parent);
    }
}

/* Give the next number to the bridge at @index, and to those behind it. */
static void number_bridge(struct walk *walk, unsigned index)
{
    struct pci_tree *tree = walk->tree;
    struct pci_function *function = &tree->function[index];
    struct config_device device = pci_config_of(walk->access, function);
    struct pci_bridge_regs regs = pci_bridge_regs_at(&device);
    unsigned bus = tree->bus_last + 1u, first = tree->count;

    if (tree->bus_last == BUS_LAST || !bus_is_new(walk, bus)) {
        return;
    }
    pci_bridge_primary_write(regs, (uint8_t)pci_bus_of(function->place));
    pci_bridge_secondary_write(regs, (uint8_t)bus);
    pci_bridge_subordinate_write(regs, BUS_LAST); /* lets us look behind it */
    scan_bus(walk, bus, (int16_t)index);
    for (unsigned i = first; i < tree->count; i++) {
        if (tree->function[i].layout == PCI_HEADER_LAYOUT_BRIDGE &&
            tree->function[i].parent == (int16_t)index) {
            number_bridge(walk, i);
        }
    }
    pci_bridge_subordinate_write(regs, tree->bus_last);
    function->behind.secondary = (uint8_t)bus;
    function->behind.subordinate = tree->bus_last;
}

/* Bridges on a root bus that have no number. One behind a bridge that has keeps none: its number
 * would have to fit between its neighbours'. */
static void number_bridges(struct walk *walk)
{
    unsigned count = walk->tree->count;

    for (unsigned i = 0; i < count; i++) {
        const struct pci_function *f = &walk->tree->function[i];

        if (f->layout == PCI_HEADER_LAYOUT_BRIDGE && f->behind.secondary == 0 &&
            f->parent == PCI_NO_PARENT) {
            number_bridge(walk, i);
        }
    }
}

static int16_t index_of(const struct pci_tree *tree, pci_place place)
{
    for (unsigned i = 0; i < tree->count; i++) {
        if (tree->function[i].place == place) {
            return (int16_t)i;
        }
    }
    return PCI_NO_PARENT;
}

/* By place, whatever way they were found in. */
static void sort(struct pci_tree *tree)
{
    pci_place bridge[PCI_FUNCTIONS_MAX];

    for (unsigned i = 0; i < tree->count; i++) {
        int16_t parent = tree->function[i].parent;

        bridge[i] =
            parent == PCI_NO_PARENT ? tree->function[i].place : tree->function[parent].place;
    }
    for (unsigned i = 1; i < tree->count; i++) {
        struct pci_function moved = tree->function[i];
        pci_place behind = bridge[i];
        unsigned to = i;

        for (; to > 0 && tree->function[to - 1].place > moved.place; to--) {
            tree->function[to] = tree->function[to - 1];
            bridge[to] = bridge[to - 1];
        }
        tree->function[to] = moved;
        bridge[to] = behind;
    }
    for (unsigned i = 0; i < tree->count; i++) { /* a root bus's function is its own bridge */
        tree->function[i].parent =
            bridge[i] == tree->function[i].place ? PCI_NO_PARENT : index_of(tree, bridge[i]);
    }
}

void pci_enumerate(struct pci_tree *tree, const struct pci_access *access,
                   const struct pci_tree *recorded, bool assign)
{
    struct walk walk = {.tree = tree, .access = access, .recorded = recorded};

    tree->count = 0;
    tree->full = false;
    tree->bus_last = 0;
    for (unsigned bus = 0; bus < BUSES; bus++) {
        bool is_root = bus == access->bus_first || acpi_bus_has_routes(bus);

        if (is_root && bus_is_new(&walk, bus)) {
            scan_bus(&walk, bus, PCI_NO_PARENT);
        }
    }
    if (assign) {
        number_bridges(&walk);
    }
    sort(tree);
}

struct pci_function *pci_find(struct pci_tree *tree, const char *name)
{
    for (unsigned i = 0; i < tree->count; i++) {
        if (strcmp(tree->function[i].name, name) == 0) {
            return &tree->function[i];
        }
    }
    return NULL;
}

/* ---- interrupts ---- */

/* Source: PCI-to-PCI Bridge 1.2, section 9.1: behind a bridge, slot s's pin is the bridge's
 * (pin + s) mod 4. */
static void route_function(const struct pci_tree *tree, struct pci_function *function)
{
    const struct pci_function *at = function;
    unsigned pin = function->pin - 1u;

    while (!acpi_bus_has_routes(pci_bus_of(at->place)) && at->parent != PCI_NO_PARENT) {
        pin = (pin + pci_slot_of(at->place)) % PCI_PINS;
        at = &tree->function[at->parent];
    }
    function->routed =
        acpi_prt_route(pci_bus_of(at->place), pci_slot_of(at->place), pin, &function->route);
}

void pci_route(struct pci_tree *tree)
{
    for (unsigned i = 0; i < tree->count; i++) {
        if (tree->function[i].pin != 0) {
            route_function(tree, &tree->function[i]);
        }
    }
}
