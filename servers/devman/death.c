/*
 * death.c - the end of an instance: why, said in one line of the log that has driver, instance,
 * cause, address and symbol, and what is done about it.
 */
#include "devman.h"

#include <quoll/elf_symbols.h>
#include <quoll/error.h>
#include <quoll/exception.h>
#include <quoll/image_file.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define VECTOR_DEBUG 1 /* a single step */

/* One that was leaving dies of that order, whatever ended it: its text, to @to. */
static enum death_cause while_leaving(const struct device *d, enum death_cause cause,
                                      const char *text, char to[DEATH_TEXT])
{
    to[0] = '\0';
    if (cause != d->leaving) {
        (void)snprintf(to, DEATH_TEXT, "in detach: %s%s%s", death_cause_name(cause),
                       text[0] != '\0' ? ": " : "", text);
    }
    return d->leaving;
}

static void die(struct device *d, enum death_cause cause, bool ordered, const char *text)
{
    char path[TREE_PATH], follows[80], in_detach[DEATH_TEXT];

    if (!d->alive || device_is_dying(d)) {
        return;
    }
    if (d->leaving != CAUSE_NONE) {
        cause = while_leaving(d, cause, text, in_detach);
        ordered = true;
        text = in_detach;
        d->leaving = CAUSE_NONE;
    }
    d->phase_tsc[PHASE_DETECT] = rdtsc();
    (void)serve_injected(d, E_DEAD);
    d->worked = d->status->requests != 0;
    d->requests_before += d->status->requests;
    d->interrupts_before += d->status->interrupts;
    d->cpu_before_us += instance_cpu_us(d);
    d->cause = cause;
    d->ordered = ordered;
    d->phase_tsc[PHASE_QUIET] = rdtsc();
    instance_stop(d);
    (void)snprintf(d->died_of, sizeof(d->died_of), "%s%s%s", death_cause_name(cause),
                   text[0] != '\0' ? ": " : "", text);
    life_decide(d, follows, sizeof(follows));
    tree_path(&devman.tree, d->node, path);
    log_line("%s: %s, instance %u (pid %u), died: %s; %s", path, d->driver->manifest.name,
             d->instances, d->pid, d->died_of, follows);
    life_end(d);
}

void death(struct device *d, enum death_cause cause, const char *what, ...)
{
    char text[DEATH_TEXT];
    va_list args;

    va_start(args, what);
    (void)vsnprintf(text, sizeof(text), what, args);
    va_end(args);
    die(d, cause, false, text);
}

void death_by_order(struct device *d, enum death_cause cause)
{
    die(d, cause, true, "");
}

/* "function+0x1c" of @address in @d's program, to @to. */
static void symbol(const struct device *d, uint64_t address, char *to, size_t size)
{
    const struct spawn_maker *m = &devman.maker;
    struct image_file file;

    if (!image_find(m->image, m->image_bytes, d->driver->manifest.image, &file) ||
        elf_symbol(file.data, file.bytes, address, to, size)[0] == '?') {
        (void)snprintf(to, size, "none of its functions");
    }
}

static const char *access_name(uint64_t error_code)
{
    if ((error_code & 16) != 0) {
        return "execute";
    }
    return (error_code & 2) != 0 ? "write" : "read";
}

/* A program that ends itself runs into crt0's undefined instruction. */
static bool is_exit(const struct msg *m, const char *where)
{
    return msg_kind(m) == KIND_EXCEPTION && m->w[0] == 6 &&
           (strncmp(where, "_start", 6) == 0 || strncmp(where, "abort", 5) == 0);
}

static bool is_step(const struct device *d, const struct msg *m)
{
    return d->steps_left != 0 && msg_kind(m) == KIND_EXCEPTION && m->w[0] == VECTOR_DEBUG;
}

/* One instruction more was run of those that die_after grants. A step is one step: the next is
 * ordered anew. True: there is a next. */
static bool step_on(struct device *d)
{
    if (--d->steps_left == 0) {
        death_by_order(d, CAUSE_KILL);
        return false;
    }
    return sys_op(d->task.thread, OP_THREAD_STEP, 1, 0, 0, 0, 0, 0) == E_OK;
}

bool death_fault(struct device *d, const struct msg *m)
{
    char where[48];
    uint64_t rip = m->w[1];

    if (is_step(d, m)) {
        return step_on(d);
    }
    symbol(d, rip, where, sizeof(where));
    if (msg_kind(m) == KIND_PAGE_FAULT) {
        death(d, CAUSE_FAULT, "page fault, cannot %s address 0x%lx, at 0x%lx (%s)",
              access_name(m->w[2]), (unsigned long)m->w[0], (unsigned long)rip, where);
    } else if (is_exit(m, where)) {
        death(d, CAUSE_EXIT, "it ended itself, at 0x%lx (%s)", (unsigned long)rip, where);
    } else if (msg_kind(m) == KIND_EXCEPTION) {
        death(d, CAUSE_FAULT, "exception %lu (%s), at 0x%lx (%s)", (unsigned long)m->w[0],
              exception_name(m->w[0]), (unsigned long)rip, where);
    } else {
        death(d, CAUSE_FAULT, "it lost its capabilities or address space (object type %lu)",
              (unsigned long)m->w[0]);
    }
    return false;
}
