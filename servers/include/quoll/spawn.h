/*
 * spawn.h - making tasks: objects, address spaces, programs of the boot image, threads, ports and
 * interrupts. Used by the makers of tasks: root for the system manifest's, devman for drivers.
 * Nothing here logs or decides; every function returns an error of errors.def (0: done), and what
 * a failed one has made so far goes with the rest in spawn_end.
 */
#ifndef QUOLL_SPAWN_H
#define QUOLL_SPAWN_H

#include <quoll/elf_program.h>
#include <quoll/image_file.h>
#include <quoll/slots.h>
#include <quoll/sys.h>
#include <stddef.h>

/* What a program needs to make tasks, the same for all of them. Handles are in its own CNode. */
struct spawn_maker {
    uint32_t cnode, vspace; /* its own */
    uint32_t irq_control, ioport_control, cpu_control;
    uint32_t info_frame;  /* the kernel's info page */
    uint64_t window_va;   /* one page of its own, where pages are mapped while they are filled */
    const uint8_t *image; /* the boot image, mapped */
    uint64_t image_bytes;
    uint32_t image_first;  /* its pages' frames, with the rights READ and EXEC */
    uint32_t shared_space; /* of the programs that are linked for a slice of it; 0: there is none */
};

/* One task in the making, and then alive. Slots and payer are the owner's to fill in; the handles
 * are the library's, 0 for what has not been made. */
struct spawn {
    const struct spawn_maker *maker;
    struct slots *slots; /* where its handles come from: shared, or its own for spawn_end */
    uint32_t untyped;    /* pays for everything, unless @pay is there */
    /** The untyped that pays for @count objects of 2^@bits bytes: its handle to @untyped. */
    int (*pay)(struct spawn *s, unsigned bits, unsigned count, uint32_t *untyped);
    uint32_t cnode, vspace, thread, budget, buffer, fault, portmap;
    uint64_t entry; /* the program's first instruction */
    uint64_t slice; /* what its addresses lie above those of quoll/task.h: 0 in its own space */
    uint32_t shared_pages; /* of the program, that are the boot image's own */
};

/* ---- spawn.c: objects and capabilities */

struct spawn_object {
    enum quoll_object type;
    unsigned size_bits; /* as in UNTYPED_RETYPE */
    uint32_t cnode;     /* handle of the CNode for it; 0: the maker's own */
    uint32_t index;     /* first slot there */
    unsigned count;
    uint32_t thread; /* of Replies */
};

/** Make what @o says. */
int spawn_make_in(struct spawn *s, const struct spawn_object *o);

/** Make one object of @type into a slot of the maker's; its handle to @slot. */
int spawn_make(struct spawn *s, enum quoll_object type, unsigned size_bits, uint32_t *slot);

/** Make @count of them (at most RETYPE_COUNT_MAX) in a row; the first handle to @first. */
int spawn_make_many(struct spawn *s, enum quoll_object type, unsigned size_bits, unsigned count,
                    uint32_t *first);

/** Copy the maker's @source with @rights, and with @badge unless that is 0, into a slot of the
 *  maker's; its handle to @slot. It goes with the task, though the task's memory did not pay. */
int spawn_copy(struct spawn *s, uint32_t source, unsigned rights, uint64_t badge, uint32_t *slot);

/** Copy the maker's @source into slot @index of the task's CNode with @rights, @badge (0: keep). */
int spawn_give(struct spawn *s, uint32_t index, uint32_t source, unsigned rights, uint64_t badge);

/* ---- spawn_task.c: a task as a whole */

struct spawn_plan {
    const char *image; /* the program's file in the boot image */
    unsigned slot_bits;
    uint64_t stack_bytes;          /* a multiple of 4096; below it nothing is mapped */
    uint32_t budget_us, period_us; /* 0: unlimited */
    unsigned priority, max_priority;
    uint32_t fault_endpoint; /* the maker's: there faults arrive, with */
    uint64_t fault_badge;
};

struct spawn_failure {
    const char *step;  /* what failed: "make its stack" */
    const char *wrong; /* why the program's file can't be loaded, to follow its name; or null */
};

/** Make CNode, address space, program, stack, IPC buffer, budget and thread (not started). The
 *  address space is its own, or the one that its program is linked to share. @failure is filled on
 *  an error. */
int spawn_build(struct spawn *s, const struct spawn_plan *plan, struct spawn_failure *failure);

/** Map a page with the @bytes bytes at @info at TASK_INFO_VA of its slice, and the kernel's at
 *  QUOLL_INFO_VA, both read-only. */
int spawn_map_info(struct spawn *s, const void *info, size_t bytes);

/** Start its thread at the program's entry, with @a and @b in rdi and rsi. */
int spawn_start(struct spawn *s, uint64_t a, uint64_t b);

/** Make its port map, if it has none yet; no port is open in it. */
int spawn_portmap(struct spawn *s);

/** Open the ports @first to @last for the task; the port map is made when there is none yet.
 *  Errors: BUSY (another's), those of IOPORT_CONTROL. */
int spawn_ports(struct spawn *s, uint16_t first, uint16_t last);

/** Delete the object or copy in *@slot, one of s->slots, and all that was handed out of it; *@slot
 *  becomes 0 and free. Nothing for 0. Thus ports are taken away: spawn_delete(s, &s->portmap). */
void spawn_delete(struct spawn *s, uint32_t *slot);

/** Stop its thread, if it has one; it can be started anew. */
void spawn_stop(struct spawn *s);

/** The end of a task whose untyped is its own and whose slots are its own: stopped, all that its
 *  untyped paid for destroyed (its clients get DEAD or GONE), all its slots empty and free. What
 *  was made here of other memory and handed to it is the caller's. */
void spawn_end(struct spawn *s);

/* ---- spawn_irq.c */

struct spawn_irq {
    uint32_t gsi, flags; /* IRQ_LEVEL, IRQ_ACTIVE_LOW; IRQ_MSI with gsi 0; IRQ_IOMMU with a unit */
    uint16_t requester;  /* MSI: who sends it, as a PCI requester id; else 0 */
    uint32_t endpoint;   /* the maker's, with the right RECV: where it arrives, with */
    uint64_t badge;
    uint32_t slot; /* out: the Irq; here and in all that follows */
    uint64_t msi_address;
    uint32_t msi_data;
};

/** Make the Irq into a slot of the maker's and bind it. */
int spawn_irq(struct spawn *s, struct spawn_irq *irq);

/* ---- spawn_space.c: pages */

/** Map the maker's frame capability @frame into the task at @va with @rights; missing tables are
 *  made. */
int spawn_map(struct spawn *s, uint64_t va, uint32_t frame, unsigned rights);

/** Map a copy of @frame, so that it can be mapped elsewhere too: pages of sessions, of the boot
 *  image, of the kernel. */
int spawn_map_copy(struct spawn *s, uint64_t va, uint32_t frame, unsigned rights);

/** Map @bytes (a multiple of 4096) of zeroed pages from @va on, readable and writable. */
int spawn_map_zeroed(struct spawn *s, uint64_t va, uint64_t bytes);

/** Map one page at @va with @rights that begins with the @bytes bytes at @data. */
int spawn_map_data(struct spawn *s, uint64_t va, const void *data, size_t bytes, unsigned rights);

/** Map the @bytes bytes (a multiple of 4096) of device memory that the untyped @device begins
 *  with, from @va on, readable and writable, with cache attribute @cache. Nothing may be made of
 *  the untyped so far: see pieces_revoke. */
int spawn_map_device(struct spawn *s, uint32_t device, uint64_t va, uint64_t bytes,
                     enum quoll_cache cache);

/** A fresh zeroed frame mapped at the maker's window, readable and writable. */
int spawn_window_open(struct spawn *s, uint32_t *frame);

/** Take @frame out of the window and map it in the task at @va. */
int spawn_window_close(struct spawn *s, uint32_t frame, uint64_t va, unsigned rights);

/** Make the tables of the maker's window, once, before any task's: @self pays. */
int spawn_window_prepare(struct spawn *self);

/* ---- spawn_load.c */

/* A program of the boot image that was looked into. */
struct spawn_program {
    struct image_file file;
    struct elf_program elf;
};

/** Find the program @name of the boot image and check it. Sets s->entry and s->slice. *@wrong: see
 *  spawn_failure. */
int spawn_find(struct spawn *s, const char *name, struct spawn_program *program,
               const char **wrong);

/** Load it: pages that are only read, and that are whole pages of the boot image, are shared, the
 *  others copied. */
int spawn_load(struct spawn *s, const struct spawn_program *program);

#endif
