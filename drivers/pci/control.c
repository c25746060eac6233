/*
 * control.c - the command and status registers. Only the bus driver writes them: whether a device
 * may access memory, and answers at its addresses, is the manager's decision.
 */
#include "pci.h"

#include <regs/pci.h>

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
