/*
 * manifest.c - the system manifest: lines, sections, and what must hold between tasks.
 * Syntax: `# comment`, `[task NAME]`, `key = value`. Invariant: a manifest that parses can be
 * carried out as far as the text alone can tell; everything unknown is an error.
 */
#include "manifest.h"

#include <quoll/abi.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *s)
{
    size_t n;

    while (is_blank(*s)) {
        s++;
    }
    n = strlen(s);
    while (n > 0 && is_blank(s[n - 1])) {
        s[--n] = '\0';
    }
    return s;
}

/* Copy the next line of @text from @at into @line; returns the offset behind it, 0 on an error. */
static size_t next_line(const char *text, size_t bytes, size_t at, char *line,
                        struct manifest_error *error)
{
    size_t n = 0;

    for (; at < bytes && text[at] != '\n'; at++) {
        if ((text[at] < ' ' && !is_blank(text[at])) || text[at] == 0x7f) {
            manifest_fail(error, "control character 0x%02x: only printable text is allowed",
                          (unsigned)(unsigned char)text[at]);
            return 0;
        }
        if (n == MANIFEST_LINE_BYTES - 1) {
            manifest_fail(error, "line too long: at most %d bytes", MANIFEST_LINE_BYTES - 1);
            return 0;
        }
        line[n++] = text[at];
    }
    line[n] = '\0';
    return at + 1;
}

static bool section_begin(struct manifest *m, char *line, struct manifest_error *error)
{
    struct manifest_task *t;
    size_t n = strlen(line);
    char *name;

    if (n < 7 || line[n - 1] != ']' || strncmp(line, "[task", 5) != 0 || !is_blank(line[5])) {
        return manifest_fail(error, "bad section heading: write [task NAME]");
    }
    line[n - 1] = '\0';
    name = trim(line + 5);
    if (!manifest_is_name(name, MANIFEST_NAME_BYTES)) {
        return manifest_fail(error, "bad task name: 1 to %d characters of a-z 0-9 . _ -",
                             MANIFEST_NAME_BYTES - 1);
    }
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

static bool line_parse(struct manifest *m, char *raw, struct manifest_error *error)
{
    char *hash = strchr(raw, '#');
    char *line, *equals;

    if (hash != NULL) {
        *hash = '\0';
    }
    line = trim(raw);
    if (*line == '\0') {
        return true;
    }
    if (*line == '[') {
        return section_begin(m, line, error);
    }
    equals = strchr(line, '=');
    if (equals == NULL) {
        return manifest_fail(error,
                             "neither a section nor a key: write [task NAME] or key = value");
    }
    if (m->count == 0) {
        return manifest_fail(error, "key outside of a section: begin with [task NAME]");
    }
    *equals = '\0';
    return manifest_key_set(&m->task[m->count - 1], trim(line), trim(equals + 1), error);
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
    return check_unique(m, index, error) && check_ports(m, index, error);
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
    return true;
}

bool manifest_parse(const char *text, size_t bytes, struct manifest *out,
                    struct manifest_error *error)
{
    char line[MANIFEST_LINE_BYTES] = "";
    size_t at = 0;

    out->count = 0;
    error->line = 0;
    error->text[0] = '\0';
    while (at < bytes) {
        error->line++;
        at = next_line(text, bytes, at, line, error);
        if (at == 0 || !line_parse(out, line, error)) {
            return false;
        }
    }
    return check_all(out, error);
}
