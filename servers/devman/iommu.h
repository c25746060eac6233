/*
 * iommu.h - devices behind IOMMU units: each has an address space of its own, into which devman
 * maps what the device may reach, and reaches nothing while it is blocked. What a unit refuses
 * arrives as an interrupt, and is a driver's death.
 */
#ifndef DEVMAN_IOMMU_H
#define DEVMAN_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

struct device;

/** Have the units' faults arrive at devman's endpoint, or let go of them. Errors: those of making
 *  an Irq. */
int iommu_listen(bool on);

/** Is there one, and does it work? Then every device without an IoSpace is blocked. */
bool iommu_is_on(void);
unsigned iommu_units(void);

/** Why @d can't be confined; a null pointer if it can. */
const char *iommu_why_not(const struct device *d);

/** Make @d's IoSpace and Device, which is blocked, unless they are there. */
int iommu_make(struct device *d);

/** Take them back; the device stays blocked. */
void iommu_release(struct device *d);

/** Let @d's device find @count frames of 2^@bits bytes, from slot @frame on, at @address. */
int iommu_map(struct device *d, uint64_t address, uint32_t frame, unsigned count, unsigned bits);
void iommu_unmap(uint32_t frame, unsigned count);

/** From now on @d's device reaches nothing, silently: what it had reached is not in use any more
 *  when this returns. */
void iommu_block(struct device *d);

/** It reaches what is mapped; what else it tries is recorded. */
int iommu_let(struct device *d);

/** Bytes that a device with an IoSpace takes for it. */
uint64_t iommu_bytes(void);

/** Unit @unit has recorded faults. */
void iommu_faults(unsigned unit);

#endif
