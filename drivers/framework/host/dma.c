/*
 * dma.c - DMA memory on the host. QEMU's RAM is a file (tools/qtest.py) of which parts are mapped
 * here, so the device model reads what the driver writes. There is no IOMMU: addresses are
 * physical. The driver has a session's data mapped only where it has no DMA or its manifest says
 * so, as in the system.
 */
#include "internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define NEEDS_AT    0x00400000u
#define NEEDS_END   0x00800000u
#define SESSIONS_AT 0x01000000u

static int ram = -1;
static bool allowed;
static uint64_t next_need = NEEDS_AT;

void host_allow_dma(void)
{
    allowed = true;
}

void host_begin_dma(const char *socket, const struct driver_manifest *m)
{
    char path[128];

    host_info()->data_is_mapped = 1;
    if (!allowed || m->dma == DRIVER_DMA_NONE) {
        return;
    }
    (void)snprintf(path, sizeof(path), "%s.ram", socket);
    ram = open(path, O_RDWR | O_CLOEXEC);
    if (ram < 0) {
        host_end("%s can't be opened: start QEMU with tools/qtest.py", path);
    }
    host_info()->dma_mode = DRIVER_DMA_EVERYWHERE;
    host_info()->data_is_mapped = m->map_data;
}

/* Zeroed, as in the system. */
void host_grant_dma(const struct driver_need *need, struct driver_resource *to)
{
    uint64_t at = (next_need + need->bytes - 1) & ~((uint64_t)need->bytes - 1);
    void *memory = MAP_FAILED;

    if (at + need->bytes <= NEEDS_END) {
        memory = mmap(NULL, need->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ram, (off_t)at);
    }
    if (memory == MAP_FAILED) {
        host_end("QEMU's RAM can't be mapped for %s", need->alias);
    }
    memset(memory, 0, need->bytes);
    memcpy(to->name, need->alias, sizeof(to->name));
    to->kind = DRIVER_DMA;
    to->base = (uint64_t)memory;
    to->size = need->bytes;
    to->pa = at;
    next_need = at + need->bytes;
}

int host_session_ram(unsigned place, uint64_t *offset)
{
    *offset = SESSIONS_AT + place * QUEUE_DATA_LARGE;
    return ram;
}
