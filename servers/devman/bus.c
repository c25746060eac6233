/*
 * bus.c - what only a device's bus can do: let it decode its ranges, aim its messages, silence it.
 * devman writes an order into the bus driver's info page and goes on; the bus driver says when it
 * is done. If it dies before, its successor is given the order again, so nothing is lost and devman
 * waits for nobody. Devices of the null bus, and of buses without such an interface, need none.
 */
#include "devman.h"
#include "interfaces.h"
#include "session.h"

static struct device *bus_of(const struct device *d)
{
    return &devman.device[d->node->parent];
}

static const struct resource *config_of(const struct device *d)
{
    return tree_resource(d->node, "config");
}

static bool uses_messages(const struct device *d)
{
    return d->irq_count != 0 && d->irq[0].is_msi;
}

/* Only one order at a time is in a bus driver's page; devices wait in their own wanted_order. */
static void write_order(struct device *bus, const struct device *d)
{
    struct driver_order *o = &bus->info->order;
    bool dma = d->driver != NULL && d->dma.mode != DRIVER_DMA_OFF;

    o->kind = d->wanted_order;
    o->device = (uint32_t)config_of(d)->base;
    o->flags = (dma ? DRIVER_ORDER_MASTER : 0u) | (uses_messages(d) ? DRIVER_ORDER_MSI : 0u);
    o->msi_address = d->irq[0].msi_address;
    o->msi_data = d->irq[0].msi_data;
    o->msi_count = uses_messages(d) ? d->irq_count : 0;
    bus->order_for = d->node->id;
    __atomic_store_n(&o->number, ++bus->order_number, __ATOMIC_RELEASE);
    (void)sys_signal(bus->order);
}

static void next_order(struct device *bus)
{
    if (bus->order_for != 0 || bus->state != DEVICE_RUNNING) {
        return;
    }
    for (unsigned i = 1; i < devman.tree.count; i++) {
        struct device *d = &devman.device[i];
        if (d->wanted_order != DRIVER_ORDER_NONE && bus_of(d) == bus) {
            write_order(bus, d);
            return;
        }
    }
}

static bool want(struct device *d, enum driver_order_kind kind)
{
    if (d->node->parent == 0 || config_of(d) == NULL) {
        return true;
    }
    d->wanted_order = kind;
    next_order(bus_of(d));
    return false;
}

bool bus_prepare(struct device *d)
{
    return want(d, DRIVER_ORDER_PREPARE);
}

bool bus_silence(struct device *d)
{
    return want(d, DRIVER_ORDER_SILENCE);
}

int bus_done(struct device *bus, uint32_t number, int status)
{
    struct device *d = &devman.device[bus->order_for];
    enum driver_order_kind kind = d->wanted_order;

    if (bus->order_for == 0 || number != bus->order_number) {
        return E_BAD_ARG;
    }
    bus->order_for = 0;
    d->wanted_order = DRIVER_ORDER_NONE;
    if (kind == DRIVER_ORDER_PREPARE) {
        life_prepared(d, status);
    } else if (kind == DRIVER_ORDER_SILENCE) {
        life_silenced(d);
    } /* else the device was lost meanwhile */
    next_order(bus);
    return E_OK;
}

void bus_restarted(struct device *bus)
{
    bus->order_for = 0;
    next_order(bus);
}

int bus_grant(struct device *d)
{
    const struct device *bus = bus_of(d);
    const struct idl_interface *info = interface_of_bus(&bus->driver->manifest);

    if (info == NULL) {
        return E_BAD_TYPE;
    }
    return spawn_give(&d->task, DRIVER_SLOT_PARENT, bus->endpoint, RIGHT_SEND,
                      interface_badge(info, (uint32_t)config_of(d)->base, UINT32_MAX));
}

/* ---- what it found */

/* What a bus driver needed to find a device is that device's from then on. */
bool bus_keeps(const struct device *bus, const struct resource *r)
{
    return !tree_is_taken(&devman.tree, bus->node, r);
}

static void take_ports_back(struct device *bus)
{
    const struct driver_manifest *m = &bus->driver->manifest;

    spawn_delete(&bus->task, &bus->task.portmap);
    for (unsigned i = 0; i < m->need_count; i++) {
        const struct resource *r = tree_resource(bus->node, m->needs[i].name);
        if (r != NULL && m->needs[i].kind == NEED_PORTS && bus_keeps(bus, r)) {
            (void)spawn_ports(&bus->task, (uint16_t)r->base, (uint16_t)(r->base + r->size - 1));
        }
    }
}

/* A bus driver's page of registers that is a device's; what it keeps moves up. */
static void take_registers_back(struct device *bus)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < bus->mmio_count; i++) {
        const struct piece *p = pieces_find(&devman.registers, bus->mmio[i]);
        const struct resource r = {.kind = RESOURCE_MMIO, .base = p->base, .size = 1ull << p->bits};
        if (bus_keeps(bus, &r)) {
            bus->mmio[kept++] = bus->mmio[i];
        } else {
            (void)pieces_give(&devman.registers, bus->mmio[i]);
        }
    }
    bus->mmio_count = kept;
}

void bus_found_all(struct device *bus)
{
    take_ports_back(bus);
    take_registers_back(bus);
    for (unsigned i = 1; i < devman.tree.count; i++) {
        struct device *d = &devman.device[i];
        if (d->node->parent != bus->node->id || !d->node->present) {
            continue;
        }
        if (d->reported != bus->instances) {
            life_lost(d);
            continue;
        }
        if (!d->known) {
            d->known = true;
            life_tell(d, EVENT_DEVICE_ADDED, "");
        }
        if (d->state != DEVICE_REFUSED) { /* that stays, until `start` */
            life_match(d);
        }
    }
}
