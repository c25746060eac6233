/*
 * config.h - configuration space as the bus driver itself reaches it: through ECAM pages if ACPI
 * has an MCFG table, else through ports 0xcf8 and 0xcfc. Behind it are the accessors of pci.rdl:
 * their config_read8 ... config_write32 are here.
 */
#ifndef PCI_CONFIG_H
#define PCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_PORTS_AT       0xcf8 /* eight ports */
#define PCI_PORTS_BYTES    256   /* of a function's space that they reach */
#define PCI_ECAM_BYTES     4096
#define PCI_SLOTS          32
#define PCI_FUNCTIONS      8
#define PCI_NAME_BYTES     8 /* "00:1f.3" */
#define PCI_ECAM_BUS_SHIFT 20

/* Where a function is: bus << 8 | slot << 3 | function. */
typedef uint16_t pci_place;

#define PCI_PLACE(bus, slot, function)                                                             \
    ((pci_place)((unsigned)(bus) << 8 | (unsigned)(slot) << 3 | (unsigned)(function)))

static inline unsigned pci_bus_of(pci_place place)
{
    return place >> 8;
}

static inline unsigned pci_slot_of(pci_place place)
{
    return place >> 3 & (PCI_SLOTS - 1);
}

static inline unsigned pci_function_of(pci_place place)
{
    return place & (PCI_FUNCTIONS - 1);
}

/* How this machine's configuration space is reached. */
struct pci_access {
    uintptr_t ecam_va;           /* of bus_first's first page; 0: through the ports */
    uint8_t bus_first, bus_last; /* what ECAM shows; by ports all */
};

/* What a handle of pci.rdl's accessors points to: a function, or one of its capabilities. */
struct config_device {
    const struct pci_access *access;
    pci_place place;
    uint16_t base; /* added to each offset */
};

/** Can @offset (of @bytes) of this bus be reached at all? Where it cannot, reading gives ones and
 *  writing does nothing, as with a function that is not there. */
bool pci_access_reaches(const struct pci_access *access, unsigned bus, uint32_t offset,
                        unsigned bytes);

/** Write the name of @place: "00:1f.3". */
void pci_name(char name[PCI_NAME_BYTES], pci_place place);

/** The place that @name names; false: it is no such name. */
bool pci_name_parse(const char *name, pci_place *place);

#endif
