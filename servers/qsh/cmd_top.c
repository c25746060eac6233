/*
 * cmd_top.c - who uses the CPU: tasks and drivers by their share of an interval.
 */
#include <stdlib.h>
#include <string.h>
#include "devices.h"
#include "wait.h"

#define ROWS_MAX    64
#define SECONDS_MAX 3600u

struct row {
    char name[32], device[64]; /* of a task no device */
    uint64_t before_us, used_us, total_us;
};

struct sample {
    uint64_t at_us;
    size_t count;
    struct row row[ROWS_MAX];
};

static struct sample sample;

/* The row of that name, made if it is new; NULL if there are too many. */
static struct row *row_of(const char *name, const char *device)
{
    struct row *r;

    for (size_t i = 0; i < sample.count; i++) {
        r = &sample.row[i];
        if (strcmp(r->name, name) == 0 && strcmp(r->device, device) == 0)
            return r;
    }
    if (sample.count == ROWS_MAX)
        return NULL;
    r = &sample.row[sample.count++];
    *r = (struct row){.before_us = 0};
    strncpy(r->name, name, sizeof(r->name) - 1);
    strncpy(r->device, device, sizeof(r->device) - 1);
    return r;
}

static void take(const char *name, const char *device, uint64_t cpu_us)
{
    struct row *r = row_of(name, device);

    if (r == NULL)
        return;
    r->used_us = cpu_us > r->before_us ? cpu_us - r->before_us : 0;
    r->total_us = r->before_us = cpu_us;
}

/* CPU time of all of them; what each used since the last time is in used_us. */
static bool look(struct shell *s, uint64_t *elapsed_us)
{
    struct devman_driver_state driver;
    struct system_task task;
    uint64_t root, devman, now;

    if (!shell_service(s, SERVICE_SYSTEM, &root) || !devices_ask(s, &devman) ||
        shell_failed(s, "top", system_uptime(root, &now)))
        return false;
    for (uint64_t i = 0; system_task(root, i, &task) == E_OK; i++)
        take(task.name, "", task.cpu_us);
    for (uint32_t i = 0; devman_call_driver(devman, i, &driver) == E_OK; i++)
        take(driver.driver, driver.device, driver.cpu_us);
    *elapsed_us = now - sample.at_us;
    sample.at_us = now;
    return true;
}

static void sort(void)
{
    for (size_t i = 1; i < sample.count; i++) {
        struct row r = sample.row[i];
        size_t at = i;

        for (; at > 0 && sample.row[at - 1].used_us < r.used_us; at--)
            sample.row[at] = sample.row[at - 1];
        sample.row[at] = r;
    }
}

static void row_print(struct shell *s, const struct row *r, uint64_t elapsed_us)
{
    uint64_t permille = r->used_us * 1000 / elapsed_us;
    struct json j;

    if (!s->json) {
        output_printf(&s->out, "%3llu.%llu %8llu.%03llu  %-12s %s\n", (ull)permille / 10,
                      (ull)permille % 10, (ull)r->total_us / 1000, (ull)r->total_us % 1000, r->name,
                      r->device[0] ? r->device : "-");
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "name", r->name);
    json_string_or_null(&j, "device", r->device);
    json_u64(&j, "used_us", r->used_us);
    json_u64(&j, "of_us", elapsed_us);
    json_u64(&j, "cpu_us", r->total_us);
    json_end(&j);
}

static void print(struct shell *s, uint64_t elapsed_us)
{
    struct row idle = {.name = "(idle)"};
    uint64_t used = 0;

    sort();
    if (!s->json)
        output_printf(&s->out, "%5s %12s  %-12s %s\n", "CPU %", "TOTAL (ms)", "NAME", "DEVICE");
    for (size_t i = 0; i < sample.count; i++) {
        row_print(s, &sample.row[i], elapsed_us);
        used += sample.row[i].used_us;
    }
    idle.used_us = elapsed_us > used ? elapsed_us - used : 0;
    if (!s->json)
        output_printf(&s->out, "%3llu.%llu %12s  (idle, and the kernel's own)\n",
                      (ull)(idle.used_us * 1000 / elapsed_us / 10),
                      (ull)(idle.used_us * 1000 / elapsed_us % 10), "");
    output_flush(&s->out);
}

/* [SECONDS] [follow], in this order, or complain. */
static bool arguments_read(struct shell *s, int argc, char **argv, uint64_t *seconds, bool *follows)
{
    char *end;

    *follows = argc > 1 && strcmp(argv[argc - 1], "follow") == 0;
    *seconds = 1;
    if (argc - *follows == 1)
        return true;
    *seconds = strtoul(argv[1], &end, 10);
    if (argc - *follows == 2 && argv[1][0] >= '0' && argv[1][0] <= '9' && *end == '\0' &&
        *seconds >= 1 && *seconds <= SECONDS_MAX)
        return true;
    shell_error(s, "top: SECONDS is a number from 1 to %u, then follow; usage: %s", SECONDS_MAX,
                command_find("top")->usage);
    return false;
}

void cmd_top(struct shell *s, int argc, char **argv)
{
    uint64_t seconds, elapsed_us;
    bool follows;

    sample.count = 0;
    sample.at_us = 0;
    if (!arguments_read(s, argc, argv, &seconds, &follows) || !look(s, &elapsed_us))
        return;
    do {
        if (wait_or_interrupt(s, seconds * 1000000) || !look(s, &elapsed_us))
            return;
        print(s, elapsed_us > 0 ? elapsed_us : 1);
    } while (follows);
}
