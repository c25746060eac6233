/*
 * capability.c - the list of capabilities of a function's first 256 bytes.
 * The device writes it, so nothing of it is believed: an offset that leaves the list's place or
 * was seen before ends the walk. Source: PCI 3.0, section 6.7.
 */
#include "pci.h"

#include <regs/pci.h>

#define FIRST_OFFSET 0x40u /* the header is before it */
#define LAST_OFFSET  0xfcu
#define LIST_MAX     48u /* as many as there is room for */
#define MSIX_BYTES   12u
#define MSIX_ENTRY   16u

/* How long a capability is at least: it must end where the space does. */
static unsigned bytes_of(enum pci_capability_kind kind, struct config_device *device)
{
    struct pci_msi_control control;

    switch (kind) {
    case PCI_CAPABILITY_KIND_MSI:
        control = pci_msi_control_read(pci_msi_regs_at(device));
        return 10u + (control.wide ? 4 : 0) + (control.maskable ? 10 : 0);
    case PCI_CAPABILITY_KIND_MSIX:
        return MSIX_BYTES;
    case PCI_CAPABILITY_KIND_POWER:
        return 8;
    default:
        return 4;
    }
}

static uint64_t bar_size(const struct pci_function *function, unsigned bar)
{
    for (unsigned i = 0; i < function->resource_count; i++) {
        const struct pci_resource *r = &function->resource[i];

        if (r->bar == bar && r->kind == PCI_MEMORY) {
            return r->size;
        }
    }
    return 0;
}

/* A table that does not lie in a memory BAR of the device's is none. */
static void find_tables(struct pci_function *function, struct config_device *device)
{
    struct pci_msix_regs regs = pci_msix_regs_at(device);
    struct pci_msix_table table = pci_msix_table_read(regs);
    struct pci_msix_pending pending = pci_msix_pending_read(regs);
    struct pci_msix_place place = {
        .vectors = (uint16_t)(pci_msix_control_read(regs).last + 1u),
        .table_bar = table.bar,
        .pending_bar = pending.bar,
        .table_offset = table.offset8 * 8u,
        .pending_offset = pending.offset8 * 8u,
    };
    uint64_t table_end = place.table_offset + (uint64_t)place.vectors * MSIX_ENTRY;
    uint64_t pending_end = place.pending_offset + (uint64_t)(place.vectors + 63u) / 64 * 8;

    if (table_end > bar_size(function, place.table_bar) ||
        pending_end > bar_size(function, place.pending_bar)) {
        function->capability.broken = true;
        return;
    }
    function->capability.msix = (uint8_t)device->base;
    function->msix = place;
    for (unsigned i = 0; i < function->resource_count; i++) {
        struct pci_resource *r = &function->resource[i];

        r->tables = r->bar == place.table_bar || r->bar == place.pending_bar;
    }
}

/* Of several of a kind the first counts. */
static void note(struct pci_function *function, enum pci_capability_kind kind,
                 struct config_device *device)
{
    struct pci_capabilities *found = &function->capability;
    uint8_t *place = NULL;

    switch (kind) {
    case PCI_CAPABILITY_KIND_POWER:
        place = &found->power;
        break;
    case PCI_CAPABILITY_KIND_MSI:
        place = &found->msi;
        break;
    case PCI_CAPABILITY_KIND_EXPRESS:
        place = &found->express;
        break;
    case PCI_CAPABILITY_KIND_VENDOR:
        place = &found->vendor;
        break;
    case PCI_CAPABILITY_KIND_MSIX:
        if (found->msix == 0) {
            find_tables(function, device);
        }
        return;
    default:
        return;
    }
    if (*place == 0) {
        *place = (uint8_t)device->base;
    }
}

void pci_find_capabilities(struct pci_function *function, struct config_device *device)
{
    struct config_device at = *device;
    uint64_t seen = 0; /* a bit for each word of the space */
    unsigned offset;

    function->capability = (struct pci_capabilities){.count = 0};
    function->msix = (struct pci_msix_place){.vectors = 0};
    if (!pci_header_status_read(pci_header_regs_at(device)).capabilities) {
        return;
    }
    offset = pci_header_capabilities_read(pci_header_regs_at(device)) & ~3u;
    while (offset != 0) {
        enum pci_capability_kind kind;

        at.base = (uint16_t)offset;
        if (offset < FIRST_OFFSET || (seen >> offset / 4 & 1) != 0) {
            function->capability.broken = true;
            return;
        }
        seen |= 1ull << offset / 4;
        kind = pci_capability_kind_read(pci_capability_regs_at(&at));
        if (offset + bytes_of(kind, &at) > LAST_OFFSET + 4) {
            function->capability.broken = true;
            return;
        }
        function->capability.count++;
        note(function, kind, &at);
        offset = pci_capability_next_read(pci_capability_regs_at(&at)) & ~3u;
    }
}

unsigned pci_capability_after(struct config_device *device, unsigned kind, unsigned after)
{
    struct config_device at = *device;
    bool is_behind = after == 0;
    unsigned offset;

    if (!pci_header_status_read(pci_header_regs_at(device)).capabilities) {
        return 0;
    }
    offset = pci_header_capabilities_read(pci_header_regs_at(device)) & ~3u;
    for (unsigned i = 0; i < LIST_MAX && offset >= FIRST_OFFSET; i++) {
        at.base = (uint16_t)offset;
        if (is_behind && pci_capability_kind_read(pci_capability_regs_at(&at)) == kind) {
            return offset;
        }
        is_behind = is_behind || offset == after;
        offset = pci_capability_next_read(pci_capability_regs_at(&at)) & ~3u;
    }
    return 0;
}

bool pci_is_express_port(const struct pci_function *function, const struct pci_access *access)
{
    struct config_device at = pci_config_of(access, function);
    enum pci_express_port kind;

    if (function->capability.express == 0) {
        return false;
    }
    at.base = function->capability.express;
    kind = pci_express_capabilities_read(pci_express_regs_at(&at)).kind;
    return kind == PCI_EXPRESS_PORT_ROOT_PORT || kind == PCI_EXPRESS_PORT_UPSTREAM_PORT ||
           kind == PCI_EXPRESS_PORT_DOWNSTREAM_PORT;
}
