/*
 * object.h - the kernel's objects as they lie in memory. Offsets that the assembly uses are
 * emitted by arch/offsets.c; sizes are fixed by the ABI and asserted below.
 * Ownership: a thread, reply, endpoint and notification belong to one CPU, which alone changes
 * their IPC state; derivation links, tables and untyped fields need the kernel lock (one CPU:
 * none).
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <arch/layout.h>
#include <quoll/abi.h>
#include <sched/timerq.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- capability slot: 32 bytes, half a cache line */
#define FAST_SEND  1 /* an endpoint that may be called */
#define FAST_RECV  2 /* an endpoint that may be received on */
#define FAST_REPLY 4

#define SLOT_OWNER      1 /* made by retype: deleting it destroys the object */
#define SLOT_IN_THREAD  2
#define SLOT_IN_IRQ     4
#define SLOT_IN_PORTMAP 8
#define SLOT_DEVICE     16 /* untyped and frame: device memory */
#define SLOT_IN_DEVICE  32
#define SLOT_IN_OBJECT  (SLOT_IN_THREAD | SLOT_IN_IRQ | SLOT_IN_PORTMAP | SLOT_IN_DEVICE)

struct slot {
    uint64_t obj;   /* kernel address of the object; physical for untyped and frames */
    uint64_t badge; /* untyped: see untyped.c; frame and table: where it is mapped (table.h) */
    uint8_t fast, type, rights, depth;
    uint8_t flags, size_bits;
    uint8_t level; /* untyped and CNode owners: see cnode.c */
    uint8_t spare;
    uint32_t next, prev; /* derivation tree in pre-order: physical address / 32, 0 none */
};
_Static_assert(sizeof(struct slot) == 1 << SLOT_BITS, "slot size");

/* ---- what waits in an endpoint's queue: a thread or an Irq; also the head of the queue itself */
struct node {
    uint32_t word; /* thread: state word; else a constant that no state word equals */
    uint32_t prio;
    struct node *next, *prev;
};
#define WORD_ENDPOINT     0xe0u
#define WORD_REPLY        0xe1u
#define WORD_IRQ          0xe2u
#define WORD_NOTIFICATION 0xe3u
#define WORD_BUDGET       0xe4u
#define WORD_READY        0xe5u
#define WORD_MARK         0xe6u

/* ---- registers of a thread, in the order that entry.asm pushes them; they end at the thread.
 * Only an interrupt or exception fills all of them, and says so in @vector: such a frame is left
 * by IRET. A frame with vector 0 is that of a system call: rip, rsp and what the call returns in
 * rax rdi rsi rdx r8 r9 r10 r12 r13; it is left by SYSRET and the rest is made of constants. */
struct regs {
    uint64_t r15, r14, r11, rcx, rbp, rbx;
    union {
        struct {
            uint64_t rdx, r8, r9, r10, r12, r13;
        };
        uint64_t w[MSG_REG_WORDS]; /* the words of a message; its tag follows */
    };
    uint64_t rsi, rdi, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
#define FRAME_FULL 0x100 /* in regs.vector, beside the vector */

/* ---- a share of CPU time, in TSC ticks */
#define TICKS_UNLIMITED (INT64_MAX / 2)

struct budget {
    uint64_t consumed;           /* ever */
    int64_t left;                /* of this period; below 0: overdrawn by one dispatch */
    int64_t ticks, period_ticks; /* per period */
    uint64_t period_end;
    uint32_t budget_us, period_us; /* as they were asked for */
    uint64_t max_prio;
    struct node parked; /* threads that wait for the end of the period */
    struct timer timer; /* armed while there are any */
    uint64_t spare;
};

enum thread_slot { TS_CNODE, TS_VSPACE, TS_FAULT, TS_BUFFER, TS_BUDGET, TS_BOUND, TS_COUNT };

#define TF_SUSPENDED 0x01 /* will not run until resumed, whatever it waits for */
#define TF_SIGNALLED 0x02 /* its bound notification has bits */
#define TF_FPU       0x04
#define TF_FSBASE    0x08
#define TF_DEBUG     0x10 /* has breakpoints or is stepped */
#define TF_NO_SPACE  0x20 /* CNode, VSpace or Budget is missing */
#define TF_QUEUED    0x40 /* in a ready queue */
#define TF_PARKED    0x80 /* its Budget is used up: in the Budget's queue until the period ends */

struct reply;
struct notification;

/* What has happened to a thread (enum quoll_kind): the words of its message. */
struct fault {
    uint64_t kind, address, rip, code; /* address: or the exception's vector, or an object type */
};

/* The first six words are those of READ_DEBUG. */
struct debug_regs {
    uint64_t dr[4], dr6, dr7;
    enum { STEP_OFF, STEP_DUE, STEP_DONE } step;
};

struct thread {
    struct node n;
    struct reply *reply; /* receiving: the armed Reply; waiting for an answer: its holder */
    /* Whom its time is charged to. Only the current thread's is sure to be alive: another's is
     * compared with it, never followed (sched.c). */
    struct budget *payer;
    uint64_t cr3;
    struct slot *cnode;
    uint64_t cnode_slots;        /* 0 without a CNode */
    struct quoll_buffer *buffer; /* the kernel's alias, or 0 */
    struct budget *own;
    uint32_t flags;
    uint32_t may_grant; /* its queued call may carry capabilities */
    struct notification *bound;
    uint64_t badge;        /* of the endpoint capability a queued call came through */
    struct fault fault;    /* queued: its message */
    struct reply *replies; /* all Replies that are bound to it */
    uint64_t fs_base;
    uint64_t slice_end; /* ready: of the slice in which it was interrupted; 0: it gets a new one */
    struct thread *all_next, *all_prev;
    struct debug_regs debug;
    uint8_t pad[24];
    struct slot slots[TS_COUNT]; /* 32-byte aligned */
};
#define THREAD_OFFSET     256  /* of struct thread in its object; its registers lie below */
#define THREAD_FPU_OFFSET 1024 /* of the FPU state in the object */
_Static_assert(offsetof(struct thread, slots) % 32 == 0, "slots are found by their address");
_Static_assert(offsetof(struct debug_regs, dr7) == 5 * 8, "six words in the order of READ_DEBUG");
_Static_assert(THREAD_OFFSET + sizeof(struct thread) <= THREAD_FPU_OFFSET, "thread size");
_Static_assert(sizeof(struct regs) == 176 && sizeof(struct regs) <= THREAD_OFFSET, "registers");

struct endpoint {
    struct node n;
    struct node mark; /* in the queue: no caller before it is one that the cancel below looks for */
    uint64_t mark_badge, mark_all;
};

struct reply {
    struct node n;              /* n.next: who is held (thread or Irq), or the Reply itself */
    struct thread *owner;       /* the one thread that receives with it; 0 once that is destroyed */
    struct reply *next, **link; /* in owner->replies */
    uint64_t spare[2];
};

struct notification {
    struct node n; /* queue of waiting threads */
    uint64_t bits;
    struct thread *bound;
    uint64_t deadline_bits;
    struct timer timer;
    uint64_t spare[5];
};

struct irq {
    struct node n;
    struct irq *source_next; /* other Irqs on the same source */
    struct reply *reply;     /* that holds it unanswered */
    uint64_t pending;        /* arrivals not yet delivered */
    uint64_t arrival_tsc;
    uint32_t hold;  /* why it can't be delivered now: irq.c */
    uint16_t flags; /* as it was made with, and IRQ_LIMITED */
    uint8_t source; /* its vector, counted from VECTOR_IRQ */
    uint8_t owed;   /* it keeps its source masked */
    struct slot endpoint;
    uint64_t delivered;
    uint32_t limit, seen; /* interrupts in a period at most, in this one so far */
    uint64_t period_ticks, period_end;
    struct slot manager; /* notification that learns of a storm */
    struct timer timer;  /* the end of the period, while it is over the limit */
    uint64_t storms;
};
#define IRQ_LIMITED 0x100

struct table {
    uint64_t entry[512];
    uint32_t back[512]; /* slot that is mapped there, as a slot link */
    uint32_t level;     /* 1: holds 4 KiB pages .. 4: a VSpace */
    uint32_t index;     /* its place in its parent */
    struct table *parent;
    struct portmap *ports; /* VSpace only */
    uint64_t cr3;          /* VSpace only: arch/tlb.h */
    uint64_t io;           /* an IoSpace (level 3), or a table that goes below one */
};

/* The units have tables of three or of four levels; all that is mapped lies below the lowest entry
 * of the fourth. */
struct iospace {
    struct table table;
    uint32_t devices, domain; /* how many are assigned to it; its number for the units meanwhile */
    uint8_t pad[8192 - sizeof(struct table) - 8];
    uint64_t top[512];
};

struct device {
    uint64_t context[512]; /* what the units know of its bus, in the bus's first Device */
    struct slot space;
    struct device *next; /* on its bus */
    uint16_t requester;
    uint8_t unit, silent;
};

struct portmap {
    struct slot vspace;
    uint64_t open_count;
    uint8_t pad[4096 - 40];
    uint64_t pdpt[512], pd[512], pt[512];
    uint64_t bitmap[1024]; /* a set bit closes the port */
};

_Static_assert(sizeof(struct endpoint) == 1 << ENDPOINT_BITS, "endpoint size");
_Static_assert(sizeof(struct reply) == 1 << REPLY_BITS, "reply size");
_Static_assert(sizeof(struct notification) == 1 << NOTIFICATION_BITS, "notification size");
_Static_assert(sizeof(struct irq) <= 1 << IRQ_BITS, "irq size");
_Static_assert(offsetof(struct irq, endpoint) == 64, "the second cache line");
_Static_assert(offsetof(struct irq, manager) % 32 == 0, "slots are found by their address");
_Static_assert(sizeof(struct table) <= 1 << TABLE_BITS, "table size");
_Static_assert(offsetof(struct iospace, top) == 8192, "a page of its own");
_Static_assert(sizeof(struct iospace) <= 1 << IOSPACE_BITS, "iospace size");
_Static_assert(sizeof(struct device) <= 1 << DEVICE_BITS, "device size");
_Static_assert(sizeof(struct portmap) <= 1 << PORTMAP_BITS, "portmap size");
_Static_assert(sizeof(struct budget) == 1 << BUDGET_BITS, "budget size");

static inline struct regs *thread_regs(const struct thread *t)
{
    return (struct regs *)t - 1;
}

static inline enum quoll_thread_state thread_state(const struct thread *t)
{
    return (enum quoll_thread_state)(t->n.word & 0xff);
}

#endif
