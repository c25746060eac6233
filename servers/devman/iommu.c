/*
 * iommu.c - see iommu.h.
 * A device's IoSpace, its tables and the Device itself are made of one untyped that the device
 * keeps for ever: 16 KiB, 8 KiB and four tables of 8 KiB are enough for what dma.c maps.
 */
#include "iommu.h"

#include "devman.h"

#include <idl/bus.h>
#include <quoll/error.h>
#include <quoll/iommu_scope.h>

#define SPACE_MEMORY_BITS 16
#define HOPS              8u
#define RECORDS_MAX       64u  /* in one go: the unit interrupts again if there are more */
#define FAULTS_MAX        100u /* interrupts of a unit in ... */
#define FAULTS_PERIOD_US  100000u
#define IRQ_MEMORY_BITS   12
#define STRANGERS         8u

/* Requesters that no device of the tree is, so that each is named once and then silenced. */
static struct {
    uint16_t requester;
    uint32_t device;
} strangers[STRANGERS];
static unsigned stranger_count;

/* Of the units' faults; while nobody listens there are none. */
static uint32_t irq_untyped, irqs[BOOT_MAX_UNITS];
static unsigned irq_count;

static const struct boot_iommu *facts(void)
{
    return &boot_machine(devman.boot)->iommu;
}

bool iommu_is_on(void)
{
    return facts()->state == BOOT_IOMMU_ON;
}

unsigned iommu_units(void)
{
    return facts()->unit_count;
}

/* The fault interrupt of unit @unit, paid for by @payer. */
static int make_irq(struct spawn *payer, unsigned unit)
{
    struct spawn_irq irq = {.gsi = unit,
                            .flags = IRQ_IOMMU,
                            .endpoint = SLOT_SERVE,
                            .badge = BADGE_IOMMU_OF(unit)};
    int error = spawn_irq(payer, &irq);

    if (error == E_OK) {
        irqs[irq_count++] = irq.slot;
        error =
            sys_op(irq.slot, OP_IRQ_SET_LIMIT, FAULTS_MAX, FAULTS_PERIOD_US, SLOT_STORM, 0, 0, 0);
    }
    return error;
}

static void stop_listening(void)
{
    if (irq_untyped != 0) {
        (void)pieces_give(&devman.memory, irq_untyped); /* and all that was made of it */
    }
    irq_untyped = 0;
    while (irq_count > 0) {
        slots_give(&devman.slots, irqs[--irq_count], 1);
    }
}

int iommu_listen(bool on)
{
    struct spawn payer = {.maker = &devman.maker, .slots = &devman.slots};
    int error;

    if (!iommu_is_on() || on == (irq_untyped != 0)) {
        return E_OK;
    }
    if (!on) {
        stop_listening();
        return E_OK;
    }
    error = pieces_take(&devman.memory, IRQ_MEMORY_BITS, &irq_untyped);
    payer.untyped = irq_untyped;
    for (unsigned i = 0; error == E_OK && i < iommu_units(); i++) {
        if (facts()->unit[i].number != BOOT_NO_UNIT) {
            error = make_irq(&payer, facts()->unit[i].number);
        }
    }
    return error;
}

/* ---- which unit */

static struct device *device_of(uint16_t requester)
{
    for (unsigned i = 1; i < devman.tree.count; i++) {
        struct device *d = &devman.device[i];
        if (d->node->present && d->requester == requester &&
            tree_resource(d->node, "config") != NULL) {
            return d;
        }
    }
    return NULL;
}

/* The way from the root bus to @d; how many steps, 0: it can't be told. */
static unsigned way_to(const struct device *d, struct iommu_hop hops[HOPS])
{
    struct iommu_hop reversed[HOPS];
    unsigned count = 0;

    for (const struct device *at = d; at != NULL; at = device_of(at->behind)) {
        if (count == HOPS) {
            return 0;
        }
        reversed[count++] = (struct iommu_hop){.bus = (uint8_t)(at->requester >> 8),
                                               .devfn = (uint8_t)at->requester};
        if (at->behind == BUS_NO_BRIDGE) {
            break;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        hops[i] = reversed[count - 1 - i];
    }
    return count;
}

static int unit_of(const struct device *d)
{
    struct iommu_hop hops[HOPS];
    unsigned count = way_to(d, hops);

    return count == 0 ? IOMMU_NO_UNIT : iommu_unit_of(facts(), hops, count);
}

const char *iommu_why_not(const struct device *d)
{
    struct iommu_hop hops[HOPS];
    unsigned count = way_to(d, hops);

    if (d->is_disguised) {
        return "it is behind a bridge to conventional PCI, which hides whose requests come";
    }
    if (count == 0 || iommu_unit_of(facts(), hops, count) == IOMMU_NO_UNIT) {
        return "no IOMMU unit that can be used looks after it";
    }
    if (iommu_rmrr_of(facts(), hops, count, 0) != NULL) {
        return "the firmware keeps memory for it (an RMRR), which a driver must not have";
    }
    return NULL;
}

/* ---- objects */

static int make_device(uint32_t untyped, int unit, uint16_t requester, uint32_t *slot)
{
    uint32_t made = slots_take(&devman.slots, 1);
    int error = made == 0 ? E_LIMIT
                          : sys_op(SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_CREATE, untyped,
                                   (uint64_t)unit, requester, made, 0, 0);

    if (error == E_OK) {
        *slot = made;
    } else if (made != 0) {
        slots_give(&devman.slots, made, 1);
    }
    return error;
}

static int take_memory(struct device *d)
{
    return d->dma.untyped != 0 ? E_OK
                               : pieces_take(&devman.memory, SPACE_MEMORY_BITS, &d->dma.untyped);
}

static struct spawn payer_of(const struct device *d)
{
    return (
        struct spawn){.maker = &devman.maker, .slots = &devman.slots, .untyped = d->dma.untyped};
}

uint64_t iommu_bytes(void)
{
    return 1ull << SPACE_MEMORY_BITS;
}

/* One that was silenced before its bus had reported it. */
static void adopt(struct device *d)
{
    for (unsigned i = 0; i < stranger_count; i++) {
        if (strangers[i].requester == d->requester) {
            d->dma.device = strangers[i].device;
            strangers[i] = strangers[--stranger_count];
            return;
        }
    }
}

static void empty(uint32_t *slot)
{
    if (*slot != 0) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, *slot, 0, 0, 0, 0, 0);
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, *slot, 0, 0, 0, 0, 0);
        slots_give(&devman.slots, *slot, 1);
    }
    *slot = 0;
}

void iommu_release(struct device *d)
{
    empty(&d->dma.device);
    empty(&d->dma.space);
    while (d->dma.table_count > 0) {
        empty(&d->dma.table[--d->dma.table_count]);
    }
    if (d->dma.untyped != 0) {
        (void)pieces_give(&devman.memory, d->dma.untyped);
    }
    d->dma.untyped = 0;
}

int iommu_make(struct device *d)
{
    int error = take_memory(d);

    if (error == E_OK && d->dma.space == 0) {
        struct spawn payer = payer_of(d);
        error = spawn_make(&payer, OBJ_IOSPACE, 0, &d->dma.space);
    }
    if (error == E_OK && d->dma.device == 0) {
        adopt(d);
    }
    if (error == E_OK && d->dma.device == 0) {
        error = make_device(d->dma.untyped, unit_of(d), d->requester, &d->dma.device);
    }
    return error;
}

static int add_table(struct device *d, uint64_t address)
{
    struct spawn payer = payer_of(d);
    uint32_t *table = &d->dma.table[d->dma.table_count];
    int error =
        d->dma.table_count == DMA_TABLES ? E_LIMIT : spawn_make(&payer, OBJ_IO_TABLE, 0, table);

    if (error != E_OK) {
        return error;
    }
    d->dma.table_count++;
    return sys_op(d->dma.space, OP_IOSPACE_MAP_TABLE, address, *table, 0, 0, 0, 0);
}

static int map_one(struct device *d, uint64_t address, uint32_t frame)
{
    int error, tables = E_OK;

    do {
        error =
            sys_op(d->dma.space, OP_IOSPACE_MAP, address, frame, RIGHT_READ | RIGHT_WRITE, 0, 0, 0);
        if (error == E_NO_TABLE) {
            tables = add_table(d, address);
        }
    } while (error == E_NO_TABLE && tables == E_OK);
    return error == E_NO_TABLE ? tables : error;
}

int iommu_map(struct device *d, uint64_t address, uint32_t frame, unsigned count, unsigned bits)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < count; i++) {
        error = map_one(d, address + ((uint64_t)i << bits), frame + i);
    }
    return error;
}

void iommu_unmap(uint32_t frame, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)sys_op(frame + i, OP_FRAME_UNMAP, 0, 0, 0, 0, 0, 0);
    }
}

/* ---- over a driver's life */

void iommu_block(struct device *d)
{
    if (d->dma.device != 0) {
        (void)sys_op(d->dma.device, OP_DEVICE_ASSIGN, 0, 0, 0, 0, 0, 0);
        (void)sys_op(d->dma.device, OP_DEVICE_SILENCE, 1, 0, 0, 0, 0, 0);
    }
}

int iommu_let(struct device *d)
{
    int error;

    iommu_faults((unsigned)unit_of(d)); /* the predecessor's */
    error = sys_op(d->dma.device, OP_DEVICE_ASSIGN, d->dma.space, 0, 0, 0, 0, 0);
    if (error == E_OK) {
        error = sys_op(d->dma.device, OP_DEVICE_SILENCE, 0, 0, 0, 0, 0, 0);
    }
    return error;
}

/* ---- faults */

struct fault {
    uint16_t requester;
    uint64_t address, reason;
    bool is_write;
};

/* Intel VT-d specification 3.3, section 7.2.3, table 19. */
static const char *reason_name(uint64_t reason)
{
    static const char *const names[] = {
        [1] = "its bus has no devices",       [2] = "it is blocked",
        [3] = "its context is not right",     [4] = "no address space has such addresses",
        [5] = "it may not write there",       [6] = "it may not read there",
        [7] = "a table is not right",         [8] = "the root table can't be read",
        [9] = "its context can't be read",    [0x21] = "there is no such interrupt",
        [0x22] = "the interrupt is nobody's", [0x25] = "interrupts are remapped",
        [0x26] = "the interrupt is another's"};
    const char *name = reason < sizeof(names) / sizeof(names[0]) ? names[reason] : NULL;

    return name != NULL ? name : "see the VT-d specification";
}

#define FAULT_TEXT "DMA %s 0x%lx refused, requester %02x:%02x.%x, reason %u (%s)"
#define FAULT_WORDS(f)                                                                             \
    (f)->is_write ? "write to" : "read of", (unsigned long)(f)->address, (f)->requester >> 8,      \
        (f)->requester >> 3 & 31, (f)->requester & 7, (unsigned)(f)->reason,                       \
        reason_name((f)->reason)

static void silence(uint32_t device)
{
    if (device != 0) {
        (void)sys_op(device, OP_DEVICE_SILENCE, 1, 0, 0, 0, 0, 0);
    }
}

/* A device whose driver has no DMA, or that has no driver. */
static void fault_of_idle(struct device *d, const struct fault *f)
{
    char path[TREE_PATH];

    if (d->dma.device == 0 && take_memory(d) == E_OK) {
        (void)make_device(d->dma.untyped, unit_of(d), d->requester, &d->dma.device);
    }
    silence(d->dma.device);
    tree_path(&devman.tree, d->node, path);
    log_line("%s: " FAULT_TEXT "; it is not listened to any more", path, FAULT_WORDS(f));
}

/* What the firmware has left at work is found by its bus soon. */
static bool all_is_found(void)
{
    const struct device *pci = device_by_path("/pci");

    return pci != NULL && pci->recorded;
}

static void fault_of_stranger(unsigned unit, const struct fault *f)
{
    uint32_t untyped, device = 0;

    if (!all_is_found()) {
        return;
    }

    for (unsigned i = 0; i < stranger_count; i++) {
        if (strangers[i].requester == f->requester) {
            return;
        }
    }
    if (stranger_count == STRANGERS) {
        return;
    }
    if (pieces_take(&devman.memory, DEVICE_BITS, &untyped) == E_OK &&
        make_device(untyped, (int)unit, f->requester, &device) != E_OK) {
        (void)pieces_give(&devman.memory, untyped);
    }
    silence(device);
    strangers[stranger_count].requester = f->requester;
    strangers[stranger_count++].device = device;
    log_line("a device that no bus reports: " FAULT_TEXT "; it is not listened to any more",
             FAULT_WORDS(f));
}

/* What it tries under a driver with DMA is that driver's death; after it, silence. */
static void fault(unsigned unit, const struct fault *f)
{
    struct device *d = device_of(f->requester);

    if (d == NULL) {
        fault_of_stranger(unit, f);
    } else if (d->dma.mode != DRIVER_DMA_BEHIND_IOMMU || d->dma.device == 0) {
        fault_of_idle(d, f);
    } else if (d->dma.open && d->alive && !device_is_dying(d)) {
        death(d, CAUSE_DMA, FAULT_TEXT, FAULT_WORDS(f));
    } /* else it is one more of those that its driver has died of */
}

void iommu_faults(unsigned unit)
{
    for (unsigned i = 0; i < RECORDS_MAX; i++) {
        struct msg m = {.w = {unit}};
        struct fault f;

        if (sys_invoke(SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_FETCH, &m) != E_OK) {
            return;
        }
        f = (struct fault){.requester = (uint16_t)m.w[0],
                           .address = m.w[1],
                           .reason = m.w[2],
                           .is_write = m.w[3] != 0};
        fault(unit, &f);
    }
}
