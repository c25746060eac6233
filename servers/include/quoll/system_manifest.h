/*
 * system_manifest.h - the system manifest as data.
 * The parser does no I/O and knows no kernel, so it is tested and fuzzed on the host.
 */
#ifndef QUOLL_SYSTEM_MANIFEST_H
#define QUOLL_SYSTEM_MANIFEST_H

#include <quoll/image.h>
#include <quoll/manifest_text.h>
#include <quoll/task.h>

#define MANIFEST_TASKS       16
#define MANIFEST_USES        12
#define MANIFEST_OPENS       12
#define MANIFEST_OPENS_BYTES 16
#define MANIFEST_SESSIONS    64 /* with drivers, of all tasks together */
#define MANIFEST_SHARE       4  /* of them, where a task's section says nothing */
#define MANIFEST_PORTS       8
#define MANIFEST_IRQS        8
#define MANIFEST_MMIO        4
#define MANIFEST_FILES_BYTES 256
#define MANIFEST_PRIORITY    199 /* the highest a task may have: root has 200 */

struct manifest_irq {
    uint32_t number; /* ISA: 0 to 15, else the GSI */
    bool is_isa, level,
        active_low; /* the modes: of a GSI only, an ISA interrupt's come from ACPI */
};

struct manifest_mmio {
    uint64_t base; /* a multiple of the size, which is 2^bits */
    unsigned bits;
};

enum manifest_files { MANIFEST_FILES_NONE, MANIFEST_FILES_READ, MANIFEST_FILES_READ_WRITE };

struct manifest_task {
    char name[MANIFEST_NAME_BYTES];
    char image[IMAGE_NAME_BYTES];
    char provides[MANIFEST_NAME_BYTES]; /* "": nothing */
    char uses[MANIFEST_USES][MANIFEST_NAME_BYTES];
    char args[256];
    struct task_ports ports[MANIFEST_PORTS];
    struct manifest_irq irqs[MANIFEST_IRQS];
    struct manifest_mmio mmio[MANIFEST_MMIO];
    unsigned line; /* of its section's heading */
    unsigned uses_count, port_count, irq_count, mmio_count;
    uint32_t keys_seen; /* a bit per key, so that none is given twice */
    unsigned priority, max_priority;
    uint32_t budget_us, period_us;     /* 0: unlimited */
    uint64_t untyped_min, untyped_max; /* bytes, powers of two; 0: none */
    uint64_t stack_bytes;
    unsigned slot_bits; /* its CNode has 2^slot_bits slots */
    bool irq_control, ioport_control, cpu_control, device_control;
    bool all_devices;     /* that no mmio of another task takes */
    bool deaths;          /* its notification is signalled when a task has died */
    bool dma_unprotected; /* devman's: drivers may have DMA where there is no IOMMU */
    bool boot_image;      /* its frames, and what the kernel told root */
    bool power;           /* may have root reset the machine, or switch it off */
    char opens[MANIFEST_OPENS][MANIFEST_OPENS_BYTES]; /* drivers' interfaces: devman's to read */
    unsigned opens_count;
    unsigned sessions;         /* that it may have at a time; 0: it opens nothing */
    enum manifest_files files; /* what it may do with files: the fs server asks */
    char
        files_root[MANIFEST_FILES_BYTES]; /* and where; "/", or a path without a slash at its end */
};

struct manifest {
    struct manifest_task task[MANIFEST_TASKS];
    unsigned count;
};

/** Parse the @bytes bytes of @text into @out. False: @error says where and why, @out is undefined.
 */
bool manifest_parse(const char *text, size_t bytes, struct manifest *out,
                    struct manifest_error *error);

#endif
