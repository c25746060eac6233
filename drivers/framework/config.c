/*
 * config.c - configuration space for generated accessors: messages to the pci bus driver, which
 * refuses what could move the device's memory or interrupts. A read that fails gives all ones, as
 * the bus does for a device that is gone; a write that is refused is named in the log.
 */
#include "framework.h"

#include <idl/pci.h>
#include <quoll/error.h>
#include <regs/io.h>

static uint32_t config_get(uint32_t offset, enum pci_width width)
{
    uint32_t value = UINT32_MAX;

    if (pci_call_config_read(DRIVER_SLOT_PARENT, offset, width, &value) != E_OK) {
        return UINT32_MAX;
    }
    return value;
}

static void config_put(uint32_t offset, enum pci_width width, uint32_t value)
{
    int error = pci_call_config_write(DRIVER_SLOT_PARENT, offset, width, value);

    if (error != E_OK) {
        driver_log("configuration space, offset 0x%x, can't be written: %s", (unsigned)offset,
                   quoll_strerror(error));
    }
}

uint8_t config_read8(struct config_device *device, uint32_t offset)
{
    (void)device;
    return (uint8_t)config_get(offset, PCI_WIDTH_8);
}

uint16_t config_read16(struct config_device *device, uint32_t offset)
{
    (void)device;
    return (uint16_t)config_get(offset, PCI_WIDTH_16);
}

uint32_t config_read32(struct config_device *device, uint32_t offset)
{
    (void)device;
    return config_get(offset, PCI_WIDTH_32);
}

void config_write8(struct config_device *device, uint32_t offset, uint8_t value)
{
    (void)device;
    config_put(offset, PCI_WIDTH_8, value);
}

void config_write16(struct config_device *device, uint32_t offset, uint16_t value)
{
    (void)device;
    config_put(offset, PCI_WIDTH_16, value);
}

void config_write32(struct config_device *device, uint32_t offset, uint32_t value)
{
    (void)device;
    config_put(offset, PCI_WIDTH_32, value);
}
