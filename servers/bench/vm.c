/*
 * vm.c - one 4 KiB frame: made, mapped, unmapped. The tables exist; the untyped of the retype has
 * just the size of the frame, so that each round cuts the same memory.
 */
#include "measure.h"
#include <quoll/sys.h>
#include <quoll/task.h>

static const uint64_t rights = RIGHT_READ | RIGHT_WRITE;

static void setup_map(const struct bench *b, struct measure *m)
{
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    uint64_t va = lab_va(1);

    (void)b;
    m->op = (struct invocation){SLOT_VSPACE,
                                msg_tag(OP_VSPACE_MAP, 0, 0),
                                {va, frame, rights, CACHE_DEFAULT}};
    m->undo = (struct invocation){frame, msg_tag(OP_FRAME_UNMAP, 0, 0), {0}};
    /* Makes the tables. */
    (void)lab_map(SLOT_VSPACE, va, frame, rights);
    (void)sys_op(frame, OP_FRAME_UNMAP, 0, 0, 0, 0, 0, 0);
}

static void setup_unmap(const struct bench *b, struct measure *m)
{
    struct invocation map;

    setup_map(b, m);
    map = m->op;
    m->op = m->undo;
    m->undo = map;
    (void)lab_map(SLOT_VSPACE, map.words[0], map.words[1], rights);
}

static void setup_retype(const struct bench *b, struct measure *m)
{
    uint64_t untyped = lab_make(OBJ_UNTYPED, FRAME_4K_BITS);
    uint64_t slot = lab_slot();

    (void)b;
    m->op = (struct invocation){untyped,
                                msg_tag(OP_UNTYPED_RETYPE, 0, 0),
                                {OBJ_FRAME, FRAME_4K_BITS, 0, slot, 1, 0}};
    m->undo = (struct invocation){SLOT_CNODE, msg_tag(OP_CNODE_REVOKE, 0, 0), {untyped}};
}

/* Revoking what was never made is no error: so look whether the frame is there at all. */
static uint64_t run_retype(struct measure *m)
{
    struct msg try = {.tag = m->op.tag};

    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        try.w[i] = m->op.words[i];
    if (sys_call(m->op.cap, &try) != E_OK)
        return m->rounds;
    (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, m->op.cap, 0, 0, 0, 0, 0);
    return measure_invoke(m);
}

static const struct bench list[] = {
    {"vm.map_frame_4k", ROUNDS_MAX, 0, false, setup_map, measure_invoke},
    {"vm.unmap_frame_4k", ROUNDS_MAX, 0, false, setup_unmap, measure_invoke},
    {"vm.retype_frame_4k", ROUNDS_MAX, 0, false, setup_retype, run_retype},
};

const struct bench_area area_vm = {list, sizeof list / sizeof list[0], 0, NULL};
