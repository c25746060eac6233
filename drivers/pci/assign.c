/*
 * assign.c - addresses for BARs that have none, and windows for bridges that are closed.
 * On a bus the greatest come first; as sizes are powers of two (a window's is rounded to its
 * alignment), they lie without gaps, so a window that was made for its sum is enough. What has an
 * address already is walked around.
 */
#include "pci.h"

#include <regs/pci.h>

#define MIB         0x100000ull
#define KIB4        0x1000ull
#define DEPTH_MAX   16u /* of bridges behind bridges */
#define ITEMS_MAX   (PCI_FUNCTIONS_MAX * PCI_BARS)
#define ADDRESS_END 0x100000000ull /* every BAR and window reaches so far */

struct job {
    struct pci_tree *tree;
    const struct pci_access *access;
    unsigned kind;
    unsigned left; /* BARs without an address */
};

/* What is to be placed next on a bus: a BAR, or a bridge's window. */
struct item {
    struct pci_function *function;
    struct pci_resource *resource; /* a null pointer: the window */
    uint64_t size, align;
};

/* After reset a window is the first unit of the space, which no device can have. */
static bool is_open(const struct pci_window *window)
{
    return window->first <= window->last && window->first != 0;
}

static struct pci_window *window_of(const struct job *job, struct pci_function *bridge)
{
    return job->kind == PCI_IO ? &bridge->behind.io : &bridge->behind.memory;
}

static bool has_children(const struct pci_function *function)
{
    return function->layout == PCI_HEADER_LAYOUT_BRIDGE && function->behind.secondary != 0;
}

/* ---- how much is missing ---- */

static void window_need(const struct job *job, int16_t bridge, unsigned depth, struct item *need);

/* Add what the function at @index needs to @need: the sum, and the greatest alignment. */
static void add_need(const struct job *job, unsigned index, unsigned depth, struct item *need)
{
    struct pci_function *f = &job->tree->function[index];

    for (unsigned i = 0; i < f->resource_count; i++) {
        const struct pci_resource *r = &f->resource[i];

        if (r->kind == job->kind && !r->assigned && r->size <= ADDRESS_END) {
            need->size += r->size;
            need->align = r->size > need->align ? r->size : need->align;
        }
    }
    if (has_children(f) && !is_open(window_of(job, f)) && depth < DEPTH_MAX) {
        struct item behind;

        window_need(job, (int16_t)index, depth + 1, &behind);
        need->size += behind.size;
        need->align = behind.align > need->align ? behind.align : need->align;
    }
}

static void window_need(const struct job *job, int16_t bridge, unsigned depth, struct item *need)
{
    *need = (struct item){.align = job->kind == PCI_IO ? KIB4 : MIB};
    for (unsigned i = 0; i < job->tree->count; i++) {
        if (job->tree->function[i].parent == bridge) {
            add_need(job, i, depth, need);
        }
    }
    need->size = (need->size + need->align - 1) & ~(need->align - 1);
}

/* ---- where there is room ---- */

static uint64_t end_if_overlaps(uint64_t first, uint64_t last, uint64_t base, uint64_t size)
{
    return first <= last && base <= last && base + (size - 1) >= first ? last + 1 : 0;
}

/* The end of what lies in [base, base + size) on the bus behind @parent; 0: nothing. */
static uint64_t taken_until(const struct job *job, int16_t parent, uint64_t base, uint64_t size)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < job->tree->count && end == 0; i++) {
        const struct pci_function *f = &job->tree->function[i];

        if (f->parent != parent) {
            continue;
        }
        for (unsigned k = 0; k < f->resource_count && end == 0; k++) {
            const struct pci_resource *r = &f->resource[k];

            if (r->kind == job->kind && r->assigned) {
                end = end_if_overlaps(r->base, r->base + (r->size - 1), base, size);
            }
        }
        if (end == 0 && has_children(f)) {
            const struct pci_behind *b = &f->behind;
            const struct pci_window *w = job->kind == PCI_IO ? &b->io : &b->memory;

            end = is_open(w) ? end_if_overlaps(w->first, w->last, base, size) : 0;
            if (end == 0 && job->kind == PCI_MEMORY && is_open(&b->prefetch)) {
                end = end_if_overlaps(b->prefetch.first, b->prefetch.last, base, size);
            }
        }
    }
    return end;
}

/* The lowest place for @item in @room; false: there is none. */
static bool find_room(const struct job *job, int16_t parent, const struct pci_window *room,
                      const struct item *item, uint64_t *place)
{
    uint64_t at = room->first == 0 ? item->align : room->first;
    uint64_t last = room->last < ADDRESS_END ? room->last : ADDRESS_END - 1;

    for (;;) {
        uint64_t end;

        at = (at + item->align - 1) & ~(item->align - 1);
        if (item->size > ADDRESS_END || at > last || item->size - 1 > last - at) {
            return false;
        }
        end = taken_until(job, parent, at, item->size);
        if (end == 0) {
            *place = at;
            return true;
        }
        at = end;
    }
}

/* ---- placing ---- */

static void open_window(const struct job *job, struct pci_function *bridge, uint64_t base,
                        uint64_t size)
{
    struct config_device device = pci_config_of(job->access, bridge);
    struct pci_bridge_regs regs = pci_bridge_regs_at(&device);
    uint64_t last = base + (size - 1);

    *window_of(job, bridge) = (struct pci_window){.first = base, .last = last};
    if (job->kind == PCI_IO) {
        pci_bridge_io_base_high_write(regs, (uint16_t)(base >> 16));
        pci_bridge_io_limit_high_write(regs, (uint16_t)(last >> 16));
        pci_bridge_io_base_set_bits(regs, (uint8_t)(base >> 12 & PCI_BRIDGE_IO_BASE_BITS_MAX));
        pci_bridge_io_limit_set_bits(regs, (uint8_t)(last >> 12 & PCI_BRIDGE_IO_LIMIT_BITS_MAX));
        pci_header_command_set_ports(pci_header_regs_at(&device), true);
    } else {
        pci_bridge_memory_base_write(regs, (uint16_t)(base >> 20));
        pci_bridge_memory_limit_write(regs, (uint16_t)(last >> 20));
        pci_header_command_set_memory(pci_header_regs_at(&device), true);
    }
    pci_set_master(&device, true); /* for those behind it */
}

/* The BAR without address or closed window with the greatest alignment below @limit. */
static bool greatest(const struct job *job, int16_t parent, uint64_t limit, struct item *found)
{
    *found = (struct item){.align = 0};
    for (unsigned i = 0; i < job->tree->count; i++) {
        struct pci_function *f = &job->tree->function[i];
        struct item item = {.function = f};

        if (f->parent != parent) {
            continue;
        }
        for (unsigned k = 0; k < f->resource_count; k++) {
            struct pci_resource *r = &f->resource[k];

            if (r->kind == job->kind && !r->assigned && r->size > found->align && r->size < limit) {
                *found = (struct item){f, r, r->size, r->size};
            }
        }
        if (has_children(f) && !is_open(window_of(job, f))) {
            window_need(job, (int16_t)i, 0, &item);
            if (item.size != 0 && item.align > found->align && item.align < limit) {
                *found = (struct item){f, NULL, item.size, item.align};
            }
        }
    }
    return found->align != 0;
}

static void place_item(struct job *job, const struct item *item, uint64_t at)
{
    if (item->resource != NULL) {
        struct config_device device = pci_config_of(job->access, item->function);

        pci_place_bar(&device, item->resource, at);
    } else {
        open_window(job, item->function, at, item->size);
    }
}

/* Place all of a bus, then what is behind its bridges. What finds no room is passed over, and
 * with it whatever has the same alignment. */
static void assign_bus(struct job *job, int16_t parent, const struct pci_window *room,
                       unsigned depth)
{
    uint64_t limit = UINT64_MAX, at;
    struct item item;

    while (greatest(job, parent, limit, &item)) {
        if (find_room(job, parent, room, &item, &at)) {
            place_item(job, &item, at);
        } else {
            limit = item.align;
        }
    }
    for (unsigned i = 0; i < job->tree->count && depth < DEPTH_MAX; i++) {
        struct pci_function *f = &job->tree->function[i];

        if (f->parent == parent && has_children(f) && is_open(window_of(job, f))) {
            assign_bus(job, (int16_t)i, window_of(job, f), depth + 1);
        }
    }
}

static void count_left(struct job *job)
{
    for (unsigned i = 0; i < job->tree->count; i++) {
        const struct pci_function *f = &job->tree->function[i];

        for (unsigned k = 0; k < f->resource_count; k++) {
            job->left += f->resource[k].kind == job->kind && !f->resource[k].assigned;
        }
    }
}

unsigned pci_assign(struct pci_tree *tree, const struct pci_access *access,
                    const struct pci_space *space)
{
    struct job job = {.tree = tree, .access = access};

    for (job.kind = PCI_MEMORY; job.kind <= PCI_IO; job.kind++) {
        const struct pci_window *room = job.kind == PCI_IO ? &space->io : &space->memory;

        assign_bus(&job, PCI_NO_PARENT, room, 0);
        count_left(&job);
    }
    return job.left;
}
