/*
 * cmd_bench.c - run benchmarks and print a table, or the JSON that tools/ reads.
 */
#include <stdio.h>
#include <string.h>
#include "suite.h"

static const char *const kernel_areas[] = {"ipc", "irq", "fault", "vm"};

#define KERNEL_AREAS (sizeof(kernel_areas) / sizeof(kernel_areas[0]))

/* `disk...` is also what disks do in a second: `disk_wall...`, where instructions aren't counted.
 */
static bool is_speed_of(const char *wanted, const char *name)
{
    static const char speed[] = "disk_wall";
    char counted[CLIENT_NAME_MAX];

    if (strncmp(name, speed, strlen(speed)) != 0)
        return false;
    (void)snprintf(counted, sizeof(counted), "disk%s", name + strlen(speed));
    return suite_in_area(wanted, counted);
}

static bool bench_chooses(const char *wanted, const char *name)
{
    if (strcmp(wanted, "kernel") != 0)
        return suite_in_area(wanted, name) || is_speed_of(wanted, name);
    for (size_t i = 0; i < KERNEL_AREAS; i++) {
        if (suite_in_area(kernel_areas[i], name))
            return true;
    }
    return false;
}

/* The kinds of tables. Which one has its head printed already? */
static enum { TABLE_NONE, TABLE_PLAIN, TABLE_BESIDE } bench_headed;

static bool has_decimals(const struct bench_result *r)
{
    return strcmp(r->unit, BENCH_UNIT_SPEED) == 0;
}

/* A figure of @r as text, a number that is not there as a dash. */
static const char *bench_figure(const struct bench_result *r, uint64_t value, char text[24])
{
    if (value == 0)
        (void)snprintf(text, 24, "-");
    else if (has_decimals(r))
        (void)snprintf(text, 24, "%llu.%llu", (unsigned long long)(value / BENCH_SPEED_PARTS),
                       (unsigned long long)(value % BENCH_SPEED_PARTS * 10 / BENCH_SPEED_PARTS));
    else
        (void)snprintf(text, 24, "%llu", (unsigned long long)value);
    return text;
}

/* One benchmark a line of at most 80 columns. Names reach 33 characters. */
static void bench_row(struct shell *s, const char *name, const struct bench_result *r)
{
    if (bench_headed != TABLE_PLAIN)
        output_printf(&s->out, "%-33s %8s %8s %8s %5s  %s\n", "BENCH", "MEDIAN", "MIN", "MAX", "N",
                      "UNIT");
    bench_headed = TABLE_PLAIN;
    if (r->n == 0)
        output_printf(&s->out, "%-33s   failed: %s\n", name, r->why);
    else
        output_printf(&s->out, "%-33s %8llu %8llu %8llu %5llu  %s\n", name,
                      (unsigned long long)r->median, (unsigned long long)r->min,
                      (unsigned long long)r->max, (unsigned long long)r->n, r->unit);
}

/* One that is compared, a line of the same length. Names of speeds, whose unit is shorter, are
 * longer. */
static void bench_row_beside(struct shell *s, const char *name, const struct bench_result *r)
{
    const struct bench_extra *e = &r->extra;
    int width = has_decimals(r) ? 38 : 33;
    char median[24], required[24], aim[24], reference[24];

    if (bench_headed != TABLE_BESIDE)
        output_printf(&s->out, "%-*s %7s %8s %5s %7s  %s\n", width, "BENCH", "MEDIAN", "REQUIRED",
                      "AIM", "LINUX", "UNIT");
    bench_headed = TABLE_BESIDE;
    output_printf(&s->out, "%-*s %7s %8s %5s %7s  %s\n", width, name,
                  bench_figure(r, r->median, median), bench_figure(r, e->required, required),
                  bench_figure(r, e->aim, aim), bench_figure(r, e->reference, reference), r->unit);
}

static void bench_json_figure(struct json *j, const char *name, const struct bench_result *r,
                              uint64_t value)
{
    (has_decimals(r) ? json_thousandths : json_u64)(j, name, value);
}

static void bench_print_json(struct shell *s, const char *name, const struct bench_result *r)
{
    struct json j = json_begin(&s->out);

    json_string(&j, "bench", name);
    json_string(&j, "unit", r->unit);
    bench_json_figure(&j, "median", r, r->median);
    bench_json_figure(&j, "min", r, r->min);
    bench_json_figure(&j, "max", r, r->max);
    json_u64(&j, "n", r->n);
    if (r->extra.is_there)
        json_bool(&j, "iommu", r->extra.iommu != 0);
    if (r->n == 0)
        json_string(&j, "error", r->why);
    json_end(&j);
}

static void bench_print(struct shell *s, const char *name, const struct bench_result *r)
{
    if (s->json)
        bench_print_json(s, name, r);
    else
        (r->extra.is_there ? bench_row_beside : bench_row)(s, name, r);
}

static void bench_item(struct shell *s, uint64_t cap, uint64_t index, const char *name)
{
    struct bench_result result;

    if (!shell_failed(s, name, bench_run(cap, index, &result)))
        bench_print(s, name, &result);
}

static const struct suite bench_suite = {"bench", SERVICE_BENCH, bench_chooses, bench_item};

void cmd_bench(struct shell *s, int argc, char **argv)
{
    bench_headed = TABLE_NONE;
    (void)suite_run(s, &bench_suite, argc, argv);
}

const char *bench_word(struct shell *s, size_t index)
{
    return index == 0 ? "kernel" : suite_word(s, &bench_suite, index - 1);
}
