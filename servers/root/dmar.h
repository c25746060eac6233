/*
 * dmar.h - the DMAR, which says what IOMMU units there are and which devices are theirs. It is
 * believed as a whole or not at all: a unit or device that is left out would be one that is not
 * blocked. Nothing here calls the kernel, so it is tested on the host.
 */
#ifndef ROOT_DMAR_H
#define ROOT_DMAR_H

#include "tables.h"

#define DMAR_IOAPICS BOOT_MAX_IOAPIC

/* What only root needs of it. */
struct dmar {
    const char *wrong; /* after dmar_read has failed: "... an entry has a wrong length" */
    unsigned ioapic_count;
    struct {
        uint32_t id, requester;
    } ioapic[DMAR_IOAPICS];
};

/** Fill units, scopes and RMRRs of @out, whose other fields stay, and @dmar. False: the table is
 * not to be believed, @dmar->wrong says why, and there are no units. Source: VT-d
 * specification 4.1, chapter 8. */
bool dmar_read(struct acpi_table table, struct boot_iommu *out, struct dmar *dmar);

/** Write into @acpi as whom its IO-APICs send. */
void dmar_name_ioapics(const struct dmar *dmar, struct boot_acpi *acpi);

/** Which RMRRs of @iommu can be used: those whose memory is reserved on the machine of @info, and
 * that an IoSpace can map. The others are logged. */
void dmar_check_rmrrs(const struct bootinfo *info, struct boot_iommu *iommu);

#endif
