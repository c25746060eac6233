/*
 * root.h - the root task: owner of all memory, starter of all tasks, end of all faults.
 * One thread, one loop: nothing here is reentrant. Root calls nobody but the name server, and
 * that only before any other task runs; so no task can block it.
 */
#ifndef ROOT_H
#define ROOT_H

#include "alloc.h"
#include "syslog.h"

#include <quoll/machine.h>
#include <quoll/error.h>
#include <quoll/info.h>
#include <quoll/spawn.h>
#include <quoll/sys.h>
#include <quoll/system_manifest.h>
#include <quoll/task.h>

#define ROOT_TASKS     (MANIFEST_TASKS + 1) /* root itself is task[0] */
#define ROOT_PRIORITY  200
#define ROOT_WINDOW_VA 0x0000100010000000ull /* one page: frames while root fills them */
#define ROOT_KLOG_VA   0x0000100010010000ull /* the kernel's log, read-only */
#define ROOT_UNITS_VA  0x0000100010020000ull /* IOMMU units' registers, a page each */
#define ROOT_TABLES_VA 0x0000100018000000ull /* ACPI tables, as long as they are read */

struct task {
    struct spawn s; /* its capabilities, in root's CNode */
    uint32_t id;    /* index in root.task + 1; the badge of all its capabilities */
    uint32_t state; /* enum quoll_thread_state: STOPPED before, FAULTED after its life */
    const char *name;
    const struct manifest_task *manifest; /* null: root itself */
    struct heap heap;                     /* untypeds that were cut for this task alone */
    uint64_t memory_bytes;                /* cut for it from root.memory, alignment included */
    uint64_t untyped_bytes;
    uint64_t cpu_us; /* what it used in its life, if its budget is gone */
    bool ready;      /* every step of its making succeeded */
    uint32_t irq_gsi[MANIFEST_IRQS];
    uint32_t endpoint;            /* the service it provides; 0: none */
    uint32_t death_signal;        /* its notification, with SYSTEM_BIT_DEATH; 0: not wanted */
    uint32_t irq[MANIFEST_IRQS];  /* owner capabilities, 0: none */
    uint32_t mmio[MANIFEST_MMIO]; /* the untypeds that its own were cut from */
    /* Its slots from here to the end of its CNode hold, downwards, the boot image's frames and
     * then all device memory, where it has them. */
    uint32_t slot_end, device_count, image_pages;
};

struct root {
    struct bootinfo *info; /* what root adds, it adds before it makes a task */
    struct manifest manifest;
    struct heap memory; /* all RAM that the kernel handed over */
    struct task task[ROOT_TASKS];
    unsigned task_count;
    struct slots slots; /* of root's CNode */
    struct spawn_maker maker;
    uint32_t endpoint, reply; /* where requests and faults arrive */
};
extern struct root root;

#define root_buffer ((struct quoll_buffer *)ROOT_BUFFER_VA)

/* ---- object.c */

/** The untyped of a task that pays for @count objects of 2^@bits bytes: see struct spawn. What is
 *  asked for is accounted as cut. */
int task_pay(struct spawn *s, unsigned bits, unsigned count, uint32_t *untyped);

/* ---- task.c, grant.c, device.c: the steps of making a task; they return an error of errors.def,
 * details are logged */
int task_grant_caps(struct task *task);
int task_grant_ports(struct task *task);
int task_grant_irqs(struct task *task);
int task_grant_untyped(struct task *task);
int task_grant_mmio(struct task *task);
int task_grant_image(struct task *task);
int task_grant_devices(struct task *task);
int task_take_signal(struct task *task);

/** Make all of @task but don't start it. False: the log says why. */
bool task_create(struct task *task, const struct manifest_task *manifest);
bool task_start(struct task *task);

/** End @task: suspended, its ports and interrupts taken back, its clients answered (DEAD, GONE),
 *  its memory still accounted. */
void task_end(struct task *task);

/* ---- device.c */

/** The untyped in @slot is device memory. */
void device_add(uint32_t slot);

/** Take @task's device memory back; nobody else gets it. */
void device_revoke(const struct task *task);

/* ---- start.c */

/** A task of which nothing has been made yet. */
struct spawn task_spawn(void);

void root_start(void);

/* ---- serve.c, system.c, fault.c */
_Noreturn void root_serve(void);
void system_request(struct msg *m);
uint64_t task_cpu_us(const struct task *t);
void fault_handle(struct msg *m);

/** Without it there is no shell. */
bool task_is_essential(const struct task *t);
struct task *task_by_badge(uint64_t badge);

/* ---- syslog.c */

void syslog_line(const char *who, const char *text, size_t bytes);
void syslog_echo(bool on);
void syslog_map_kernel(void);

/** Copy up to @max bytes from offset @at on to @to; @first is where they start. */
size_t syslog_read(uint64_t at, uint64_t *first, char *to, size_t max);

/* ---- console.c */

/** After a system failure: show the log on the serial port, unless a live task owns it. */
void console_report(void);

/** Take the page of device memory at @pa for root and map it at @va with @rights; *@slot and
 * *@frame receive its untyped and its frame. Errors: those of pieces_take_at and spawn_map. */
int device_map(uint64_t pa, uint64_t va, unsigned rights, uint32_t *slot, uint32_t *frame);

/** Give the piece in @slot back. */
void device_give(uint32_t slot);

/** The page around @pa is nobody's, whether it is device memory or not. */
void device_keep(uint64_t pa);

/* ---- machine.c, iommu.c: what the machine is, before any other task is made */

/** Read the ACPI tables into root.info, tell the kernel where the IO-APICs are, start the IOMMU. */
void machine_read(void);

/** Turn the units of @machine on, all that is theirs blocked, and write down what became of it. The
 *  kernel takes no more units and IO-APICs after that. */
void iommu_start(struct machine *machine);

/* ---- power.c: they return only if nothing worked */
int power_init(void);
void power_reboot(void);
void power_off(void);

/* ---- main.c */
static inline bool debug_build(void)
{
    return quoll_info()->build & QUOLL_BUILD_DEBUG;
}
uint64_t ticks_to_us(uint64_t ticks);

#endif
