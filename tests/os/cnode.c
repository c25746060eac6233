/*
 * cnode.c - capabilities copied, minted, moved, deleted, revoked: errors and the tree.
 */
#include "test.h"

static uint64_t rights_of(uint64_t slot)
{
    return OP1(SLOT_CNODE, OP_CNODE_INFO, slot) == E_OK ? test_out.w[1] : UINT64_MAX;
}

static uint64_t badge_of(uint64_t slot)
{
    return OP1(SLOT_CNODE, OP_CNODE_INFO, slot) == E_OK ? test_out.w[2] : UINT64_MAX;
}

static void copy_narrows_rights(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t weak = lab_slot(), again = lab_slot();

    EXPECT(rights_of(ep) & (RIGHT_SEND | RIGHT_RECV | RIGHT_GRANT),
           RIGHT_SEND | RIGHT_RECV | RIGHT_GRANT);
    EXPECT_OK(OP4(SLOT_CNODE, OP_CNODE_COPY, weak, 0, ep, RIGHT_SEND));
    EXPECT(rights_of(weak), RIGHT_SEND);
    /* What was given up does not come back. */
    EXPECT_OK(OP4(SLOT_CNODE, OP_CNODE_COPY, again, 0, weak, RIGHT_ALL));
    EXPECT(rights_of(again), RIGHT_SEND);
}

static void copy_errors(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t empty = lab_slot(), other = lab_slot();
    uint64_t slots = task_info()->cnode_slots;

    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, ep, 0, ep, RIGHT_ALL), E_EXISTS);
    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, 0, 0, ep, RIGHT_ALL), E_BAD_ARG);
    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, slots, 0, ep, RIGHT_ALL), E_BAD_ARG);
    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, empty, 0, other, RIGHT_ALL), E_BAD_CAP);
    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, empty, ep, 1, RIGHT_ALL), E_BAD_TYPE);
    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, empty, other, 1, RIGHT_ALL), E_BAD_CAP);
    EXPECT_ERROR(OP4(SLOT_CNODE, 0, empty, 0, ep, RIGHT_ALL), E_BAD_CALL);
    EXPECT(slot_type(empty), OBJ_NULL);
}

static void copy_limit(void)
{
    uint64_t last = lab_make(OBJ_ENDPOINT, 0);
    int status = E_OK;

    /* The depth of the derivation tree is a byte. */
    for (unsigned i = 0; i < 300 && status == E_OK; i++) {
        uint64_t slot = lab_slot();

        status = OP4(SLOT_CNODE, OP_CNODE_COPY, slot, 0, last, RIGHT_ALL);
        last = slot;
    }
    EXPECT_ERROR(status, E_LIMIT);
}

static void mint_sets_badge_once(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t badged = lab_slot(), again = lab_slot();

    EXPECT_OK(OP5(SLOT_CNODE, OP_CNODE_MINT, badged, 0, ep, RIGHT_ALL, 0x1234));
    EXPECT(badge_of(badged), 0x1234);
    EXPECT_ERROR(OP5(SLOT_CNODE, OP_CNODE_MINT, again, 0, badged, RIGHT_ALL, 0x99), E_BAD_ARG);
    EXPECT(slot_type(again), OBJ_NULL);
    EXPECT_OK(OP5(SLOT_CNODE, OP_CNODE_MINT, again, 0, badged, RIGHT_ALL, 0));
    EXPECT(badge_of(again), 0x1234);
}

static void mint_errors(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t frame = lab_make(OBJ_FRAME, 12);
    uint64_t empty = lab_slot(), other = lab_slot();

    EXPECT_ERROR(OP5(SLOT_CNODE, OP_CNODE_MINT, ep, 0, ep, RIGHT_ALL, 1), E_EXISTS);
    EXPECT_ERROR(OP5(SLOT_CNODE, OP_CNODE_MINT, 0, 0, ep, RIGHT_ALL, 1), E_BAD_ARG);
    EXPECT_ERROR(OP5(SLOT_CNODE, OP_CNODE_MINT, empty, 0, other, RIGHT_ALL, 1), E_BAD_CAP);
    /* Only endpoints and notifications carry a badge. */
    EXPECT_ERROR(OP5(SLOT_CNODE, OP_CNODE_MINT, empty, 0, frame, RIGHT_ALL, 1), E_BAD_ARG);
}

static void some_not_copyable(void)
{
    uint64_t thread = lab_make(OBJ_THREAD, 0);
    uint64_t reply = lab_make(OBJ_REPLY, thread);
    uint64_t slot = lab_slot();

    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, slot, 0, reply, RIGHT_ALL), E_BAD_TYPE);
    EXPECT_ERROR(OP4(SLOT_CNODE, OP_CNODE_COPY, slot, 0, SLOT_UNTYPED, RIGHT_ALL), E_BAD_TYPE);
    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_MOVE, slot, 0, reply));
    EXPECT(slot_type(reply), OBJ_NULL);
    EXPECT(slot_type(slot), OBJ_REPLY);
}

static void move(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t badged = lab_copy(ep, RIGHT_SEND, 7);
    uint64_t slot = lab_slot(), other = lab_slot();

    EXPECT_OK(OP3(SLOT_CNODE, OP_CNODE_MOVE, slot, 0, badged));
    EXPECT(slot_type(badged), OBJ_NULL);
    EXPECT(badge_of(slot), 7);
    EXPECT(rights_of(slot), RIGHT_SEND);
    EXPECT_ERROR(OP3(SLOT_CNODE, OP_CNODE_MOVE, ep, 0, slot), E_EXISTS);
    EXPECT_ERROR(OP3(SLOT_CNODE, OP_CNODE_MOVE, 0, 0, slot), E_BAD_ARG);
    EXPECT_ERROR(OP3(SLOT_CNODE, OP_CNODE_MOVE, other, 0, badged), E_BAD_CAP);
    /* Still the endpoint's child. */
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, ep));
    EXPECT(slot_type(slot), OBJ_NULL);
}

static void delete_takes_derived(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t child = lab_copy(ep, RIGHT_ALL, 0);
    uint64_t grandchild = lab_copy(child, RIGHT_ALL, 0);
    uint64_t sibling = lab_copy(ep, RIGHT_ALL, 0);

    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, child));
    EXPECT(slot_type(child), OBJ_NULL);
    EXPECT(slot_type(grandchild), OBJ_NULL);
    EXPECT(slot_type(sibling), OBJ_ENDPOINT);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT(slot_type(sibling), OBJ_NULL);
    EXPECT_ERROR(OP1(SLOT_CNODE, OP_CNODE_DELETE, task_info()->cnode_slots), E_BAD_ARG);
    EXPECT_ERROR(OP1(SLOT_CNODE, OP_CNODE_DELETE, 0), E_BAD_ARG);
}

static void revoke_keeps_itself(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t child = lab_copy(ep, RIGHT_ALL, 0);
    uint64_t grandchild = lab_copy(child, RIGHT_ALL, 0);

    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, ep));
    EXPECT(slot_type(ep), OBJ_ENDPOINT);
    EXPECT(slot_type(child), OBJ_NULL);
    EXPECT(slot_type(grandchild), OBJ_NULL);
    EXPECT_ERROR(OP1(SLOT_CNODE, OP_CNODE_REVOKE, task_info()->cnode_slots), E_BAD_ARG);
}

static void other_cnode(void)
{
    uint64_t cnode = lab_make(OBJ_CNODE, 4);
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);
    uint64_t back = lab_slot();

    EXPECT_OK(OP4(cnode, OP_CNODE_COPY, 3, 0, ep, RIGHT_ALL));
    EXPECT_ERROR(OP4(cnode, OP_CNODE_COPY, 16, 0, ep, RIGHT_ALL), E_BAD_ARG);
    EXPECT_OK(OP4(SLOT_CNODE, OP_CNODE_COPY, back, cnode, 3, RIGHT_SEND));
    EXPECT(rights_of(back), RIGHT_SEND);
    /* With the CNode goes what it holds, and what was derived from that. */
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, cnode));
    EXPECT(slot_type(back), OBJ_NULL);
    EXPECT(slot_type(ep), OBJ_ENDPOINT);
}

static void no_cycle(void)
{
    uint64_t older = lab_make(OBJ_CNODE, 4);
    uint64_t younger = lab_make(OBJ_CNODE, 4);

    /* The capability that owns a CNode must not end up inside it. */
    EXPECT_ERROR(OP3(older, OP_CNODE_MOVE, 1, 0, older), E_LIMIT);
    EXPECT_ERROR(OP3(younger, OP_CNODE_MOVE, 1, 0, older), E_LIMIT);
    EXPECT(slot_type(older), OBJ_CNODE);
}

static void stale_handle(void)
{
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, ep));
    EXPECT_ERROR(OP0(ep, 1), E_BAD_CAP);
    EXPECT_ERROR(sys_signal(ep), E_BAD_CAP);
    EXPECT_ERROR(OP0(0, 1), E_BAD_CAP);
    EXPECT_ERROR(OP0(task_info()->cnode_slots, 1), E_BAD_CAP);
    EXPECT_ERROR(OP0(UINT64_MAX, 1), E_BAD_CAP);
    EXPECT_ERROR(OP0(1ull << 32 | SLOT_CNODE, OP_CNODE_INFO), E_BAD_CAP);
}

static const struct test list[] = {
    {"kernel.cnode.copy_narrows_rights", copy_narrows_rights},
    {"kernel.cnode.copy_errors", copy_errors},
    {"kernel.cnode.copy_limit", copy_limit},
    {"kernel.cnode.mint_sets_badge_once", mint_sets_badge_once},
    {"kernel.cnode.mint_errors", mint_errors},
    {"kernel.cnode.some_not_copyable", some_not_copyable},
    {"kernel.cnode.move", move},
    {"kernel.cnode.delete_takes_derived", delete_takes_derived},
    {"kernel.cnode.revoke_keeps_itself", revoke_keeps_itself},
    {"kernel.cnode.other_cnode", other_cnode},
    {"kernel.cnode.no_cycle", no_cycle},
    {"kernel.cnode.stale_handle", stale_handle},
};

TEST_AREA(tests_cnode);
