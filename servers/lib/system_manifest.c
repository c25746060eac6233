/*
 * system_manifest.c - the system manifest: its sections, and what must hold between tasks.
 * Invariant: a manifest that parses can be
 * carried out as far as the text alone can tell; everything unknown is an error.
 */
#include "system_manifest_key.h"

#include <quoll/abi.h>
#include <string.h>

static bool section_begin(void *to, const char *name, struct manifest_error *error)
{
    struct manifest *m = to;
    struct manifest_task *t;

    if (m->count == MANIFEST_TASKS) {
        return manifest_fail(error, "too many tasks: at most %d", MANIFEST_TASKS);
    }
    t = &m->task[m->count++];
    memset(t, 0, sizeof(*t));
    memcpy(t->name, name, strlen(name));
    t->line = error->line;
    t->stack_bytes = 64 * 1024;
    t->slot_bits = 8;
    return true;
}

static bool key_set(void *to, const char *key, const char *value, struct manifest_error *error)
{
    struct manifest *m = to;

    return manifest_key_set(&m->task[m->count - 1], key, value, error);
}

static bool is_provided(const struct manifest *m, const char *name)
{
    if (strcmp(name, "system") == 0) {
        return true; /* by root itself */
    }
    for (unsigned i = 0; i < m->count; i++) {
        if (strcmp(m->task[i].provides, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A task may not repeat what an earlier one, or root, already has. */
static bool check_unique(const struct manifest *m, unsigned index, struct manifest_error *error)
{
    const struct manifest_task *t = &m->task[index];

    if (strcmp(t->name, "root") == 0 || strcmp(t->provides, "system") == 0) {
        return manifest_fail(error, "task %s: root and system are the root task's own names",
                             t->name);
    }
    for (unsigned i = 0; i < index; i++) {
        if (strcmp(m->task[i].name, t->name) == 0) {
            return manifest_fail(error, "task %s: already defined in line %u", t->name,
                                 m->task[i].line);
        }
        if (t->provides[0] != '\0' && strcmp(m->task[i].provides, t->provides) == 0) {
            return manifest_fail(error, "task %s: %s is already provided by task %s", t->name,
                                 t->provides, m->task[i].name);
        }
    }
    return true;
}

/* All device memory can go to one task only. */
static bool check_devices(const struct manifest *m, unsigned index, struct manifest_error *error)
{
    for (unsigned i = 0; m->task[index].all_devices && i < index; i++) {
        if (m->task[i].all_devices) {
            return manifest_fail(error, "task %s: all devices are task %s's already",
                                 m->task[index].name, m->task[i].name);
        }
    }
    return true;
}

static bool has_use(const struct manifest_task *t, const char *name)
{
    for (unsigned i = 0; i < t->uses_count; i++) {
        if (strcmp(t->uses[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Does one of the first @n ranges of @t overlap @ports? */
static bool has_port_of(const struct manifest_task *t, unsigned n, const struct task_ports *ports)
{
    for (unsigned i = 0; i < n; i++) {
        if (ports->first <= t->ports[i].last && t->ports[i].first <= ports->last) {
            return true;
        }
    }
    return false;
}

static bool check_ports(const struct manifest *m, unsigned index, struct manifest_error *error)
{
    const struct manifest_task *t = &m->task[index];

    for (unsigned p = 0; p < t->port_count; p++) {
        for (unsigned i = 0; i <= index; i++) {
            const struct manifest_task *other = &m->task[i];
            if (has_port_of(other, i == index ? p : other->port_count, &t->ports[p])) {
                return manifest_fail(error, "task %s: ports 0x%x-0x%x are task %s's too", t->name,
                                     t->ports[p].first, t->ports[p].last, other->name);
            }
        }
    }
    return true;
}

static bool check_task(const struct manifest *m, unsigned index, struct manifest_error *error)
{
    const struct manifest_task *t = &m->task[index];

    error->line = t->line;
    if (t->image[0] == '\0') {
        return manifest_fail(error, "task %s: no image: add image = NAME", t->name);
    }
    if (t->priority == 0) {
        return manifest_fail(error, "task %s: no priority: add priority = 1 to %d", t->name,
                             MANIFEST_PRIORITY);
    }
    if (t->max_priority < t->priority) {
        return manifest_fail(error, "task %s: max-priority %u is below priority %u", t->name,
                             t->max_priority, t->priority);
    }
    if (t->irq_count != 0 && t->provides[0] == '\0') {
        return manifest_fail(error,
                             "task %s: an irq arrives at the endpoint of the service: add provides",
                             t->name);
    }
    for (unsigned i = 0; i < t->uses_count; i++) {
        if (!is_provided(m, t->uses[i])) {
            return manifest_fail(error, "task %s: nobody provides %s", t->name, t->uses[i]);
        }
    }
    if (t->opens_count != 0 && !has_use(t, "devman")) {
        return manifest_fail(error, "task %s: opens is asked of devman: add uses = devman",
                             t->name);
    }
    if (t->power && !has_use(t, "system")) {
        return manifest_fail(error, "task %s: power is asked of root: add uses = system", t->name);
    }
    if (t->sessions != 0 && t->opens_count == 0) {
        return manifest_fail(error, "task %s: sessions of what? add opens", t->name);
    }
    if (t->files != MANIFEST_FILES_NONE && !has_use(t, "fs")) {
        return manifest_fail(error, "task %s: files is asked of fs: add uses = fs", t->name);
    }
    return check_unique(m, index, error) && check_devices(m, index, error) &&
           check_ports(m, index, error);
}

/* What each may have, all can have at the same time. */
static bool share_sessions(struct manifest *m, struct manifest_error *error)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < m->count; i++) {
        struct manifest_task *t = &m->task[i];
        if (t->sessions == 0 && t->opens_count != 0) {
            t->sessions = MANIFEST_SHARE;
        }
        sum += t->sessions;
        if (sum > MANIFEST_SESSIONS) {
            error->line = t->line;
            return manifest_fail(error,
                                 "task %s: with its sessions there are %u of all tasks, at most "
                                 "%d are possible",
                                 t->name, sum, MANIFEST_SESSIONS);
        }
    }
    return true;
}

static bool check_all(struct manifest *m, struct manifest_error *error)
{
    if (m->count == 0) {
        error->line = 0;
        return manifest_fail(error, "no task: write at least [task names]");
    }
    if (strcmp(m->task[0].provides, "names") != 0) {
        error->line = m->task[0].line;
        return manifest_fail(error, "the first task must have provides = names");
    }
    for (unsigned i = 0; i < m->count; i++) {
        if (m->task[i].max_priority == 0) {
            m->task[i].max_priority = m->task[i].priority;
        }
        if (!check_task(m, i, error)) {
            return false;
        }
    }
    return share_sessions(m, error);
}

bool manifest_parse(const char *text, size_t bytes, struct manifest *out,
                    struct manifest_error *error)
{
    static const struct manifest_grammar grammar = {"task", section_begin, key_set};

    out->count = 0;
    return manifest_read(&grammar, text, bytes, out, error) && check_all(out, error);
}
