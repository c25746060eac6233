/*
 * dma.c - see dma.h.
 */
#include "dma.h"

#include "devman.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define PAGE      4096u
#define ADDRESSES (1ull << 32) /* a device with 32 address bits reaches below */

static bool unprotected; /* allowed by the system manifest */

static bool is_allowed_unprotected(void)
{
    uint32_t id = task_info()->id; /* 1 is root, which has no section */

    return id >= 2 && id - 2 < devman.system.count && devman.system.task[id - 2].dma_unprotected;
}

enum driver_dma_mode dma_of_machine(void)
{
    return unprotected ? DRIVER_DMA_EVERYWHERE : DRIVER_DMA_OFF;
}

void dma_begin(void)
{
    unprotected = is_allowed_unprotected();
    if (unprotected) {
        log_line("DMA IS UNPROTECTED: there is no IOMMU, and the system manifest says dma = "
                 "unprotected: a driver with DMA, or its device, can write to all memory");
    } else {
        log_line("no DMA: there is no IOMMU, and the system manifest does not say dma = "
                 "unprotected");
    }
}

/* ---- who may */

const char *dma_why_not(const struct device *d)
{
    if (tree_resource(d->node, "config") == NULL) {
        return "its device is on no bus from where it could reach memory";
    }
    if (!unprotected) {
        return "there is no IOMMU, and the system manifest does not say dma = unprotected";
    }
    return NULL;
}

enum driver_dma_mode dma_mode(const struct device *d, const struct driver *driver)
{
    if (driver->manifest.dma == DRIVER_DMA_NONE || dma_why_not(d) != NULL) {
        return DRIVER_DMA_OFF;
    }
    return DRIVER_DMA_EVERYWHERE;
}

/* ---- DMA memory */

static unsigned frame_bits(const struct dma_memory *m)
{
    return m->bytes >= 1u << FRAME_2M_BITS ? FRAME_2M_BITS : FRAME_4K_BITS;
}

static unsigned frame_count(const struct dma_memory *m)
{
    return m->bytes >> frame_bits(m);
}

/* The physical address of @untyped, one of devman's, if @bytes from it on can be reached. */
static uint64_t physical(uint32_t untyped, uint64_t bytes)
{
    const struct piece *p = pieces_find(&devman.memory, untyped);

    return p != NULL && p->base + bytes <= ADDRESSES ? p->base : 0;
}

static int make_frames(struct dma_memory *m)
{
    unsigned count = frame_count(m);
    int error;

    m->frames = slots_take(&devman.slots, 2 * count);
    if (m->frames == 0) {
        return E_LIMIT;
    }
    m->copies = m->frames + count;
    error = sys_op(m->untyped, OP_UNTYPED_RETYPE, OBJ_FRAME, frame_bits(m), 0, m->frames, count, 0);
    for (unsigned i = 0; error == E_OK && i < count; i++) {
        error = sys_op(SLOT_CNODE, OP_CNODE_COPY, m->copies + i, 0, m->frames + i,
                       RIGHT_READ | RIGHT_WRITE, 0, 0);
    }
    return error;
}

static void unmake(struct dma_memory *m)
{
    for (unsigned i = 0; m->frames != 0 && i < 2 * frame_count(m); i++) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, m->frames + i, 0, 0, 0, 0, 0);
    }
    if (m->frames != 0) {
        slots_give(&devman.slots, m->frames, 2 * frame_count(m));
    }
    (void)pieces_give(&devman.memory, m->untyped);
}

static int make_memory(struct dma_memory *m, uint32_t bytes)
{
    int error;

    *m = (struct dma_memory){.bytes = bytes};
    error = pieces_take(&devman.memory, (unsigned)__builtin_ctz(bytes), &m->untyped);
    if (error != E_OK) {
        return error;
    }
    m->address = physical(m->untyped, bytes);
    error = m->address != 0 ? make_frames(m) : E_NO_MEMORY;
    if (error != E_OK) {
        unmake(m);
    }
    return error;
}

int dma_make(struct device *d)
{
    const struct driver_manifest *m = &d->driver->manifest;
    struct device_dma *dma = &d->dma;
    unsigned count = 0;
    int error = E_OK;

    dma->mode = (uint8_t)dma_mode(d, d->driver);
    if (dma->mode == DRIVER_DMA_OFF) {
        return E_OK;
    }
    for (unsigned i = 0; error == E_OK && i < m->need_count; i++) {
        if (m->needs[i].kind != NEED_DMA) {
            continue;
        }
        if (count == DMA_MEMORIES) {
            return E_LIMIT;
        }
        if (count++ < dma->memory_count) {
            continue; /* of the instance before */
        }
        error = make_memory(&dma->memory[dma->memory_count], m->needs[i].bytes);
        dma->memory_count += error == E_OK;
    }
    return error;
}

static int map(struct device *d, const struct dma_memory *m, uint64_t va)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < frame_count(m); i++) {
        error = spawn_map(&d->task, va + ((uint64_t)i << frame_bits(m)), m->copies + i,
                          RIGHT_READ | RIGHT_WRITE);
    }
    return error;
}

int dma_grant(struct device *d)
{
    const struct driver_manifest *m = &d->driver->manifest;
    unsigned n = 0;
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < m->need_count && n < d->dma.memory_count; i++) {
        struct driver_resource *to = &d->info->resource[d->info->resource_count];
        if (m->needs[i].kind != NEED_DMA) {
            continue;
        }
        memcpy(to->name, m->needs[i].alias, sizeof(to->name));
        to->kind = DRIVER_DMA;
        to->base = DRIVER_DMA_VA + n * DRIVER_DMA_STRIDE;
        to->size = d->dma.memory[n].bytes;
        to->pa = d->dma.memory[n].address;
        d->info->resource_count++;
        error = map(d, &d->dma.memory[n++], to->base);
    }
    return error;
}

uint64_t dma_session_address(const struct device *d, unsigned place, uint32_t untyped,
                             uint64_t offset, uint64_t bytes)
{
    uint64_t at = physical(untyped, offset + bytes);

    (void)place;
    return d->dma.mode != DRIVER_DMA_OFF && at != 0 ? at + offset : 0;
}

/* ---- over a death */

void dma_close(struct device *d)
{
    (void)d;
}

void dma_idle(struct device *d)
{
    d->dma.open = false;
    session_release_all(d);
}

int dma_open(struct device *d)
{
    d->dma.open = d->dma.mode != DRIVER_DMA_OFF;
    return E_OK;
}

uint64_t dma_bytes(const struct device *d)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < d->dma.memory_count; i++) {
        sum += d->dma.memory[i].bytes;
    }
    return sum;
}
