/*
 * control.c - the command and status registers. Only the bus driver writes them: whether a device
 * may access memory, and answers at its addresses, is the manager's decision.
 */
#include "pci.h"

#include <regs/pci.h>

#define CLASS_BRIDGE 0x06u

void pci_set_decoding(const struct pci_function *function, struct config_device *device, bool on)
{
    struct pci_header_regs regs = pci_header_regs_at(device);
    struct pci_header_command command = pci_header_command_read(regs);
    bool has[2] = {false, false};

    for (unsigned i = 0; i < function->resource_count; i++) {
        has[function->resource[i].kind] |= function->resource[i].assigned;
    }
    command.memory = on && has[PCI_MEMORY];
    command.ports = on && has[PCI_IO];
    pci_header_command_write(regs, command);
}

void pci_set_master(struct config_device *device, bool on)
{
    pci_header_command_set_master(pci_header_regs_at(device), on);
}

void pci_set_intx(struct config_device *device, bool on)
{
    pci_header_command_set_no_intx(pci_header_regs_at(device), !on);
}

bool pci_intx_is_asserted(struct config_device *device)
{
    return pci_header_status_read(pci_header_regs_at(device)).intx;
}

void pci_silence(const struct pci_function *function, struct config_device *device)
{
    pci_msi_stop(function, device);
    pci_msix_stop(function, device);
    pci_set_intx(device, false);
    pci_set_master(device, false);
}

/* What is behind a bridge reaches memory by the bridge's own bus mastering. */
static bool is_bridge(const struct pci_function *function)
{
    return function->layout != PCI_HEADER_LAYOUT_DEVICE || function->class >> 16 == CLASS_BRIDGE;
}

void pci_silence_all(const struct pci_tree *tree, const struct pci_access *access)
{
    for (unsigned i = 0; i < tree->count; i++) {
        const struct pci_function *f = &tree->function[i];
        if (!is_bridge(f) && !f->live) {
            struct config_device device = pci_config_of(access, f);
            pci_silence(f, &device);
        }
    }
}
