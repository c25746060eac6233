/*
 * latency.c - how long an interrupt waits while another thread keeps the kernel busy.
 * A thread of high priority sets itself a deadline, at a random distance, again and again; a
 * sample is the time from the deadline to its first instruction behind the wait. The operation
 * runs in the task's first thread meanwhile, and to its end: what comes when all samples are there
 * counts for the maximum, which is what matters. The minimum shows what the way from the timer to
 * the thread costs by itself.
 */
#include "latency.h"
#include "measure.h"
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>

#define PRIORITY_WATCH   190u
#define SAMPLES          1000u
#define NEAREST_NS       800u
#define DISTANCE_BITS    14u /* random bits of the distance in ns */
#define STACK_BYTES      4096u
#define LARGE_BITS       30u
#define UNTYPED_MIN      (1ull << 24)
#define UNTYPED_LARGE    (1ull << 31)
#define PERFORMANCES_MAX 100000u

struct stage stage;

static struct {
    uint64_t deadline; /* its notification */
    uint64_t ticks_per_us;
    uint32_t seed;
    uint32_t *samples;
    volatile bool active; /* an operation is under way */
    volatile uint64_t count, wanted;
    uint64_t worst; /* index of the greatest sample */
} watch;

static uint64_t random_distance(void)
{
    watch.seed = watch.seed * 1664525u + 1013904223u;
    return (NEAREST_NS + (watch.seed >> (32 - DISTANCE_BITS))) * watch.ticks_per_us / 1000;
}

static void take_sample(uint32_t sample)
{
    uint64_t place = watch.count < watch.wanted ? watch.count++ : watch.worst;

    if (place != watch.worst || sample > watch.samples[place])
        watch.samples[place] = sample;
    if (sample > watch.samples[watch.worst])
        watch.worst = place;
}

static _Noreturn void watch_loop(void)
{
    for (;;) {
        uint64_t bits, now, due = rdtsc() + random_distance();

        (void)sys_op(watch.deadline, OP_NOTIFICATION_SET_DEADLINE, due, 1, 0, 0, 0, 0);
        (void)sys_wait(watch.deadline, &bits);
        now = rdtsc();
        if (watch.active)
            take_sample((uint32_t)(now - due));
    }
}

static void make_watch(void)
{
    struct lab_thread t;
    char *stack = lab_map_here(lab_make(OBJ_FRAME, FRAME_4K_BITS));

    watch.deadline = lab_make(OBJ_NOTIFICATION, 0);
    watch.ticks_per_us = quoll_info()->tsc_hz / 1000000u;
    watch.seed = 1;
    watch.active = false;
    lab_thread_make(&t, SLOT_VSPACE, 0, PRIORITY_WATCH);
    (void)sys_op(t.thread, OP_THREAD_START, (uint64_t)watch_loop, (uint64_t)stack + STACK_BYTES - 8,
                 0, 0, 0, 0);
}

static bool spin(void)
{
    uint64_t end = rdtsc() + 2000 * watch.ticks_per_us;

    while (rdtsc() < end)
        ;
    return true;
}

static bool build_nothing(void)
{
    return true;
}

static const struct scene scene_spin = {build_nothing, spin};

/* In the table's order: a bench's words is its scene. */
static const struct scene *const scenes[] = {
    &scene_spin,        &scene_revoke_wide,  &scene_revoke_deep,  &scene_revoke_nested,
    &scene_revoke_mix,  &scene_longest_path, &scene_delete_cnode, &scene_retype_2m,
    &scene_retype_many, &scene_retype_cnode, &scene_endpoint,     &scene_receivers,
    &scene_cancel,      &scene_notification, &scene_replies,      &scene_no_buffer,
    &scene_portmap,     &scene_vspace,       &scene_retype_1g,    &scene_cnode_1m,
};
static const struct scene *scene;

static void setup_stage(const struct bench *b, unsigned memory_bits)
{
    scene = scenes[b->words];
    make_watch();
    stage.own = lab_slot();
    for (unsigned i = 1; i < OWN_SLOTS; i++)
        (void)lab_slot();
    stage.big = lab_make(OBJ_CNODE, BIG_BITS);
    stage.memory = lab_make(OBJ_UNTYPED, memory_bits);
}

static void setup_latency(const struct bench *b, struct measure *m)
{
    (void)m;
    setup_stage(b, MEMORY_BITS);
}

static void setup_large(const struct bench *b, struct measure *m)
{
    (void)m;
    setup_stage(b, LARGE_BITS);
}

/* Play the scene as often as it takes to get all samples: a short operation gives few. */
static uint64_t run_latency(struct measure *m)
{
    watch.samples = m->samples;
    watch.count = watch.worst = 0;
    watch.samples[0] = 0;
    watch.wanted = m->rounds;
    for (unsigned i = 0; i < PERFORMANCES_MAX && watch.count < m->rounds; i++) {
        bool ok = scene->build();

        watch.active = ok;
        ok = ok && scene->operate();
        watch.active = false;
        if (!scene_revoke(stage.memory) || !ok)
            break;
    }
    return m->rounds - watch.count;
}

#define LATENCY(name, index)                                                                       \
    {                                                                                              \
        "latency." name, SAMPLES, index, false, setup_latency, run_latency                         \
    }
#define LARGE(name, index)                                                                         \
    {                                                                                              \
        "latency." name, SAMPLES, index, false, setup_large, run_latency                           \
    }

static const struct bench list[] = {
    LATENCY("user_loop", 0),
    LATENCY("revoke_wide_100k", 1),
    LATENCY("revoke_deep_100k", 2),
    LATENCY("revoke_nested_100k", 3),
    LATENCY("revoke_mix_100k", 4),
    LATENCY("longest_path", 5),
    LATENCY("delete_cnode_128k", 6),
    LATENCY("retype_frame_2m", 7),
    LATENCY("retype_many", 8),
    LATENCY("retype_cnode_128k", 9),
    LATENCY("endpoint_1000_callers", 10),
    LATENCY("endpoint_1000_receivers", 11),
    LATENCY("cancel_1000_callers", 12),
    LATENCY("notification_1000_waiters", 13),
    LATENCY("thread_100k_replies", 14),
    LATENCY("receive_no_buffer_1000", 15),
    LATENCY("portmap_all_ports", 16),
    LATENCY("full_vspace", 17),
};

static const struct bench large[] = {
    LARGE("retype_frame_1g", 18),
    LARGE("retype_delete_cnode_1m", 19),
};

const struct bench_area area_latency = {list, sizeof list / sizeof list[0], UNTYPED_MIN, NULL};
const struct bench_area area_latency_large = {large, sizeof large / sizeof large[0], UNTYPED_LARGE,
                                              NULL};
