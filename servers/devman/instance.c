/*
 * instance.c - one life of a driver: made of one untyped, given exactly what its manifest asks for
 * and its device owns, and taken apart again.
 * Everything here is bounded and none of it waits, so a restart costs the same every time.
 */
#include "devman.h"
#include "interfaces.h"
#include "session.h"

#include <idl/bus.h>
#include <idl/driver.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define PAGE       4096u
#define LARGE_PAGE 0x200000u
#define ALL        UINT32_MAX /* methods */

/* A resource as the driver will see it, still to be filled in. */
static struct driver_resource *info_resource(struct device *d, const struct driver_need *need,
                                             enum driver_resource_kind kind)
{
    struct driver_resource *r = &d->info->resource[d->info->resource_count++];

    memcpy(r->name, need->alias, sizeof(r->name));
    r->kind = kind;
    return r;
}

static int grant_ports(struct device *d, const struct driver_need *need, const struct resource *r)
{
    struct driver_resource *to = info_resource(d, need, DRIVER_PORTS);

    to->base = r->base;
    to->size = r->size;
    return spawn_ports(&d->task, (uint16_t)r->base, (uint16_t)(r->base + r->size - 1));
}

/* The next piece of the range: a power of two that its address is a multiple of. */
static int grant_piece(struct device *d, uint64_t pa, uint64_t bytes, uint64_t va, uint64_t *done)
{
    unsigned bits = 63u - (unsigned)__builtin_clzll(bytes);
    int error;

    if (pa != 0 && (unsigned)__builtin_ctzll(pa) < bits) {
        bits = (unsigned)__builtin_ctzll(pa);
    }
    if (d->mmio_count == DEVICE_MMIO) {
        return E_LIMIT;
    }
    error = pieces_take_at(&devman.registers, pa, bits, &d->mmio[d->mmio_count]);
    if (error != E_OK) {
        return error;
    }
    *done = 1ull << bits;
    return spawn_map_device(&d->task, d->mmio[d->mmio_count++], va, *done, CACHE_DEFAULT);
}

/* The range as whole pages; nobody else has a part of them. */
static int grant_mmio(struct device *d, const struct driver_need *need, const struct resource *r,
                      uint64_t *va)
{
    struct driver_resource *to = info_resource(d, need, DRIVER_MMIO);
    uint64_t first = r->base & ~(uint64_t)(PAGE - 1), done = 0;
    uint64_t bytes = (r->base + r->size - first + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    int error = E_OK;

    to->base = *va + (r->base - first);
    to->size = r->size;
    to->pa = r->base;
    if (!bus_keeps(d, r)) {
        return E_OK; /* as with ports */
    }
    for (uint64_t at = 0; error == E_OK && at < bytes; at += done) {
        error = grant_piece(d, first + at, bytes - at, *va + at, &done);
    }
    *va += (bytes + LARGE_PAGE - 1) & ~(uint64_t)(LARGE_PAGE - 1);
    return error;
}

/* Made already. Until attach is over only await_irq receives it, at the early endpoint. */
static int grant_irq(struct device *d, const struct driver_need *need, const struct resource *r)
{
    struct driver_resource *to =
        info_resource(d, need, need->kind == NEED_MSI ? DRIVER_MSI : DRIVER_IRQ);
    unsigned index = d->info->irq_count++;

    to->index = index;
    to->base = need->kind == NEED_MSI ? d->irq[index].msi_address : r->base;
    to->size = d->irq[index].msi_data;
    return sys_op(d->irq[index].slot, OP_IRQ_BIND, d->early, DRIVER_BADGE_IRQ(index), 0, 0, 0, 0);
}

static int grant(struct device *d, const struct driver_need *need, uint64_t *va)
{
    const struct resource *r = device_resource(d, d->driver, need);

    if (r == NULL) {
        return E_OK; /* it was only wanted, or is no resource of the device's: dma_grant */
    }
    if (d->driver->manifest.bus && !bus_keeps(d, r)) {
        return E_OK; /* a device that is known already has it */
    }
    switch (need->kind) {
    case NEED_PORTS:
        return grant_ports(d, need, r);
    case NEED_PROBE:
        return d->recorded ? E_OK : grant_ports(d, need, r);
    case NEED_MMIO:
        return grant_mmio(d, need, r, va);
    case NEED_IRQ:
    case NEED_MSI:
        return grant_irq(d, need, r);
    case NEED_CONFIG:
        info_resource(d, need, DRIVER_CONFIG)->base = r->base;
        return bus_grant(d);
    default:
        return E_OK;
    }
}

static int grant_needs(struct device *d)
{
    const struct driver_manifest *m = &d->driver->manifest;
    uint64_t va = d->task.slice + DRIVER_MMIO_VA;
    int dma = dma_grant(d);

    if (dma != E_OK) {
        return dma;
    }

    for (unsigned i = 0; i < m->need_count; i++) {
        int error = grant(d, &m->needs[i], &va);
        if (error != E_OK) {
            (void)snprintf(d->why, sizeof(d->why), "%s %s can't be granted: %s",
                           driver_need_name(m->needs[i].kind), m->needs[i].name,
                           quoll_strerror(error));
            return error;
        }
    }
    return E_OK;
}

static void fill_info(struct device *d)
{
    struct driver_info *info = d->info;

    memset(info, 0, offsetof(struct driver_info, session));
    info->magic = DRIVER_INFO_MAGIC;
    info->instance = ++d->instances;
    info->takes_over = d->recorded;
    info->rsdp_pa = boot_machine(devman.boot)->acpi.rsdp_pa;
    info->hpet_pa = boot_machine(devman.boot)->acpi.hpet_pa;
    info->probed = d->probed;
    info->dma_mode = d->dma.mode;
    info->data_is_mapped = d->dma.mode == DRIVER_DMA_OFF || d->driver->manifest.map_data;
    (void)snprintf(info->name, sizeof(info->name), "%s", d->driver->manifest.name);
    tree_path(&devman.tree, d->node, info->path);
    *d->status = (struct driver_status){.note = info->instance == 1 ? 0 : d->status->note};
}

struct gift {
    uint32_t index, source;
    unsigned rights;
    uint64_t badge;
};

/* What every driver has: no capability here reaches further than its own device and devman. */
static int grant_caps(struct device *d)
{
    uint32_t who = d->node->id;
    const struct gift gifts[] = {
        {SLOT_CNODE, d->task.cnode, RIGHT_ALL, 0},
        {SLOT_SERVE, d->endpoint, RIGHT_RECV, 0},
        {DRIVER_SLOT_EARLY, d->early, RIGHT_RECV, 0},
        {SLOT_NOTIFY, d->notify, RIGHT_RECV | RIGHT_MANAGE, 0},
        {DRIVER_SLOT_DEVMAN, SLOT_SERVE, RIGHT_SEND,
         interface_badge(interface_find(DRIVER_INTERFACE), who, ALL)},
        {DRIVER_SLOT_BUS, SLOT_SERVE, RIGHT_SEND,
         interface_badge(interface_find(BUS_INTERFACE), who, ALL)},
    };
    const struct spawn_object replies = {.type = OBJ_REPLY,
                                         .cnode = d->task.cnode,
                                         .index = SLOT_REPLY,
                                         .count = TASK_REPLIES,
                                         .thread = d->task.thread};
    unsigned count = sizeof(gifts) / sizeof(gifts[0]) - (d->driver->manifest.bus ? 0 : 1);
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < count; i++) {
        error =
            spawn_give(&d->task, gifts[i].index, gifts[i].source, gifts[i].rights, gifts[i].badge);
    }
    if (error == E_OK) {
        error = spawn_make_in(&d->task, &replies);
    }
    if (error == E_OK) {
        error = sys_op(d->task.thread, OP_THREAD_BIND, d->notify, 0, 0, 0, 0, 0);
    }
    return error;
}

static int map_pages(struct device *d)
{
    struct task_info info = {.magic = TASK_INFO_MAGIC, .id = d->node->id};
    uint64_t slice = d->task.slice;
    int error;

    (void)snprintf(info.name, sizeof(info.name), "%s", d->driver->manifest.name);
    info.cnode_slots = 1u << INSTANCE_SLOT_BITS;
    error = spawn_map_info(&d->task, &info, sizeof(info));
    if (error == E_OK) {
        error = spawn_map_copy(&d->task, slice + DRIVER_INFO_VA, d->info_frame, RIGHT_READ);
    }
    if (error == E_OK) {
        error = spawn_map_copy(&d->task, slice + DRIVER_STATUS_VA, d->status_frame,
                               RIGHT_READ | RIGHT_WRITE);
    }
    return error != E_OK ? error : session_map_all(d);
}

/* Memory of the size that the manifest says; kept from instance to instance. */
static int take_memory(struct device *d)
{
    unsigned bits = d->driver->manifest.memory_bits;
    int error = E_OK;

    if (d->untyped != 0 && d->untyped_bits != bits) {
        (void)pieces_give(&devman.memory, d->untyped);
        d->untyped = 0;
    }
    if (d->untyped == 0) {
        error = pieces_take(&devman.memory, bits, &d->untyped);
        d->untyped_bits = bits;
    }
    if (error == E_OK && d->slot_first == 0) {
        d->slot_first = slots_take(&devman.slots, INSTANCE_HANDLES);
        error = d->slot_first != 0 ? E_OK : E_LIMIT;
    }
    return error;
}

static int build(struct device *d, struct spawn_failure *failure)
{
    const struct driver_manifest *m = &d->driver->manifest;
    const struct spawn_plan plan = {.image = m->image,
                                    .slot_bits = INSTANCE_SLOT_BITS,
                                    .stack_bytes = m->stack_bytes,
                                    .budget_us = m->budget_us,
                                    .period_us = m->period_us,
                                    .priority = m->priority,
                                    .max_priority = m->priority,
                                    .fault_endpoint = SLOT_SERVE,
                                    .fault_badge = BADGE_FAULT_OF(d->node->id)};
    int error;

    failure->step = "take its memory";
    error = take_memory(d);
    if (error != E_OK) {
        return error;
    }
    slots_init(&d->slots, d->slot_words, d->slot_first, INSTANCE_HANDLES);
    d->task = (struct spawn){.maker = &devman.maker, .slots = &d->slots, .untyped = d->untyped};
    return spawn_build(&d->task, &plan, failure);
}

int instance_start(struct device *d)
{
    struct spawn_failure failure = {0};
    int error = build(d, &failure);

    d->why[0] = '\0';
    if (error == E_OK) {
        fill_info(d);
        failure.step = "map its pages";
        error = map_pages(d);
    }
    if (error == E_OK) {
        failure.step = "grant its capabilities";
        error = grant_caps(d);
    }
    if (error == E_OK) {
        failure.step = "grant its resources";
        error = grant_needs(d);
    }
    if (error == E_OK) {
        failure.step = "start its thread";
        error = spawn_start(&d->task, 0, 0);
    }
    if (error != E_OK && d->why[0] == '\0') {
        (void)snprintf(d->why, sizeof(d->why), "failed to %s: %s", failure.step,
                       failure.wrong != NULL ? failure.wrong : quoll_strerror(error));
    }
    d->pid = ++devman.next_pid;
    d->alive = true; /* so that a failed one is taken apart, too */
    d->quiet = false;
    d->worked = false;
    d->steps_left = 0;
    return error;
}

void instance_stop(struct device *d)
{
    (void)sys_op(d->task.thread, OP_THREAD_SUSPEND, 0, 0, 0, 0, 0, 0);
    spawn_delete(&d->task, &d->task.portmap);
    for (unsigned i = 0; i < d->mmio_count; i++) {
        (void)pieces_give(&devman.registers, d->mmio[i]);
    }
    d->mmio_count = 0;
    dma_close(d);
}

/* The device is silent: its interrupts can be let go, which lets sharers of its pin go on. */
void instance_reclaim(struct device *d)
{
    device_unbind_irqs(d);
    spawn_end(&d->task);
    d->alive = false;
}

enum quoll_thread_state instance_thread_state(const struct device *d)
{
    struct msg m = {0};

    return sys_invoke(d->task.thread, OP_THREAD_INFO, &m) == E_OK ? (enum quoll_thread_state)m.w[0]
                                                                  : THREAD_STOPPED;
}

uint64_t instance_cpu_us(const struct device *d)
{
    struct msg m = {0};

    return sys_invoke(d->task.thread, OP_THREAD_INFO, &m) == E_OK ? ticks_to_us(m.w[2]) : 0;
}
