/*
 * devman.h - the driver manager: its state, and who does what.
 * One thread, one loop (serve.c), nothing reentrant. devman calls nobody but the kernel and, for
 * the log, root: it talks to drivers by signals and shared pages only, so none can block it.
 * A device has what outlives its driver's instances (device.c); an instance has one untyped, from
 * which all that is its own was made, and which is revoked when it dies (instance.c, death.c).
 */
#ifndef DEVMAN_DEVMAN_H
#define DEVMAN_DEVMAN_H

#include "dma.h"
#include "event.h"
#include "policy.h"
#include "tree.h"

#include <quoll/machine.h>
#include <quoll/driver_manifest.h>
#include <quoll/idl_desc.h>
#include <quoll/info.h>
#include <quoll/pages.h>
#include <quoll/pieces.h>
#include <quoll/serve.h>
#include <quoll/spawn.h>
#include <quoll/sys.h>
#include <quoll/system_manifest.h>
#include <quoll/task.h>

#define DEVMAN_DRIVERS     24
#define DEVICE_IRQS        4
#define DEVICE_MMIO        24  /* pieces: a range that is no power of two takes several */
#define DEATH_TEXT         161 /* bytes of a cause of death, with the NUL */
#define INSTANCE_SLOT_BITS 7   /* an instance's CNode */
#define INSTANCE_HANDLES   512 /* of devman's slots, for what an instance is made of */

/* Slots of its own. */
#define SLOT_SYSTEM      (SLOT_FREE + 0) /* root's service: the log */
#define SLOT_STORM       (SLOT_FREE + 1) /* devman's notification, to signal BIT_STORM */
#define SLOT_ACKNOWLEDGE (SLOT_FREE + 2) /* and BIT_ACKNOWLEDGED, for clients */
#define SLOT_ORDERS      (SLOT_FREE + 3) /* what lend gives (orders.c) */
#define SLOT_FIRST       (SLOT_FREE + 8) /* from here on struct slots hands them out */

/* Badges on devman's endpoint. Small numbers are clients: the number of their task. */
#define BADGE_FAULT          (1ull << 62)
#define BADGE_FAULT_OF(id)   (BADGE_FAULT | (id))
#define BADGE_IOMMU          (1ull << 61)
#define BADGE_IOMMU_OF(unit) (BADGE_IOMMU | (unit))

/* Bits of devman's own notification. */
#define BIT_TICK         1ull
#define BIT_STORM        2ull
#define BIT_ACKNOWLEDGED 4ull /* a client has seen a restart */
/*      SYSTEM_BIT_DEATH 8, root's: a task has died */

enum device_state {
    DEVICE_WAITING,   /* nothing has matched it */
    DEVICE_REFUSED,   /* what matched it needs what the device has not, or found no device */
    DEVICE_PREPARING, /* its bus makes it ready, or silent */
    DEVICE_STARTING,  /* its driver is in probe, quiet or attach */
    DEVICE_RUNNING,
    DEVICE_RESTARTING, /* dead; the successor comes at restart_at_us */
    DEVICE_STOPPED,    /* by hand */
    DEVICE_GAVE_UP,
};

/* The moments of a restart: TSC when each began, for drv.restart.*. */
enum phase {
    PHASE_DETECT,  /* devman knows of the death: it is given its cause and its line in the log */
    PHASE_QUIET,   /* the thread is stopped, ports and registers revoked, the bus told */
    PHASE_RECLAIM, /* the instance's memory is taken back */
    PHASE_LOAD,    /* the successor is made */
    PHASE_ATTACH,  /* it runs: probe, quiet, attach */
    PHASE_RUN,
    PHASE_COUNT
};

/* A driver's manifest. */
struct driver {
    struct driver_manifest manifest;
    struct policy policy;
};

/* One interrupt of a device: bound anew for every instance, until its driver is stopped. */
struct device_irq {
    uint32_t slot; /* the Irq; 0: not made */
    bool is_msi;
    uint64_t msi_address;
    uint32_t msi_data;
    uint64_t storms, delivered; /* as INFO last said */
    unsigned storms_in_a_row;
    uint64_t held_since_us; /* since when the same one is unanswered; 0: none */
};

/* How its instance is watched. */
struct watch {
    uint64_t check_at_us;
    uint64_t beat_sent, beat_sent_us; /* the last heartbeat asked for */
    uint64_t cpu_at_beat_us;
    unsigned missed;       /* looks at it, not answered though it could have been */
    uint64_t closer_at_us; /* the next one, then */
    uint64_t budget_seen_us, budget_used_us, hog_us;
};

/* Kills at random moments (toll.c). */
struct toll {
    uint32_t left, kills, in_handler, with_requests;
    uint32_t every_us, waited;
    uint64_t at_us; /* the next */
};

struct device {
    struct node *node;
    struct driver *driver;   /* what it is bound to, null: nothing */
    struct driver *rejected; /* what matched, but was refused: see why */
    enum device_state state;
    char why[DEATH_TEXT];     /* why no driver runs that should; "": none should, or one does */
    char died_of[DEATH_TEXT]; /* the last death; "": none yet */
    enum death_cause cause;   /* of the last death */
    bool ordered;             /* it was asked for */
    enum policy_verdict verdict;
    uint64_t wait_us; /* before the successor comes */
    bool succeeds;    /* the instance that is being made, or runs, follows one that died */
    bool probed;      /* a driver has found the device: its successors need not look */
    uint32_t instances, restarts;
    struct policy_state policy;
    uint64_t restart_at_us, started_us;
    bool worked; /* the last instance completed a request */
    uint64_t phase_tsc[PHASE_COUNT];
    uint64_t requests_before, interrupts_before, cpu_before_us; /* of former instances */

    /* Of its bus, and as a bus. */
    uint16_t requester; /* whose requests its are, and ... */
    uint16_t behind;    /* ... the requester id of the bridge before it; BUS_NO_BRIDGE: none */
    bool is_disguised;  /* a bridge's, in truth */
    enum driver_order_kind wanted_order; /* what its bus is to do for it */
    bool known;                          /* its finding was told */
    uint32_t reported;                   /* the instance of its bus that has last reported it */
    bool recorded;                       /* a bus: its devices are all known */
    uint16_t order_for;                  /* a bus: whom its current order is about; 0: none */
    uint32_t order_number;

    /* What outlives instances. */
    bool made;
    uint32_t endpoint, early, notify, info_frame, status_frame;
    uint32_t order, heartbeat; /* the notification, to signal one bit */
    struct driver_info *info;  /* mapped here */
    volatile struct driver_status *status;
    struct device_irq irq[DEVICE_IRQS];
    unsigned irq_count;
    uint32_t irq_untyped; /* pays for them alone, so that stopping the driver gives the pins back */
    struct device_dma dma;

    /* The instance. */
    bool alive;
    bool quiet;       /* its quiet handler has run */
    uint32_t pid;     /* no two instances have the same */
    uint32_t untyped; /* of 2^untyped_bits bytes; kept for the next instance */
    unsigned untyped_bits;
    struct slots slots;
    uint64_t slot_words[SLOTS_WORDS(INSTANCE_HANDLES)];
    uint32_t slot_first;
    struct spawn task;
    uint32_t mmio[DEVICE_MMIO];
    unsigned mmio_count;
    uint64_t injecting;       /* who waits to be told whether it can commit a fault; 0: nobody */
    uint32_t steps_left;      /* until it is killed; 0: it is not stepped */
    enum death_cause leaving; /* CAUSE_RESTART or CAUSE_STOP: it was told to leave, and will */
    uint64_t leave_by_us;     /* else it is ended then */
    struct watch watch;

    struct toll toll;
};

/* Dead and stopped, but its bus has not silenced the device yet: the instance is still whole. */
static inline bool device_is_dying(const struct device *d)
{
    return d->alive && d->state == DEVICE_PREPARING;
}

struct devman {
    const struct bootinfo *boot;
    struct tree tree;
    struct device device[TREE_NODES]; /* by node */
    struct driver driver[DEVMAN_DRIVERS];
    unsigned driver_count;
    struct events events;
    struct slots slots;
    struct pieces memory, registers; /* RAM for drivers; device memory */
    struct spawn_maker maker;
    struct spawn self; /* pays for what outlives instances */
    uint32_t next_pid;
    struct manifest system; /* who may open what */
};
extern struct devman devman;

/** Microseconds of @ticks of the TSC. */
uint64_t ticks_to_us(uint64_t ticks);

static inline uint64_t now_us(void)
{
    return ticks_to_us(rdtsc() - quoll_info()->boot_tsc);
}

/* ---- memory.c */

/** All that devman was given: memory, device memory, slots. An error of errors.def. */
int memory_init(void);

/** Bytes of devman's memory that are handed out. */
uint64_t memory_used(void);

/* ---- drivers.c: manifests and matching */

/** Read all drivers' manifests of the boot image; a bad one is logged and left out. */
void drivers_load(void);

/** The driver that fits @node best, a null pointer if none does; @score receives how well. */
struct driver *drivers_match(const struct node *node, unsigned *score);

struct driver *drivers_find(const char *name);

/** How well @driver fits @node: 0 not at all. */
unsigned drivers_score(const struct driver *driver, const struct node *node);

/* ---- explain.c */

/** Write line @index of why @node has the driver it has, or none, to @to. False: past the last. */
bool explain(const struct node *node, unsigned index, char *to, size_t size);

/* ---- device.c: what outlives instances */

/** Make @d's endpoint, notification and pages, unless it has them. */
int device_make(struct device *d);

/** Make the interrupts that @d's driver needs, unless they are there. */
int device_make_irqs(struct device *d);

/** Is everything that @driver needs a resource of @d's? False: @d->why names what is not. */
bool device_has_needs(struct device *d, const struct driver *driver);

/** What of @d's resources @need of @driver's means; a null pointer: none that it may have. */
const struct resource *device_resource(const struct device *d, const struct driver *driver,
                                       const struct driver_need *need);

/** The device at @path, also by the path of a unit of it. */
struct device *device_by_path(const char *path);

/** By path, or by a driver's name where that is unique. Errors: BAD_ARG (none), EXISTS (several).
 */
int device_by_name(const char *name, struct device **out);

/** Interrupts of @d to its instance's endpoint (or its early one), or from it. */
int device_bind_irqs(struct device *d, uint32_t endpoint);
void device_unbind_irqs(struct device *d);

/** Destroy @d's interrupts: no instance of its driver follows soon, and the pins are anybody's. */
void device_release_irqs(struct device *d);

/* ---- life.c: from matched to running and back */

/** Look for a driver for @d, if it has none, and start it. */
void life_match(struct device *d);

void life_start(struct device *d);

/** Its bus has done what it was asked: go on. */
void life_prepared(struct device *d, int status);
void life_silenced(struct device *d);

/** @d's driver says how its probe, quiet and attach went; @why is empty if they went well. */
void life_probed(struct device *d, const char *why);
void life_quiet(struct device *d, const char *why);
void life_attached(struct device *d, const char *why);

/** @d's driver has left. Error: BAD_ARG (nobody has told it to). */
int life_left(struct device *d);

/** What follows the death of @d's instance, of d->cause: d->verdict and d->wait_us; its text. */
void life_decide(struct device *d, char *text, size_t size);

/** @d's instance is dead and stopped: take it apart and do as decided. */
void life_end(struct device *d);

/** By hand: CAUSE_KILL, or CAUSE_RESTART and CAUSE_STOP, which let it leave in order; or CAUSE_NONE
 *  to start it. Errors: GONE (no driver fits it), BUSY (it does not run, or runs already). */
int life_order(struct device *d, enum death_cause cause);

/** @d is not there any more: its driver ends, and what comes back by its name is matched anew. */
void life_lost(struct device *d);

/** Enter an event of @d. */
void life_tell(const struct device *d, enum event_kind kind, const char *text);

/** Restarts that are due; returns when the next one is. */
uint64_t life_tick(uint64_t now);

/* ---- instance.c */

/** Make an instance of @d's driver and start it; on an error @d->why says what failed, and stop
 *  and reclaim take back what there is. */
int instance_start(struct device *d);

/** Stop it and put the device out of its reach: what comes before the bus silences the device ...
 */
void instance_stop(struct device *d);

/** ... and what comes after: its interrupts let go, its memory taken back. */
void instance_reclaim(struct device *d);

/** What the instance's thread is doing. */
enum quoll_thread_state instance_thread_state(const struct device *d);

/** CPU time of the instance so far. */
uint64_t instance_cpu_us(const struct device *d);

/* ---- death.c */

/** @d's instance dies of @cause; @what says more. */
__attribute__((format(printf, 3, 4))) void death(struct device *d, enum death_cause cause,
                                                 const char *what, ...);

/** By order: neither counted nor waited for. */
void death_by_order(struct device *d, enum death_cause cause);

/** The kernel's message of a fault. True: it was a step of die_after and the thread goes on. */
bool death_fault(struct device *d, const struct msg *m);

/* ---- bus.c: orders to bus drivers */

/** Have @d's bus make it ready for a driver, or silent. True: done, there is nothing to do on that
 *  bus; else life_prepared or life_silenced is called when it is. */
bool bus_prepare(struct device *d);
bool bus_silence(struct device *d);

/** A bus driver has carried out order @number. Error: BAD_ARG (it was not asked). */
int bus_done(struct device *bus, uint32_t number, int status);

/** The bus driver runs (again): what it was asked, it is asked again. */
void bus_restarted(struct device *bus);

/** Give @d's instance the bus driver's interface for it. */
int bus_grant(struct device *d);

/** The bus driver has reported all that there is: take back what it needed to look, forget what is
 *  gone, look for drivers. */
void bus_found_all(struct device *bus);

/** Is @r still the bus driver's own, and no device's? */
bool bus_keeps(const struct device *bus, const struct resource *r);

/* ---- unit.c */

/** The device that @d is a unit of; @d itself if it is none. */
struct device *unit_owner(struct device *d);

/** @d's driver has unit @number as @name. Errors: those of tree_add_unit. */
int unit_report(struct device *d, unsigned number, const char *name);

/** It has not, or not any. */
void unit_lose(struct device *d, unsigned number);
void unit_lose_all(struct device *d);

/** The device and its unit that a session of @info with *@d is with: of a device that has units the
 *  first. False: the unit is not there. */
bool unit_choose(struct device **d, const struct idl_interface *info, uint32_t *unit);

/* ---- watch.c */

/** Look after all drivers; returns when to look again. */
uint64_t watch_tick(uint64_t now);

/** A new instance of @d: watched from now on. */
void watch_begin(struct device *d, uint64_t now);

/* ---- toll.c */

/** Kill @d's instances @times times from now on, about every @every_us; 0 times: no more. */
void toll_begin(struct device *d, uint32_t times, uint32_t every_us);

/** Kills that are due; returns when the next one is. */
uint64_t toll_tick(uint64_t now);

/* ---- serve.c */
_Noreturn void devman_serve(void);

/** Something is to be looked at then. */
void devman_due(uint64_t at_us);

/** @d's driver can commit the fault that it was asked for (E_OK), cannot (UNSUPPORTED), or has died
 *  (DEAD). Error: BAD_ARG (it was not asked). */
int serve_injected(struct device *d, int status);

/** There is a new event: answer those who wait for one. */
void serve_event(void);

/* ---- null_bus.c */

/** Enter what no bus can find into the tree, and look for its drivers. */
void null_bus_report(void);

/** Does a bus wait for another? Then null_bus_go_on looks whether it may start now. */
bool null_bus_waits(void);
void null_bus_go_on(void);

/* ---- clients.c */

/** Whom @what names, for a client that may manage. Errors: NO_RIGHT, NOT_FOUND, EXISTS. */
int find_to_manage(const struct call *call, const char *what, struct device **d);

/** Does the manifest of the task that calls say so? */
bool task_may_manage(const struct call *call);

/* ---- log.c */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

#endif
