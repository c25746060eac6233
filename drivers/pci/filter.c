/*
 * filter.c - what a driver may do to its own function's configuration space: read everything,
 * write what concerns nobody else. Where a device answers, where its interrupts go and whether it
 * reaches memory is refused, with the reason.
 */
#include "pci.h"

#include <regs/pci.h>

#define HEADER_BYTES 0x40u
#define CLASS_BRIDGE 0x06u   /* host, ISA, PCI bridges and what else routes */
#define COMMAND_BITS 0x0250u /* invalidate, parity, fast back-to-back */

/* Header bytes first..last: the bits that may change, or why none may. */
struct rule {
    uint8_t first, last;
    uint16_t writable; /* of the two bytes from first on */
    const char *why;
};

static const char read_only[] = "this register is read-only";
static const char addresses[] = "BARs belong to the bus driver: the device's addresses are "
                                "granted by them";
static const char interrupts[] = "MSI and MSI-X belong to the bus driver: a message's address and "
                                 "data are the kernel's";

static const struct rule device_rules[] = {
    {0x00, 0x03, 0, read_only},
    {0x04, 0x05, COMMAND_BITS,
     "of the command register a driver may change invalidate, parity and fast back-to-back only: "
     "decoding, bus mastering, SERR# and INTx are the bus driver's"},
    {0x06, 0x07, 0xffff, NULL},
    {0x08, 0x0b, 0, read_only},
    {0x0c, 0x0d, 0xffff, NULL}, /* line size, latency */
    {0x0e, 0x0e, 0, read_only},
    {0x0f, 0x0f, 0, "a self-test takes the device off the bus; ask for a restart instead"},
    {0x10, 0x27, 0, addresses},
    {0x28, 0x2f, 0, read_only},
    {0x30, 0x33, 0, "the ROM's base address belongs to the bus driver"},
    {0x34, 0x3b, 0, read_only},
    {0x3c, 0x3c, 0, "the interrupt line is the firmware's note, not a setting"},
    {0x3d, 0x3f, 0, read_only},
};

static bool is_in(unsigned offset, unsigned first, unsigned bytes)
{
    return first != 0 && offset >= first && offset < first + bytes;
}

/* The bits of the byte at @offset that may change; if not all, *@why. */
static uint8_t header_bits(unsigned offset, const char **why)
{
    unsigned bits = 0;

    *why = read_only;
    for (unsigned i = 0; i < sizeof(device_rules) / sizeof(device_rules[0]); i++) {
        const struct rule *r = &device_rules[i];

        if (offset >= r->first && offset <= r->last) {
            *why = r->why;
            bits = offset == r->first ? r->writable : r->writable >> 8;
        }
    }
    return (uint8_t)bits;
}

/* How long the MSI capability is: 10 bytes, an upper half, masks and pending bits. */
static unsigned msi_bytes(const struct pci_function *function, const struct pci_access *access)
{
    struct config_device at = pci_config_of(access, function);
    struct pci_msi_control control;

    at.base = function->capability.msi;
    control = pci_msi_control_read(pci_msi_regs_at(&at));
    return (control.maskable ? 20u : 12u) + (control.wide ? 4u : 0u);
}

/* Behind the header: a device's own registers and capabilities. */
static uint8_t body_bits(const struct pci_function *function, const struct pci_access *access,
                         unsigned offset, const char **why)
{
    const struct pci_capabilities *c = &function->capability;

    if (offset >= PCI_PORTS_BYTES) {
        *why = "extended capabilities belong to the bus driver";
    } else if (c->broken) {
        *why = "the device's list of capabilities is broken, so nothing behind the header is safe";
    } else if (is_in(offset, c->msi, c->msi ? msi_bytes(function, access) : 0) ||
               is_in(offset, c->msix, 12)) {
        *why = interrupts;
    } else if (is_in(offset, c->express, 0x3c)) {
        *why = "the PCI Express capability belongs to the bus driver: resets and links";
    } else {
        return UINT8_MAX;
    }
    return 0;
}

static uint8_t writable_bits(const struct pci_function *function, const struct pci_access *access,
                             unsigned offset, const char **why)
{
    if (function->layout != PCI_HEADER_LAYOUT_DEVICE || function->class >> 16 == CLASS_BRIDGE) {
        *why = "a bridge's registers say where other devices are: they belong to the bus driver";
        return 0;
    }
    return offset < HEADER_BYTES ? header_bits(offset, why)
                                 : body_bits(function, access, offset, why);
}

const char *pci_read_refused(const struct pci_function *function, const struct pci_access *access,
                             uint32_t offset, unsigned bytes)
{
    if (bytes != 1 && bytes != 2 && bytes != 4) {
        return "configuration space is accessed by 1, 2 or 4 bytes";
    }
    if (offset % bytes != 0) {
        return "the offset must be a multiple of the access's width";
    }
    if (!pci_access_reaches(access, pci_bus_of(function->place), offset, bytes)) {
        return access->ecam_va
                   ? "configuration space has 4096 bytes"
                   : "this machine's configuration space has 256 bytes: there is no ECAM";
    }
    return NULL;
}

static uint32_t read_at(struct config_device *device, uint32_t offset, unsigned bytes)
{
    switch (bytes) {
    case 1:
        return config_read8(device, offset);
    case 2:
        return config_read16(device, offset);
    default:
        return config_read32(device, offset);
    }
}

const char *pci_write_refused(const struct pci_function *function, const struct pci_access *access,
                              uint32_t offset, unsigned bytes, uint32_t value)
{
    const char *refused = pci_read_refused(function, access, offset, bytes);
    struct config_device device = pci_config_of(access, function);
    uint32_t changed;

    if (refused != NULL) {
        return refused;
    }
    if (bytes < 4 && value >> 8 * bytes != 0) {
        return "the value is longer than the access";
    }
    changed = read_at(&device, offset, bytes) ^ value;
    for (unsigned i = 0; i < bytes; i++) {
        const char *why = NULL;
        uint8_t bits = writable_bits(function, access, offset + i, &why);

        /* A byte none of whose bits may change is refused whatever is written. */
        if (bits == 0 || (changed >> 8 * i & UINT8_MAX & ~(uint32_t)bits) != 0) {
            return why;
        }
    }
    return NULL;
}

const char *pci_child_read(const struct pci_function *function, const struct pci_access *access,
                           uint32_t offset, unsigned bytes, uint32_t *value)
{
    const char *refused = pci_read_refused(function, access, offset, bytes);
    struct config_device device = pci_config_of(access, function);

    if (refused == NULL) {
        *value = read_at(&device, offset, bytes);
    }
    return refused;
}

const char *pci_child_write(const struct pci_function *function, const struct pci_access *access,
                            uint32_t offset, unsigned bytes, uint32_t value)
{
    const char *refused = pci_write_refused(function, access, offset, bytes, value);
    struct config_device device = pci_config_of(access, function);

    if (refused != NULL) {
        return refused;
    }
    switch (bytes) {
    case 1:
        config_write8(&device, offset, (uint8_t)value);
        break;
    case 2:
        config_write16(&device, offset, (uint16_t)value);
        break;
    default:
        config_write32(&device, offset, value);
        break;
    }
    return NULL;
}
