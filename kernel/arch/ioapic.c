/*
 * ioapic.c - the IO-APICs' redirection tables.
 * Source: Intel 82093AA datasheet, 3.0 (registers).
 */
#include <arch/ioapic.h>
#include <arch/paging.h>
#include <arch/timer.h>
#include <quoll/abi.h>

#define REG_VERSION    1
#define REG_REDIRECT   16 /* two a pin: low, high */
#define RED_ACTIVE_LOW (1u << 13)
#define RED_LEVEL      (1u << 15)

static struct {
    volatile uint32_t *reg;
    uint32_t base, pins;
} ioapics[BOOT_MAX_IOAPIC];
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

void ioapic_init(const struct boot_acpi *acpi)
{
    struct boot_ioapic standard = {.id = 0, .gsi_base = 0, .pa = 0xfec00000};
    const struct boot_ioapic *list = acpi->ioapic_count ? acpi->ioapic : &standard;
    unsigned count = acpi->ioapic_count ? acpi->ioapic_count : 1;

    for (unsigned i = 0; i < count; i++) {
        ioapics[i].reg = paging_map_device(list[i].pa);
        ioapics[i].base = list[i].gsi_base;
        ioapic_count = i + 1;
        ioapics[i].pins = (ioapic_read(i, REG_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t pin = 0; pin < ioapics[i].pins; pin++) {
            ioapic_write(i, REG_REDIRECT + 2 * pin, IOAPIC_MASKED);
            ioapic_write(i, REG_REDIRECT + 2 * pin + 1, 0);
        }
    }
}

bool ioapic_has(uint32_t gsi)
{
    return find(gsi) >= 0;
}

struct ioapic_pin ioapic_route(uint32_t gsi, uint32_t vector, uint32_t flags)
{
    unsigned i = (unsigned)find(gsi);
    uint32_t index = REG_REDIRECT + 2 * (gsi - ioapics[i].base);
    struct ioapic_pin pin = {.reg = ioapics[i].reg, .index = index, .low = vector};

    pin.low |= flags & IRQ_LEVEL ? RED_LEVEL : 0;
    pin.low |= flags & IRQ_ACTIVE_LOW ? RED_ACTIVE_LOW : 0;
    ioapic_write(i, index + 1, lapic_id() << 24);
    return pin;
}
