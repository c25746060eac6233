/*
 * port.c - I/O ports: no grant, no access; grants do not overlap; they end with their capability.
 */
#include "test.h"

#define PIT_FIRST 0x40u
#define PIT_LAST  0x43u

static struct puppet p;
static uint64_t ep;

static bool prepare(uint64_t *map)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    if (!puppet_make(&p, true, PUPPET_PRIORITY, ep))
        return false;
    *map = lab_slot();
    return test_expect_error("creating a PortMap",
                             OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED,
                                 p.peer.vspace, *map),
                             E_OK);
}

static void no_grant(void)
{
    struct msg m;

    ep = lab_make(OBJ_ENDPOINT, 0);
    MAKE_PUPPET(&p, true, ep);
    puppet_do(&p, PUPPET_IN, PIT_FIRST);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(msg_kind(&m), KIND_EXCEPTION);
    EXPECT(m.w[0], 13);
}

static void granted_range_only(void)
{
    uint64_t map;
    struct msg m;

    if (!prepare(&map))
        return;
    EXPECT_OK(OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, PIT_FIRST, PIT_LAST));
    EXPECT_OK(OP0(map, OP_PORTMAP_INFO));
    EXPECT(test_out.w[0], PIT_LAST - PIT_FIRST + 1);
    puppet_do(&p, PUPPET_IN, PIT_FIRST);
    EXPECT(puppet_idle(&p), 1);
    puppet_do(&p, PUPPET_IN, PIT_LAST + 1);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(m.w[0], 13);
}

static void revoked(void)
{
    uint64_t map;
    struct msg m;

    if (!prepare(&map))
        return;
    EXPECT_OK(OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, PIT_FIRST, PIT_LAST));
    puppet_do(&p, PUPPET_IN, PIT_FIRST);
    EXPECT(puppet_idle(&p), 1);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, map));
    puppet_do(&p, PUPPET_IN, PIT_FIRST);
    if (!puppet_fault(&p, ep, &m))
        return;
    EXPECT(m.w[0], 13);
}

static void other_space_is_not_affected(void)
{
    struct puppet q;
    uint64_t map;
    struct msg m;

    if (!prepare(&map))
        return;
    EXPECT_OK(OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, PIT_FIRST, PIT_LAST));
    MAKE_PUPPET(&q, true, ep);
    puppet_do(&q, PUPPET_IN, PIT_FIRST);
    if (!puppet_fault(&q, ep, &m))
        return;
    EXPECT(m.w[0], 13);
}

static void grant_errors(void)
{
    uint64_t map, second;
    struct puppet q;

    if (!prepare(&map))
        return;
#define GRANT(to, first, last)                                                                     \
    OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, (to), (first), (last))
    EXPECT_ERROR(GRANT(map, 0x43, 0x40), E_BAD_ARG);
    EXPECT_ERROR(GRANT(map, 0x40, 0x10000), E_BAD_ARG);
    EXPECT_ERROR(GRANT(map, UINT64_MAX, UINT64_MAX), E_BAD_ARG);
    EXPECT_ERROR(GRANT(ep, 0x40, 0x43), E_BAD_TYPE);
    EXPECT_OK(GRANT(map, PIT_FIRST, PIT_LAST));
    MAKE_PUPPET(&q, true, 0);
    second = lab_slot();
    EXPECT_OK(
        OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED, q.peer.vspace, second));
    EXPECT_ERROR(GRANT(second, PIT_LAST, PIT_LAST + 4), E_BUSY);
    EXPECT_OK(OP0(second, OP_PORTMAP_INFO));
    EXPECT(test_out.w[0], 0);
#undef GRANT
}

static void create_errors(void)
{
    uint64_t map, slot;
    uint64_t space = lab_make(OBJ_VSPACE, 0);
    uint64_t tiny = lab_make(OBJ_UNTYPED, 12);

    if (!prepare(&map))
        return;
    slot = lab_slot();
#define CREATE(untyped, vspace, index)                                                             \
    OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, (untyped), (vspace), (index))
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, p.peer.vspace, slot), E_BUSY);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, space, map), E_EXISTS);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, space, 0), E_BAD_ARG);
    EXPECT_ERROR(CREATE(SLOT_UNTYPED, ep, slot), E_BAD_TYPE);
    EXPECT_ERROR(CREATE(tiny, space, slot), E_NO_MEMORY);
    EXPECT(slot_type(slot), OBJ_NULL);
#undef CREATE
}

static const struct test list[] = {
    {"kernel.port.no_grant", no_grant},
    {"kernel.port.granted_range_only", granted_range_only},
    {"kernel.port.revoked", revoked},
    {"kernel.port.other_space_is_not_affected", other_space_is_not_affected},
    {"kernel.port.grant_errors", grant_errors},
    {"kernel.port.create_errors", create_errors},
};

TEST_AREA(tests_port);
