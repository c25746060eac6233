/*
 * manifest.h - the system manifest as data.
 * The parser does no I/O and knows no kernel, so it is tested and fuzzed on the host.
 */
#ifndef ROOT_MANIFEST_H
#define ROOT_MANIFEST_H

#include <quoll/image.h>
#include <quoll/task.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_TASKS      16
#define MANIFEST_NAME_BYTES 48 /* with the NUL: a name fills at most words 0 to 5 */
#define MANIFEST_USES       8
#define MANIFEST_PORTS      8
#define MANIFEST_IRQS       8
#define MANIFEST_MMIO       4
#define MANIFEST_PRIORITY   199 /* the highest a task may have: root has 200 */
#define MANIFEST_LINE_BYTES 512

struct manifest_irq {
    uint32_t number; /* ISA: 0 to 15, else the GSI */
    bool is_isa, level,
        active_low; /* the modes: of a GSI only, an ISA interrupt's come from ACPI */
};

struct manifest_mmio {
    uint64_t base; /* a multiple of the size, which is 2^bits */
    unsigned bits;
};

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
    bool irq_control, ioport_control, cpu_control;
};

struct manifest {
    struct manifest_task task[MANIFEST_TASKS];
    unsigned count;
};

struct manifest_error {
    unsigned line;  /* 0: the manifest as a whole */
    char text[200]; /* what is wrong and what would be right */
};

/** Parse the @bytes bytes of @text into @out. False: @error says where and why, @out is undefined.
 */
bool manifest_parse(const char *text, size_t bytes, struct manifest *out,
                    struct manifest_error *error);

/* ---- manifest_key.c: one key of a section */

/** Set @key of @task to @value (trimmed). False: @error->text is filled. */
bool manifest_key_set(struct manifest_task *task, const char *key, const char *value,
                      struct manifest_error *error);

/** Fill @error->text; returns false, for the caller to pass on. */
__attribute__((format(printf, 2, 3))) bool manifest_fail(struct manifest_error *error,
                                                         const char *format, ...);

/** Is @s a name: 1 to @max - 1 characters of a-z 0-9 . _ - ? */
bool manifest_is_name(const char *s, size_t max);

#endif
