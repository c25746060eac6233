/*
 * iommu_scope.h - to which IOMMU unit a device belongs, and which memory the firmware reserves for
 * it. A device is named by its way from a root bus. Pure, so it is tested on the host.
 */
#ifndef QUOLL_IOMMU_SCOPE_H
#define QUOLL_IOMMU_SCOPE_H

#include <quoll/machine.h>

#define IOMMU_NO_UNIT (-1)

/* A step of the way: the bus it is on, its device and function number (5 and 3 bits). */
struct iommu_hop {
    uint8_t bus, devfn;
};

/** The number, for DEVICE_CONTROL_CREATE, of the unit that has the device at the end of the @count
 *  @hops in PCI segment 0; IOMMU_NO_UNIT if none has it, or the one that has it can't be used. A
 * device that is named wins over a bridge, and both over a unit for all the rest. */
int iommu_unit_of(const struct boot_iommu *iommu, const struct iommu_hop *hops, unsigned count);

/** The @n-th (from 0) RMRR of that device, or a null pointer. */
const struct boot_rmrr *iommu_rmrr_of(const struct boot_iommu *iommu, const struct iommu_hop *hops,
                                      unsigned count, unsigned n);

#endif
