/*
 * timer.c - local APIC: its timer and end of interrupt.
 * Source: Intel SDM vol. 3A, chapter 10 (APIC), 10.5.4 (timer), 10.12 (x2APIC).
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/paging.h>
#include <arch/timer.h>
#include <console/panic.h>
#include <lib/port.h>

#define MSR_APIC_BASE    0x1bu
#define MSR_TSC_DEADLINE 0x6e0u

#define LAPIC_ID        0x20
#define LAPIC_TPR       0x80
#define LAPIC_SVR       0xf0
#define LAPIC_ISR       0x100
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_INITIAL   0x380
#define LAPIC_CURRENT   0x390
#define LAPIC_DIVIDE    0x3e0

#define LVT_MASKED       0x10000u
#define LVT_TSC_DEADLINE 0x40000u
#define DIVIDE_BY_1      0xbu

#define PIT_HZ   1193182ull
#define PIT_WAIT 11932 /* ticks: 10 ms */
#define PIT_OUT  0x20  /* in port 0x61: channel 2's output */

volatile uint32_t *lapic;
static uint64_t lapic_per_tsc; /* timer ticks per TSC tick, 32.32 fixed point */

static void lapic_write(uint32_t reg, uint32_t v)
{
    if (lapic) {
        lapic[reg / 4] = v;
    } else {
        wrmsr(MSR_X2APIC + reg / 16, v);
    }
}

static uint32_t lapic_read(uint32_t reg)
{
    return lapic ? lapic[reg / 4] : (uint32_t)rdmsr(MSR_X2APIC + reg / 16);
}

bool lapic_in_service(uint32_t vector)
{
    return lapic_read(LAPIC_ISR + vector / 32 * 16) >> vector % 32 & 1;
}

uint32_t lapic_id(void)
{
    uint32_t id = lapic_read(LAPIC_ID);
    return lapic ? id >> 24 : id;
}

void timer_set(uint64_t deadline)
{
    if (cpu_features.tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE, deadline);
        return;
    }
    if (!deadline) {
        lapic_write(LAPIC_INITIAL, 0);
        return;
    }
    uint64_t now = rdtsc(), left = deadline > now ? deadline - now : 0;
    unsigned __int128 ticks = ((unsigned __int128)left * lapic_per_tsc) >> 32;
    lapic_write(LAPIC_INITIAL, ticks < 1 ? 1 : ticks > 0xffffffffu ? 0xffffffffu : (uint32_t)ticks);
}

/* One reading of all three clocks. The PIT's is slow and the host may take the CPU away in the
 * middle, so the reading with the least TSC spread of several is kept. */
struct reading {
    uint64_t tsc;
    uint32_t lapic;
    uint16_t pit;
};

static struct reading read_clocks(void)
{
    struct reading best = {0};
    uint64_t best_spread = ~0ull;

    for (unsigned i = 0; i < 8; i++) {
        uint64_t before = rdtsc();
        port_write8(0x43, 0x80); /* latch channel 2 */
        uint32_t ticks = lapic_read(LAPIC_CURRENT);
        uint64_t after = rdtsc();
        uint16_t pit = port_read8(0x42);
        pit = (uint16_t)(pit | port_read8(0x42) << 8);
        if (after - before < best_spread) {
            best_spread = after - before;
            best = (struct reading){before, ticks, pit};
        }
    }
    return best;
}

/* Both clocks over PIT_WAIT or more of the PIT's ticks, which it counts down from 0xffff once: with
 * its output high it has come to 0 and gone on, how often nobody knows. */
static bool measure(struct reading *a, struct reading *b)
{
    uint64_t limit = rdtsc() + 20000000000ull;

    port_write8(0x61, (uint8_t)((port_read8(0x61) & 0xfc) | 1)); /* channel 2 counts, speaker off */
    port_write8(0x43, 0xb0);                                     /* channel 2, both bytes, mode 0 */
    port_write8(0x42, 0xff);
    port_write8(0x42, 0xff);
    *a = read_clocks();
    do {
        cpu_pause();
        *b = read_clocks();
        if (rdtsc() > limit) {
            panic("the PIT does not count: the clock rate can't be measured");
        }
    } while ((uint16_t)(a->pit - b->pit) < PIT_WAIT);
    return (port_read8(0x61) & PIT_OUT) == 0;
}

static void calibrate(void)
{
    struct cpu *cpu = cpu_self();
    struct reading a, b;
    uint64_t tsc;

    lapic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
    lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    lapic_write(LAPIC_INITIAL, 0xffffffffu);
    while (!measure(&a, &b)) { /* the host took the CPU away for over 50 ms */
    }
    tsc = b.tsc - a.tsc;
    cpu->tsc_hz = tsc * PIT_HZ / (uint16_t)(a.pit - b.pit);
    lapic_per_tsc = tsc ? ((uint64_t)(a.lapic - b.lapic) << 32) / tsc : 0;
    lapic_write(LAPIC_INITIAL, 0);
}

static void mask_8259(void)
{
    port_write8(0x20,
                0x11); /* remap to 0x20-0x2f, so that a spurious one can't look like an exception */
    port_write8(0xa0, 0x11);
    port_write8(0x21, 0x20);
    port_write8(0xa1, 0x28);
    port_write8(0x21, 4);
    port_write8(0xa1, 2);
    port_write8(0x21, 1);
    port_write8(0xa1, 1);
    port_write8(0x21, 0xff);
    port_write8(0xa1, 0xff);
}

void timer_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    mask_8259();
    if (cpu_features.x2apic) {
        wrmsr(MSR_APIC_BASE, base | 0xc00);
    } else {
        wrmsr(MSR_APIC_BASE, base | 0x800);
        lapic = paging_map_device(base & 0x000ffffffffff000ull);
    }
    lapic_write(LAPIC_SVR, 0x100 | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LVT_MASKED);
    calibrate();
    lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER | (cpu_features.tsc_deadline ? LVT_TSC_DEADLINE : 0));
    if (cpu_features.tsc_deadline) {
        /* SDM 10.5.4.1: the mode switch must be seen before the first deadline */
        __asm__ volatile("mfence" ::: "memory");
    }
}
