/*
 * vtd.h - the IOMMU units as one: what a device may reach, and which interrupts it may send.
 * Root finds the units and turns them on (servers/root/iommu.c); here is what goes on for ever.
 * All units share one root table, one table of interrupts and the numbers of domains, so every
 * invalidation goes to all of them, and is complete when the function returns. Until vtd.on nothing
 * here does anything, and all DMA goes through.
 */
#ifndef ARCH_VTD_H
#define ARCH_VTD_H

#include <quoll/abi.h>
#include <stdbool.h>
#include <stdint.h>

#define VTD_ALL      (~0ull) /* for vtd_flush: every address */
#define VTD_PRESENT  1ull    /* of a root, context or interrupt entry */
#define VTD_NO_FAULT 2ull    /* of a context or interrupt entry: don't record its faults */

struct vtd {
    bool closed;      /* no more units and IO-APICs */
    bool on;          /* there are units, and they translate */
    uint32_t flags;   /* IOMMU_*, as root found them, while on */
    uint32_t domains; /* numbers that all units know */
};
extern struct vtd vtd;

/** Words 0 to 4 of OP_DEVICE_CONTROL_ADD_UNIT. False: too many. */
bool vtd_add_unit(const uint64_t *w);
unsigned vtd_unit_count(void);

/** Where the tables are that units share: the three results of OP_DEVICE_CONTROL_CLOSE. */
void vtd_tables(uint64_t *out);

/** Units are ready: keep them up to date from now on, and begin with everything. */
void vtd_start(uint32_t flags, uint32_t domains);

/** Take the next record of a fault out of unit @n to the four results of OP_DEVICE_CONTROL_FETCH.
 *  False: there is none. */
bool vtd_fetch(unsigned n, uint64_t *out);
/** How often unit @n had no room for a record. */
uint64_t vtd_faults_lost(unsigned n);

/** The @bytes at @p, which units read, have been written. */
void vtd_clean(const void *p, uint64_t bytes);

/** The context table of @bus is at @pa; 0: none, and all of it is blocked. */
void vtd_set_bus(unsigned bus, uint64_t pa);

/** Fill the two words of a context entry for tables at @root (of three levels, or with @top above
 *  it, whatever unit @n has) and domain @domain. */
void vtd_context(unsigned n, uint64_t root, uint64_t top, uint32_t domain, uint64_t *entry);

/** What units know of contexts is forgotten, and all translations; all DMA that used them is
 *  over. */
void vtd_flush_devices(void);

/** The same for translations of @domain: of the page at @iova, or VTD_ALL. */
void vtd_flush(uint32_t domain, uint64_t iova);

/* ---- interrupts; @index is the source's number */

static inline bool vtd_remaps(void)
{
    return vtd.flags & IOMMU_REMAPS_IRQS;
}

/** Only @requester may send interrupt @index, which arrives as @vector; blocked if @masked. */
void vtd_route_irq(unsigned index, uint32_t vector, uint32_t requester, bool level, bool masked);
void vtd_mask_irq(unsigned index, bool masked);

/** The interrupt that tells of a fault in unit @n arrives as @vector. */
void vtd_route_fault(unsigned n, uint32_t vector);
void vtd_mask_fault(unsigned n, bool masked);

#endif
