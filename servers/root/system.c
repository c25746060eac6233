/*
 * system.c - root as the service `system` of proto.h.
 * Each request is a function that replaces the message by its answer's words and returns the
 * error; an answer with more than six words sets its own tag.
 */
#include "root.h"

#include <quoll/message.h>
#include <quoll/proto.h>

#define LOG_ANSWER_BYTES ((MSG_MAX_WORDS - 2) * 8)

uint64_t task_cpu_us(const struct task *t)
{
    struct msg m = {0};

    if (t->s.budget == 0 || sys_invoke(t->s.budget, OP_BUDGET_INFO, &m) != E_OK) {
        return t->cpu_us;
    }
    return ticks_to_us(m.w[0]);
}

/* What its thread does now, while it lives. */
static uint64_t task_state(const struct task *t)
{
    struct msg m = {0};

    if (t->state != THREAD_RUNNING || t->manifest == NULL ||
        sys_invoke(t->s.thread, OP_THREAD_INFO, &m) != E_OK) {
        return t->state;
    }
    return m.w[0];
}

static int system_task(struct msg *m)
{
    const struct task *t;
    unsigned words;

    if (m->w[0] >= root.task_count) {
        return E_BAD_ARG;
    }
    t = &root.task[m->w[0]];
    *m = (struct msg){.w = {t->id, task_state(t), task_cpu_us(t), t->memory_bytes,
                            t->manifest != NULL ? t->manifest->priority : ROOT_PRIORITY, 0}};
    words = msg_put_string(m, root_buffer, 6, t->name, MANIFEST_NAME_BYTES);
    m->tag = msg_tag_words(E_OK, words, 0);
    return E_OK;
}

/* RAM = kernel + boot image + tasks + free, exactly: the kernel has what is not untyped. */
static int system_mem(struct msg *m)
{
    uint64_t total = heap_total(&root.memory), used = heap_used(&root.memory);

    *m = (struct msg){.w = {root.info->ram_bytes,
                            root.info->ram_bytes - total - root.info->image_bytes,
                            root.info->image_bytes, used, total - used}};
    return E_OK;
}

static int system_log(struct msg *m)
{
    char text[LOG_ANSWER_BYTES];
    uint64_t first;
    size_t n = syslog_read(m->w[0], &first, text, sizeof(text));

    *m = (struct msg){.w = {first, n}};
    m->tag = msg_tag_words(E_OK, msg_put_bytes(m, root_buffer, 2, text, n), 0);
    return E_OK;
}

static int system_log_write(struct msg *m)
{
    const struct task *t = task_by_badge(m->badge);
    char text[PROTO_BYTES_MAX];
    uint64_t n = m->w[0];

    if (t == NULL || n > sizeof(text) || msg_get_bytes(m, root_buffer, 1, text, n) != n) {
        return E_BAD_ARG;
    }
    syslog_line(t->name, text, n);
    *m = (struct msg){0};
    return E_OK;
}

static int system_files(struct msg *m)
{
    const struct task *t = task_by_badge(m->w[0]);
    unsigned words;

    if (t == NULL || t->manifest == NULL) {
        return E_BAD_ARG;
    }
    *m = (struct msg){.w = {(uint64_t)t->manifest->files}};
    words = msg_put_string(m, root_buffer, 1, t->manifest->files_root, MANIFEST_FILES_BYTES);
    m->tag = msg_tag_words(E_OK, words, 0);
    return E_OK;
}

static int system_uptime(struct msg *m)
{
    *m = (struct msg){.w = {ticks_to_us(rdtsc() - quoll_info()->boot_tsc)}};
    return E_OK;
}

/* They return only if nothing worked. */
static int system_end(const struct msg *m, void (*end)(void))
{
    const struct task *t = task_by_badge(m->badge);

    if (t == NULL || t->manifest == NULL || !t->manifest->power) {
        return E_NO_RIGHT;
    }
    end();
    return E_BUSY;
}

static int dispatch(struct msg *m)
{
    switch (msg_label(m)) {
    case SYSTEM_TASK:
        return system_task(m);
    case SYSTEM_MEM:
        return system_mem(m);
    case SYSTEM_LOG:
        return system_log(m);
    case SYSTEM_LOG_WRITE:
        return system_log_write(m);
    case SYSTEM_FILES:
        return system_files(m);
    case SYSTEM_UPTIME:
        return system_uptime(m);
    case SYSTEM_REBOOT:
        return system_end(m, power_reboot);
    case SYSTEM_POWEROFF:
        return system_end(m, power_off);
    default:
        return E_BAD_CALL;
    }
}

void system_request(struct msg *m)
{
    int error = dispatch(m);

    if (error != E_OK) {
        *m = (struct msg){.tag = msg_tag((uint32_t)error, 0, 0)};
    } else if (msg_extra(m) == 0) {
        m->tag = msg_tag(E_OK, 0, 0);
    }
}
