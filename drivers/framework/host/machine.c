/*
 * machine.c - what the driver's device owns: ports and pins of a list, or a PCI function's, set up
 * by the pci bus driver's core, as no firmware has run. Interrupts are the IO-APIC's pins, which
 * qtest shows; messages go into a word of the machine's memory, where they are looked for.
 */
#include "internal.h"

#include "../../pci/pci.h"

#include <string.h>

#define MEMORY_FIRST 0xc0000000u /* for BARs */
#define MEMORY_LAST  0xfebfffffu
#define IO_FIRST     0xc000u
#define IO_LAST      0xfeffu
#define MESSAGE_AT   0x100000u
#define MESSAGE_DATA 0x4d51u
#define Q35_HUB      0x29c0u
#define CLASS_IDE    0x0101u
#define IRQS         8u

struct irq {
    unsigned pin;
    bool level, message;
};

static struct irq irqs[IRQS];
static struct pci_access access = {.bus_last = 255};
static struct pci_tree tree;
static struct host_resource found[PCI_BARS + 9]; /* and irq, msi, IDE's, and the end */

/* ---- PCI */

static const struct pci_function *match(const struct driver_manifest *m, unsigned nth)
{
    for (unsigned i = 0; i < tree.count; i++) {
        const struct pci_function *f = &tree.function[i];
        const struct driver_device device = {.bus = "pci",
                                             .name = "",
                                             .vendor = f->vendor,
                                             .device = f->device,
                                             .class_code = f->class};

        if (driver_manifest_score(m, &device) != 0 && nth-- == 0) {
            return f;
        }
    }
    host_end("%s: QEMU has no such PCI device; start it with -device", m->name);
}

/* Slots 0 to 24 of q35's bus 0; elsewhere it takes firmware to know. */
static unsigned pin_of(const struct pci_function *f)
{
    unsigned slot = pci_slot_of(f->place);

    if (tree.function[0].device != Q35_HUB || pci_bus_of(f->place) != 0 || slot > 24) {
        host_end("%s: its interrupt's pin is not known; use bus 0 of -M q35", f->name);
    }
    return 20 + (slot + f->pin - 1) % 4;
}

/* Both channels in compatibility mode, as the bus driver reports them. */
static const struct host_resource ide[] = {
    {"command0", NEED_PORTS, 0x1f0, 8, false}, {"control0", NEED_PORTS, 0x3f6, 1, false},
    {"irq0", NEED_IRQ, 14, 1, false},          {"command1", NEED_PORTS, 0x170, 8, false},
    {"control1", NEED_PORTS, 0x376, 1, false}, {"irq1", NEED_IRQ, 15, 1, false},
};

static const struct host_resource *list(const struct pci_function *f)
{
    static const char *const names[PCI_BARS] = {"bar0", "bar1", "bar2", "bar3", "bar4", "bar5"};
    unsigned n = 0;

    for (unsigned i = 0; i < f->resource_count; i++) {
        const struct pci_resource *r = &f->resource[i];
        struct pci_window window = pci_mappable(f, r);

        found[n++] = (struct host_resource){.name = names[r->bar],
                                            .kind = r->kind == PCI_IO ? NEED_PORTS : NEED_MMIO,
                                            .base = r->base + window.first,
                                            .size = window.last - window.first + 1};
    }
    if (f->pin != 0) {
        found[n++] = (struct host_resource){"irq", NEED_IRQ, pin_of(f), 1, true};
    }
    if (f->capability.msi != 0) {
        found[n++] = (struct host_resource){"msi", NEED_MSI, 0, 1, false};
    }
    if (f->class >> 8 == CLASS_IDE) {
        memcpy(found + n, ide, sizeof(ide));
        n += sizeof(ide) / sizeof(ide[0]);
    }
    found[n] = (struct host_resource){.name = NULL};
    return found;
}

/* What the bus driver does when devman orders PREPARE. */
static void prepare(const struct pci_function *f, bool master)
{
    struct config_device device = pci_config_of(&access, f);
    const char *wrong = NULL;

    pci_msi_stop(f, &device);
    pci_set_decoding(f, &device, true);
    pci_set_master(&device, master);
    if (driver_info()->irq_count != 0 && irqs[0].message) {
        wrong = pci_msi_start(f, &device, (struct pci_message){MESSAGE_AT, MESSAGE_DATA});
    } else {
        pci_set_intx(&device, true);
    }
    if (wrong != NULL) {
        host_end("%s: %s", f->name, wrong);
    }
}

static const struct pci_function *find_function(const struct driver_manifest *m, unsigned nth)
{
    static const struct pci_space space = {.memory = {MEMORY_FIRST, MEMORY_LAST},
                                           .io = {IO_FIRST, IO_LAST}};

    pci_enumerate(&tree, &access, NULL, true);
    if (pci_assign(&tree, &access, &space) != 0) {
        host_end("not all of QEMU's PCI devices get addresses");
    }
    return match(m, nth);
}

/* ---- what the manifest asks for */

static void grant_irq(const struct host_resource *r, struct driver_resource *to)
{
    unsigned index = host_info()->irq_count++;

    if (index == IRQS) {
        host_end("more than %u interrupts", IRQS);
    }
    irqs[index] = (struct irq){(unsigned)r->base, r->level, r->kind == NEED_MSI};
    to->kind = r->kind == NEED_MSI ? DRIVER_MSI : DRIVER_IRQ;
    to->index = index;
    to->base = r->base;
    if (r->kind == NEED_MSI) {
        to->base = MESSAGE_AT;
        to->size = MESSAGE_DATA;
    }
}

static void grant(const struct driver_need *need, const struct host_resource *r)
{
    struct driver_info *info = host_info();
    struct driver_resource *to = &info->resource[info->resource_count++];

    memcpy(to->name, need->alias, sizeof(to->name));
    switch (r->kind) {
    case NEED_PORTS:
    case NEED_MMIO:
        to->kind = r->kind == NEED_PORTS ? DRIVER_PORTS : DRIVER_MMIO;
        to->base = to->pa = r->base;
        to->size = r->size;
        break;
    case NEED_IRQ:
    case NEED_MSI:
        grant_irq(r, to);
        break;
    default:
        host_end("%s is of a kind that the host does not have", need->name);
    }
}

/* Messages are writes of the device's: without bus mastering there are none. */
static bool is_possible(const struct driver_need *need)
{
    return need->kind != NEED_MSI || driver_has_dma();
}

void host_find(const struct driver_manifest *m, const struct host_resource *resources, unsigned nth)
{
    const struct pci_function *f = resources == NULL ? find_function(m, nth) : NULL;

    resources = f != NULL ? list(f) : resources;
    for (unsigned i = 0; i < m->need_count; i++) {
        const struct driver_need *need = &m->needs[i];
        const struct host_resource *r = resources;

        if (need->kind == NEED_DMA && driver_has_dma()) {
            host_grant_dma(need, &host_info()->resource[host_info()->resource_count++]);
            continue;
        }
        while (r->name != NULL && (strcmp(r->name, need->name) != 0 || r->kind != need->kind)) {
            r++;
        }
        if (r->name != NULL && is_possible(need)) {
            grant(need, r);
        } else if (!need->optional && need->kind != NEED_DMA) {
            host_end("%s needs %s %s, which the device does not own", m->name,
                     driver_need_name(need->kind), need->name);
        }
    }
    if (f != NULL) {
        prepare(f, driver_has_dma());
    }
}

/* ---- interrupts */

uint64_t host_take_irq(unsigned index)
{
    const struct irq *irq = &irqs[index];

    if (irq->message) {
        uint32_t came = mmio_read32(MESSAGE_AT);

        if (came != 0) {
            mmio_write32(MESSAGE_AT, 0);
        }
        return came == MESSAGE_DATA;
    }
    return irq->level ? qtest_pins() >> irq->pin & 1 : qtest_take_edges(irq->pin);
}
