/*
 * devices.c - a task with devices = all: device memory that nobody else has, to cut and map.
 * Such a task is devman in the shipped system, and `test` in tests/system/test_spawn.py's.
 */
#include "test.h"

#include <quoll/bootinfo.h>
#include <quoll/pieces.h>
#include <quoll/spawn.h>

#define SLOTS     256u
#define PIECES    512u
#define HPET_BASE 0xfed00000ull /* IA-PC HPET specification 1.0a, 2.3.4: QEMU and Bochs have it */
#define HPET_VA   0x50000000000ull
#define FUZZ_BASE 0xe0400000ull /* mmio of fuzz in boot/system.manifest */
#define OWN_BASE  0xe0000000ull /* mmio of test */

static struct piece array[PIECES];
static uint64_t words[SLOTS_WORDS(SLOTS)];
static struct slots slots;
static struct pieces pieces;

static bool has_devices(void)
{
    return task_info()->device_count != 0;
}

static bool prepare(void)
{
    uint32_t first = (uint32_t)lab_slot();

    for (unsigned i = 1; i < SLOTS; i++)
        (void)lab_slot();
    slots_init(&slots, words, first, SLOTS);
    for (unsigned i = 0; i < PIECES; i++)
        array[i] = (struct piece){0};
    pieces = (struct pieces){.piece = array, .max = PIECES, .cnode = SLOT_CNODE, .slots = &slots};
    for (uint32_t i = 0; i < task_info()->device_count; i++)
        if (!test_expect_error("adding", pieces_add(&pieces, task_device_slot(task_info()) + i),
                               E_OK))
            return false;
    return true;
}

static void what_is_left(void)
{
    const struct task_info *info = task_info();
    uint32_t slot;

    if (!prepare())
        return;
    EXPECT(((const struct bootinfo *)BOOTINFO_VA)->magic, BOOTINFO_MAGIC);
    EXPECT(task_image_slot(info) + info->image_pages, info->cnode_slots);
    for (uint32_t i = 0; i < info->device_count; i++) {
        EXPECT_OK(OP0(info->slot_end + i, OP_UNTYPED_INFO));
        EXPECT(test_out.w[2], 0);
        EXPECT(test_out.w[3], 1);
    }
    EXPECT_ERROR(pieces_take_at(&pieces, FUZZ_BASE, 12, &slot), E_BAD_ARG);
    EXPECT_ERROR(pieces_take_at(&pieces, OWN_BASE, 12, &slot), E_BAD_ARG);
    EXPECT_ERROR(pieces_take_at(&pieces, 0x100000, 12, &slot), E_BAD_ARG); /* RAM */
}

/* The timer's registers, mapped by address, tell its vendor. */
static void a_device(void)
{
    struct spawn_maker maker = {.cnode = SLOT_CNODE, .vspace = SLOT_VSPACE};
    static uint64_t own_words[1];
    struct slots own;
    struct spawn s = {.maker = &maker, .slots = &own, .vspace = SLOT_VSPACE};
    uint64_t before;
    uint32_t slot;

    if (!prepare())
        return;
    before = pieces_free_bytes(&pieces);
    slots_init(&own, own_words, slots_take(&slots, 64), 64);
    s.untyped = (uint32_t)lab_make(OBJ_UNTYPED, 16);
    EXPECT_OK(pieces_take_at(&pieces, HPET_BASE, 12, &slot));
    EXPECT_OK(spawn_map_device(&s, slot, HPET_VA, 4096, CACHE_DEFAULT));
    EXPECT(*(const volatile uint32_t *)HPET_VA >> 16, 0x8086);
    EXPECT_OK(pieces_give(&pieces, slot));
    spawn_end(&s);
    slots_give(&slots, own.first, 64);
    EXPECT(pieces_free_bytes(&pieces), before);
    EXPECT(slots_free(&slots), SLOTS);
}

static const struct test list[] = {
    {"lib.devices.what_is_left", what_is_left},
    {"lib.devices.a_device", a_device},
};

TEST_AREA_OF(tests_devices, list, has_devices);
