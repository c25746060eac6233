/*
 * cpu.c - features, control registers, descriptor tables and system-call MSRs of this CPU.
 * Every CR4 bit is gated on CPUID: setting an unknown one hangs QEMU's CPU for ever.
 */
#include <arch/asm.h>
#include <arch/cpu.h>
#include <arch/paging.h>
#include <arch/spec.h>
#include <console/kprintf.h>
#include <quoll/info.h>

#define MSR_EFER   0xc0000080u
#define MSR_STAR   0xc0000081u
#define MSR_LSTAR  0xc0000082u
#define MSR_SFMASK 0xc0000084u
#define MSR_PAT    0x277u

/* Cleared on entry: TF IF DF IOPL NT RF AC. */
#define SFMASK_VALUE 0x57700u

#define CR0_MP         (1u << 1)
#define CR0_EM         (1u << 2)
#define CR0_TS         (1u << 3)
#define CR0_NE         (1u << 5)
#define CR0_WP         (1u << 16)
#define CR0_AM         (1u << 18)
#define CR4_TSD        (1u << 2)
#define CR4_PAE        (1u << 5)
#define CR4_MCE        (1u << 6)
#define CR4_PGE        (1u << 7)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_UMIP       (1u << 11)
#define CR4_PCIDE      (1u << 17)
#define CR4_OSXSAVE    (1u << 18)
#define CR4_SMEP       (1u << 20)
#define CR4_SMAP       (1u << 21)

/* PAT entries: 0 WB, 1 WC, 2 UC-, 3 UC, then the same: PWT alone selects write-combining. */
#define PAT_VALUE 0x0007010600070106ull

#define IST_STACK_BYTES 4096

struct cpu_features cpu_features;
struct idt_gate {
    uint16_t offset0, selector;
    uint8_t ist, type;
    uint16_t offset1;
    uint32_t offset2, reserved;
};
static struct idt_gate idt[256] __attribute__((aligned(4096)));
static uint8_t ist_stacks[4][IST_STACK_BYTES] __attribute__((aligned(16)));

extern uint8_t vector_table[], syscall_entry[], syscall_debug[];

void cpu_find_features(void)
{
    struct cpu_features *f = &cpu_features;
    struct cpuid c1 = cpuid(1, 0);
    uint32_t max = cpuid(0, 0).a;
    uint32_t xmax = cpuid(0x80000000u, 0).a;

    f->pge = c1.d >> 13 & 1;
    f->x2apic = c1.c >> 21 & 1;
    f->tsc_deadline = c1.c >> 24 & 1;
    f->xsave = c1.c >> 26 & 1;
    if (max >= 7) {
        struct cpuid c7 = cpuid(7, 0);
        f->smep = c7.b >> 7 & 1;
        f->smap = c7.b >> 20 & 1;
        f->umip = c7.c >> 2 & 1;
        f->pcid = c1.c >> 17 & c7.b >> 10 & 1;
        f->ibpb = CONFIG_SPEC && c7.d >> 26 & 1;
    }
    struct cpuid x1 = cpuid(0x80000001u, 0);
    f->nx = x1.d >> 20 & 1;
    f->pages_1g = x1.d >> 26 & 1;
    f->pa_bits = 36;
    if (xmax >= 0x80000008u) {
        struct cpuid x8 = cpuid(0x80000008u, 0);
        f->pa_bits = (uint8_t)x8.a;
        f->ibpb |= CONFIG_SPEC && x8.b >> 12 & 1; /* AMD's place for it */
    }
}

uint64_t cpu_feature_bits(void)
{
    uint64_t bits = 0;

#define FEATURE(name, bit, text) bits |= cpu_features.name ? QUOLL_HAS_##name : 0;
#include <quoll/features.def>
#undef FEATURE
    return bits;
}

void cpu_print_features(void)
{
    kprintf("CPU features in use:");
#define FEATURE(name, bit, text) kprintf("%s", cpu_features.name ? " " #name : "");
#include <quoll/features.def>
#undef FEATURE
    kprintf("\n");
}

static void set_control_registers(void)
{
    const struct cpu_features *f = &cpu_features;
    uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    cr4 |= f->pge ? CR4_PGE : 0;
    cr4 |= f->umip ? CR4_UMIP : 0;
    cr4 |= f->smep ? CR4_SMEP : 0;
    cr4 |= f->smap ? CR4_SMAP : 0;
    cr4 |= f->xsave ? CR4_OSXSAVE : 0;
    cr4 |= f->pcid ? CR4_PCIDE : 0; /* CR3 is the kernel's own, with number 0, as it must be */
    write_cr4(cr4);
    write_cr0((read_cr0() | CR0_MP | CR0_NE | CR0_WP | CR0_AM | CR0_TS) & ~(uint64_t)CR0_EM);
    wrmsr(MSR_PAT, PAT_VALUE);
}

static void load_descriptor_tables(void)
{
    struct cpu *cpu = cpu_self();
    uint64_t tss = (uint64_t)&cpu->tss;
    uint64_t limit = IOPB_VA - tss + IOPB_BYTES - 1;

    cpu->gdt[1] = 0x00af9b000000ffffull; /* kernel code */
    cpu->gdt[2] = 0x00cf93000000ffffull; /* kernel data */
    cpu->gdt[3] = 0x00cff3000000ffffull; /* user data */
    cpu->gdt[4] = 0x00affb000000ffffull; /* user code */
    cpu->gdt[5] =
        (limit & 0xffff) | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
    cpu->gdt[6] = tss >> 32;
    cpu->tss.iopb_offset = (uint16_t)(IOPB_VA - tss);
    for (unsigned i = 0; i < 4; i++) {
        cpu->tss.ist[i] = (uint64_t)ist_stacks[i] + IST_STACK_BYTES;
    }
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) gdtr = {sizeof cpu->gdt - 1, (uint64_t)cpu->gdt},
                              idtr = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0\n\t"
                     "push %1\n\tlea 1f(%%rip), %%rax\n\tpush %%rax\n\tlretq\n1:\n\t"
                     "mov %w2, %%ss\n\tmov %w2, %%ds\n\tmov %w2, %%es\n\t"
                     "xor %%eax, %%eax\n\tmov %%ax, %%fs\n\tmov %%ax, %%gs\n\tlldt %%ax\n\t"
                     "ltr %w3\n\tlidt %4"
                     :
                     : "m"(gdtr), "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA), "r"(SEL_TSS),
                       "m"(idtr)
                     : "rax", "memory");
}

static void fill_idt(void)
{
    for (unsigned v = 0; v < 256; v++) {
        uint64_t stub = (uint64_t)vector_table + 16 * v;
        uint8_t ist = v == 1 ? 1 : v == 2 ? 2 : v == 8 ? 3 : v == 18 ? 4 : 0;
        /* int3 and into are the only ones that user level may raise by an instruction */
        uint8_t type = v == 3 || v == 4 ? 0xee : 0x8e;
        idt[v] = (struct idt_gate){(uint16_t)stub,         SEL_KERNEL_CODE,        ist, type,
                                   (uint16_t)(stub >> 16), (uint32_t)(stub >> 32), 0};
    }
}

void cpu_set_syscall_entry(bool debug)
{
    wrmsr(MSR_LSTAR, (uint64_t)(debug ? syscall_debug : syscall_entry));
}

void cpu_init(void)
{
    set_control_registers();
    fill_idt();
    load_descriptor_tables();
    /* SYSRET loads CS = base + 16 and SS = base + 8, SYSCALL CS = base, SS = base + 8 */
    wrmsr(MSR_STAR, (uint64_t)(SEL_KERNEL_DATA | 3) << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
    cpu_set_syscall_entry(false);
    wrmsr(MSR_SFMASK, SFMASK_VALUE);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | 1);
    wrmsr(MSR_FS_BASE, 0);
    fpu_init();
}
