/*
 * pieces.c - untyped memory cut by halving and joined again (quoll/pieces.h): device memory by
 * address, RAM by size; and what a task with devices = all has of it. Such a task is devman in the
 * shipped system, and `test` in that of tests/system/test_spawn.py.
 */
#include "test.h"

#include <quoll/bootinfo.h>
#include <quoll/pieces.h>
#include <quoll/spawn.h>

#define SLOTS          256u
#define PIECES         64u
#define PIECES_MAX     512u /* of all devices */
#define ROUNDS         1000u
#define RAM_BITS       16u
#define DEVICE_BASE    0xe0000000ull /* mmio of boot/system.manifest */
#define REGISTERS_BITS 21u
#define HPET_BASE      0xfed00000ull /* IA-PC HPET 1.0a, 2.3.4; in QEMU and Bochs */
#define FUZZ_BASE      0xe0400000ull /* mmio of fuzz */
#define WINDOW_VA      0x10000000ull
#define HPET_VA        0x50000000000ull /* in the own address space */

static struct piece array[PIECES_MAX];
static uint64_t words[SLOTS_WORDS(SLOTS)];
static struct slots slots;
static struct pieces pieces;

static struct spawn_maker maker = {.cnode = SLOT_CNODE, .vspace = SLOT_VSPACE};
static uint64_t own_words[1];
static struct slots own;
static struct spawn spawn; /* maps devices; no task */

/* Slots, no piece yet, and somebody to map with. */
static void prepare_empty(unsigned max)
{
    uint32_t first = (uint32_t)lab_slot();

    for (unsigned i = 1; i < SLOTS; i++)
        (void)lab_slot();
    slots_init(&slots, words, first, SLOTS);
    for (unsigned i = 0; i < PIECES_MAX; i++)
        array[i] = (struct piece){0};
    pieces = (struct pieces){.piece = array, .max = max, .cnode = SLOT_CNODE, .slots = &slots};
    slots_init(&own, own_words, (uint32_t)lab_slot(), 64);
    for (unsigned i = 1; i < 64; i++)
        (void)lab_slot();
    spawn = (struct spawn){.maker = &maker,
                           .slots = &own,
                           .untyped = (uint32_t)lab_make(OBJ_UNTYPED, 16)};
}

static bool prepare(uint32_t untyped)
{
    prepare_empty(PIECES);
    return test_expect_error("adding", pieces_add(&pieces, untyped), E_OK);
}

/* All is one piece again, and the kernel says so too. */
static bool is_whole(uint32_t untyped, unsigned bits)
{
    bool kernel = OP0(untyped, OP_UNTYPED_INFO) == E_OK && test_out.w[2] == 0;

    return test_expect("the untyped is unused", kernel, true) &&
           test_expect("slots", slots_free(&slots), SLOTS) &&
           test_expect("bytes", pieces_free_bytes(&pieces), 1ull << bits) &&
           test_expect("one piece",
                       array[0].state == PIECE_FREE && array[1].state == PIECE_NONE &&
                           array[2].state == PIECE_NONE,
                       true);
}

static void by_address(void)
{
    uint32_t a, b, c;

    if (!prepare(SLOT_MMIO))
        return;
    EXPECT_OK(pieces_take_at(&pieces, DEVICE_BASE + 0x3000, 12, &a));
    EXPECT_OK(OP0(a, OP_UNTYPED_INFO));
    EXPECT(test_out.w[0], DEVICE_BASE + 0x3000);
    EXPECT(test_out.w[1], 12);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE + 0x3000, 12, &b), E_BUSY);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE, 14, &b), E_BUSY);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE, REGISTERS_BITS, &b), E_BUSY);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE + 0x800, 12, &b), E_BAD_ARG);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE + (2u << 20), 12, &b), E_BAD_ARG);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE, REGISTERS_BITS + 1, &b), E_BAD_ARG);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE - 4096, 12, &b), E_BAD_ARG);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE, 3, &b), E_BAD_ARG);
    EXPECT_OK(pieces_take_at(&pieces, DEVICE_BASE + 0x2000, 12, &b));
    EXPECT_OK(pieces_take_at(&pieces, DEVICE_BASE + (1u << 20), 20, &c));
    EXPECT(pieces_find(&pieces, c)->base, DEVICE_BASE + (1u << 20));
    EXPECT_OK(pieces_give(&pieces, b));
    EXPECT_OK(pieces_give(&pieces, c));
    EXPECT_ERROR(pieces_give(&pieces, c), E_BAD_ARG);
    EXPECT_ERROR(pieces_revoke(&pieces, 0), E_BAD_ARG);
    EXPECT_OK(pieces_give(&pieces, a));
    EXPECT(is_whole(SLOT_MMIO, REGISTERS_BITS), true);
}

/* A BAR is granted again and again: mapped, revoked with its mappings, mapped. */
static void granted_again(void)
{
    uint32_t bar;

    if (!prepare(SLOT_MMIO))
        return;
    EXPECT_OK(pieces_take_at(&pieces, DEVICE_BASE + 0x20000, 17, &bar));
    for (unsigned i = 0; i < ROUNDS; i++) {
        EXPECT_OK(spawn_make(&spawn, OBJ_VSPACE, 0, &spawn.vspace));
        EXPECT_OK(spawn_map_device(&spawn, bar, WINDOW_VA, 0x20000, CACHE_DEFAULT));
        EXPECT_ERROR(spawn_map_device(&spawn, bar, WINDOW_VA * 2, 4096, CACHE_DEFAULT), E_BAD_ARG);
        EXPECT_OK(pieces_revoke(&pieces, bar));
        spawn_end(&spawn);
        EXPECT(slots_free(&own), 64);
    }
    EXPECT_ERROR(spawn_map_device(&spawn, spawn.untyped, WINDOW_VA, 4096, CACHE_DEFAULT),
                 E_BAD_ARG); /* RAM */
    EXPECT_OK(pieces_give(&pieces, bar));
    EXPECT(is_whole(SLOT_MMIO, REGISTERS_BITS), true);
}

/* A frame of 2 MiB where address and size allow it. */
static void large_frames(void)
{
    uint32_t all;

    if (!prepare(SLOT_MMIO))
        return;
    EXPECT_OK(pieces_take_at(&pieces, DEVICE_BASE, REGISTERS_BITS, &all));
    EXPECT_OK(spawn_make(&spawn, OBJ_VSPACE, 0, &spawn.vspace));
    EXPECT_OK(spawn_map_device(&spawn, all, WINDOW_VA, 2u << 20, CACHE_WRITE_COMBINING));
    EXPECT(slots_free(&own), 64 - 4); /* the address space, two tables, the frame */
    EXPECT_OK(pieces_give(&pieces, all));
    spawn_end(&spawn);
    EXPECT(is_whole(SLOT_MMIO, REGISTERS_BITS), true);
}

static uint64_t random_state = 1;

static unsigned random_below(unsigned n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(random_state >> 33) % n;
}

/* No two taken pieces overlap, and all bytes are there. */
static bool is_sound(void)
{
    uint64_t taken = 0;

    for (unsigned i = 0; i < pieces.max; i++) {
        for (unsigned k = 0; k < i; k++) {
            const struct piece *a = &array[i], *b = &array[k];
            bool both = a->state == PIECE_TAKEN && b->state == PIECE_TAKEN;
            if (both && a->base < b->base + (1ull << b->bits) &&
                b->base < a->base + (1ull << a->bits))
                return test_expect("pieces that overlap", 1, 0);
        }
        taken += array[i].state == PIECE_TAKEN ? 1ull << array[i].bits : 0;
    }
    return test_expect("bytes", taken + pieces_free_bytes(&pieces), 1ull << RAM_BITS);
}

static void by_size(void)
{
    uint32_t untyped = (uint32_t)lab_make(OBJ_UNTYPED, RAM_BITS), held[8] = {0};
    uint64_t probe = lab_slot();

    if (!prepare(untyped))
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned n = random_below(8);
        uint32_t slot;
        if (held[n] != 0) {
            EXPECT_OK(pieces_give(&pieces, held[n]));
            held[n] = 0;
        } else if (pieces_take(&pieces, 10 + random_below(5), &slot) == E_OK) {
            held[n] = slot;
            EXPECT_OK(OP5(slot, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, 0, probe, 1));
            EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, slot));
        }
        EXPECT(is_sound(), true);
    }
    for (unsigned n = 0; n < 8; n++)
        if (held[n] != 0)
            EXPECT_OK(pieces_give(&pieces, held[n]));
    EXPECT(is_whole(untyped, RAM_BITS), true);
}

/* Without slots, or without room in the array, nothing is taken and nothing stays split. */
static void no_room(void)
{
    uint32_t untyped = (uint32_t)lab_make(OBJ_UNTYPED, RAM_BITS), all, slot;

    if (!prepare(untyped))
        return;
    EXPECT_ERROR(pieces_take(&pieces, RAM_BITS + 1, &slot), E_NO_MEMORY);
    pieces.max = 6;
    EXPECT_ERROR(pieces_take(&pieces, 10, &slot), E_LIMIT);
    EXPECT(is_whole(untyped, RAM_BITS), true);
    pieces.max = PIECES;
    all = slots_take(&slots, SLOTS - 5);
    EXPECT_ERROR(pieces_take(&pieces, 10, &slot), E_LIMIT);
    slots_give(&slots, all, SLOTS - 5);
    EXPECT(is_whole(untyped, RAM_BITS), true);
    EXPECT_OK(pieces_take(&pieces, RAM_BITS, &slot));
    EXPECT(slot, untyped);
    EXPECT_OK(pieces_give(&pieces, slot));
}

static const struct test list[] = {
    {"lib.pieces.by_address", by_address},     {"lib.pieces.granted_again", granted_again},
    {"lib.pieces.large_frames", large_frames}, {"lib.pieces.by_size", by_size},
    {"lib.pieces.no_room", no_room},
};

TEST_AREA(tests_pieces);

static bool has_devices(void)
{
    return task_info()->device_count != 0;
}

static bool prepare_devices(void)
{
    prepare_empty(PIECES_MAX);
    for (uint32_t i = 0; i < task_info()->device_count; i++) {
        uint32_t slot = task_device_slot(task_info()) + i;
        if (!test_expect_error("adding", pieces_add(&pieces, slot), E_OK))
            return false;
    }
    return true;
}

static void what_is_left(void)
{
    const struct task_info *info = task_info();
    uint32_t slot;

    if (!prepare_devices())
        return;
    EXPECT(((const struct bootinfo *)BOOTINFO_VA)->magic, BOOTINFO_MAGIC);
    EXPECT(task_image_slot(info) + info->image_pages, info->cnode_slots);
    for (uint32_t i = 0; i < info->device_count; i++) {
        EXPECT_OK(OP0(info->slot_end + i, OP_UNTYPED_INFO));
        EXPECT(test_out.w[2], 0);
        EXPECT(test_out.w[3], 1);
    }
    EXPECT_ERROR(pieces_take_at(&pieces, FUZZ_BASE, 12, &slot), E_BAD_ARG);
    EXPECT_ERROR(pieces_take_at(&pieces, DEVICE_BASE, 12, &slot), E_BAD_ARG); /* its own mmio */
    EXPECT_ERROR(pieces_take_at(&pieces, 0x100000, 12, &slot), E_BAD_ARG);    /* RAM */
}

/* The timer's registers, mapped by address, tell its vendor. */
static void a_device(void)
{
    uint64_t before;
    uint32_t slot;

    if (!prepare_devices())
        return;
    before = pieces_free_bytes(&pieces);
    spawn.vspace = SLOT_VSPACE;
    EXPECT_OK(pieces_take_at(&pieces, HPET_BASE, 12, &slot));
    EXPECT_OK(spawn_map_device(&spawn, slot, HPET_VA, 4096, CACHE_DEFAULT));
    EXPECT(*(const volatile uint32_t *)HPET_VA >> 16, 0x8086);
    EXPECT_OK(pieces_give(&pieces, slot));
    spawn_end(&spawn);
    EXPECT(pieces_free_bytes(&pieces), before);
    EXPECT(slots_free(&slots), SLOTS);
}

static const struct test devices[] = {
    {"lib.devices.what_is_left", what_is_left},
    {"lib.devices.a_device", a_device},
};

TEST_AREA_OF(tests_devices, devices, has_devices);
