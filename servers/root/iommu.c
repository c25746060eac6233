/*
 * iommu.c - turning the IOMMU on: what all units can do is found, each is prepared with the tables
 * that the kernel keeps (all empty, so every requester is blocked), then translation and interrupt
 * remapping begin. From then on the units are the kernel's. Nothing of the machine but memory is in
 * use yet. Source: VT-d specification 4.1, chapter 11 (registers), 10.4 (set-up), 5.1.4 (interrupt
 * remapping).
 */
#include "root.h"

#include <string.h>

#define PAGE 4096ull

#define REG_VERSION   0x00
#define REG_CAP       0x08
#define REG_ECAP      0x10
#define REG_COMMAND   0x18
#define REG_STATUS    0x1c
#define REG_ROOT      0x20
#define REG_FAULTS    0x34
#define REG_EVENT     0x38
#define REG_TAIL      0x88
#define REG_QUEUE     0x90
#define REG_IRQ_TABLE 0xb8

/* Command and status. The last two act once. */
#define TRANSLATION (1u << 31)
#define QUEUE       (1u << 26)
#define REMAPPING   (1u << 25)
#define SET_ROOT    (1u << 30)
#define SET_IRQS    (1u << 24)
#define KEPT        0x96ffffffu /* of the status, in a command: what lasts */

#define ROOT_READY_US 100000u /* far more than any unit takes */

#define EVENT_MASKED (1u << 31)
#define FAULTS_ALL   0xffu
#define IRQ_WIDE     (1u << 11)
#define IRQ_ENTRIES  7u /* 2^(7 + 1) */

/* The registers of unit @n. */
static volatile uint8_t *reg_of(unsigned n)
{
    return (volatile uint8_t *)(ROOT_UNITS_VA + n * PAGE);
}

static uint32_t read32(unsigned n, unsigned reg)
{
    return *(volatile uint32_t *)(reg_of(n) + reg);
}

static void write32(unsigned n, unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)(reg_of(n) + reg) = value;
}

static uint64_t read64(unsigned n, unsigned reg)
{
    return *(volatile uint64_t *)(reg_of(n) + reg);
}

static void write64(unsigned n, unsigned reg, uint64_t value)
{
    *(volatile uint64_t *)(reg_of(n) + reg) = value;
}

static unsigned bits(uint64_t value, unsigned first, unsigned count)
{
    return (unsigned)(value >> first) & ((1u << count) - 1);
}

/* Section 11.4.4: one bit at a time, the lasting ones as they are. False: no answer. */
static bool command(unsigned n, uint32_t bit, bool on)
{
    uint64_t start = rdtsc();
    uint32_t now = read32(n, REG_STATUS) & KEPT;

    write32(n, REG_COMMAND, on ? now | bit : now & ~bit);
    while ((read32(n, REG_STATUS) & bit) != (on ? bit : 0)) {
        if (ticks_to_us(rdtsc() - start) > ROOT_READY_US) {
            return false;
        }
    }
    return true;
}

/* Offset, in bytes, and number of the fault records; those beyond their first page stay unused. */
static unsigned fault_offset(uint64_t cap)
{
    return bits(cap, 24, 10) * 16;
}

static unsigned fault_count(uint64_t cap)
{
    unsigned count = bits(cap, 40, 8) + 1, room = (unsigned)(PAGE - fault_offset(cap) % PAGE) / 16;

    return count < room ? count : room;
}

/* Why the unit can't be used, or NULL. */
static const char *wrong_with(const struct boot_unit *u, unsigned n)
{
    uint32_t version = read32(n, REG_VERSION);

    if (version == UINT32_MAX || bits(version, 4, 4) == 0) {
        return "does not answer";
    }
    if ((bits(u->capability, 8, 5) & 6) == 0) {
        return "has tables of neither three nor four levels";
    }
    if (bits(u->capability, 4, 1) != 0) {
        return "has a write buffer that would have to be emptied by hand";
    }
    return u->segment != 0 ? "is of another PCI segment than the first" : NULL;
}

/* Map the registers and look. */
static bool find_unit(struct boot_unit *u, unsigned n)
{
    const char *wrong = NULL;
    uint32_t slot, frame;
    int error =
        device_map(u->pa, ROOT_UNITS_VA + n * PAGE, RIGHT_READ | RIGHT_WRITE, &slot, &frame);

    if (error == E_OK) {
        u->capability = read64(n, REG_CAP);
        u->extended = read64(n, REG_ECAP);
        wrong = wrong_with(u, n);
    } else {
        wrong = quoll_strerror(error);
    }
    if (wrong != NULL) {
        syslog("the IOMMU unit at 0x%lx is not used, and its devices neither: %s",
               (unsigned long)u->pa, wrong);
    }
    return wrong == NULL;
}

/* Its registers beyond the first page, which the kernel uses, are nobody's either. */
static void keep_registers(const struct boot_unit *u)
{
    device_keep(u->pa + fault_offset(u->capability));
    device_keep(u->pa + bits(u->extended, 8, 10) * 16);
}

/* The flags that @u alone would have. */
static uint32_t flags_of(const struct boot_unit *u)
{
    bool queued = bits(u->extended, 1, 1) != 0;

    return (queued ? IOMMU_QUEUED : 0u) |
           (queued && bits(u->extended, 3, 1) != 0 ? IOMMU_REMAPS_IRQS : 0u) |
           (bits(u->extended, 4, 1) != 0 ? IOMMU_WIDE_IDS : 0u) |
           (bits(u->capability, 39, 1) != 0 ? IOMMU_BY_PAGE : 0u) |
           (bits(u->capability, 34, 1) != 0 ? IOMMU_LARGE_PAGES : 0u) |
           (bits(u->capability, 7, 1) != 0 ? IOMMU_CACHES_ABSENT : 0u) |
           (bits(u->extended, 0, 1) == 0 ? IOMMU_INCOHERENT : 0u);
}

/* What all can, what one needs, and what the kernel's command line allows. */
static uint32_t common_flags(const struct machine *m)
{
    const uint32_t needs = IOMMU_CACHES_ABSENT | IOMMU_INCOHERENT;
    uint32_t flags = ~needs;

    for (uint32_t i = 0; i < m->iommu.unit_count; i++) {
        const struct boot_unit *u = &m->iommu.unit[i];
        if (u->number == BOOT_NO_UNIT) {
            flags &= ~(uint32_t)IOMMU_REMAPS_IRQS; /* it may have an IO-APIC */
        } else {
            flags = (flags & (flags_of(u) | needs)) | (flags_of(u) & needs);
        }
    }
    for (uint32_t i = 0; i < m->acpi.ioapic_count; i++) {
        flags &= m->acpi.ioapic[i].requester == IOAPIC_ANONYMOUS ? ~(uint32_t)IOMMU_REMAPS_IRQS
                                                                 : UINT32_MAX;
    }
    if (m->acpi.ioapic_count == 0 || strstr(root.info->cmdline, "iommu=registers") != NULL) {
        flags &= ~(uint32_t)(IOMMU_QUEUED | IOMMU_REMAPS_IRQS);
    }
    if ((quoll_info()->features & QUOLL_HAS_x2apic) == 0) {
        flags &= ~(uint32_t)IOMMU_WIDE_IDS;
    }
    return flags;
}

static unsigned common_domains(const struct machine *m)
{
    unsigned least = 16;

    for (uint32_t i = 0; i < m->iommu.unit_count; i++) {
        const struct boot_unit *u = &m->iommu.unit[i];
        unsigned count = 1u << (4 + 2 * bits(u->capability, 0, 3));
        least = u->number != BOOT_NO_UNIT && (i == 0 || count < least) ? count : least;
    }
    return least;
}

/* From whatever the firmware left the unit in: off, nothing recorded, with the kernel's @tables. */
static bool prepare(unsigned n, const uint64_t *tables, uint32_t flags)
{
    static const uint32_t lasting[] = {TRANSLATION, REMAPPING, QUEUE};
    bool good = true;

    for (unsigned i = 0; good && i < sizeof(lasting) / sizeof(lasting[0]); i++) {
        good = (read32(n, REG_STATUS) & lasting[i]) == 0 || command(n, lasting[i], false);
    }
    write32(n, REG_EVENT, EVENT_MASKED);
    write32(n, REG_FAULTS, FAULTS_ALL);
    write64(n, REG_ROOT, tables[0]);
    good = good && command(n, SET_ROOT, true);
    if (good && (flags & IOMMU_REMAPS_IRQS) != 0) {
        write64(n, REG_IRQ_TABLE,
                tables[1] | ((flags & IOMMU_WIDE_IDS) != 0 ? IRQ_WIDE : 0) | IRQ_ENTRIES);
        good = command(n, SET_IRQS, true);
    }
    if (good && (flags & IOMMU_QUEUED) != 0) {
        write64(n, REG_TAIL, 0);
        write64(n, REG_QUEUE, tables[2]);
        good = command(n, QUEUE, true);
    }
    return good;
}

/* Tell the kernel of the usable units; they get their numbers. */
static unsigned add_units(struct boot_iommu *iommu)
{
    uint8_t count = 0;

    for (uint32_t i = 0; i < iommu->unit_count; i++) {
        struct boot_unit *u = &iommu->unit[i];
        if (find_unit(u, i) &&
            sys_op(BOOT_SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_ADD_UNIT, u->pa,
                   bits(u->extended, 8, 10) * 16, fault_offset(u->capability),
                   fault_count(u->capability), (bits(u->capability, 8, 5) & 4) != 0, 0) == E_OK) {
            u->number = count++;
        }
        keep_registers(u);
    }
    return count;
}

/* Every requester is blocked when this returns. */
static bool turn_on(struct machine *m, const uint64_t *tables, uint32_t flags)
{
    bool good = true;

    for (uint32_t i = 0; good && i < m->iommu.unit_count; i++) {
        good = m->iommu.unit[i].number == BOOT_NO_UNIT || prepare(i, tables, flags);
    }
    good = good && sys_op(BOOT_SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_START, flags,
                          common_domains(m), 0, 0, 0, 0) == E_OK;
    for (uint32_t i = 0; good && i < m->iommu.unit_count; i++) {
        good = m->iommu.unit[i].number == BOOT_NO_UNIT ||
               (command(i, TRANSLATION, true) &&
                ((flags & IOMMU_REMAPS_IRQS) == 0 || command(i, REMAPPING, true)));
    }
    return good;
}

void iommu_start(struct machine *m)
{
    bool off = strstr(root.info->cmdline, "iommu=off") != NULL;
    unsigned count = off ? 0 : add_units(&m->iommu);
    struct msg tables = {0};
    uint32_t flags = common_flags(m);

    (void)sys_invoke(BOOT_SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_CLOSE, &tables);
    if (count == 0) {
        m->iommu.state = m->iommu.unit_count != 0 || m->iommu.state == BOOT_IOMMU_REFUSED
                             ? BOOT_IOMMU_REFUSED
                             : BOOT_IOMMU_NONE;
        syslog("no IOMMU%s: a device with DMA reaches all memory", off ? " (iommu=off)" : "");
        return;
    }
    if (!turn_on(m, tables.w, flags)) {
        m->iommu.state = BOOT_IOMMU_REFUSED;
        syslog("the IOMMU does not answer: a device with DMA may reach all memory");
        return;
    }
    m->iommu.state = BOOT_IOMMU_ON;
    m->iommu.flags = flags;
    syslog("IOMMU: %u unit%s, every device blocked, interrupts %sremapped, invalidation by %s",
           count, count == 1 ? "" : "s", (flags & IOMMU_REMAPS_IRQS) != 0 ? "" : "NOT ",
           (flags & IOMMU_QUEUED) != 0 ? "queue" : "registers");
}
