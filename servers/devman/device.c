/*
 * device.c - what belongs to a device and outlives its driver's instances: the endpoint that
 * clients hold, the notification, the two shared pages, the interrupts.
 */
#include "devman.h"

#include <stdio.h>
#include <string.h>

/* devman's own view of a device's pages. */
#define PAGES_VA     0x0000000050000000ull
#define PAGE         4096u
#define INFO_VA(d)   (PAGES_VA + (uint64_t)(d)->node->id * 2 * PAGE)
#define STATUS_VA(d) (INFO_VA(d) + PAGE)

#define IRQ_MEMORY_BITS (IRQ_BITS + 2)
_Static_assert(DEVICE_IRQS <= 1 << (IRQ_MEMORY_BITS - IRQ_BITS), "they do not fit");

static int make_page(uint64_t va, uint32_t *frame)
{
    int error = spawn_make(&devman.self, OBJ_FRAME, FRAME_4K_BITS, frame);

    if (error != E_OK) {
        return error;
    }
    return spawn_map(&devman.self, va, *frame, RIGHT_READ | RIGHT_WRITE);
}

static int make_signal(struct device *d, uint64_t bit, uint32_t *slot)
{
    return spawn_copy(&devman.self, d->notify, RIGHT_SEND, bit, slot);
}

static int make_objects(struct device *d)
{
    int error = spawn_make(&devman.self, OBJ_ENDPOINT, 0, &d->endpoint);

    if (error == E_OK) {
        error = spawn_make(&devman.self, OBJ_ENDPOINT, 0, &d->early);
    }
    if (error == E_OK) {
        error = spawn_make(&devman.self, OBJ_NOTIFICATION, 0, &d->notify);
    }
    if (error == E_OK) {
        error = make_signal(d, DRIVER_BIT_ORDER, &d->order);
    }
    if (error == E_OK) {
        error = make_signal(d, DRIVER_BIT_HEARTBEAT, &d->heartbeat);
    }
    return error;
}

int device_make(struct device *d)
{
    int error;

    if (d->made) {
        return E_OK;
    }
    error = make_objects(d);
    if (error == E_OK) {
        error = make_page(INFO_VA(d), &d->info_frame);
    }
    if (error == E_OK) {
        error = make_page(STATUS_VA(d), &d->status_frame);
    }
    if (error == E_OK) {
        d->info = (struct driver_info *)INFO_VA(d);
        d->status = (volatile struct driver_status *)STATUS_VA(d);
        d->made = true;
    }
    return error;
}

struct device *device_by_path(const char *path)
{
    struct node *n = tree_find(&devman.tree, path);

    return n != NULL ? unit_owner(&devman.device[n->id]) : NULL;
}

int device_by_name(const char *name, struct device **out)
{
    struct device *found = name[0] == '/' ? device_by_path(name) : NULL;

    for (unsigned i = 1; name[0] != '/' && i < devman.tree.count; i++) {
        struct device *d = &devman.device[i];
        if (d->driver == NULL || strcmp(d->driver->manifest.name, name) != 0) {
            continue;
        }
        if (found != NULL) {
            return E_EXISTS;
        }
        found = d;
    }
    if (found == NULL) {
        return E_BAD_ARG;
    }
    *out = found;
    return E_OK;
}

/* ---- needs */

static enum resource_kind resource_kind_of(unsigned need)
{
    static const enum resource_kind kinds[] = {
        [NEED_PORTS] = RESOURCE_PORTS,   [NEED_MMIO] = RESOURCE_MMIO,
        [NEED_IRQ] = RESOURCE_IRQ,       [NEED_MSI] = RESOURCE_MSI,
        [NEED_CONFIG] = RESOURCE_CONFIG, [NEED_PROBE] = RESOURCE_PORTS,
    };

    return kinds[need];
}

/* A message of a PCI function's is a write to memory: it sends none without bus mastering, which
 * only DMA that is allowed turns on. */
static bool is_out_of_reach(const struct device *d, const struct driver *driver,
                            const struct resource *r)
{
    return r->kind == RESOURCE_MSI && tree_resource(d->node, "config") != NULL &&
           dma_mode(d, driver) == DRIVER_DMA_OFF;
}

const struct resource *device_resource(const struct device *d, const struct driver *driver,
                                       const struct driver_need *need)
{
    const struct resource *r = tree_resource(d->node, need->name);

    return r != NULL && is_out_of_reach(d, driver, r) ? NULL : r;
}

static const char *why_not(const struct device *d, const struct driver_need *need)
{
    const struct resource *r = tree_resource(d->node, need->name);

    return r != NULL && r->kind == resource_kind_of(need->kind)
               ? "a write to memory: without DMA it has none"
               : "which the device does not own";
}

bool device_has_needs(struct device *d, const struct driver *driver)
{
    const struct driver_manifest *m = &driver->manifest;

    if (m->dma == DRIVER_DMA_REQUIRED && dma_mode(d, driver) == DRIVER_DMA_OFF) {
        (void)snprintf(d->why, sizeof(d->why), "%s needs DMA: %s", m->name, dma_why_not(d));
        return false;
    }
    for (unsigned i = 0; i < m->need_count; i++) {
        const struct driver_need *need = &m->needs[i];
        const struct resource *r;
        if (need->kind == NEED_DMA) {
            continue; /* memory, not a resource of the device's */
        }
        r = device_resource(d, driver, need);
        if (r == NULL && need->optional) {
            continue;
        }
        if (r == NULL || r->kind != resource_kind_of(need->kind)) {
            (void)snprintf(d->why, sizeof(d->why), "%s needs %s %s, %s", m->name,
                           driver_need_name(need->kind), need->name, why_not(d, need));
            return false;
        }
    }
    return true;
}

/* ---- interrupts */

/* Interrupt @i, from @r, with its limit, and bound to the early endpoint. */
static int make_irq(struct device *d, unsigned i, const struct resource *r)
{
    const struct driver_manifest *m = &d->driver->manifest;
    bool msi = r->kind == RESOURCE_MSI;
    struct spawn_irq irq = {.gsi = msi ? 0 : (uint32_t)r->base,
                            .flags = msi ? IRQ_MSI : r->flags,
                            .requester = msi ? d->requester : 0,
                            .endpoint = d->early,
                            .badge = DRIVER_BADGE_IRQ(i)};
    struct spawn payer = {.maker = &devman.maker,
                          .slots = &devman.slots,
                          .untyped = d->irq_untyped};
    int error = spawn_irq(&payer, &irq);

    if (error != E_OK) {
        return error;
    }
    d->irq[i] = (struct device_irq){.slot = irq.slot,
                                    .is_msi = msi,
                                    .msi_address = irq.msi_address,
                                    .msi_data = irq.msi_data};
    d->irq_count = i + 1;
    if (m->irq_limit == 0) {
        return E_OK;
    }
    return sys_op(irq.slot, OP_IRQ_SET_LIMIT, m->irq_limit, m->irq_period_us, SLOT_STORM, 0, 0, 0);
}

int device_make_irqs(struct device *d)
{
    const struct driver_manifest *m = &d->driver->manifest;
    unsigned count = 0;
    int error = E_OK;

    if (d->irq_untyped == 0) {
        error = spawn_make(&devman.self, OBJ_UNTYPED, IRQ_MEMORY_BITS, &d->irq_untyped);
    }
    for (unsigned i = 0; error == E_OK && i < m->need_count; i++) {
        const struct resource *r = device_resource(d, d->driver, &m->needs[i]);
        if (r == NULL || (r->kind != RESOURCE_IRQ && r->kind != RESOURCE_MSI)) {
            continue;
        }
        if (count == DEVICE_IRQS) {
            return E_LIMIT;
        }
        if (count++ >= d->irq_count) {
            error = make_irq(d, count - 1, r);
        }
    }
    return error;
}

int device_bind_irqs(struct device *d, uint32_t endpoint)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < d->irq_count; i++) {
        error = sys_op(d->irq[i].slot, OP_IRQ_BIND, endpoint, DRIVER_BADGE_IRQ(i), 0, 0, 0, 0);
    }
    return error;
}

void device_unbind_irqs(struct device *d)
{
    for (unsigned i = 0; i < d->irq_count; i++) {
        (void)sys_op(d->irq[i].slot, OP_IRQ_UNBIND, 0, 0, 0, 0, 0, 0);
    }
}

void device_release_irqs(struct device *d)
{
    if (d->irq_count == 0) {
        return;
    }
    (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, d->irq_untyped, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < d->irq_count; i++) {
        slots_give(&devman.slots, d->irq[i].slot, 1);
    }
    memset(d->irq, 0, sizeof(d->irq));
    d->irq_count = 0;
}
