/*
 * pci.h - the bus driver's core: what is on the bus, found and set up without a kernel below it.
 * Plain C over the accessors of config.h, so it builds for the host too. All memory is the
 * caller's. Functions that can refuse return a null pointer, or what is wrong.
 */
#ifndef PCI_PCI_H
#define PCI_PCI_H

#include "acpi.h"
#include "config.h"

#define PCI_FUNCTIONS_MAX 128
#define PCI_BARS          6
#define PCI_RESOURCES_MAX PCI_BARS
#define PCI_NO_PARENT     (-1)

enum pci_resource_kind {
    PCI_MEMORY,
    PCI_IO,
};

struct pci_resource {
    uint8_t kind; /* enum pci_resource_kind */
    uint8_t bar;
    bool prefetchable, wide; /* wide: 64 bits, two BARs */
    bool assigned;           /* else base means nothing: the BAR decodes no address */
    bool tables;             /* MSI-X tables or pending bits lie in it */
    uint64_t base, size;     /* size is a power of two */
};

/* A range of addresses; empty if first > last. */
struct pci_window {
    uint64_t first, last;
};

/* A bridge's: what it hands to the buses behind it. */
struct pci_behind {
    uint8_t secondary, subordinate; /* 0: it has no number, and nothing behind it is seen */
    struct pci_window memory, io, prefetch;
};

/* Where capabilities are; 0: there is none. */
struct pci_capabilities {
    uint8_t power, msi, msix, express, vendor;
    uint8_t count;
    bool broken; /* the list has a loop or leaves its place: what came before counts */
};

struct pci_msix_place {
    uint16_t vectors; /* 0: no MSI-X */
    uint8_t table_bar, pending_bar;
    uint32_t table_offset, pending_offset;
};

struct pci_function {
    char name[PCI_NAME_BYTES];
    pci_place place;
    int16_t parent; /* index of the bridge that it is behind */
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class; /* base << 16 | sub << 8 | interface */
    uint8_t revision, layout;
    uint8_t pin;  /* 0 none, 1 INTA# */
    uint8_t line; /* the firmware's note */
    bool live;    /* a driver uses it: its BARs were taken from the record */
    bool routed;  /* route says where its pin arrives */
    struct acpi_route route;
    uint8_t resource_count;
    struct pci_resource resource[PCI_RESOURCES_MAX];
    struct pci_behind behind;
    struct pci_capabilities capability;
    struct pci_msix_place msix;
};

struct pci_tree {
    struct pci_function function[PCI_FUNCTIONS_MAX];
    unsigned count;
    uint8_t bus_last; /* the highest number in use */
    bool full;        /* there are more functions than it can hold */
    bool unknown;     /* as a record: all is live, and what it has is somebody else's to know */
};

/** Find all functions, in the order of their places: buses keep the firmware's numbers; a bridge
 * without gets the next ones, if
 *  @assign. What @recorded has as live is not sized, its resources are the recorded ones (if the
 *  same device is still there). @recorded may be a null pointer. */
void pci_enumerate(struct pci_tree *tree, const struct pci_access *access,
                   const struct pci_tree *recorded, bool assign);

/** Where addresses may be given to BARs. */
struct pci_space {
    struct pci_window memory, io;
};

/** Give addresses to the BARs that have none and open the bridges' windows for them; what has an
 *  address keeps it. Returns how many BARs stay without. */
unsigned pci_assign(struct pci_tree *tree, const struct pci_access *access,
                    const struct pci_space *space);

/** Find where each pin arrives: at its bus's _PRT, or through the bridges up to one that has. */
void pci_route(struct pci_tree *tree);

/** The function named so, or a null pointer. */
struct pci_function *pci_find(struct pci_tree *tree, const char *name);

/** Handle of @function's registers for the accessors of pci.rdl. */
static inline struct config_device pci_config_of(const struct pci_access *access,
                                                 const struct pci_function *function)
{
    return (struct config_device){.access = access, .place = function->place};
}

/* ---- bar.c ---- */

/** Size the BARs of a function that nobody uses: meanwhile it answers no address. */
void pci_size_bars(struct pci_function *function, const struct pci_access *access);

/** Where the BARs of a function that may be in use are, without their sizes: these stay 0. */
void pci_read_bars(struct pci_function *function, const struct pci_access *access);

/** Write an address to the BAR of @resource. */
void pci_place_bar(struct config_device *device, struct pci_resource *resource, uint64_t base);

/* ---- capability.c ---- */

/** Walk the list of capabilities; bounded, whatever the device says. */
void pci_find_capabilities(struct pci_function *function, struct config_device *device);

/** Where the first capability of @kind is, or the next one behind the one at @after (0: from the
 *  start); 0: there is none. Bounded, whatever the device says. */
unsigned pci_capability_after(struct config_device *device, unsigned kind, unsigned after);

/** Does the bridge @function hand requests up as they are? A bridge to conventional PCI does not.
 */
bool pci_is_express_port(const struct pci_function *function, const struct pci_access *access);

/* ---- control.c ---- */

/** Turn decoding of the kinds that it has addresses for, and bus mastering, on or off. */
void pci_set_decoding(const struct pci_function *function, struct config_device *device, bool on);
void pci_set_master(struct config_device *device, bool on);
void pci_set_intx(struct config_device *device, bool on);

/** Neither interrupts of any kind nor access to memory. */
void pci_silence(const struct pci_function *function, struct config_device *device);

/** The same for all that nobody uses, but bridges: the firmware may have left them at work, and
 * what no driver is found for would go on. */
void pci_silence_all(const struct pci_tree *tree, const struct pci_access *access);

/** INTx is asserted (whether a message or the pin carries it). */
bool pci_intx_is_asserted(struct config_device *device);

/* ---- msi.c ---- */

/* What IRQ_CONTROL_CREATE answered for IRQ_MSI. */
struct pci_message {
    uint64_t address;
    uint32_t data;
};

/** Send @message instead of INTx. Refused: no such capability, an address or data too long. */
const char *pci_msi_start(const struct pci_function *function, struct config_device *device,
                          struct pci_message message);

/** Neither: the device is silent until one of both is started again. */
void pci_msi_stop(const struct pci_function *function, struct config_device *device);

/** Mask the message, if the device can; false: it cannot. */
bool pci_msi_mask(const struct pci_function *function, struct config_device *device, bool masked);

/** Is INTx off because messages are on? */
bool pci_msi_is_on(const struct pci_function *function, struct config_device *device);

/** MSI-X with all entries masked. @table_va: where the table is mapped, for this task alone. */
const char *pci_msix_start(const struct pci_function *function, struct config_device *device,
                           uintptr_t table_va);
void pci_msix_stop(const struct pci_function *function, struct config_device *device);

/** Set and unmask vector @index. */
const char *pci_msix_set(const struct pci_function *function, uintptr_t table_va, unsigned index,
                         struct pci_message message);
void pci_msix_mask(const struct pci_function *function, uintptr_t table_va, unsigned index,
                   bool masked);

/** The part of @resource that a driver may map: without the pages that MSI-X needs, which is what
 *  follows or precedes them, the greater; size 0: nothing. */
struct pci_window pci_mappable(const struct pci_function *function,
                               const struct pci_resource *resource);

/* ---- filter.c: configuration access of a driver to its own function ---- */

/** Why a driver may not read so, or a null pointer. */
const char *pci_read_refused(const struct pci_function *function, const struct pci_access *access,
                             uint32_t offset, unsigned bytes);

/** Why a driver may not write so, or a null pointer: nothing is written here. @value is compared
 *  with what is there: bits that a driver may not change must be as they are. */
const char *pci_write_refused(const struct pci_function *function, const struct pci_access *access,
                              uint32_t offset, unsigned bytes, uint32_t value);

/** Read or write as a driver asked: refused as above, else done. */
const char *pci_child_read(const struct pci_function *function, const struct pci_access *access,
                           uint32_t offset, unsigned bytes, uint32_t *value);
const char *pci_child_write(const struct pci_function *function, const struct pci_access *access,
                            uint32_t offset, unsigned bytes, uint32_t value);

#endif
