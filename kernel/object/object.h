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

struct slot {
    uint64_t obj;   /* kernel address of the object; physical for untyped and frames */
    uint64_t badge; /* untyped: bytes used; frame and table: where it is mapped (struct mapping) */
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

/* ---- registers of a thread, in the order that entry.asm pushes them; they end at the thread */
struct regs {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

struct budget {
    uint64_t consumed; /* TSC ticks */
    uint64_t budget_us, period_us;
    uint64_t max_prio;
    uint64_t spare[4];
};

enum thread_slot { TS_CNODE, TS_VSPACE, TS_FAULT, TS_BUFFER, TS_BUDGET, TS_BOUND, TS_COUNT };

#define TF_SUSPENDED 0x01 /* will not run until resumed, whatever it waits for */
#define TF_SIGNALLED 0x02 /* its bound notification has bits */
#define TF_FPU       0x04
#define TF_FSBASE    0x08
#define TF_NO_SPACE  0x20 /* CNode, VSpace or Budget is missing */
#define TF_QUEUED    0x40 /* in a ready queue */

struct reply;
struct notification;

struct thread {
    struct node n;
    struct reply *reply;  /* receiving: the armed Reply; waiting for an answer: its holder */
    struct budget *payer; /* whom its time is charged to */
    uint64_t cr3;
    struct slot *cnode;
    uint64_t cnode_slots;        /* 0 without a CNode */
    struct quoll_buffer *buffer; /* the kernel's alias, or 0 */
    struct budget *own;
    uint32_t flags;
    uint32_t may_grant; /* its queued call may carry capabilities */
    struct notification *bound;
    uint64_t badge;        /* of the endpoint capability a queued call came through */
    uint64_t fault[4];     /* kind, then the words of the fault's message */
    struct reply *replies; /* all Replies that are bound to it */
    uint64_t fs_base;
    struct thread *all_next, *all_prev;
    uint8_t pad[24];
    struct slot slots[TS_COUNT]; /* 32-byte aligned */
};
#define THREAD_OFFSET     256  /* of struct thread in its object; its registers lie below */
#define THREAD_FPU_OFFSET 1024 /* of the FPU state in the object */
_Static_assert(offsetof(struct thread, slots) % 32 == 0, "slots are found by their address");
_Static_assert(THREAD_OFFSET + sizeof(struct thread) <= THREAD_FPU_OFFSET, "thread size");
_Static_assert(sizeof(struct regs) == 176 && sizeof(struct regs) <= THREAD_OFFSET, "registers");

struct endpoint {
    struct node n;
    uint64_t spare[5];
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
    uint64_t deadline, deadline_bits;
    struct notification *timer_next;
};

struct irq {
    struct node n;
    struct irq *pin_next; /* other Irqs on the same pin */
    struct reply *reply;  /* that holds it unanswered */
    uint32_t gsi, flags;
    uint32_t pending; /* arrivals not yet delivered */
    uint32_t owed;    /* counts as unacknowledged on its pin */
    uint64_t arrival_tsc;
    struct slot endpoint;
    uint64_t delivered;
};

struct table {
    uint64_t entry[512];
    uint32_t back[512]; /* slot that is mapped there, as a slot link */
    uint32_t level;     /* 1: holds 4 KiB pages .. 4: a VSpace */
    uint32_t index;     /* its place in its parent */
    struct table *parent;
    struct portmap *ports; /* VSpace only */
};

struct portmap {
    struct slot vspace;
    uint64_t open_count;
    uint8_t pad[4096 - 40];
    uint64_t pdpt[512], pd[512], pt[512];
    uint8_t bitmap[8192];
};

_Static_assert(sizeof(struct endpoint) == 1 << ENDPOINT_BITS, "endpoint size");
_Static_assert(sizeof(struct reply) == 1 << REPLY_BITS, "reply size");
_Static_assert(sizeof(struct notification) == 1 << NOTIFICATION_BITS, "notification size");
_Static_assert(sizeof(struct irq) <= 1 << IRQ_BITS, "irq size");
_Static_assert(offsetof(struct irq, endpoint) % 32 == 0, "slots are found by their address");
_Static_assert(sizeof(struct table) <= 1 << TABLE_BITS, "table size");
_Static_assert(sizeof(struct portmap) <= 1 << PORTMAP_BITS, "portmap size");
_Static_assert(sizeof(struct budget) == 1 << BUDGET_BITS, "budget size");

static inline struct regs *thread_regs(struct thread *t)
{
    return (struct regs *)t - 1;
}

static inline enum quoll_thread_state thread_state(const struct thread *t)
{
    return (enum quoll_thread_state)(t->n.word & 0xff);
}

#endif
