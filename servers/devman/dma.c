/*
 * dma.c - see dma.h.
 */
#include "dma.h"

#include "devman.h"
#include "iommu.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

/* Where a device behind an IOMMU finds what: all of it within 28 address bits, which is as much as
 * some devices have. Small data regions share one page table. */
#define MEMORY_AT 0x01000000ull
#define SMALL_AT  0x02000000ull
#define LARGE_AT  0x04000000ull

#define SMALL_BYTES ((uint64_t)QUEUE_DATA_PAGES * QUEUE_PAGE_BYTES)
#define ADDRESSES   (1ull << 32) /* an unprotected device with 32 address bits reaches below */

static bool unprotected; /* allowed by the system manifest, and there is no IOMMU */

static bool is_allowed_unprotected(void)
{
    uint32_t id = task_info()->id; /* 1 is root, which has no section */

    return id >= 2 && id - 2 < devman.system.count && devman.system.task[id - 2].dma_unprotected;
}

void dma_begin(void)
{
    if (iommu_is_on()) {
        log_line("DMA is confined by the IOMMU, %u unit%s: a device reaches what its driver has "
                 "for it, and no more",
                 iommu_units(), iommu_units() != 1 ? "s" : "");
        if (iommu_listen(true) != E_OK) {
            log_line("the IOMMU's faults can't be received: they will go unnoticed");
        }
        return;
    }
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
    if (iommu_is_on()) {
        return iommu_why_not(d);
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
    return iommu_is_on() ? DRIVER_DMA_BEHIND_IOMMU : DRIVER_DMA_EVERYWHERE;
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

/* The first address behind what @d has that is a multiple of @bytes. */
static uint64_t next_address(const struct device *d, uint64_t bytes)
{
    const struct dma_memory *last = &d->dma.memory[d->dma.memory_count - 1];
    uint64_t free = d->dma.memory_count == 0 ? MEMORY_AT : last->address + last->bytes;

    return (free + bytes - 1) & ~(bytes - 1);
}

/* Tell the device where @m is, or tell where it finds it. */
static int place_memory(struct device *d, struct dma_memory *m)
{
    if (d->dma.mode == DRIVER_DMA_BEHIND_IOMMU) {
        m->address = next_address(d, m->bytes);
        return iommu_map(d, m->address, m->frames, frame_count(m), frame_bits(m));
    }
    m->address = physical(m->untyped, m->bytes);
    return m->address != 0 ? E_OK : E_NO_MEMORY;
}

static int make_memory(struct device *d, uint32_t bytes)
{
    struct dma_memory m = {.bytes = bytes};
    int error = pieces_take(&devman.memory, (unsigned)__builtin_ctz(bytes), &m.untyped);

    if (error != E_OK) {
        return error;
    }
    error = make_frames(&m);
    if (error == E_OK) {
        error = place_memory(d, &m);
    }
    if (error != E_OK) {
        unmake(&m);
        return error;
    }
    d->dma.memory[d->dma.memory_count++] = m;
    return E_OK;
}

static void unmake_all(struct device *d)
{
    for (; d->dma.memory_count > 0; d->dma.memory_count--) {
        unmake(&d->dma.memory[d->dma.memory_count - 1]);
    }
}

/* Memory of another driver's is in the way; it goes, unless the device may still be at it. */
static int make_room(struct device *d)
{
    if (d->dma.driver == d->driver) {
        return E_OK;
    }
    if (d->dma.open) {
        return E_BUSY;
    }
    unmake_all(d);
    d->dma.driver = d->driver;
    return E_OK;
}

static int make_memories(struct device *d)
{
    const struct driver_manifest *m = &d->driver->manifest;
    unsigned count = 0;
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < m->need_count; i++) {
        if (m->needs[i].kind != NEED_DMA || count++ < d->dma.memory_count) {
            continue; /* no memory, or of the instance before */
        }
        error = count > DMA_MEMORIES ? E_LIMIT : make_memory(d, m->needs[i].bytes);
    }
    return error;
}

int dma_make(struct device *d)
{
    int error = make_room(d);

    d->dma.mode = (uint8_t)dma_mode(d, d->driver);
    if (error != E_OK || d->dma.mode == DRIVER_DMA_OFF) {
        return error;
    }
    if (d->dma.mode == DRIVER_DMA_BEHIND_IOMMU) {
        error = iommu_make(d);
    }
    return error != E_OK ? error : make_memories(d);
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
        to->base = d->task.slice + DRIVER_DMA_VA + n * DRIVER_DMA_STRIDE;
        to->size = d->dma.memory[n].bytes;
        to->pa = d->dma.memory[n].address;
        d->info->resource_count++;
        error = map(d, &d->dma.memory[n++], to->base);
    }
    return error;
}

int dma_map_data(struct device *d, const struct dma_data *data, uint64_t *address)
{
    uint64_t bytes = (uint64_t)data->count << data->bits, at;
    int error;

    if (d->dma.mode == DRIVER_DMA_EVERYWHERE) {
        at = physical(data->untyped, data->offset + bytes);
        *address = at + data->offset;
        return at != 0 ? E_OK : E_NO_MEMORY;
    }
    at = bytes > SMALL_BYTES ? LARGE_AT + data->place * QUEUE_DATA_LARGE
                             : SMALL_AT + data->place * SMALL_BYTES;
    error = iommu_map(d, at, data->frame, data->count, data->bits);
    if (error != E_OK) {
        iommu_unmap(data->frame, data->count);
    }
    *address = at;
    return error;
}

void dma_unmap_data(struct device *d, const struct dma_data *data)
{
    if (d->dma.mode == DRIVER_DMA_BEHIND_IOMMU) {
        iommu_unmap(data->frame, data->count);
    }
}

/* ---- over a death */

void dma_close(struct device *d)
{
    if (d->dma.mode == DRIVER_DMA_BEHIND_IOMMU) {
        iommu_block(d);
    }
}

void dma_idle(struct device *d)
{
    d->dma.open = false;
    session_release_all(d);
}

int dma_open(struct device *d)
{
    int error = d->dma.mode == DRIVER_DMA_BEHIND_IOMMU ? iommu_let(d) : E_OK;

    d->dma.open = d->dma.mode != DRIVER_DMA_OFF;
    return error;
}

void dma_release(struct device *d)
{
    if (!d->dma.open) {
        unmake_all(d);
        iommu_release(d);
    }
}

uint64_t dma_bytes(const struct device *d)
{
    uint64_t sum = d->dma.untyped != 0 ? iommu_bytes() : 0;

    for (unsigned i = 0; i < d->dma.memory_count; i++) {
        sum += d->dma.memory[i].bytes;
    }
    return sum;
}
