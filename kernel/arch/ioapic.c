/*
 * ioapic.c - the IO-APICs' redirection tables.
 * Source: Intel 82093AA datasheet, 3.0 (registers).
 */
#include <arch/ioapic.h>
#include <arch/paging.h>
#include <arch/timer.h>
#include <arch/vtd.h>
#include <quoll/abi.h>

#define IOAPICS_MAX    8
#define REG_VERSION    1
#define REG_REDIRECT   16 /* two a pin: low, high */
#define RED_ACTIVE_LOW (1u << 13)
#define RED_LEVEL      (1u << 15)

static struct {
    volatile uint32_t *reg;
    uint32_t base, pins, requester;
} ioapics[IOAPICS_MAX];
static unsigned ioapic_count;

static uint32_t ioapic_read(unsigned i, uint32_t reg)
{
    ioapics[i].reg[0] = reg;
    return ioapics[i].reg[4];
}

static void ioapic_write(unsigned i, uint32_t reg, uint32_t v)
{
    ioapics[i].reg[0] = reg;
    ioapics[i].reg[4] = v;
}

/* The IO-APIC that has @gsi, or -1. */
static int find(uint32_t gsi)
{
    for (unsigned i = 0; i < ioapic_count; i++) {
        if (gsi >= ioapics[i].base && gsi - ioapics[i].base < ioapics[i].pins) {
            return (int)i;
        }
    }
    return -1;
}

bool ioapic_add(const uint64_t *w)
{
    if (ioapic_count == IOAPICS_MAX) {
        return false;
    }
    unsigned i = ioapic_count++;
    ioapics[i].reg = paging_map_device(w[0]);
    ioapics[i].base = (uint32_t)w[1];
    ioapics[i].requester = (uint32_t)w[2];
    ioapics[i].pins = (ioapic_read(i, REG_VERSION) >> 16 & 0xff) + 1;
    for (uint32_t pin = 0; pin < ioapics[i].pins; pin++) {
        ioapic_write(i, REG_REDIRECT + 2 * pin, IOAPIC_MASKED);
        ioapic_write(i, REG_REDIRECT + 2 * pin + 1, 0);
    }
    return true;
}

bool ioapic_has(uint32_t gsi)
{
    return find(gsi) >= 0;
}

uint32_t ioapic_requester(uint32_t gsi)
{
    return ioapics[find(gsi)].requester;
}

struct ioapic_pin ioapic_route(uint32_t gsi, uint32_t vector, uint32_t flags)
{
    unsigned i = (unsigned)find(gsi);
    uint32_t index = REG_REDIRECT + 2 * (gsi - ioapics[i].base);
    struct ioapic_pin pin = {.reg = ioapics[i].reg, .index = index, .low = vector};

    pin.low |= flags & IRQ_LEVEL ? RED_LEVEL : 0;
    pin.low |= flags & IRQ_ACTIVE_LOW ? RED_ACTIVE_LOW : 0;
    /* VT-d 5.1.2.1: bit 48 says that what follows it is the number of an entry */
    ioapic_write(i, index + 1,
                 vtd_remaps() ? (vector - VECTOR_IRQ) << 17 | 1u << 16 : lapic_id() << 24);
    return pin;
}
