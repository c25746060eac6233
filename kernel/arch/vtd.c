/*
 * vtd.c - Intel VT-d: what units read, invalidation, faults, the table of interrupts.
 * Each command is waited for, so the queue never holds more than one and one page serves all units.
 * A unit that does not answer within a second is a broken machine: memory could not be taken back
 * from devices any more, so the kernel stops.
 * Source: Intel Virtualization Technology for Directed I/O, Architecture Specification 4.1:
 * chapter 6 (caching and invalidation), 9 (structures), 11 (registers).
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/paging.h>
#include <arch/timer.h>
#include <arch/vtd.h>
#include <console/panic.h>

#define REG_CONTEXT      0x28
#define REG_FAULT_STATUS 0x34
#define REG_FAULT_EVENT  0x38 /* control, data, address, upper address */
#define REG_QUEUE_TAIL   0x88

/* Descriptors, section 6.5.2; the fields of the first two suit the registers as well. */
#define FLUSH_CONTEXT  0x1ull
#define FLUSH_IOTLB    0x2ull
#define FLUSH_IRQS     0x4ull
#define WAIT_AND_WRITE 0x25ull
#define OF_ALL         (1ull << 4)
#define OF_DOMAIN      (2ull << 4)
#define OF_PAGE        (3ull << 4)
#define DRAIN          (3ull << 6)
#define ONE_IRQ        (1ull << 4)

#define EVENT_MASKED   (1u << 31)
#define RECORD_FAULT   (1ull << 63)
#define RECORD_READ    (1ull << 62)
#define FAULT_OVERFLOW 1u

#define QUEUE_BYTES 4096u
#define LINE_BYTES  64

static struct unit {
    volatile uint8_t *reg, *iotlb, *faults;
    uint64_t faults_lost;
    uint32_t fault_count, tail;
    bool four_levels;
} units[IOMMU_UNITS_MAX];
static unsigned unit_count;

static uint64_t root_table[512] __attribute__((aligned(4096)));
static uint64_t irq_table[512] __attribute__((aligned(4096)));
static volatile uint64_t queue[QUEUE_BYTES / 8] __attribute__((aligned(4096)));

struct vtd vtd;

static uint32_t read32(const volatile uint8_t *p)
{
    return *(const volatile uint32_t *)p;
}

static void write32(volatile uint8_t *p, uint32_t v)
{
    *(volatile uint32_t *)p = v;
}

static uint64_t read64(const volatile uint8_t *p)
{
    return *(const volatile uint64_t *)p;
}

static void write64(volatile uint8_t *p, uint64_t v)
{
    *(volatile uint64_t *)p = v;
}

static void await(const volatile uint8_t *p, uint32_t mask, uint32_t want)
{
    uint64_t end = rdtsc() + cpu_self()->tsc_hz;

    while ((read32(p) & mask) != want) {
        if (rdtsc() > end) {
            panic("the IOMMU does not answer: 0x%x at %p, not 0x%x", read32(p), (const void *)p,
                  want);
        }
    }
}

void vtd_clean(const void *p, uint64_t bytes)
{
    if (vtd.flags & IOMMU_INCOHERENT) {
        for (uint64_t i = 0; i < bytes; i += LINE_BYTES) {
            clflush((const uint8_t *)p + i);
        }
        mfence();
    }
}

/* ---- invalidation */

static void submit(struct unit *u, uint64_t low, uint64_t high)
{
    static volatile uint32_t done;
    volatile uint64_t *d = queue + u->tail / 8;

    done = 0;
    d[0] = low;
    d[1] = high;
    d[2] = WAIT_AND_WRITE | 1ull << 32;
    d[3] = image_pa((const void *)&done);
    u->tail = (u->tail + 32) % QUEUE_BYTES;
    write64(u->reg + REG_QUEUE_TAIL, u->tail); /* uncached: all of the above is visible before */
    await((const volatile uint8_t *)&done, 1, 1);
}

static void by_registers(const struct unit *u, uint64_t low, uint64_t high)
{
    uint64_t of = low >> 4 & 3;

    if ((low & 0xf) == FLUSH_CONTEXT) {
        write64(u->reg + REG_CONTEXT, 1ull << 63 | of << 61);
        await(u->reg + REG_CONTEXT + 4, 1u << 31, 0);
    } else {
        write64(u->iotlb, high);
        write64(u->iotlb + 8, 1ull << 63 | of << 60 | 3ull << 48 | (low >> 16 & 0xffff) << 32);
        await(u->iotlb + 12, 1u << 31, 0);
    }
}

static void invalidate(uint64_t low, uint64_t high)
{
    for (unsigned i = 0; i < unit_count; i++) {
        if (vtd.flags & IOMMU_QUEUED) {
            submit(&units[i], low, high);
        } else {
            by_registers(&units[i], low, high);
        }
    }
}

void vtd_flush_devices(void)
{
    if (vtd.on) {
        invalidate(FLUSH_CONTEXT | OF_ALL, 0);
        invalidate(FLUSH_IOTLB | OF_ALL | DRAIN, 0);
    }
}

void vtd_flush(uint32_t domain, uint64_t iova)
{
    uint64_t low = FLUSH_IOTLB | DRAIN | (uint64_t)domain << 16;
    bool page = iova != VTD_ALL && vtd.flags & IOMMU_BY_PAGE;

    invalidate(low | (page ? OF_PAGE : OF_DOMAIN), page ? iova : 0);
}

/* ---- tables */

void vtd_set_bus(unsigned bus, uint64_t pa)
{
    root_table[2 * bus] = pa ? pa | VTD_PRESENT : 0;
    vtd_clean(&root_table[2 * bus], 8);
    vtd_flush_devices();
}

void vtd_context(unsigned n, uint64_t root, uint64_t top, uint32_t domain, uint64_t *entry)
{
    bool four = units[n].four_levels;

    entry[0] = (four ? top : root) | VTD_PRESENT;
    entry[1] = (uint64_t)domain << 8 | (four ? 2 : 1);
}

/* ---- interrupts: sections 9.10 and 5.1.3 */

static void set_irq(unsigned index, uint64_t low)
{
    irq_table[2 * index] = low;
    vtd_clean(&irq_table[2 * index], 16);
    invalidate(FLUSH_IRQS | ONE_IRQ | (uint64_t)index << 32, 0);
}

void vtd_route_irq(unsigned index, uint32_t vector, uint32_t requester, bool level, bool masked)
{
    uint64_t to = (uint64_t)lapic_id() << (vtd.flags & IOMMU_WIDE_IDS ? 32 : 40);

    if (vtd_remaps()) {
        irq_table[2 * index + 1] = 1ull << 18 | requester; /* all bits of it must be right */
        set_irq(index, to | vector << 16 | (uint64_t)level << 4 | VTD_NO_FAULT | !masked);
    }
}

void vtd_mask_irq(unsigned index, bool masked)
{
    uint64_t low = irq_table[2 * index] & ~VTD_PRESENT;

    if (vtd_remaps()) {
        set_irq(index, masked ? low : low | VTD_PRESENT);
    }
}

/* ---- faults: sections 7.3 and 11.4.9 */

void vtd_route_fault(unsigned n, uint32_t vector)
{
    volatile uint8_t *event = units[n].reg + REG_FAULT_EVENT;

    write32(event + 4, vector);
    write32(event + 8, 0xfee00000u | (lapic_id() & 0xff) << 12);
    write32(event + 12, lapic_id() & ~0xffu);
}

void vtd_mask_fault(unsigned n, bool masked)
{
    write32(units[n].reg + REG_FAULT_EVENT, masked ? EVENT_MASKED : 0);
}

bool vtd_fetch(unsigned n, uint64_t *out)
{
    struct unit *u = &units[n];

    for (unsigned i = 0; i < u->fault_count; i++) {
        volatile uint8_t *record = u->faults + 16 * i;
        uint64_t high = read64(record + 8);
        if (high & RECORD_FAULT) {
            out[0] = high & 0xffff;
            out[1] = read64(record) & ~0xfffull;
            out[2] = high >> 32 & 0xff;
            out[3] = !(high & RECORD_READ);
            write32(record + 12, 1u << 31); /* writing 1 clears, here and below */
            return true;
        }
    }
    u->faults_lost += read32(u->reg + REG_FAULT_STATUS) & FAULT_OVERFLOW;
    write32(u->reg + REG_FAULT_STATUS, FAULT_OVERFLOW); /* nor is an event due any more */
    return false;
}

uint64_t vtd_faults_lost(unsigned n)
{
    return units[n].faults_lost;
}

/* ---- at boot */

unsigned vtd_unit_count(void)
{
    return unit_count;
}

bool vtd_add_unit(const uint64_t *w)
{
    if (unit_count == IOMMU_UNITS_MAX) {
        return false;
    }
    units[unit_count++] = (struct unit){.reg = paging_map_device(w[0]),
                                        .iotlb = paging_map_device(w[0] + w[1]),
                                        .faults = paging_map_device(w[0] + w[2]),
                                        .fault_count = (uint32_t)w[3],
                                        .four_levels = w[4]};
    return true;
}

void vtd_tables(uint64_t *out)
{
    out[0] = image_pa(root_table);
    out[1] = image_pa(irq_table);
    out[2] = image_pa((const void *)queue);
}

void vtd_start(uint32_t flags, uint32_t domains)
{
    vtd.flags = flags;
    vtd.domains = domains;
    vtd.on = true;
    vtd_clean(root_table, sizeof root_table);
    vtd_clean(irq_table, sizeof irq_table);
    vtd_flush_devices();
    if (vtd_remaps()) {
        invalidate(FLUSH_IRQS, 0);
    }
}
