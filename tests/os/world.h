/*
 * world.h - one capability of everything at fixed slots, for tests that call every operation with
 * every wrong argument, and snapshots of all that can be asked about it: a call that fails must
 * leave the snapshot as it was.
 */
#ifndef WORLD_H
#define WORLD_H

#include "test.h"

enum world_slot {
    W_EMPTY = SLOT_FREE, /* two empty slots, then one that is not */
    W_EMPTY_2,
    W_ENDPOINT,
    W_BADGED, /* a copy of it, with a badge */
    W_FREED,  /* there was a capability once */
    W_TEMP,   /* for a capability that one case needs */
    W_UNTYPED,
    W_FULL, /* an untyped with nothing left */
    W_FULL_ENDPOINT,
    W_CNODE,  /* 16 slots, the fourth in use */
    W_CHAIN,  /* 256 empty slots, no part of snapshots */
    W_THREAD, /* configured and stopped, with FPU, at most WORLD_PRIORITY */
    W_BOUND,  /* a stopped thread, bound to */
    W_BOUND_NOTIFICATION,
    W_WAITING, /* a thread that runs */
    W_VSPACE,
    W_TABLE, /* not mapped */
    W_TABLE_MAPPED,
    W_FRAME, /* not mapped */
    W_FRAME_MAPPED,
    W_FRAME_READ, /* mapped, and only for reading */
    W_FRAME_2M,   /* mapped, by world_add_large */
    W_FRAME_2M_UNMAPPED,
    W_FRAME_DEVICE, /* of device memory, not mapped */
    W_NOTIFICATION,
    W_NOTIFICATION_BADGED,
    W_REPLY,
    W_IRQ,
    W_PORTMAP,
    W_BUDGET,
    W_IOSPACE,
    W_IO_TABLE, /* not mapped */
    W_IO_TABLE_MAPPED,
    W_FRAME_IO,      /* mapped in W_IOSPACE */
    W_FRAME_IO_READ, /* a copy of it, and only for reading, mapped */
    W_DEVICE,        /* where there is an IOMMU; blocked */
    W_END,
};

#define WORLD_PRIORITY 90u
#define WORLD_GSI      5u                /* W_IRQ's; nothing is there */
#define WORLD_PORT     0x3e8u            /* W_PORTMAP's only port; nothing is there */
#define WORLD_VA       0x40000000ull     /* in W_VSPACE: W_FRAME_MAPPED, then W_FRAME_READ */
#define WORLD_VA_FREE  (WORLD_VA + 8192) /* nothing mapped, the tables are there */
#define WORLD_VA_2M    (WORLD_VA + (1u << FRAME_2M_BITS)) /* W_FRAME_2M */
#define WORLD_VA_1G    (WORLD_VA + (1u << FRAME_1G_BITS)) /* no table below level 3 */

/* In W_IOSPACE: W_FRAME_IO, then W_FRAME_IO_READ; then the same as above. */
#define WORLD_IOVA      0x40000000ull
#define WORLD_IOVA_FREE (WORLD_IOVA + 8192)
#define WORLD_IOVA_1G   (WORLD_IOVA + (1u << FRAME_1G_BITS))
#define WORLD_REQUESTER 0xfff8u /* W_DEVICE's; nothing is there */

struct world {
    struct puppet caller; /* runs the calls */
    struct puppet mute;   /* has no buffer */
    struct puppet prober; /* lives in W_VSPACE */
    uint64_t faults;      /* the prober's endpoint */
};
extern struct world world;

/** Build it in the lab that has just begun. */
bool world_build(void);

/** Are devices held back here? */
bool world_has_iommu(void);

/** Add the large pages, after which a small machine has no memory left for others. */
bool world_add_large(void);

/** The slot of the world's capability of @type. */
uint64_t world_of_type(unsigned type);

/** The error of a handle of @type where another is needed: without an IOMMU there is no Device. */
int world_wrong_type(unsigned type);

/** Remember all that can be asked. */
bool snapshot_take(void);

/** Ask again: nothing has changed since @what. */
bool snapshot_same(const char *what);

/** Every register of @p after its call is 0 but rax, rcx, r11, rsp and, if a table was missing, its
 *  level in word 0. */
bool outputs_are_zero(const struct puppet *p, const char *what, uint64_t level);

/** An order to make a system call with every register that is no argument full of a pattern. */
void puppet_sys_full(struct puppet *p, int64_t number, uint64_t rdi, uint64_t rbx,
                     const struct msg *m);

#endif
