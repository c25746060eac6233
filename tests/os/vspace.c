/*
 * vspace.c - tables and frames: mapping, its errors, W^X, and that either's death clears the other.
 */
#include "test.h"

#define RW                            (RIGHT_READ | RIGHT_WRITE)
#define MAP(space, va, frame, rights) OP4((space), OP_VSPACE_MAP, (va), (frame), (rights), 0)

static const uint64_t va = 0x40000000ull;

/* A new address space with tables for va. */
static uint64_t space_with_tables(void)
{
    uint64_t space = lab_make(OBJ_VSPACE, 0);
    uint64_t frame = lab_make(OBJ_FRAME, 12);

    (void)lab_map(space, va, frame, RW);
    (void)OP0(frame, OP_FRAME_UNMAP);
    return space;
}

static void no_table(void)
{
    uint64_t space = lab_make(OBJ_VSPACE, 0);
    uint64_t frame = lab_make(OBJ_FRAME, 12);

    for (uint64_t level = 3; level >= 1; level--) {
        uint64_t table = lab_make(OBJ_TABLE, 0);

        EXPECT_ERROR(MAP(space, va, frame, RW), E_NO_TABLE);
        EXPECT(test_out.w[0], level);
        EXPECT_OK(OP2(space, OP_VSPACE_MAP_TABLE, va, table));
        EXPECT(test_out.w[0], level);
    }
    EXPECT_OK(MAP(space, va, frame, RW));
}

static void map_errors(void)
{
    uint64_t space = space_with_tables();
    uint64_t frame = lab_make(OBJ_FRAME, 12);
    uint64_t other = lab_make(OBJ_FRAME, 12);

    EXPECT_ERROR(MAP(space, va + 1, frame, RW), E_BAD_ARG);
    EXPECT_ERROR(MAP(space, USER_TOP, frame, RW), E_BAD_ARG);
    EXPECT_ERROR(MAP(space, 0xffff800000000000ull, frame, RW), E_BAD_ARG);
    EXPECT_ERROR(MAP(space, UINT64_MAX & ~0xfffull, frame, RW), E_BAD_ARG);
    EXPECT_ERROR(MAP(space, va, frame, 0x80), E_BAD_ARG);
    EXPECT_ERROR(OP4(space, OP_VSPACE_MAP, va, frame, RW, 99), E_BAD_ARG);
    EXPECT_ERROR(MAP(space, va, space, RW), E_BAD_TYPE);
    EXPECT_OK(MAP(space, va, frame, RW));
    EXPECT_ERROR(MAP(space, va, other, RW), E_EXISTS);
    EXPECT_ERROR(MAP(space, va + 4096, frame, RW), E_BUSY);
    EXPECT_ERROR(MAP(space, va + 4096, lab_copy(other, RIGHT_READ, 0), RW), E_NO_RIGHT);
}

static void write_xor_execute(void)
{
    uint64_t space = space_with_tables();
    uint64_t frame = lab_make(OBJ_FRAME, 12);

    EXPECT_ERROR(MAP(space, va, frame, RW | RIGHT_EXEC), E_BAD_ARG);
    EXPECT_OK(MAP(space, va, frame, RIGHT_READ | RIGHT_EXEC));
    EXPECT_ERROR(OP1(frame, OP_FRAME_PROTECT, RW | RIGHT_EXEC), E_BAD_ARG);
    EXPECT_OK(OP1(frame, OP_FRAME_PROTECT, RW));
}

static void table_errors(void)
{
    uint64_t space = space_with_tables();
    uint64_t table = lab_make(OBJ_TABLE, 0);

    EXPECT_ERROR(OP2(space, OP_VSPACE_MAP_TABLE, va, table), E_EXISTS);
    EXPECT_ERROR(OP2(space, OP_VSPACE_MAP_TABLE, 0xffff800000000000ull, table), E_BAD_ARG);
    EXPECT_ERROR(OP2(space, OP_VSPACE_MAP_TABLE, va, space), E_BAD_TYPE);
    EXPECT_ERROR(OP0(table, OP_TABLE_UNMAP), E_NOT_MAPPED);
    EXPECT_OK(OP2(space, OP_VSPACE_MAP_TABLE, va + (1u << 30), table));
    EXPECT_ERROR(OP2(space, OP_VSPACE_MAP_TABLE, va + (2u << 30), table), E_BUSY);
    EXPECT_OK(OP0(table, OP_TABLE_UNMAP));
    EXPECT_ERROR(OP0(table, OP_TABLE_UNMAP), E_NOT_MAPPED);
}

static void frame_errors(void)
{
    uint64_t frame = lab_make(OBJ_FRAME, 12);

    EXPECT_ERROR(OP0(frame, OP_FRAME_UNMAP), E_NOT_MAPPED);
    EXPECT_ERROR(OP1(frame, OP_FRAME_PROTECT, RW), E_NOT_MAPPED);
    EXPECT_OK(OP0(frame, OP_FRAME_INFO));
    EXPECT(test_out.w[1], 12);
    EXPECT(test_out.w[2], 0);
    EXPECT(test_out.w[3], 0);
    EXPECT_ERROR(OP0(frame, 99), E_BAD_CALL);
}

static void large_frame(void)
{
    uint64_t space = space_with_tables();
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_2M_BITS);

    EXPECT_ERROR(MAP(space, va + 4096, frame, RW), E_BAD_ARG);
    EXPECT_ERROR(MAP(space, va, frame, RW), E_EXISTS);
    EXPECT_OK(MAP(space, va + (1u << FRAME_2M_BITS), frame, RW));
    EXPECT_OK(OP0(frame, OP_FRAME_UNMAP));
}

static void protect_takes_effect(void)
{
    struct puppet p;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t frame = lab_make(OBJ_FRAME, 12);
    struct msg m = {0};

    MAKE_PUPPET(&p, true, ep);
    (void)lab_map(p.peer.vspace, va, frame, RW);
    puppet_do(&p, PUPPET_WRITE, va);
    EXPECT(puppet_idle(&p), 1);
    EXPECT_OK(OP1(frame, OP_FRAME_PROTECT, RIGHT_READ));
    puppet_do(&p, PUPPET_WRITE, va);
    EXPECT(puppet_idle(&p), 0);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.w[0], va);
    EXPECT(m.w[2], 7); /* present, write, user */
    /* Given back, the write succeeds. */
    EXPECT_OK(OP1(frame, OP_FRAME_PROTECT, RW));
    m = (struct msg){0};
    EXPECT_OK(sys_reply(SLOT_REPLY + 1, &m));
    EXPECT(puppet_idle(&p), 1);
}

static void deletion_unmaps(void)
{
    struct puppet p;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t frame = lab_make(OBJ_FRAME, 12);
    uint64_t copy = lab_copy(frame, RIGHT_ALL, 0);
    struct msg m = {0};

    MAKE_PUPPET(&p, true, ep);
    (void)lab_map(p.peer.vspace, va, copy, RW);
    puppet_do(&p, PUPPET_READ, va);
    EXPECT(puppet_idle(&p), 1);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, frame));
    puppet_do(&p, PUPPET_READ, va);
    EXPECT(puppet_idle(&p), 0);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(msg_kind(&m), KIND_PAGE_FAULT);
    EXPECT(m.w[2], 4); /* not present, read, user */
}

static void table_death_unmaps_frame(void)
{
    uint64_t space = lab_make(OBJ_VSPACE, 0);
    uint64_t tables[3];
    uint64_t frame = lab_make(OBJ_FRAME, 12);

    for (unsigned i = 0; i < 3; i++) {
        tables[i] = lab_make(OBJ_TABLE, 0);
        EXPECT_OK(OP2(space, OP_VSPACE_MAP_TABLE, va, tables[i]));
    }
    EXPECT_OK(MAP(space, va, frame, RW));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, tables[2]));
    EXPECT_OK(OP0(frame, OP_FRAME_INFO));
    EXPECT(test_out.w[2], 0);
    EXPECT_ERROR(MAP(space, va, frame, RW), E_NO_TABLE);
    EXPECT(test_out.w[0], 1);
}

/* A frame is mapped in its table, not in the space: only the highest table comes loose. */
static void space_death_unmaps_table(void)
{
    uint64_t space = lab_make(OBJ_VSPACE, 0);
    uint64_t frame = lab_make(OBJ_FRAME, 12);
    uint64_t tables[3];

    for (unsigned i = 0; i < 3; i++) {
        tables[i] = lab_make(OBJ_TABLE, 0);
        EXPECT_OK(OP2(space, OP_VSPACE_MAP_TABLE, va, tables[i]));
    }
    EXPECT_OK(MAP(space, va, frame, RW));
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, space));
    EXPECT_ERROR(OP0(tables[0], OP_TABLE_UNMAP), E_NOT_MAPPED);
    EXPECT_OK(OP0(frame, OP_FRAME_UNMAP));
    EXPECT_OK(OP0(tables[1], OP_TABLE_UNMAP));
}

static const struct test list[] = {
    {"kernel.vspace.no_table", no_table},
    {"kernel.vspace.map_errors", map_errors},
    {"kernel.vspace.write_xor_execute", write_xor_execute},
    {"kernel.vspace.table_errors", table_errors},
    {"kernel.vspace.frame_errors", frame_errors},
    {"kernel.vspace.large_frame", large_frame},
    {"kernel.vspace.protect_takes_effect", protect_takes_effect},
    {"kernel.vspace.deletion_unmaps", deletion_unmaps},
    {"kernel.vspace.table_death_unmaps_frame", table_death_unmaps_frame},
    {"kernel.vspace.space_death_unmaps_table", space_death_unmaps_table},
};

TEST_AREA(tests_vspace);
