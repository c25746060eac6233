/*
 * msi.c - interrupts as messages. Address and data are the kernel's; a driver reaches neither the
 * capabilities (filter.c) nor the pages of an MSI-X table (pci_mappable).
 * Source: PCI 3.0, section 6.8.
 */
#include "pci.h"

#include <regs/pci.h>

#define DATA_MAX   0xffffu /* of MSI; MSI-X has 32 bits */
#define PAGE_BYTES 0x1000u

static struct config_device at_msi(const struct pci_function *function,
                                   const struct config_device *device)
{
    struct config_device at = *device;

    at.base = function->capability.msi;
    return at;
}

static struct config_device at_msix(const struct pci_function *function,
                                    const struct config_device *device)
{
    struct config_device at = *device;

    at.base = function->capability.msix;
    return at;
}

/* ---- MSI ---- */

const char *pci_msi_start(const struct pci_function *function, struct config_device *device,
                          struct pci_message message)
{
    struct config_device at = at_msi(function, device);
    struct pci_msi_regs regs = pci_msi_regs_at(&at);
    struct pci_msi_control control;

    if (function->capability.msi == 0) {
        return "the device has no MSI capability; use MSI-X or INTx";
    }
    control = pci_msi_control_read(regs);
    if (!control.wide && message.address > UINT32_MAX) {
        return "the device's messages go below 4 GiB only";
    }
    if (message.data > DATA_MAX) {
        return "a message's data has 16 bits";
    }
    control.enable = false;
    control.enabled = 0; /* one message */
    pci_msi_control_write(regs, control);
    pci_msi_address_write(regs, (uint32_t)message.address);
    if (control.wide) {
        pci_msi_wide_address_high_write(pci_msi_wide_regs_at(&at),
                                        (uint32_t)(message.address >> 32));
        pci_msi_wide_data_write(pci_msi_wide_regs_at(&at), (uint16_t)message.data);
    } else {
        pci_msi_narrow_data_write(pci_msi_narrow_regs_at(&at), (uint16_t)message.data);
    }
    (void)pci_msi_mask(function, device, false);
    pci_set_intx(device, false);
    pci_msi_control_set_enable(regs, true);
    return NULL;
}

/* INTx stays off: with MSI off alone the device would fall back to it. */
void pci_msi_stop(const struct pci_function *function, struct config_device *device)
{
    struct config_device at = at_msi(function, device);

    pci_set_intx(device, false);
    if (function->capability.msi != 0) {
        pci_msi_control_set_enable(pci_msi_regs_at(&at), false);
    }
}

bool pci_msi_mask(const struct pci_function *function, struct config_device *device, bool masked)
{
    struct config_device at = at_msi(function, device);
    struct pci_msi_control control;

    if (function->capability.msi == 0) {
        return false;
    }
    control = pci_msi_control_read(pci_msi_regs_at(&at));
    if (!control.maskable) {
        return false;
    }
    if (control.wide) {
        pci_msi_wide_mask_write(pci_msi_wide_regs_at(&at), masked ? UINT32_MAX : 0);
    } else {
        pci_msi_narrow_mask_write(pci_msi_narrow_regs_at(&at), masked ? UINT32_MAX : 0);
    }
    return true;
}

bool pci_msi_is_on(const struct pci_function *function, struct config_device *device)
{
    struct config_device msi = at_msi(function, device), msix = at_msix(function, device);

    return (function->capability.msi != 0 && pci_msi_control_read(pci_msi_regs_at(&msi)).enable) ||
           (function->capability.msix != 0 &&
            pci_msix_control_read(pci_msix_regs_at(&msix)).enable);
}

/* ---- MSI-X ---- */

/* Enabled first, with all masked: the table of some devices cannot be written before. */
const char *pci_msix_start(const struct pci_function *function, struct config_device *device,
                           uintptr_t table_va)
{
    struct config_device at = at_msix(function, device);
    struct pci_msix_regs regs = pci_msix_regs_at(&at);

    if (function->capability.msix == 0) {
        return "the device has no MSI-X capability; use MSI or INTx";
    }
    pci_set_intx(device, false);
    pci_msix_control_write(regs, (struct pci_msix_control){.masked = true, .enable = true});
    for (unsigned i = 0; i < function->msix.vectors; i++) {
        pci_msix_mask(function, table_va, i, true);
    }
    pci_msix_control_set_masked(regs, false);
    return NULL;
}

void pci_msix_stop(const struct pci_function *function, struct config_device *device)
{
    struct config_device at = at_msix(function, device);

    pci_set_intx(device, false);
    if (function->capability.msix != 0) {
        pci_msix_control_set_enable(pci_msix_regs_at(&at), false);
    }
}

const char *pci_msix_set(const struct pci_function *function, uintptr_t table_va, unsigned index,
                         struct pci_message message)
{
    struct pci_msix_table_regs table = pci_msix_table_regs_at(table_va);

    if (index >= function->msix.vectors) {
        return "the device's MSI-X table has no such vector";
    }
    pci_msix_table_entry_control_write(table, index, true);
    pci_msix_table_entry_address_write(table, index, (uint32_t)message.address);
    pci_msix_table_entry_address_high_write(table, index, (uint32_t)(message.address >> 32));
    pci_msix_table_entry_data_write(table, index, message.data);
    pci_msix_table_entry_control_write(table, index, false);
    return NULL;
}

void pci_msix_mask(const struct pci_function *function, uintptr_t table_va, unsigned index,
                   bool masked)
{
    if (index < function->msix.vectors) {
        pci_msix_table_entry_control_write(pci_msix_table_regs_at(table_va), index, masked);
    }
}

/* ---- what is left of a BAR ---- */

static void widen(struct pci_window *window, uint64_t offset, uint64_t bytes)
{
    uint64_t first = offset & ~(uint64_t)(PAGE_BYTES - 1);
    uint64_t last = (offset + bytes - 1) | (PAGE_BYTES - 1);

    window->first = first < window->first ? first : window->first;
    window->last = last > window->last ? last : window->last;
}

struct pci_window pci_mappable(const struct pci_function *function,
                               const struct pci_resource *resource)
{
    const struct pci_msix_place *place = &function->msix;
    struct pci_window tables = {.first = UINT64_MAX, .last = 0};
    struct pci_window all = {.first = 0, .last = resource->size - 1};

    if (!resource->tables) {
        return all;
    }
    if (resource->bar == place->table_bar) {
        widen(&tables, place->table_offset, place->vectors * 16ull);
    }
    if (resource->bar == place->pending_bar) {
        widen(&tables, place->pending_offset, (place->vectors + 63ull) / 64 * 8);
    }
    if (tables.last >= all.last || tables.first > all.last - tables.last) {
        /* What precedes them is more; first > last if that is nothing. */
        return tables.first == 0 ? (struct pci_window){.first = 1, .last = 0}
                                 : (struct pci_window){.first = 0, .last = tables.first - 1};
    }
    return (struct pci_window){.first = tables.last + 1, .last = all.last};
}
