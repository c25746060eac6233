/*
 * pages.h - the two pages that devman and a driver's instance share: what the driver is told
 * (devman writes, the driver reads) and what it says of itself (the driver writes; devman reads,
 * checks and never trusts). Both belong to the device and outlive the instance.
 * No message is ever needed where devman would have to wait for a driver.
 */
#ifndef QUOLL_PAGES_H
#define QUOLL_PAGES_H

#include <quoll/task.h>
#include <stdint.h>

/* A driver's own; devman adds its slice (quoll/task.h). */
#define DRIVER_INFO_VA     (TASK_INFO_VA + 0x10000)
#define DRIVER_STATUS_VA   (TASK_INFO_VA + 0x11000)
#define DRIVER_SESSIONS_VA (TASK_INFO_VA + 0x1000000)  /* DRIVER_SESSION_STRIDE for each session */
#define DRIVER_LARGE_VA    (TASK_INFO_VA + 0x2000000)  /* QUEUE_DATA_LARGE for each session */
#define DRIVER_DMA_VA      (TASK_INFO_VA + 0x6000000)  /* DRIVER_DMA_STRIDE for each DMA memory */
#define DRIVER_MMIO_VA     (TASK_INFO_VA + 0x20000000) /* its devices' registers and memory */

#define DRIVER_SESSIONS       16
#define DRIVER_SESSION_STRIDE 0x20000ull /* queue_place_of: C, D, M, small pages of data */
#define DRIVER_DMA_STRIDE     0x200000ull
#define DRIVER_RESOURCES      16
#define DRIVER_KEPT           6 /* Replies that a driver can keep: TASK_REPLIES */

#define DRIVER_INFO_MAGIC 0x72766972u /* "rivr" */

/* Slots of a driver's CNode beside those of quoll/task.h. */
enum driver_slot {
    DRIVER_SLOT_DEVMAN = 4,    /* interface driver: SLOT_NAMES of other tasks */
    DRIVER_SLOT_BUS = 33,      /* interface bus of devman (bus drivers) */
    DRIVER_SLOT_PARENT = 34,   /* the bus driver's interface for this device, if it has one */
    DRIVER_SLOT_EARLY = 35,    /* where interrupts arrive until attach is over */
    DRIVER_SLOT_SESSIONS = 40, /* each session's notification of its client */
    DRIVER_SLOT_FREE = 64,
};

/* Bits of the notification that is bound to a driver's thread. */
#define DRIVER_BIT_DOORBELL(session) (1ull << (session))
#define DRIVER_BITS_DOORBELLS        0xffffull
#define DRIVER_BIT_TIMER             (1ull << 61)
#define DRIVER_BIT_ORDER             (1ull << 62) /* something in driver_info has changed */
#define DRIVER_BIT_HEARTBEAT         (1ull << 63)

/* The badge of interrupt @index on a driver's endpoint. */
#define DRIVER_BADGE_IRQ(index) (1ull << 63 | (index))

enum driver_resource_kind {
    DRIVER_PORTS = 1,
    DRIVER_MMIO = 2,
    DRIVER_IRQ = 3,
    DRIVER_MSI = 4,
    DRIVER_CONFIG = 5,
    DRIVER_DMA = 6, /* memory: base: where it is mapped, pa: where the device finds it */
};

struct driver_resource {
    char name[16]; /* as the driver's manifest calls it */
    uint32_t kind;
    uint32_t index; /* of an interrupt; of a message-signalled one its first */
    uint64_t base; /* first port; virtual address; interrupt: its GSI; MSI: the message's address */
    uint64_t size; /* ports, bytes; MSI: the message's data */
    uint64_t pa;   /* memory: its physical address, or as the device says it */
};

enum driver_session_state {
    DRIVER_SESSION_NONE = 0,
    DRIVER_SESSION_OPEN = 1,
    DRIVER_SESSION_CLOSING = 2, /* let go of it, then say so with driver.closed */
};

struct driver_session {
    uint32_t state;      /* enum driver_session_state */
    uint32_t interface;  /* number in the IDL */
    uint32_t generation; /* tells sessions in one place apart */
    uint32_t data_pages; /* of 4 KiB; 0: it has no queue; more than 16: one large one */
    uint32_t unit;       /* of the device; 0 where the device is one */
    uint32_t spare;
    uint64_t data_dma; /* where the device finds its data region; 0: it does not */
};

/* May its device reach memory, and what stops it from reaching all of it? */
enum driver_dma_mode {
    DRIVER_DMA_OFF = 0,
    DRIVER_DMA_BEHIND_IOMMU = 1, /* it reaches its DMA memory and the data of its sessions */
    DRIVER_DMA_EVERYWHERE = 2,   /* unprotected: all of memory */
};

/* What devman asks of a bus driver, for a device of its bus. One at a time; the bus driver answers
 * each with bus.ordered(number, status), and devman never waits for it. */
enum driver_order_kind {
    DRIVER_ORDER_NONE = 0,
    DRIVER_ORDER_PREPARE =
        1, /* decode its ranges, send its messages there; bus mastering if asked */
    DRIVER_ORDER_SILENCE = 2, /* no interrupt of any kind, no bus mastering */
};

#define DRIVER_ORDER_MASTER 1 /* flag of PREPARE: the driver uses DMA */
#define DRIVER_ORDER_MSI    2 /* flag of PREPARE: interrupts by message, not by pin */

struct driver_order {
    volatile uint32_t number; /* stored last; counts up */
    uint32_t kind;            /* enum driver_order_kind */
    uint32_t device;          /* the bus driver's own number for it */
    uint32_t flags;
    uint64_t msi_address;
    uint32_t msi_data, msi_count;
};

struct driver_info {
    uint32_t magic;
    uint32_t instance; /* 1: the first driver of this device since it was added */
    char name[32], path[48];
    char args[128];
    uint32_t resource_count;
    uint32_t irq_count;
    struct driver_resource resource[DRIVER_RESOURCES];
    uint32_t takes_over;       /* bus drivers: the tree is recorded, size and probe nothing */
    uint32_t probed;           /* a driver has found the device already: probe is not called */
    uint64_t rsdp_pa, hpet_pa; /* bus drivers: where the firmware says they are; 0: nowhere */
    uint32_t dma_mode;         /* enum driver_dma_mode */
    uint32_t data_is_mapped;   /* the data regions of sessions are mapped in the driver, too */
    volatile uint64_t beat;    /* to be copied to driver_status.beat at DRIVER_BIT_HEARTBEAT */
    volatile uint64_t inject_address; /* of the wild access that is injected */
    volatile uint32_t inject;         /* number of the fault to make, ... */
    volatile uint32_t inject_count;   /* ... once for each time that this has changed; 0 at first */
    volatile uint32_t leave;          /* not 0: detach, then say so with driver.left */
    struct driver_order order;        /* bus drivers */
    struct driver_session session[DRIVER_SESSIONS];
};
_Static_assert(sizeof(struct driver_info) <= 4096, "driver_info is one page");

/* Plain words for the driver: all are written before its next system call. devman reads them as
 * volatile, each once. */
struct driver_status {
    uint64_t beat;
    uint64_t requests;                /* completed, messages and queue slots */
    uint64_t interrupts;              /* handled */
    uint64_t kept_since[DRIVER_KEPT]; /* TSC since when a request is kept; 0: none */
    uint64_t note;                    /* the driver's own; its successor finds it */
};
_Static_assert(sizeof(struct driver_status) <= 4096, "driver_status is one page");

/* A driver's own, as it has them mapped. */
static inline const struct driver_info *driver_info(void)
{
    return (const struct driver_info *)DRIVER_INFO_VA;
}

static inline struct driver_status *driver_status(void)
{
    return (struct driver_status *)DRIVER_STATUS_VA;
}

#endif
