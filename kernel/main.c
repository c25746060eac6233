/*
 * main.c - from the loader to the first user instruction. Runs once, interrupts off.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/paging.h>
#include <arch/timer.h>
#include <boot/boot.h>
#include <boot/image.h>
#include <console/console.h>
#include <console/kprintf.h>
#include <console/panic.h>
#include <lib/string.h>
#include <object/thread.h>
#include <root.h>
#include <sched/sched.h>
#include <sched/time.h>

#define MIB           (1ul << 20)
#define RAM_NEEDED    (32 * MIB)
#define STACK_BYTES   16384
#define READY_BYTES   (2 * PAGE_BYTES) /* a queue per priority */
#define EARLY_MAP_END (1ull << 32)     /* what the boot tables map */

_Noreturn void kmain(uint32_t magic, uint64_t info_pa, uint64_t boot_tsc);
extern void idle_loop(void);
extern uint8_t __boot_start[], __kernel_end[], clac_sites[];

uint8_t kernel_stack[STACK_BYTES] __attribute__((aligned(64)));

_Static_assert((PRIORITY_MAX + 1) * sizeof(struct node) <= READY_BYTES, "queues");

static struct boot_data boot;

/* What is not RAM is a device's, but for what the kernel itself drives. */
static unsigned find_devices(struct boot_range *devices, unsigned max)
{
    unsigned count = 0, bits = cpu_features.pa_bits < UNTYPED_MAX_BITS ? cpu_features.pa_bits
                                                                       : UNTYPED_MAX_BITS;

    ranges_add(devices, &count, max, 0, 1ull << bits);
    for (unsigned i = 0; i < boot.ram_count; i++) {
        ranges_remove(devices, &count, max, boot.ram[i].base, boot.ram[i].bytes);
    }
    ranges_remove(devices, &count, max, 0, PAGE_BYTES);
    if (boot.has_module) {
        ranges_remove(devices, &count, max, boot.module.base, boot.module.bytes);
    }
    ranges_remove(devices, &count, max, 0xfee00000, MIB);        /* local APIC and the MSI window */
    ranges_remove(devices, &count, max, 0xfec00000, PAGE_BYTES); /* where an IO-APIC always is */
    return count;
}

static void keep_for_kernel(uint64_t base, uint64_t bytes)
{
    ranges_remove(boot.ram, &boot.ram_count, BOOT_MAX_RAM, base, bytes);
}

/* CLAC is an invalid instruction without SMAP, so entry.asm has a NOP there until now. */
static void patch_entry(void)
{
    static const uint8_t clac[3] = {0x0f, 0x01, 0xca};

    if (cpu_features.smap) {
        memcpy(clac_sites, clac, sizeof clac);
    }
}

static void make_idle_thread(void)
{
    struct cpu *cpu = cpu_self();
    uint8_t *page = boot_alloc(&boot, PAGE_BYTES);
    struct thread *t = (struct thread *)(page + THREAD_OFFSET);
    struct regs *r = thread_regs(t);

    t->own = t->payer = (struct budget *)(page + PAGE_BYTES / 2);
    budget_init(t->own, 0, 0, 0);
    cpu->idle = t;
    cpu->tss.rsp[0] = (uint64_t)t;
    t->cr3 = paging_kernel_cr3();
    thread_set(t, THREAD_STOPPED, 0);
    r->vector = FRAME_FULL;
    r->rip = (uint64_t)idle_loop;
    r->cs = SEL_KERNEL_CODE;
    r->ss = SEL_KERNEL_DATA;
    r->rflags = RFLAGS_FIXED | RFLAGS_IF;
    r->rsp = (uint64_t)t;
    time_init(boot_alloc(&boot, READY_BYTES));
}

static void check_image(void)
{
    if (!boot.has_module) {
        boot_refuse("the loader gave no boot image; it is the module quoll.img of the ISO.");
    }
    const char *wrong = image_check(direct(boot.module.base), boot.module.bytes);
    if (wrong) {
        boot_refuse(wrong);
    }
}

_Noreturn void kmain(uint32_t magic, uint64_t info_pa, uint64_t boot_tsc)
{
    static struct boot_range devices[BOOT_MAX_RAM];

    console_init();
    cpu_find_features();
    const char *wrong = boot_parse(magic, info_pa, &boot);
    if (boot.framebuffer.pa < EARLY_MAP_END) {
        screen_init(&boot.framebuffer);
    }
    if (wrong) {
        boot_refuse(wrong);
    }
    uint64_t ram_bytes = ranges_bytes(boot.ram, boot.ram_count);
    if (ram_bytes < RAM_NEEDED) {
        boot_refuse("this machine has less than 32 MiB of usable memory; give it at least 64 MiB.");
    }
    check_image();
    unsigned device_count = find_devices(devices, BOOT_MAX_RAM);
    keep_for_kernel(0, MIB);
    keep_for_kernel((uint64_t)__boot_start, image_pa(__kernel_end) - (uint64_t)__boot_start);
    keep_for_kernel(boot.module.base, boot.module.bytes);
    patch_entry();
    paging_init(&boot);
    screen_init(&boot.framebuffer);
    cpu_init();
    timer_init();
    make_idle_thread();
    kprintf("Quoll: %lu MiB RAM, TSC %lu kHz\n", ram_bytes / MIB, cpu_self()->tsc_hz / 1000);
    cpu_print_features();
    root_create(&boot, devices, device_count, boot_tsc, ram_bytes);
    sched_exit();
    exit_to_thread();
}
