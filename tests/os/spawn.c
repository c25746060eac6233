/*
 * spawn.c - the library that makes tasks (quoll/spawn.h), as devman uses it: one untyped and one
 * run of slots per instance, both empty again after its end, however its making went.
 */

#include "device.h"
#include "test.h"

#include <quoll/bootinfo.h>
#include <quoll/spawn.h>

#define INSTANCE_BITS  18u /* memory of one: the default of driver_manifest.c */
#define INSTANCE_SLOTS 128u
#define ROUNDS         1000u
#define PROGRAM        "names" /* answers requests it doesn't know with BAD_CALL */
#define LARGE_PROGRAM  "qsh"   /* more than 64 KiB in memory */
#define LARGE_PAGES    16u
#define LOAD_COST_MAX  150000u /* guest instructions, of it */
#define FAULT_BADGE    77u
#define FREE_GSI       5u /* an edge pin where nothing is */

static struct spawn_maker maker;
static uint64_t self_words[SLOTS_WORDS(INSTANCE_SLOTS)], words[SLOTS_WORDS(INSTANCE_SLOTS)];
static struct slots self_slots, slots;
static struct spawn self, instance;
static uint64_t service, faults; /* endpoints */

/* @count slots of the lab's in a row. */
static void take_range(struct slots *s, uint64_t *bits, unsigned count)
{
    uint32_t first = (uint32_t)lab_slot();

    for (unsigned i = 1; i < count; i++)
        (void)lab_slot();
    slots_init(s, bits, first, count);
}

static bool spawn_world(void)
{
    const struct bootinfo *info = (const struct bootinfo *)BOOTINFO_VA;

    maker = (struct spawn_maker){.cnode = SLOT_CNODE,
                                 .vspace = SLOT_VSPACE,
                                 .irq_control = SLOT_IRQ_CONTROL,
                                 .ioport_control = SLOT_IOPORT_CONTROL,
                                 .cpu_control = SLOT_CPU_CONTROL,
                                 .info_frame = SLOT_INFO,
                                 .window_va = lab_va(1),
                                 .image = (const uint8_t *)BOOTIMAGE_VA,
                                 .image_bytes = info->image_bytes,
                                 .image_first = task_image_slot(task_info())};
    service = lab_make(OBJ_ENDPOINT, 0);
    faults = lab_make(OBJ_ENDPOINT, 0);
    take_range(&self_slots, self_words, INSTANCE_SLOTS);
    take_range(&slots, words, INSTANCE_SLOTS);
    self = (struct spawn){.maker = &maker, .slots = &self_slots, .untyped = SLOT_UNTYPED};
    instance = (struct spawn){.maker = &maker,
                              .slots = &slots,
                              .untyped = (uint32_t)lab_make(OBJ_UNTYPED, INSTANCE_BITS)};
    return test_expect_error("the window", spawn_window_prepare(&self), E_OK) &&
           test_expect("the boot image's pages", task_info()->image_pages,
                       (info->image_bytes + 4095) / 4096);
}

static struct spawn_plan plan(const char *image)
{
    return (struct spawn_plan){.image = image,
                               .slot_bits = 6,
                               .stack_bytes = 8192,
                               .budget_us = 5000,
                               .period_us = 10000,
                               .priority = PUPPET_PRIORITY,
                               .max_priority = PUPPET_PRIORITY,
                               .fault_endpoint = (uint32_t)faults,
                               .fault_badge = FAULT_BADGE};
}

/* All that a driver gets: its program, capabilities, ports, an interrupt, its info page. */
static int make_instance(const char *image)
{
    const struct spawn_plan p = plan(image);
    const struct task_info info = {.magic = TASK_INFO_MAGIC, .id = 5};
    struct spawn_irq irq = {.gsi = FREE_GSI, .endpoint = (uint32_t)service, .badge = 1ull << 63};
    struct spawn_irq msi = {.flags = IRQ_MSI, .endpoint = (uint32_t)service, .badge = 1};
    struct spawn_failure failure;
    int e = spawn_build(&instance, &p, &failure);

    if (e == E_OK)
        e = spawn_give(&instance, SLOT_SERVE, (uint32_t)service, RIGHT_RECV, 0);
    if (e == E_OK)
        e = spawn_give(&instance, SLOT_CNODE, instance.cnode, RIGHT_ALL, 0);
    if (e == E_OK)
        e = spawn_make_in(&instance, &(struct spawn_object){.type = OBJ_REPLY,
                                                            .cnode = instance.cnode,
                                                            .index = SLOT_REPLY,
                                                            .count = TASK_REPLIES,
                                                            .thread = instance.thread});
    if (e == E_OK)
        e = spawn_ports(&instance, 0x300, 0x307);
    if (e == E_OK)
        e = spawn_irq(&instance, &irq);
    if (e == E_OK)
        e = spawn_irq(&instance, &msi);
    return e != E_OK ? e : spawn_map_info(&instance, &info, sizeof info);
}

static uint64_t used_bytes(uint32_t untyped)
{
    struct msg m = {0};

    return sys_invoke(untyped, OP_UNTYPED_INFO, &m) == E_OK ? m.w[2] : UINT64_MAX;
}

/* Nothing of an instance is left: not a byte, not a slot. */
static bool is_clean(void)
{
    for (uint32_t i = 0; i < slots.count; i++)
        if (!test_expect("a slot of the instance's", slot_type(slots.first + i), OBJ_NULL))
            return false;
    return test_expect("its slots", slots_free(&slots), INSTANCE_SLOTS) &&
           test_expect("its memory", used_bytes(instance.untyped), 0) &&
           test_expect("its handles", instance.cnode | instance.thread | instance.portmap, 0);
}

/* What the system has that an instance could lose. */
static void take_account(uint64_t out[3])
{
    struct msg m = {0};

    (void)sys_invoke(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_INFO, &m);
    out[0] = m.w[1];
    out[1] = used_bytes(SLOT_UNTYPED);
    out[2] = slots_free(&self_slots);
}

static void serves_and_dies(void)
{
    struct msg m = {.tag = msg_tag(99, 0, 0), .w = {1}};

    if (!spawn_world())
        return;
    EXPECT_OK(make_instance(PROGRAM));
    EXPECT_OK(spawn_start(&instance, 0, 0));
    EXPECT_OK(sys_call(service, &m));
    EXPECT(msg_label(&m), E_BAD_CALL);
    EXPECT(m.badge, 0);
    spawn_end(&instance);
    EXPECT(is_clean(), true);
    /* The successor serves the same endpoint. */
    EXPECT_OK(make_instance(PROGRAM));
    EXPECT_OK(spawn_start(&instance, 0, 0));
    m = (struct msg){.tag = msg_tag(99, 0, 0), .w = {1}};
    EXPECT_OK(sys_call(service, &m));
    EXPECT(msg_label(&m), E_BAD_CALL);
    spawn_end(&instance);
    EXPECT(is_clean(), true);
}

/* Its fault arrives with the badge, and the program's file says where it was. */
static void faults_are_told(void)
{
    struct spawn_plan p;
    struct spawn_failure failure;
    struct msg m = {0};

    if (!spawn_world())
        return;
    p = plan(PROGRAM);
    EXPECT_OK(spawn_build(&instance, &p, &failure));
    instance.entry = 8; /* nothing is mapped there */
    EXPECT_OK(spawn_start(&instance, 0, 0));
    EXPECT_OK(sys_recv(0, faults, &m));
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.badge, FAULT_BADGE);
    EXPECT(m.w[0], 8);
    spawn_end(&instance);
    EXPECT(is_clean(), true);
}

/* Pages of the boot image are shared: only to be read, and never to be written by anybody. */
static void shares_the_image(void)
{
    struct spawn_failure failure;
    struct spawn_plan p;
    uint32_t copy;

    if (!spawn_world())
        return;
    p = plan(LARGE_PROGRAM);
    EXPECT_OK(spawn_build(&instance, &p, &failure));
    EXPECT(instance.shared_pages >= LARGE_PAGES / 2, true);
    EXPECT_ERROR(spawn_map_copy(&instance, 0x10000000, maker.image_first, RIGHT_READ | RIGHT_WRITE),
                 E_NO_RIGHT);
    EXPECT_OK(spawn_copy(&self, maker.image_first, RIGHT_ALL, 0, &copy));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_INFO, copy));
    EXPECT(test_out.w[1], RIGHT_READ | RIGHT_EXEC);
    spawn_delete(&self, &copy);
    spawn_end(&instance);
    EXPECT(is_clean(), true);
}

static void bad_programs(void)
{
    struct spawn_failure failure;
    struct spawn_plan p;

    if (!spawn_world())
        return;
    p = plan("no-such-file");
    EXPECT_ERROR(spawn_build(&instance, &p, &failure), E_BAD_ARG);
    EXPECT(failure.wrong != NULL && failure.step != NULL, true);
    spawn_end(&instance);
    p = plan("system.manifest");
    EXPECT_ERROR(spawn_build(&instance, &p, &failure), E_BAD_ARG);
    EXPECT(failure.wrong != NULL, true);
    spawn_end(&instance);
    EXPECT(is_clean(), true);
}

static void a_thousand_lives(void)
{
    uint64_t before[3], after[3];

    if (!spawn_world())
        return;
    take_account(before);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct msg m = {.tag = msg_tag(99, 0, 0)};
        EXPECT_OK(make_instance(PROGRAM));
        EXPECT_OK(spawn_start(&instance, 0, 0));
        EXPECT_OK(sys_call(service, &m));
        spawn_end(&instance);
        EXPECT(slots_free(&slots), INSTANCE_SLOTS);
        EXPECT(used_bytes(instance.untyped), 0);
    }
    EXPECT(is_clean(), true);
    take_account(after);
    EXPECT(after[0], before[0]);
    EXPECT(after[1], before[1]);
    EXPECT(after[2], before[2]);
}

/* With too few slots, or too little memory, it fails at another step each time. */
static void fails_anywhere(void)
{
    uint64_t before[3], after[3];
    int e = E_LIMIT;

    if (!spawn_world())
        return;
    take_account(before);
    for (uint32_t count = 0; e != E_OK; count++) {
        slots_init(&slots, words, slots.first, count);
        e = make_instance(PROGRAM);
        EXPECT(e == E_OK || e == E_LIMIT, true);
        spawn_end(&instance);
        EXPECT(slots_free(&slots), count);
        EXPECT(used_bytes(instance.untyped), 0);
        EXPECT(count < INSTANCE_SLOTS, true);
    }
    slots_init(&slots, words, slots.first, INSTANCE_SLOTS);
    e = E_NO_MEMORY;
    for (unsigned bits = 12; e != E_OK; bits++) {
        instance.untyped = (uint32_t)lab_make(OBJ_UNTYPED, bits);
        before[1] = used_bytes(SLOT_UNTYPED);
        e = make_instance(PROGRAM);
        EXPECT(e == E_OK || e == E_NO_MEMORY, true);
        EXPECT(bits <= INSTANCE_BITS, true);
        spawn_end(&instance);
        EXPECT(is_clean(), true);
    }
    take_account(after);
    EXPECT(after[0], before[0]);
    EXPECT(after[1], before[1]);
}

/* What of a restart is the library's: counted where the clock counts instructions. */
static void costs_little(void)
{
    struct spawn_plan p;
    struct spawn_failure failure;
    uint64_t start, cost;

    if (!spawn_world())
        return;
    p = plan(LARGE_PROGRAM);
    instance.untyped = (uint32_t)lab_make(OBJ_UNTYPED, INSTANCE_BITS + 1);
    start = rdtsc();
    EXPECT_OK(spawn_build(&instance, &p, &failure));
    cost = rdtsc() - start;
    EXPECT(instance.shared_pages >= LARGE_PAGES / 2, true);
    spawn_end(&instance);
    EXPECT(is_clean(), true);
    if (is_exact_machine() && (quoll_info()->build & QUOLL_BUILD_DEBUG) == 0)
        EXPECT(cost < LOAD_COST_MAX ? 0 : cost, 0);
}

static const struct test list[] = {
    {"lib.spawn.serves_and_dies", serves_and_dies},
    {"lib.spawn.faults_are_told", faults_are_told},
    {"lib.spawn.shares_the_image", shares_the_image},
    {"lib.spawn.bad_programs", bad_programs},
    {"lib.spawn.a_thousand_lives", a_thousand_lives},
    {"lib.spawn.fails_anywhere", fails_anywhere},
    {"lib.spawn.costs_little", costs_little},
};

TEST_AREA(tests_spawn);
