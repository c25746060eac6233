/*
 * speak.c - what drivers and bus drivers tell devman. The badge says which device it is about; the
 * generated dispatch has refused what is malformed, and what is refused here is a lie: the driver
 * dies of either (serve.c).
 */
#include "devman.h"
#include "reserved.h"
#include "session.h"

#include <idl/bus_server.h>
#include <idl/driver_server.h>
#include <quoll/error.h>
#include <quoll/irq_route.h>
#include <stdio.h>
#include <string.h>

static struct device *speaker(const struct call *call)
{
    return &devman.device[call_session(call)];
}

/* Why it failed, in words; empty if it did not. */
static const char *reason(uint32_t status, const char *why)
{
    if (status == E_OK) {
        return "";
    }
    return why[0] != '\0' ? why : quoll_strerror((int)status);
}

int driver_serve_probed(struct call *call, uint32_t status, const char *why)
{
    struct device *d = speaker(call);

    if (d->state != DEVICE_STARTING || d->quiet) {
        return E_BAD_ARG;
    }
    life_probed(d, reason(status, why));
    return E_OK;
}

int driver_serve_quiet(struct call *call, uint32_t status, const char *why)
{
    struct device *d = speaker(call);

    if (d->state != DEVICE_STARTING || d->quiet) {
        return E_BAD_ARG;
    }
    life_quiet(d, reason(status, why));
    return E_OK;
}

int driver_serve_attached(struct call *call, uint32_t status, const char *why)
{
    struct device *d = speaker(call);

    if (d->state != DEVICE_STARTING || !d->quiet) {
        return E_BAD_ARG;
    }
    life_attached(d, reason(status, why));
    return E_OK;
}

int driver_serve_closed(struct call *call, uint32_t place, uint32_t generation)
{
    return session_closed(speaker(call), place, generation);
}

int driver_serve_left(struct call *call)
{
    return life_left(speaker(call));
}

int driver_serve_injected(struct call *call, uint32_t status)
{
    return serve_injected(speaker(call), (int)status);
}

int driver_serve_log(struct call *call, const char *line)
{
    const struct device *d = speaker(call);

    log_line("%s: %s", d->driver->manifest.name, line);
    return E_OK;
}

int driver_serve_unit(struct call *call, uint32_t number, const char *name, bool present)
{
    struct device *d = speaker(call);

    if (d->state != DEVICE_RUNNING && (d->state != DEVICE_STARTING || !d->quiet)) {
        return E_BAD_ARG;
    }
    if (present) {
        return unit_report(d, number, name);
    }
    d->node->has_units = true; /* it is such a device, though this one is not there */
    unit_lose(d, number);
    return E_OK;
}

/* ---- buses */

static void copy_name(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

/* A device that is gone keeps its place until its driver's instance is: that has what it owned. */
static bool is_being_left(const struct device *bus, const char *name)
{
    for (unsigned i = 1; i < devman.tree.count; i++) {
        const struct device *d = &devman.device[i];
        if (d->node->parent == bus->node->id && strcmp(d->node->name, name) == 0) {
            return !d->node->present && d->alive;
        }
    }
    return false;
}

/* Nothing is matched before `done`: a device's resources come after it. */
int bus_serve_device(struct call *call, const struct bus_description *what, uint32_t *result)
{
    struct identity identity = {.vendor = what->vendor,
                                .device = what->product,
                                .class_code = what->class_code};
    struct node *node;
    int error;

    copy_name(identity.name, sizeof(identity.name), what->id);
    if (is_being_left(speaker(call), what->name)) {
        return E_BUSY;
    }
    error = tree_add(&devman.tree, speaker(call)->node->id, what->name, &identity, &node);
    if (error == E_OK) {
        struct device *d = &devman.device[node->id];
        d->reported = speaker(call)->instances;
        d->requester = what->requester;
        d->behind = what->behind;
        d->is_disguised = what->is_disguised;
        *result = node->id;
    }
    return error;
}

/* By the MADT's overrides, which the boot information has. */
static void route_isa(struct resource *r)
{
    const struct manifest_irq isa = {.number = (uint32_t)r->base, .is_isa = true};
    uint32_t gsi;

    irq_route(&boot_machine(devman.boot)->acpi, &isa, &gsi, &r->flags);
    r->base = gsi;
}

static struct device *child(const struct call *call, uint32_t index)
{
    struct device *d = index < devman.tree.count ? &devman.device[index] : NULL;

    return d != NULL && index != 0 && d->node->parent == speaker(call)->node->id ? d : NULL;
}

/* No death: firmware has put registers in odd places before. But nobody gets them. */
static int refuse(const struct device *bus, const struct device *d, const struct resource *r,
                  const char *what)
{
    char path[TREE_PATH];

    tree_path(&devman.tree, d->node, path);
    log_line("%s: %s at 0x%lx, as %s reports it, is refused: it is %s", path, r->name,
             (unsigned long)r->base, bus->driver->manifest.name, what);
    return E_EXISTS;
}

static int enter_resource(const struct device *bus, struct device *d, const struct resource *r)
{
    const char *what;

    if (!tree_resource_is_good(r)) {
        return E_BAD_ARG;
    }
    what = reserved_find(devman.boot, bus->node, r);
    if (what != NULL) {
        return refuse(bus, d, r, what);
    }
    return tree_is_taken(&devman.tree, d->node, r) ? E_EXISTS : tree_add_resource(d->node, r);
}

int bus_serve_resource(struct call *call, uint32_t device_index,
                       const struct bus_resource_range *what)
{
    static const enum resource_kind kinds[] = {
        [BUS_RESOURCE_KIND_PORTS] = RESOURCE_PORTS,   [BUS_RESOURCE_KIND_MEMORY] = RESOURCE_MMIO,
        [BUS_RESOURCE_KIND_IRQ] = RESOURCE_IRQ,       [BUS_RESOURCE_KIND_MSI] = RESOURCE_MSI,
        [BUS_RESOURCE_KIND_CONFIG] = RESOURCE_CONFIG,
    };
    struct device *d = child(call, device_index);
    struct resource r = {.kind = kinds[what->kind], .base = what->base, .size = what->size};

    if (d == NULL) {
        return E_BAD_ARG;
    }
    if (r.kind == RESOURCE_IRQ && (what->flags & BUS_FLAG_ISA) != 0) {
        route_isa(&r);
    } else if (r.kind == RESOURCE_IRQ) {
        r.flags = ((what->flags & BUS_FLAG_LEVEL) != 0 ? IRQ_LEVEL : 0u) |
                  ((what->flags & BUS_FLAG_ACTIVE_LOW) != 0 ? IRQ_ACTIVE_LOW : 0u);
    }
    copy_name(r.name, sizeof(r.name), what->name);
    return enter_resource(speaker(call), d, &r);
}

int bus_serve_done(struct call *call)
{
    struct device *bus = speaker(call);

    bus->recorded = true;
    bus_found_all(bus);
    return E_OK;
}

int bus_serve_ordered(struct call *call, uint32_t order, uint32_t status)
{
    return bus_done(speaker(call), order, (int)status);
}

int bus_serve_gone(struct call *call, uint32_t device_index)
{
    struct device *d = child(call, device_index);

    if (d == NULL) {
        return E_BAD_ARG;
    }
    life_lost(d);
    return E_OK;
}
