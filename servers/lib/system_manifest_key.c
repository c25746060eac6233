/*
 * system_manifest_key.c - the keys of a task's section: one function each, one table.
 * Separate from system_manifest.c because this is what grows with every new kind of grant.
 * Invariant: a value is stored only after all of it has been understood.
 */
#include "system_manifest_key.h"

#include <quoll/abi.h>
#include <string.h>

static bool key_image(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    if (!manifest_is_name(v, sizeof(t->image))) {
        return manifest_fail(e,
                             "image: a file's name in the boot image, 1 to %d characters of "
                             "a-z 0-9 . _ -",
                             IMAGE_NAME_BYTES - 1);
    }
    memcpy(t->image, v, strlen(v) + 1);
    return true;
}

static bool key_priority(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_whole_number(v, 1, MANIFEST_PRIORITY, &n)) {
        return manifest_fail(e, "priority: a number from 1 to %d", MANIFEST_PRIORITY);
    }
    t->priority = (unsigned)n;
    return true;
}

static bool key_max_priority(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_whole_number(v, 1, MANIFEST_PRIORITY, &n)) {
        return manifest_fail(e, "max-priority: a number from 1 to %d", MANIFEST_PRIORITY);
    }
    t->max_priority = (unsigned)n;
    return true;
}

static bool key_budget(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    uint64_t budget, period;

    if (strcmp(v, "unlimited") == 0) {
        return true;
    }
    if (!value_number(&v, 1000000, &budget) || *v != '/' ||
        (v++, !value_number(&v, 1000000, &period)) || *v != '\0' || budget == 0 ||
        period < budget || (period > budget && period < BUDGET_PERIOD_MIN_US)) {
        return manifest_fail(e, "budget: unlimited, or microseconds as BUDGET/PERIOD, for example "
                                "5000/10000 (period 1000 to 1000000)");
    }
    t->budget_us = (uint32_t)budget;
    t->period_us = (uint32_t)period;
    return true;
}

static bool key_provides(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    if (!manifest_is_name(v, sizeof(t->provides))) {
        return manifest_fail(e, "provides: one name, 1 to %d characters of a-z 0-9 . _ -",
                             MANIFEST_NAME_BYTES - 1);
    }
    memcpy(t->provides, v, strlen(v) + 1);
    return true;
}

static bool key_uses(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    while (*v != '\0') {
        if (t->uses_count == MANIFEST_USES) {
            return manifest_fail(e, "uses: at most %d names", MANIFEST_USES);
        }
        char *name = t->uses[t->uses_count];
        if (!value_next_word(&v, name, MANIFEST_NAME_BYTES) ||
            !manifest_is_name(name, MANIFEST_NAME_BYTES)) {
            return manifest_fail(e, "uses: names of services, separated by blanks");
        }
        for (unsigned i = 0; i < t->uses_count; i++) {
            if (strcmp(t->uses[i], name) == 0) {
                return manifest_fail(e, "uses: %s is there twice", name);
            }
        }
        t->uses_count++;
    }
    return true;
}

static bool key_untyped(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    uint64_t min, max;
    bool ok = value_size(&v, &min);

    max = min;
    if (ok && *v == '-') {
        v++;
        ok = value_size(&v, &max);
    }
    if (!ok || *v != '\0' || !value_is_power_of_two(min) || !value_is_power_of_two(max) ||
        max < min || min < 4096) {
        return manifest_fail(e, "untyped: a power of two from 4k up, or LEAST-MOST: 64k, 4M-16M");
    }
    t->untyped_min = min;
    t->untyped_max = max;
    return true;
}

static bool key_stack(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_size(&v, &n) || *v != '\0' || n < 4096 || n > 1u << 20 || n % 4096 != 0) {
        return manifest_fail(e, "stack: 4k to 1M, a multiple of 4k");
    }
    t->stack_bytes = n;
    return true;
}

static bool key_slots(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_whole_number(v, 64, 1u << 16, &n) || !value_is_power_of_two(n)) {
        return manifest_fail(e, "slots: a power of two from 64 to 65536");
    }
    t->slot_bits = (unsigned)__builtin_ctzll(n);
    return true;
}

static bool yes_or_no(const char *key, const char *v, bool *out, struct manifest_error *e)
{
    *out = strcmp(v, "yes") == 0;
    return *out || strcmp(v, "no") == 0 || manifest_fail(e, "%s: yes or no", key);
}

static bool key_irq_control(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    return yes_or_no("irq-control", v, &t->irq_control, e);
}

static bool key_ioport_control(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    return yes_or_no("ioport-control", v, &t->ioport_control, e);
}

static bool key_boot_image(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    return yes_or_no("boot-image", v, &t->boot_image, e);
}

static bool key_deaths(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    return yes_or_no("deaths", v, &t->deaths, e);
}

static bool key_power(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    return yes_or_no("power", v, &t->power, e);
}

static bool key_sessions(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    uint64_t n;

    if (!value_whole_number(v, 1, MANIFEST_SESSIONS, &n)) {
        return manifest_fail(e, "sessions: a number from 1 to %d", MANIFEST_SESSIONS);
    }
    t->sessions = (unsigned)n;
    return true;
}

static bool key_opens(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    while (*v != '\0') {
        if (t->opens_count == MANIFEST_OPENS) {
            return manifest_fail(e, "opens: at most %d interfaces", MANIFEST_OPENS);
        }
        char *name = t->opens[t->opens_count];
        if (!value_next_word(&v, name, MANIFEST_OPENS_BYTES) ||
            !manifest_is_name(name, MANIFEST_OPENS_BYTES)) {
            return manifest_fail(e, "opens: interfaces of drivers, separated by blanks, for "
                                    "example serial display input inspect manage");
        }
        for (unsigned i = 0; i < t->opens_count; i++) {
            if (strcmp(t->opens[i], name) == 0) {
                return manifest_fail(e, "opens: %s is there twice", name);
            }
        }
        t->opens_count++;
    }
    return true;
}

static bool key_dma(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    t->dma_unprotected = strcmp(v, "unprotected") == 0;
    return t->dma_unprotected ||
           manifest_fail(e, "dma: unprotected (where there is no IOMMU, drivers with DMA start all "
                            "the same, and can write to all memory), or leave it out");
}

/* No part of a path is empty, . or .. : the fs server compares paths by their text. */
static bool is_root(const char *path)
{
    size_t n = strlen(path);

    return path[0] == '/' && n < MANIFEST_FILES_BYTES && strstr(path, "//") == NULL &&
           strstr(path, "/./") == NULL && strstr(path, "/../") == NULL &&
           strchr(path, '\\') == NULL && (n == 1 || path[n - 1] != '/') &&
           (n < 2 || strcmp(path + n - 2, "/.") != 0) &&
           (n < 3 || strcmp(path + n - 3, "/..") != 0);
}

static bool key_files(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    char how[16];
    bool ok = value_next_word(&v, how, sizeof(how));

    while (*v == ' ' || *v == '\t') {
        v++;
    }
    if (!ok || !is_root(v) || (strcmp(how, "read") != 0 && strcmp(how, "read-write") != 0)) {
        return manifest_fail(e, "files: read or read-write, and the directory that the task may "
                                "reach, for example read-write / or read /cd0/pub");
    }
    t->files = strcmp(how, "read") == 0 ? MANIFEST_FILES_READ : MANIFEST_FILES_READ_WRITE;
    memcpy(t->files_root, v, strlen(v) + 1);
    return true;
}

static bool key_cpu_control(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    return yes_or_no("cpu-control", v, &t->cpu_control, e);
}

static bool key_device_control(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    return yes_or_no("device-control", v, &t->device_control, e);
}

static bool key_args(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    if (strlen(v) >= sizeof(t->args)) {
        return manifest_fail(e, "args: at most %d bytes", (int)sizeof(t->args) - 1);
    }
    memcpy(t->args, v, strlen(v) + 1);
    return true;
}

static bool key_restart(struct manifest_task *t, const char *v, struct manifest_error *e)
{
    (void)t;
    return strcmp(v, "no") == 0 || manifest_fail(e, "restart: no (this version restarts no task)");
}

static const struct {
    const char *name;
    bool (*set)(struct manifest_task *, const char *, struct manifest_error *);
    bool repeats; /* one value a line, several lines */
} keys[] = {
    {"image", key_image, false},
    {"priority", key_priority, false},
    {"max-priority", key_max_priority, false},
    {"budget", key_budget, false},
    {"provides", key_provides, false},
    {"uses", key_uses, false},
    {"ports", manifest_key_ports, false},
    {"irq", manifest_key_irq, true},
    {"mmio", manifest_key_mmio, true},
    {"untyped", key_untyped, false},
    {"stack", key_stack, false},
    {"slots", key_slots, false},
    {"irq-control", key_irq_control, false},
    {"ioport-control", key_ioport_control, false},
    {"cpu-control", key_cpu_control, false},
    {"device-control", key_device_control, false},
    {"devices", manifest_key_devices, false},
    {"boot-image", key_boot_image, false},
    {"dma", key_dma, false},
    {"power", key_power, false},
    {"deaths", key_deaths, false},
    {"opens", key_opens, false},
    {"sessions", key_sessions, false},
    {"files", key_files, false},
    {"args", key_args, false},
    {"restart", key_restart, false},
};

bool manifest_key_set(struct manifest_task *task, const char *key, const char *value,
                      struct manifest_error *error)
{
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].name, key) != 0) {
            continue;
        }
        if ((task->keys_seen & 1u << i) != 0 && !keys[i].repeats) {
            return manifest_fail(error, "%s is there twice in task %s", key, task->name);
        }
        task->keys_seen |= 1u << i;
        return keys[i].set(task, value, error);
    }
    return manifest_fail(error,
                         "unknown key '%.40s': image, priority, max-priority, budget, "
                         "provides, uses, ports, irq, mmio, untyped, stack, slots, irq-control, "
                         "ioport-control, cpu-control, device-control, devices, boot-image, dma, "
                         "power, deaths, opens, sessions, files, args or restart",
                         key);
}
