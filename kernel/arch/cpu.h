/*
 * cpu.h - what one CPU keeps for itself, in its own page just below the I/O bitmap.
 * The TSS is the page's last part; TSS.RSP0 is the end of the current thread's registers, hence
 * the current thread. Every other mutable datum of the kernel is an object or under the lock.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <arch/layout.h>
#include <object/object.h>

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iopb_offset;
} __attribute__((packed));

struct cpu {
    struct thread *idle;
    struct thread *direct;   /* the thread that this kernel entry hands the CPU to, or 0 */
    struct thread *front;    /* stands before its priority's queue: who was interrupted last */
    uint64_t resched;        /* the current thread's slice is over */
    struct budget *payer;    /* of the current thread; the fastpath never changes it */
    uint64_t charged_to_tsc; /* time up to here has been charged */
    uint64_t slice_end;      /* TSC at which the current thread must share with its equals */
    uint64_t slice_ticks;
    uint64_t timer_tsc; /* what the one-shot timer is set for; TIMER_OFF. Never later than needed */
    uint64_t stray_interrupts; /* that no Irq was the source of */
    struct timer *timers;      /* deadlines */
    struct node *ready;        /* a queue per priority */
    uint64_t ready_bits[4];    /* priorities with a ready thread */
    uint64_t gdt[8];
    uint64_t tsc_hz;
    uint32_t ready_count;
    uint32_t pad;
    uint32_t max_ready; /* highest priority with a ready thread, 0 when none */
    struct tss tss;
} __attribute__((packed, aligned(8)));
#define TIMER_OFF UINT64_MAX
_Static_assert(offsetof(struct cpu, tss) % 8 == 4, "RSP0 is 8-byte aligned");
_Static_assert(offsetof(struct cpu, tss.rsp) - offsetof(struct cpu, max_ready) == 8,
               "see fastpath");
_Static_assert(sizeof(struct cpu) <= 4096, "one page");

static inline struct cpu *cpu_self(void)
{
    struct cpu *cpu = (struct cpu *)CPU_VA;
    /* a register to address through, instead of a ten-byte constant at every use */
    __asm__("" : "+r"(cpu));
    return cpu;
}

static inline struct thread *current(void)
{
    return (struct thread *)cpu_self()->tss.rsp[0];
}

/* What this CPU can do, found at boot. */
struct cpu_features {
#define FEATURE(name, bit, text) bool name;
#include <quoll/features.def>
#undef FEATURE
    uint32_t fpu_bytes;
    uint8_t pa_bits;
};
extern struct cpu_features cpu_features;

/** Find the features and set CR0, CR4, EFER and the system-call MSRs; GDT, TSS and IDT.
 *  Called once, after paging_init. */
void cpu_init(void);
void cpu_find_features(void);

/** The features as bits (enum quoll_feature), and as a line of the log. Complete after cpu_init. */
uint64_t cpu_feature_bits(void);
void cpu_print_features(void);

/** Enter the thread that TSS.RSP0 names. */
_Noreturn void exit_to_thread(void);

/** Which code LSTAR names: the fastpath or, for a thread with TF_DEBUG, the way through C. */
void cpu_set_syscall_entry(bool debug);

void fpu_init(void);
/** Give a thread that may use the FPU its clean state. */
void fpu_thread_init(struct thread *t);
/** Part @part (abi.h) of the saved FPU state of @t; NULL if it has none. */
uint64_t *fpu_part(struct thread *t, uint64_t part);
/** Would the CPU load @v as that part? Copy it there, for the next time that @t runs. */
bool fpu_acceptable(struct thread *t, uint64_t part, const uint64_t *v);
void fpu_put_part(struct thread *t, uint64_t part, const uint64_t *v);
/** Switch the FPU from @from to @to; at least one of them uses it. */
void fpu_switch(struct thread *from, struct thread *to);

#endif
