/*
 * bench.c - the suite `bench`: the list of all benchmarks, served to the shell.
 * A benchmark that failed answers n = 0, the unit "failed" and, from word 6 on, why. One that did
 * not may say more there (struct bench_extra).
 */
#include "measure.h"
#include <quoll/suite.h>
#include <quoll/task.h>
#include <stdio.h>
#include <string.h>

static const struct bench_area *const areas[] = {
    &area_ipc,
    &area_irq,
    &area_fault,
    &area_vm,
    &area_cap,
    &area_drv_call,
    &area_drv_restart,
    &area_drv_serial,
    &area_drv_irq,
    &area_latency,
    &area_latency_large,
    &areas_disk[0],
    &areas_disk[1],
    &areas_disk[2],
    &areas_disk[3],
    &areas_disk[4],
    &areas_disk[5],
    &area_packet,
    &area_packet_wall,
    &area_net,
    &area_net_wall,
    &area_net_peer,
    &area_net_peer_wall,
    &area_restart_ata_dma,
    &area_restart_ata_pio,
    &area_restart_ahci_dma,
};

int main(void);

static const struct bench *find(uint64_t index)
{
    for (unsigned i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        if (areas[i]->untyped_bytes > task_info()->untyped_bytes)
            continue; /* the machine is too small for it */
        if (areas[i]->exists != NULL && !areas[i]->exists())
            continue;
        if (index < areas[i]->count)
            return &areas[i]->list[index];
        index -= areas[i]->count;
    }
    return NULL;
}

/* In the image of ONE_AS=1 those that net, mux and e1000 have part in have another name, since
 * there all of these and this program are in one address space. */
static const char *name(uint64_t index)
{
    static char text[64];
    const struct bench *b = find(index);

    if (b == NULL || !CONFIG_ONE_AS || strncmp(b->name, "net.", 4) != 0)
        return b == NULL ? NULL : b->name;
    (void)snprintf(text, sizeof text, "%s.one_as", b->name);
    return text;
}

static void put_extra(struct suite_answer *answer, const struct bench_extra *extra)
{
    memcpy(&answer->words[BENCH_EXTRA_WORD], extra, sizeof *extra);
    answer->count = BENCH_EXTRA_WORD + sizeof *extra / sizeof(uint64_t);
}

static void run(uint64_t index, struct suite_answer *answer)
{
    struct result r = {.unit = "failed"};

    if (!measure_bench(find(index), &r))
        suite_put_text(answer, 6, r.why);
    else if (r.extra.is_there)
        put_extra(answer, &r.extra);
    answer->words[0] = r.median;
    answer->words[1] = r.min;
    answer->words[2] = r.max;
    answer->words[3] = r.n;
    memcpy(&answer->words[4], r.unit, strlen(r.unit));
    if (answer->count < 6)
        answer->count = 6;
}

int main(void)
{
    suite_serve(name, run);
}
