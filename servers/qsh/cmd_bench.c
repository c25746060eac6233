/*
 * cmd_bench.c - run benchmarks and print a table, or the JSON that tools/ reads.
 */
#include <string.h>
#include "suite.h"

static const char *const kernel_areas[] = {"ipc", "irq", "fault", "vm"};

#define KERNEL_AREAS (sizeof(kernel_areas) / sizeof(kernel_areas[0]))

static bool bench_chooses(const char *wanted, const char *name)
{
    if (strcmp(wanted, "kernel") != 0)
        return suite_in_area(wanted, name);
    for (size_t i = 0; i < KERNEL_AREAS; i++) {
        if (suite_in_area(kernel_areas[i], name))
            return true;
    }
    return false;
}

static bool bench_headed; /* the table's head is printed */

/* One benchmark a line of at most 80 columns. Names reach 33 characters. */
static void bench_row(struct shell *s, const char *name, const struct bench_result *r)
{
    if (!bench_headed)
        output_printf(&s->out, "%-33s %8s %8s %8s %5s  %s\n", "BENCH", "MEDIAN", "MIN", "MAX", "N",
                      "UNIT");
    bench_headed = true;
    if (r->n == 0)
        output_printf(&s->out, "%-33s   failed: %s\n", name, r->why);
    else
        output_printf(&s->out, "%-33s %8llu %8llu %8llu %5llu  %s\n", name,
                      (unsigned long long)r->median, (unsigned long long)r->min,
                      (unsigned long long)r->max, (unsigned long long)r->n, r->unit);
}

static void bench_print(struct shell *s, const char *name, const struct bench_result *r)
{
    struct json j;

    if (!s->json) {
        bench_row(s, name, r);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "bench", name);
    json_string(&j, "unit", r->unit);
    json_u64(&j, "median", r->median);
    json_u64(&j, "min", r->min);
    json_u64(&j, "max", r->max);
    json_u64(&j, "n", r->n);
    if (r->n == 0)
        json_string(&j, "error", r->why);
    json_end(&j);
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
    bench_headed = false;
    (void)suite_run(s, &bench_suite, argc, argv);
}

const char *bench_word(struct shell *s, size_t index)
{
    return index == 0 ? "kernel" : suite_word(s, &bench_suite, index - 1);
}
