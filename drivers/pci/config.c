/*
 * config.c - the two ways into configuration space.
 * The ports are an index and a data register: this task alone has them, and it has one thread.
 */
#include "config.h"

#include <regs/pci.h>

#include <stdio.h>
#include <string.h>

bool pci_access_reaches(const struct pci_access *access, unsigned bus, uint32_t offset,
                        unsigned bytes)
{
    uint32_t limit = access->ecam_va ? PCI_ECAM_BYTES : PCI_PORTS_BYTES;

    if (access->ecam_va && (bus < access->bus_first || bus > access->bus_last)) {
        return false;
    }
    return offset < limit && bytes <= limit - offset;
}

static uintptr_t ecam_address(const struct config_device *device, uint32_t offset)
{
    const struct pci_access *access = device->access;
    uintptr_t function = (uintptr_t)device->place * PCI_ECAM_BYTES;

    return access->ecam_va + function - ((uintptr_t)access->bus_first << PCI_ECAM_BUS_SHIFT) +
           offset;
}

static void ports_select(const struct config_device *device, uint32_t offset)
{
    pci_ports_address_write(pci_ports_regs_at(PCI_PORTS_AT),
                            (struct pci_ports_address){
                                .word = offset / 4 & PCI_PORTS_ADDRESS_WORD_MAX,
                                .function = device->place & PCI_PORTS_ADDRESS_FUNCTION_MAX,
                                .device = device->place >> 3 & PCI_PORTS_ADDRESS_DEVICE_MAX,
                                .bus = (uint8_t)(device->place >> 8),
                                .enable = true,
                            });
}

static uint32_t ports_read(const struct config_device *device, uint32_t offset, unsigned bytes)
{
    ports_select(device, offset);
    switch (bytes) {
    case 1:
        return pci_ports8_data_read(pci_ports8_regs_at(PCI_PORTS_AT), offset & 3);
    case 2:
        return pci_ports16_data_read(pci_ports16_regs_at(PCI_PORTS_AT), offset >> 1 & 1);
    default:
        return pci_ports_data_read(pci_ports_regs_at(PCI_PORTS_AT));
    }
}

static void ports_write(const struct config_device *device, uint32_t offset, unsigned bytes,
                        uint32_t value)
{
    ports_select(device, offset);
    switch (bytes) {
    case 1:
        pci_ports8_data_write(pci_ports8_regs_at(PCI_PORTS_AT), offset & 3, (uint8_t)value);
        break;
    case 2:
        pci_ports16_data_write(pci_ports16_regs_at(PCI_PORTS_AT), offset >> 1 & 1, (uint16_t)value);
        break;
    default:
        pci_ports_data_write(pci_ports_regs_at(PCI_PORTS_AT), value);
        break;
    }
}

/* The accessors of each width; an offset is a multiple of it, as pci.rdl and the filter see to. */
#define CONFIG_ACCESS(bits)                                                                        \
    uint##bits##_t config_read##bits(struct config_device *device, uint32_t offset)                \
    {                                                                                              \
        offset += device->base;                                                                    \
        if (!pci_access_reaches(device->access, pci_bus_of(device->place), offset, (bits) / 8)) {  \
            return (uint##bits##_t)UINT32_MAX;                                                     \
        }                                                                                          \
        if (device->access->ecam_va) {                                                             \
            return mmio_read##bits(ecam_address(device, offset));                                  \
        }                                                                                          \
        return (uint##bits##_t)ports_read(device, offset, (bits) / 8);                             \
    }                                                                                              \
    void config_write##bits(struct config_device *device, uint32_t offset, uint##bits##_t value)   \
    {                                                                                              \
        offset += device->base;                                                                    \
        if (!pci_access_reaches(device->access, pci_bus_of(device->place), offset, (bits) / 8)) {  \
            return;                                                                                \
        }                                                                                          \
        if (device->access->ecam_va) {                                                             \
            mmio_write##bits(ecam_address(device, offset), value);                                 \
        } else {                                                                                   \
            ports_write(device, offset, (bits) / 8, value);                                        \
        }                                                                                          \
    }
CONFIG_ACCESS(8)
CONFIG_ACCESS(16)
CONFIG_ACCESS(32)

void pci_name(char name[PCI_NAME_BYTES], pci_place place)
{
    (void)snprintf(name, PCI_NAME_BYTES, "%02x:%02x.%x", pci_bus_of(place), pci_slot_of(place),
                   pci_function_of(place));
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pci_name_parse(const char *name, pci_place *place)
{
    static const char form[] = "xx:xx.x";
    unsigned digits[5], count = 0;

    for (unsigned i = 0; i < sizeof(form) - 1; i++) {
        int digit = hex_digit(name[i]);

        if (form[i] == 'x' ? digit < 0 : name[i] != form[i]) {
            return false;
        }
        if (form[i] == 'x') {
            digits[count++] = (unsigned)digit;
        }
    }
    if (name[sizeof(form) - 1] != '\0' || digits[2] * 16 + digits[3] >= PCI_SLOTS ||
        digits[4] >= PCI_FUNCTIONS) {
        return false;
    }
    *place = PCI_PLACE(digits[0] * 16 + digits[1], digits[2] * 16 + digits[3], digits[4]);
    return true;
}
