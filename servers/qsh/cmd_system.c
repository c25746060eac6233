/*
 * cmd_system.c - commands that the root task answers: ps, mem, uptime, reboot, poweroff.
 */
#include <quoll/members.h>
#include "qsh.h"

static void ps_json(struct shell *s, const struct system_task *t)
{
    struct json j = json_begin(&s->out);

    members_of_task(&j, t);
    json_end(&j);
}

static void ps_row(struct shell *s, const struct system_task *t)
{
    output_printf(&s->out, "%4llu  %-16s %-10s %10llu.%03llu %12llu %8llu %8llu\n",
                  (unsigned long long)t->id, t->name, task_state_name(t->state),
                  (unsigned long long)(t->cpu_us / 1000), (unsigned long long)(t->cpu_us % 1000),
                  (unsigned long long)(t->memory_bytes / 1024), (unsigned long long)t->priority,
                  (unsigned long long)t->restarts);
}

void cmd_ps(struct shell *s, int argc, char **argv)
{
    struct system_task task;
    uint64_t cap;
    int error;

    (void)argc;
    (void)argv;
    if (!shell_service(s, SERVICE_SYSTEM, &cap))
        return;
    if (!s->json)
        output_printf(&s->out, "%4s  %-16s %-10s %14s %12s %8s %8s\n", "ID", "NAME", "STATE",
                      "CPU (ms)", "MEMORY (KiB)", "PRIORITY", "RESTARTS");
    for (uint64_t i = 0;; i++) {
        error = system_task(cap, i, &task);
        if (error == E_BAD_ARG) /* past the last */
            return;
        if (shell_failed(s, "ps", error))
            return;
        if (s->json)
            ps_json(s, &task);
        else
            ps_row(s, &task);
    }
}

void cmd_mem(struct shell *s, int argc, char **argv)
{
    struct system_memory memory;
    struct json j;
    uint64_t cap;

    (void)argc;
    (void)argv;
    if (!shell_service(s, SERVICE_SYSTEM, &cap) || shell_failed(s, "mem", system_mem(cap, &memory)))
        return;

    const struct {
        const char *label, *member;
        uint64_t bytes;
    } rows[] = {
        {"RAM", "ram_bytes", memory.ram_bytes},
        {"kernel", "kernel_bytes", memory.kernel_bytes},
        {"boot image", "boot_image_bytes", memory.image_bytes},
        {"tasks", "tasks_bytes", memory.tasks_bytes},
        {"free", "free_bytes", memory.free_bytes},
    };

    if (s->json) {
        j = json_begin(&s->out);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            json_u64(&j, rows[i].member, rows[i].bytes);
        json_end(&j);
        return;
    }
    output_printf(&s->out, "%-12s %12s\n", "MEMORY", "KiB");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        output_printf(&s->out, "%-12s %12llu\n", rows[i].label,
                      (unsigned long long)(rows[i].bytes / 1024));
}

void cmd_uptime(struct shell *s, int argc, char **argv)
{
    struct json j;
    uint64_t cap, us, seconds;

    (void)argc;
    (void)argv;
    if (!shell_service(s, SERVICE_SYSTEM, &cap) ||
        shell_failed(s, "uptime", system_uptime(cap, &us)))
        return;
    if (s->json) {
        j = json_begin(&s->out);
        json_u64(&j, "uptime_us", us);
        json_end(&j);
        return;
    }
    seconds = us / 1000000;
    output_printf(&s->out, "up %llu:%02llu:%02llu.%03llu (hours:minutes:seconds)\n",
                  (unsigned long long)(seconds / 3600), (unsigned long long)(seconds / 60 % 60),
                  (unsigned long long)(seconds % 60), (unsigned long long)(us / 1000 % 1000));
}

/* Both end the system, so they return only if that failed. */
static void system_end(struct shell *s, const char *what, int (*end)(uint64_t))
{
    uint64_t cap;
    int error;

    if (!shell_service(s, SERVICE_SYSTEM, &cap))
        return;
    output_flush(&s->out);
    (void)terminal_flush(s->out.terminal); /* what can't be shown now never will be */
    error = end(cap);
    if (error == E_NO_RIGHT)
        shell_error(s, "%s: this shell may not: its task lacks power = yes in the system manifest",
                    what);
    else
        (void)shell_failed(s, what, error);
}

void cmd_reboot(struct shell *s, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    system_end(s, "reboot", system_reboot);
}

void cmd_poweroff(struct shell *s, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    system_end(s, "poweroff", system_poweroff);
}
