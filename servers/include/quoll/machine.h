/*
 * machine.h - what root has found out about the machine before it makes any other task: ACPI's
 * facts and the IOMMU. It stands in root's part of bootinfo, so who has the boot image sees it,
 * too.
 */
#ifndef QUOLL_MACHINE_H
#define QUOLL_MACHINE_H

#include <quoll/abi.h>
#include <quoll/bootinfo.h>

#define BOOT_MAX_IOAPIC 8
#define BOOT_MAX_ISO    24
#define BOOT_MAX_MCFG   8

struct boot_ioapic {
    uint32_t id, gsi_base;
    uint64_t pa;
    uint32_t requester; /* IOAPIC_ANONYMOUS: not known */
    uint32_t reserved;
};

struct boot_iso { /* MADT interrupt source override */
    uint8_t irq, active_low, level, reserved;
    uint32_t gsi;
};

struct boot_mcfg {
    uint64_t pa;
    uint16_t segment;
    uint8_t bus_first, bus_last;
    uint32_t reserved;
};

/* What ACPI says. */
struct boot_acpi {
    uint64_t rsdp_pa;           /* 0: no ACPI */
    uint64_t lapic_pa, hpet_pa; /* 0: none */
    uint64_t tables_pa;         /* all tables lie in tables_bytes from here on; 0: none */
    uint64_t tables_bytes;
    uint32_t cpu_count;
    uint32_t ioapic_count, iso_count, mcfg_count;
    uint32_t has_8259;
    /* Power-off: write (s5_typ << 10) | 1 << 13 to these ports; 0: unknown. */
    uint16_t pm1a_port, pm1b_port;
    uint8_t s5_typ_a, s5_typ_b;
    uint8_t reset_value, has_reset; /* FADT reset register in port space */
    uint16_t reset_port;
    uint16_t reserved[3];
    struct boot_ioapic ioapic[BOOT_MAX_IOAPIC];
    struct boot_iso iso[BOOT_MAX_ISO];
    struct boot_mcfg mcfg[BOOT_MAX_MCFG];
};

/* ---- the IOMMU: docs/iommu.md */
#define BOOT_MAX_UNITS  IOMMU_UNITS_MAX
#define BOOT_MAX_SCOPES 48
#define BOOT_MAX_RMRRS  16
#define BOOT_PATH       6 /* bridges on the way to a device, and the device */

enum boot_iommu_state {
    BOOT_IOMMU_NONE = 0,    /* the machine has none, or does not tell */
    BOOT_IOMMU_ON = 1,      /* each requester is blocked but for what its Device allows */
    BOOT_IOMMU_REFUSED = 2, /* there is one, but it can't be used: root's log says why */
};

struct boot_unit {
    uint64_t pa; /* of its registers */
    uint64_t capability, extended;
    uint16_t segment;
    uint8_t all;    /* it has all devices of its segment that no other unit names */
    uint8_t number; /* for DEVICE_CONTROL_CREATE; BOOT_NO_UNIT: it can't be used */
    uint8_t reserved[4];
};
#define BOOT_NO_UNIT 0xff

enum boot_scope_kind { BOOT_SCOPE_DEVICE = 1, BOOT_SCOPE_BRIDGE = 2 }; /* 2: and all behind it */

/* A device that belongs to a unit or to a reserved region: from @bus on, the device and function
 * numbers (5 and 3 bits) of the bridges on the way to it, and its own. */
struct boot_scope {
    uint8_t kind;
    uint8_t of_rmrr; /* @of is an index in rmrr, else in unit */
    uint8_t of;
    uint8_t bus;
    uint8_t depth; /* how many of @path */
    uint8_t path[BOOT_PATH];
    uint8_t reserved;
};

/* Memory that a device uses on the firmware's behalf: it must be mapped at its own address. */
struct boot_rmrr {
    uint64_t base, last;
    uint16_t segment;
    uint8_t usable; /* 0: a part of it is not reserved, so its devices are refused */
    uint8_t reserved[5];
};

struct boot_iommu {
    uint32_t state; /* enum boot_iommu_state */
    uint32_t flags; /* of abi.h: what was started */
    uint32_t unit_count, scope_count, rmrr_count;
    uint32_t reserved;
    struct boot_unit unit[BOOT_MAX_UNITS];
    struct boot_scope scope[BOOT_MAX_SCOPES];
    struct boot_rmrr rmrr[BOOT_MAX_RMRRS];
};

struct machine {
    struct boot_acpi acpi;
    struct boot_iommu iommu;
};
_Static_assert(sizeof(struct machine) <= BOOT_OWN_WORDS * 8, "it fits in its place");

static inline const struct machine *boot_machine(const struct bootinfo *info)
{
    return (const struct machine *)info->own;
}

#endif
