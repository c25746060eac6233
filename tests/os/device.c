/*
 * device.c - see device.h.
 * Sources: Intel 82C54 datasheet (modes, counter latch); PCI 2.3, 3.2.2.3.2 (configuration
 * mechanism 1) and 6.8.1 (MSI capability); QEMU docs/specs/edu.txt.
 */
#include "device.h"
#include "test.h"

#include <quoll/borrow.h>
#include <stdio.h>
#include <string.h>

#define PIT_CHANNEL0      0x40u
#define PIT_CHANNEL2      0x42u
#define PIT_COMMAND       0x43u
#define PIT_ONE_SHOT      0x30u /* channel 0, both bytes, mode 0 */
#define PIT_RATE          0x34u /* channel 0, both bytes, mode 2 */
#define PIT_CLOCK         0xb4u /* channel 2, both bytes, mode 2 */
#define PIT_LATCH_CLOCK   0x80u
#define PIT_HZ            1193182u
#define PIT_ONE_SHOT_TICK 1000u /* 0.84 ms */

#define PCI_ADDRESS      0xcf8u
#define PCI_DATA         0xcfcu
#define PCI_COMMAND      0x04u
#define PCI_BAR0         0x10u
#define COMMAND_MEM      0x2u
#define COMMAND_DMA      0x4u
#define Q35_HOST         0x29c08086u
#define EDU_ID           0x11e81234u
#define EDU_NAME         "1234:11e8"
#define EDU_MSI          0x40u       /* its capability; 64-bit, one message */
#define EDU_BASE         0xe0000000u /* mmio of boot/system.manifest */
#define EDU_BAR_BITS     20u
#define EDU_FACTORIAL    (0x08u / 4)
#define EDU_STATUS       (0x20u / 4)
#define EDU_RAISED       (0x24u / 4)
#define EDU_STATUS_RAISE 0x80u /* when it is done */
#define EDU_RAISE        (0x60u / 4)
#define EDU_ACK          (0x64u / 4)
#define EDU_DMA_FROM     (0x80u / 4) /* low, high */
#define EDU_DMA_TO       (0x88u / 4)
#define EDU_DMA_BYTES    (0x90u / 4)
#define EDU_DMA          (0x98u / 4)
#define EDU_DMA_RUN      1u
#define EDU_DMA_WRITE    2u
#define EDU_DMA_MEMORY   0x40000u /* its own */

static unsigned edu_slot[2], edu_count;
static uint32_t edu_bar[2], edu_command[2]; /* its driver's, while a test has moved it */
static bool edu_moved;
static bool found, com2_found, exact, has_config;
static unsigned pit_period;
static uint64_t pit_start_tsc;
static uint16_t pit_start_clock;

static void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static uint32_t pci_read(unsigned slot, unsigned offset)
{
    out32(PCI_ADDRESS, 0x80000000u | slot << 11 | offset);
    return in32(PCI_DATA);
}

static void pci_write(unsigned slot, unsigned offset, uint32_t value)
{
    out32(PCI_ADDRESS, 0x80000000u | slot << 11 | offset);
    out32(PCI_DATA, value);
}

/* On q35's bus 0, slots 0 to 24, pin A: platform fact of QEMU 7.2. */
static unsigned slot_gsi(unsigned slot)
{
    return 20 + slot % 4;
}

/* The driver of PCI has the ports of configuration space where there is no ECAM: not on q35, and
 * nothing but q35 has devices that a test looks for there. */
static bool open_ports(void)
{
    const struct {
        const char *whose;
        bool exists;
        uint16_t first, last;
    } range[] = {{"the timer's", true, PIT_CHANNEL0, PIT_COMMAND},
                 {"COM2's", com2_found, COM2, COM2 + 7}};
    uint64_t map = lab_slot();
    int e = sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED, SLOT_VSPACE, map, 0,
                   0, 0);
    bool ok = test_expect_error("making a port map", e, E_OK);

    for (unsigned i = 0; ok && i < sizeof range / sizeof range[0]; i++) {
        char what[64];
        if (!range[i].exists)
            continue;
        (void)snprintf(what, sizeof what, "opening %s ports", range[i].whose);
        e = sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, range[i].first, range[i].last,
                   0, 0, 0);
        ok = test_expect_error(what, e, E_OK);
    }
    has_config = ok && sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, PCI_ADDRESS,
                              PCI_DATA + 3, 0, 0, 0) == E_OK;
    return ok;
}

static void find_edu(void)
{
    if (!has_config || pci_read(0, 0) != Q35_HOST)
        return;
    for (unsigned slot = 1; slot < 25 && edu_count < 2; slot++) {
        bool shared = edu_count == 0 || slot_gsi(slot) == slot_gsi(edu_slot[0]);
        if (pci_read(slot, 0) == EDU_ID && shared)
            edu_slot[edu_count++] = slot;
    }
}

/* What a test commands, and what could make these interrupt it. */
static bool is_wanted(const struct devman_node_state *node)
{
    return borrow_is_timer(node) || strcmp(node->where, "/platform/com2") == 0 ||
           strcmp(node->where, "/platform/com4") == 0 || strcmp(node->id, EDU_NAME) == 0;
}

bool device_borrow(void)
{
    const char *failed = borrow_devices(is_wanted);

    return test_expect(failed != NULL ? failed : "", failed == NULL, true);
}

void devices_find(void)
{
    uint64_t least = UINT64_MAX;

    if (found)
        return;
    found = true;
    for (unsigned i = 0; i < 16; i++) {
        uint64_t before = rdtsc(), after = rdtsc();
        least = after - before < least ? after - before : least;
    }
    exact = least < 16; /* a host's counter takes longer */
    lab_begin();
    com2_found = borrow_knows("/platform/com2");
    if (device_borrow() && open_ports())
        find_edu();
    lab_end();
    (void)borrow_return();
}

bool has_one_edu(void)
{
    return edu_count != 0;
}

bool has_edu(void)
{
    return edu_count == 2;
}

bool has_com2(void)
{
    return com2_found;
}

bool is_exact_machine(void)
{
    return exact;
}

uint64_t device_irq(uint64_t gsi, uint64_t flags)
{
    uint64_t irq = lab_slot();
    int e = sys_op(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, gsi, flags, irq, 0, 0);

    return test_expect_error("making an Irq", e, E_OK) ? irq : 0;
}

void device_wait_us(uint64_t us)
{
    uint64_t bits = 0, when = rdtsc() + us * quoll_info()->tsc_hz / 1000000u;

    if (sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, when, 1, 0, 0, 0, 0) == E_OK)
        (void)sys_wait(SLOT_NOTIFY, &bits);
}

bool device_ports(void)
{
    if (!device_borrow() || !open_ports())
        return false;
    out8(PIT_COMMAND, PIT_ONE_SHOT); /* without a count it stops; QEMU's after its next edge */
    device_wait_us(1000);
    out8(PIT_COMMAND, PIT_RATE); /* its output is high, so the next edge is one of pit_run's */
    return true;
}

static void pit_load(uint8_t command, uint16_t port, unsigned ticks)
{
    out8(PIT_COMMAND, command);
    out8(port, ticks & 0xff);
    out8(port, ticks >> 8 & 0xff);
}

void pit_edge(void)
{
    pit_load(PIT_ONE_SHOT, PIT_CHANNEL0, PIT_ONE_SHOT_TICK);
    device_wait_us(5000);
}

/* Channel 2 counts down through all 16 bits at the same rate, and is only read. */
static uint16_t pit_clock(void)
{
    out8(PIT_COMMAND, PIT_LATCH_CLOCK);
    uint16_t low = in8(PIT_CHANNEL2);
    return (uint16_t)(low | in8(PIT_CHANNEL2) << 8);
}

void pit_run(unsigned ticks)
{
    pit_period = ticks;
    pit_load(PIT_CLOCK, PIT_CHANNEL2, 0);
    pit_load(PIT_RATE, PIT_CHANNEL0, ticks);
    pit_start_clock = pit_clock();
    pit_start_tsc = rdtsc();
}

/* Ticks since pit_run: the low 16 bits are the clock's, the others follow from the TSC. */
static uint64_t pit_elapsed(void)
{
    uint16_t low = (uint16_t)(pit_start_clock - pit_clock());
    uint64_t about = (rdtsc() - pit_start_tsc) * PIT_HZ / quoll_info()->tsc_hz;

    return ((about + 0x8000 - low) & ~0xffffull) + low;
}

uint64_t pit_edges(void)
{
    uint64_t elapsed, in_period;

    do {
        elapsed = pit_elapsed();
        in_period = elapsed % pit_period;
    } while (in_period < pit_period / 4 || in_period > pit_period * 3 / 4);
    return elapsed / pit_period;
}

/* Its BAR moves to where this task has device memory; its first page is mapped. */
static bool edu_map(struct edu *e, unsigned index)
{
    uint64_t window = lab_slot(), frame = lab_slot(), va = lab_va(1);
    int status = sys_op(SLOT_MMIO, OP_UNTYPED_RETYPE, OBJ_UNTYPED, EDU_BAR_BITS, 0, window, 1, 0);

    e->slot = edu_slot[index];
    e->gsi = slot_gsi(e->slot);
    if (status == E_OK)
        status = sys_op(window, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_4K_BITS, 0, frame, 1, 0);
    if (status == E_OK)
        status = lab_map(SLOT_VSPACE, va, frame, RIGHT_READ | RIGHT_WRITE);
    e->reg = (volatile uint32_t *)va;
    if (!edu_moved) {
        edu_bar[index] = pci_read(e->slot, PCI_BAR0);
        edu_command[index] = pci_read(e->slot, PCI_COMMAND) & 0xffff;
    }
    pci_write(e->slot, PCI_BAR0, EDU_BASE + (index << EDU_BAR_BITS));
    pci_write(e->slot, PCI_COMMAND, COMMAND_MEM | COMMAND_DMA);
    pci_write(e->slot, EDU_MSI, pci_read(e->slot, EDU_MSI) & ~(1u << 16));
    return test_expect_error("mapping an edu", status, E_OK);
}

bool edu_open(struct edu e[2])
{
    bool ok = device_ports() && edu_map(&e[0], 0) && edu_map(&e[1], 1);

    edu_moved = ok;
    if (!ok)
        return false;
    edu_acknowledge(&e[0]);
    edu_acknowledge(&e[1]);
    return test_expect("an edu's identification", e[0].reg[0] & 0xffff, 0xed);
}

void devices_restore(void)
{
    for (unsigned i = 0; edu_moved && i < 2; i++) {
        pci_write(edu_slot[i], EDU_MSI, pci_read(edu_slot[i], EDU_MSI) & ~(1u << 16));
        pci_write(edu_slot[i], PCI_BAR0, edu_bar[i]);
        pci_write(edu_slot[i], PCI_COMMAND, edu_command[i]);
    }
    edu_moved = false;
}

void edu_use_msi(const struct edu *e, uint64_t address, uint32_t data)
{
    pci_write(e->slot, EDU_MSI + 4, (uint32_t)address);
    pci_write(e->slot, EDU_MSI + 8, (uint32_t)(address >> 32));
    pci_write(e->slot, EDU_MSI + 12, data);
    pci_write(e->slot, EDU_MSI, pci_read(e->slot, EDU_MSI) | 1u << 16);
}

void edu_raise(const struct edu *e)
{
    e->reg[EDU_RAISE] = 1;
}

/* It computes a factorial meanwhile, on a thread of its own. */
void edu_raise_later(const struct edu *e)
{
    e->reg[EDU_STATUS] = EDU_STATUS_RAISE;
    e->reg[EDU_FACTORIAL] = 20;
    do
        device_wait_us(500);
    while (e->reg[EDU_RAISED] == 0);
}

void edu_acknowledge(const struct edu *e)
{
    e->reg[EDU_ACK] = UINT32_MAX;
}

/* It takes 100 ms of the machine's time. */
static void edu_dma(const struct edu *e, uint64_t from, uint64_t to, unsigned bytes,
                    uint32_t command)
{
    e->reg[EDU_DMA_FROM] = (uint32_t)from;
    e->reg[EDU_DMA_FROM + 1] = (uint32_t)(from >> 32);
    e->reg[EDU_DMA_TO] = (uint32_t)to;
    e->reg[EDU_DMA_TO + 1] = (uint32_t)(to >> 32);
    e->reg[EDU_DMA_BYTES] = bytes;
    e->reg[EDU_DMA_BYTES + 1] = 0;
    e->reg[EDU_DMA] = command | EDU_DMA_RUN;
    do
        device_wait_us(20000);
    while ((e->reg[EDU_DMA] & EDU_DMA_RUN) != 0);
}

void edu_write(const struct edu *e, uint64_t to, unsigned offset, unsigned bytes)
{
    edu_dma(e, EDU_DMA_MEMORY + offset, to, bytes, EDU_DMA_WRITE);
}

void edu_read(const struct edu *e, uint64_t from, unsigned offset, unsigned bytes)
{
    edu_dma(e, from, EDU_DMA_MEMORY + offset, bytes, 0);
}

uint64_t edu_requester(const struct edu *e)
{
    return e->slot << 3;
}

bool interrupts_are_remapped(void)
{
    struct msg m = {0};

    return sys_invoke(SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_INFO, &m) == E_OK &&
           (m.w[0] & IOMMU_REMAPS_IRQS) != 0;
}
