/*
 * resource.c - what the manifest asked for and the device owns, by name. devman has mapped and
 * granted all of it before the driver's first instruction.
 */
#include "framework.h"

#include <string.h>

static const struct driver_resource *find(const char *name)
{
    const struct driver_info *info = driver_info();

    for (unsigned i = 0; i < info->resource_count && i < DRIVER_RESOURCES; i++) {
        if (strncmp(info->resource[i].name, name, sizeof(info->resource[i].name)) == 0) {
            return &info->resource[i];
        }
    }
    return NULL;
}

static const struct driver_resource *need(const char *name, unsigned kind, unsigned or_kind)
{
    const struct driver_resource *r = find(name);

    if (r == NULL || (r->kind != kind && r->kind != or_kind)) {
        driver_end("asks for the resource %s, which its manifest does not name, or as another "
                   "kind",
                   name);
    }
    return r;
}

uint16_t driver_ports(const char *name)
{
    return (uint16_t)need(name, DRIVER_PORTS, DRIVER_PORTS)->base;
}

uint64_t driver_mmio_pa(const char *name)
{
    return need(name, DRIVER_MMIO, DRIVER_MMIO)->pa;
}

void *driver_mmio(const char *name, uint64_t *size)
{
    const struct driver_resource *r = need(name, DRIVER_MMIO, DRIVER_MMIO);

    if (size != NULL) {
        *size = r->size;
    }
    return (void *)r->base; /* NOLINT(performance-no-int-to-ptr): devman mapped it there */
}

unsigned driver_irq_index(const char *name)
{
    return need(name, DRIVER_IRQ, DRIVER_MSI)->index;
}

unsigned driver_irq_gsi(const char *name)
{
    return (unsigned)need(name, DRIVER_IRQ, DRIVER_IRQ)->base;
}

void driver_msi_message(const char *name, uint64_t *address, uint32_t *data)
{
    const struct driver_resource *r = need(name, DRIVER_MSI, DRIVER_MSI);

    *address = r->base;
    *data = (uint32_t)r->size;
}

bool driver_has_dma(void)
{
    return driver_info()->dma_mode != DRIVER_DMA_OFF;
}

void *driver_dma(const char *name, uint64_t *size)
{
    const struct driver_resource *r = need(name, DRIVER_DMA, DRIVER_DMA);

    if (size != NULL) {
        *size = r->size;
    }
    return (void *)r->base; /* NOLINT(performance-no-int-to-ptr): devman mapped it there */
}

uint64_t driver_dma_address(const char *name)
{
    return need(name, DRIVER_DMA, DRIVER_DMA)->pa;
}

bool driver_has(const char *name)
{
    return find(name) != NULL;
}

const struct driver_info *driver_bus(void)
{
    return driver_info();
}

const char *driver_args(void)
{
    return driver_info()->args;
}
