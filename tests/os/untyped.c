/*
 * untyped.c - cutting memory into objects: every error of RETYPE, and the accounting.
 */
#include "test.h"

#define RETYPE(untyped, type, bits, slot, count)                                                   \
    OP5((untyped), OP_UNTYPED_RETYPE, (type), (bits), 0, (slot), (count))

static uint64_t used(uint64_t untyped)
{
    return OP0(untyped, OP_UNTYPED_INFO) == E_OK ? test_out.w[2] : UINT64_MAX;
}

static void info(void)
{
    uint64_t untyped = lab_make(OBJ_UNTYPED, 14);

    EXPECT_OK(OP0(untyped, OP_UNTYPED_INFO));
    EXPECT(test_out.w[0] & 0x3fff, 0);
    EXPECT(test_out.w[1], 14);
    EXPECT(test_out.w[2], 0);
    EXPECT(test_out.w[3], 0);
}

static void retype_every_type(void)
{
    static const struct {
        unsigned type, bits;
    } made[] = {{OBJ_UNTYPED, 12}, {OBJ_CNODE, 4},  {OBJ_THREAD, 0},   {OBJ_VSPACE, 0},
                {OBJ_TABLE, 0},    {OBJ_FRAME, 12}, {OBJ_ENDPOINT, 0}, {OBJ_NOTIFICATION, 0}};

    for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++) {
        uint64_t slot = lab_slot();

        EXPECT_OK(RETYPE(SLOT_UNTYPED, made[i].type, made[i].bits, slot, 1));
        EXPECT(slot_type(slot), made[i].type);
    }
}

static void retype_bad_type(void)
{
    uint64_t slot = lab_slot();

    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_NULL, 0, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_IRQ, 0, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_CPU_CONTROL, 0, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_COUNT, 0, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, UINT64_MAX, 0, slot, 1), E_BAD_ARG);
    EXPECT(slot_type(slot), OBJ_NULL);
}

static void retype_bad_size(void)
{
    uint64_t slot = lab_slot();

    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_FRAME, 13, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_FRAME, 0, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_FRAME, UINT64_MAX, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_CNODE, CNODE_MIN_BITS - 1, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_CNODE, CNODE_MAX_BITS + 1, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_UNTYPED, UNTYPED_MIN_BITS - 1, slot, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_UNTYPED, 64, slot, 1), E_BAD_ARG);
}

static void retype_bad_slots(void)
{
    uint64_t slots = task_info()->cnode_slots;

    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_ENDPOINT, 0, 0, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_ENDPOINT, 0, slots, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_ENDPOINT, 0, slots - 1, 2), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_ENDPOINT, 0, UINT64_MAX, 1), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_ENDPOINT, 0, SLOT_FREE, 0), E_BAD_ARG);
    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_ENDPOINT, 0, SLOT_FREE, UINT64_MAX), E_BAD_ARG);
}

static void retype_exists(void)
{
    uint64_t first = lab_slot();
    uint64_t second = lab_make(OBJ_ENDPOINT, 0);
    uint64_t before = lab_used_bytes();

    EXPECT_ERROR(RETYPE(SLOT_UNTYPED, OBJ_ENDPOINT, 0, first, 2), E_EXISTS);
    EXPECT(slot_type(first), OBJ_NULL);
    EXPECT(slot_type(second), OBJ_ENDPOINT);
    EXPECT(lab_used_bytes(), before);
}

static void retype_no_memory(void)
{
    uint64_t untyped = lab_make(OBJ_UNTYPED, 13);
    uint64_t slot = lab_slot();

    (void)lab_slot();
    (void)lab_slot();
    EXPECT_ERROR(RETYPE(untyped, OBJ_FRAME, 12, slot, 3), E_NO_MEMORY);
    EXPECT(slot_type(slot), OBJ_NULL);
    EXPECT(used(untyped), 0);
    EXPECT_OK(RETYPE(untyped, OBJ_FRAME, 12, slot, 2));
    EXPECT_ERROR(RETYPE(untyped, OBJ_ENDPOINT, 0, slot + 2, 1), E_NO_MEMORY);
    EXPECT(used(untyped), 8192);
}

static void retype_in_order(void)
{
    uint64_t untyped = lab_make(OBJ_UNTYPED, 14);
    uint64_t slot = lab_slot();
    uint64_t base;

    (void)lab_slot();
    EXPECT_OK(OP0(untyped, OP_UNTYPED_INFO));
    base = test_out.w[0];
    EXPECT_OK(RETYPE(untyped, OBJ_ENDPOINT, 0, slot, 1));
    EXPECT(used(untyped), 1u << ENDPOINT_BITS);
    /* Aligned to its size: the frame leaves the rest of the first page out. */
    EXPECT_OK(RETYPE(untyped, OBJ_FRAME, 12, slot + 1, 1));
    EXPECT(used(untyped), 8192);
    EXPECT_OK(OP0(slot + 1, OP_FRAME_INFO));
    EXPECT(test_out.w[0], base + 4096);
}

static void retype_zeroes(void)
{
    uint64_t untyped = lab_make(OBJ_UNTYPED, 12);
    uint64_t slot = lab_slot();
    uint64_t *word;

    EXPECT_OK(RETYPE(untyped, OBJ_FRAME, 12, slot, 1));
    word = lab_map_here(slot);
    if (word == NULL)
        return;
    word[0] = word[511] = 0x5ec7e7;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, untyped));
    EXPECT_OK(RETYPE(untyped, OBJ_FRAME, 12, slot, 1));
    word = lab_map_here(slot);
    if (word == NULL)
        return;
    EXPECT(word[0], 0);
    EXPECT(word[511], 0);
}

static void retype_reply_thread(void)
{
    uint64_t slot = lab_slot();
    uint64_t thread = lab_make(OBJ_THREAD, 0);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    EXPECT_ERROR(op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_REPLY, 0, 0, slot, 1, 0), E_BAD_CAP);
    EXPECT_ERROR(op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_REPLY, 0, 0, slot, 1, ep), E_BAD_TYPE);
    EXPECT_OK(op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_REPLY, 0, 0, slot, 1, thread));
    EXPECT(slot_type(slot), OBJ_REPLY);
}

static void retype_bad_cnode(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t slot = lab_slot();

    EXPECT_ERROR(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, ep, 1, 1), E_BAD_TYPE);
    EXPECT_ERROR(OP5(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, slot, 1, 1), E_BAD_CAP);
}

static void bad_call(void)
{
    EXPECT_ERROR(OP0(SLOT_UNTYPED, 0), E_BAD_CALL);
    EXPECT_ERROR(OP0(SLOT_UNTYPED, 3), E_BAD_CALL);
    EXPECT_ERROR(OP0(SLOT_UNTYPED, UINT32_MAX), E_BAD_CALL);
}

static void revoke_resets(void)
{
    uint64_t untyped = lab_make(OBJ_UNTYPED, 14);
    uint64_t slot = lab_slot();

    EXPECT_OK(RETYPE(untyped, OBJ_FRAME, 12, slot, 1));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, untyped));
    EXPECT(slot_type(slot), OBJ_NULL);
    EXPECT(used(untyped), 0);
}

static const struct test list[] = {
    {"kernel.untyped.info", info},
    {"kernel.untyped.retype_every_type", retype_every_type},
    {"kernel.untyped.retype_bad_type", retype_bad_type},
    {"kernel.untyped.retype_bad_size", retype_bad_size},
    {"kernel.untyped.retype_bad_slots", retype_bad_slots},
    {"kernel.untyped.retype_exists", retype_exists},
    {"kernel.untyped.retype_no_memory", retype_no_memory},
    {"kernel.untyped.retype_in_order", retype_in_order},
    {"kernel.untyped.retype_zeroes", retype_zeroes},
    {"kernel.untyped.retype_reply_thread", retype_reply_thread},
    {"kernel.untyped.retype_bad_cnode", retype_bad_cnode},
    {"kernel.untyped.bad_call", bad_call},
    {"kernel.untyped.revoke_resets", revoke_resets},
};

TEST_AREA(tests_untyped);
