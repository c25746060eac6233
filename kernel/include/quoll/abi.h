/*
 * abi.h - what kernel and user level agree on: numbers, tags, rights, limits.
 * The only definition: docs/abi.md and the assembly's constants are generated from it and from
 * the .def tables beside it. Plain C11 and nothing of libc, so both sides can include it.
 */
#ifndef QUOLL_ABI_H
#define QUOLL_ABI_H

#include <stdint.h>

#define QUOLL_ABI_VERSION 1

enum quoll_error {
#define ERR(name, value, text) E_##name = (value),
#include "errors.def"
#undef ERR
};

enum quoll_object {
#define OBJ(name, value, text) OBJ_##name = (value),
#include "objects.def"
#undef OBJ
    OBJ_COUNT
};

enum quoll_syscall {
#define SYSCALL(name, value, text) SYS_##name = (value),
#include "syscalls.def"
#undef SYSCALL
};

enum quoll_op {
#define OP(object, name, label, args, result, errors) OP_##object##_##name = (label),
#include "ops.def"
#undef OP
};

/* ---- message tag: bits 0-6 extra words, 7-9 capabilities, 10-15 kind, 32-63 label */
#define TAG_WORDS_MASK  0x7fu
#define TAG_CAPS_SHIFT  7
#define TAG_CAPS_MASK   0x380u
#define TAG_KIND_SHIFT  10
#define TAG_KIND_MASK   0xfc00u
#define TAG_RESERVED    0xffff0000u
#define TAG_LABEL_SHIFT 32

#define MSG_REG_WORDS 6  /* travel in rdx r8 r9 r10 r12 r13 */
#define MSG_MAX_WORDS 64 /* in all */
#define MSG_EXTRA_MAX (MSG_MAX_WORDS - MSG_REG_WORDS)
#define MSG_MAX_CAPS  4

enum quoll_kind {
    KIND_MESSAGE = 0,      /* from a thread */
    KIND_IRQ = 1,          /* word 0 count, 1 TSC at arrival */
    KIND_PAGE_FAULT = 2,   /* word 0 address, 1 RIP, 2 error code */
    KIND_EXCEPTION = 3,    /* word 0 vector, 1 RIP, 2 error code (vector 1: its DR6) */
    KIND_NOTIFICATION = 4, /* the bound notification: word 0 its bits */
    KIND_CAP_FAULT = 5,    /* a thread lost its CNode or VSpace: word 0 the object type */
};

/* Label of a reply to an interrupt that keeps its source masked, for polling. */
#define LABEL_STAY_MASKED 1

/* ---- rights of a capability; retype gives all that its type knows */
#define RIGHT_SEND   0x01 /* endpoint: call and send; notification: signal */
#define RIGHT_RECV   0x02 /* endpoint: receive; notification: wait */
#define RIGHT_GRANT  0x04 /* endpoint: send capabilities along */
#define RIGHT_READ   0x08 /* frame */
#define RIGHT_WRITE  0x10 /* frame */
#define RIGHT_EXEC   0x20 /* frame */
#define RIGHT_MANAGE 0x40 /* every operation of a kernel object that is not one of the above */
#define RIGHT_ALL    0x7f

/* Functions of SYS_DEBUG, in rdi; the argument is word 0. */
enum quoll_debug {
    DEBUG_PUTC = 0, /* the byte to the kernel's console */
    DEBUG_CHECK =
        1, /* check the kernel's invariants; panics, with the number, when one is broken */
    DEBUG_ENTER = 2, /* open the kernel debugger; the argument is DEBUG_MAGIC, here and below */
    DEBUG_PANIC = 3, /* panic, to see one */
    DEBUG_FAULT = 4, /* an exception in the kernel, to see one */
};
#define DEBUG_MAGIC 0x71756f6c6cull /* what stops the machine is not asked for by chance */

enum quoll_cache {
    CACHE_DEFAULT = 0, /* RAM: write-back; device memory: uncached */
    CACHE_UNCACHED = 1,
    CACHE_WRITE_COMBINING = 2,
};

/* ---- sizes, in bits of bytes, of what RETYPE makes */
#define SLOT_BITS         5
#define THREAD_BITS       11
#define VSPACE_BITS       13
#define TABLE_BITS        13
#define ENDPOINT_BITS     6
#define NOTIFICATION_BITS 7
#define REPLY_BITS        6
#define IRQ_BITS          8
#define PORTMAP_BITS      15
#define BUDGET_BITS       7
#define IOSPACE_BITS      14
#define DEVICE_BITS       13
#define FRAME_4K_BITS     12
#define FRAME_2M_BITS     21
#define FRAME_1G_BITS     30
#define CNODE_MIN_BITS    4 /* slots */
#define CNODE_MAX_BITS    20
#define UNTYPED_MIN_BITS  6
#define UNTYPED_MAX_BITS  46
#define RETYPE_COUNT_MAX  16           /* objects of one RETYPE */
#define RETYPE_BYTES_MAX  (1ull << 30) /* of memory that one RETYPE zeroes */

/** The size of an object of @type, in bits of bytes; @size_bits as RETYPE takes it. */
static inline unsigned quoll_object_bits(enum quoll_object type, unsigned size_bits)
{
    switch (type) {
    case OBJ_CNODE:
        return size_bits + SLOT_BITS;
    case OBJ_THREAD:
        return THREAD_BITS;
    case OBJ_VSPACE:
        return VSPACE_BITS;
    case OBJ_IOSPACE:
        return IOSPACE_BITS;
    case OBJ_IO_TABLE:
    case OBJ_TABLE:
        return TABLE_BITS;
    case OBJ_ENDPOINT:
        return ENDPOINT_BITS;
    case OBJ_NOTIFICATION:
        return NOTIFICATION_BITS;
    case OBJ_REPLY:
        return REPLY_BITS;
    default: /* FRAME and UNTYPED say it themselves */
        return size_bits;
    }
}

/* User addresses lie below this; the last page below 2^47 is left out (see the entry code). */
#define USER_TOP 0x00007ffffffff000ull

/* irq_control.create flags */
#define IRQ_LEVEL      1
#define IRQ_ACTIVE_LOW 2
#define IRQ_MSI        4 /* a message of the device's instead of a pin */
#define IRQ_IOMMU      8 /* an IOMMU unit has recorded a fault; the next comes when all are fetched */

/* device_control.start flags: what all units can do, or one of them needs */
#define IOMMU_QUEUED        1  /* invalidation by queue, else by registers */
#define IOMMU_REMAPS_IRQS   2  /* a device sends no interrupt but those made for it */
#define IOMMU_WIDE_IDS      4  /* interrupts go to x2APIC ids */
#define IOMMU_BY_PAGE       8  /* single pages can be invalidated */
#define IOMMU_LARGE_PAGES   16 /* pages of 2 MiB */
#define IOMMU_CACHES_ABSENT 32 /* a unit may note that nothing is mapped */
#define IOMMU_INCOHERENT    64 /* a unit reads memory past the processor's cache */
#define IOMMU_UNITS_MAX     8

#define IOAPIC_ANONYMOUS 0x10000u /* its requester id is not known */

/* Device addresses that an IoSpace maps: from the second page on, below 4 GiB, but for the window
 * in which a write is an interrupt. */
#define IOVA_MIN        0x1000ull
#define IOVA_TOP        0x100000000ull
#define IOVA_MSI_WINDOW 0xfee00000ull /* 1 MiB */

/* irq.info state */
#define IRQ_IS_MASKED     1 /* its source is masked, or (MSI) counted and not delivered */
#define IRQ_IS_OVER_LIMIT 2 /* until its period ends */
#define IRQ_IS_UNANSWERED 4 /* queued at its endpoint, or a Reply holds it */

#define PRIORITY_MAX 255

/* cpu_control.create: with a shorter one the kernel would do little but begin and end periods. */
#define BUDGET_PERIOD_MIN_US 1000

/* A thread's IPC buffer: one 4 KiB frame. */
struct quoll_buffer {
    uint64_t words[MSG_EXTRA_MAX];    /* words 6 to 63 */
    uint64_t send_caps[MSG_MAX_CAPS]; /* handles of the capabilities to send */
    uint64_t recv_slot;               /* first slot for capabilities that arrive */
    uint64_t recv_count;              /* how many, 0 for none */
};

/* What THREAD_READ_REGS and THREAD_WRITE_REGS carry, word by word. */
struct quoll_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rsp, rflags;
};

/* A thread's FPU state in parts: 0 and 1 are the halves of what FXSAVE writes, 2 the upper halves
 * of the AVX registers (feature avx). */
#define FPU_PART_WORDS 32

enum quoll_thread_state {
    THREAD_RUNNING = 1, /* running or ready */
    THREAD_RECEIVING = 2,
    THREAD_CALLING = 3, /* delivered, waits for the answer */
    THREAD_QUEUED = 4,  /* its call waits for a receiver */
    THREAD_WAITING = 5, /* on a notification */
    THREAD_STOPPED = 6,
    THREAD_FAULTED = 7, /* its fault was delivered, waits for the answer */
    THREAD_FAULT_QUEUED = 8,
    THREAD_RECEIVING_PLAIN = 9, /* receives without a Reply */
};

#endif
