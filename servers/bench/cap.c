/*
 * cap.c - a capability copied within a CNode, and the copy deleted: what a server pays to hand
 * out rights and to take them back.
 */
#include "measure.h"
#include <quoll/sys.h>
#include <quoll/task.h>

static void setup_copy(const struct bench *b, struct measure *m)
{
    uint64_t source = lab_make(OBJ_ENDPOINT, 0);
    uint64_t slot = lab_slot();

    (void)b;
    m->op =
        (struct invocation){SLOT_CNODE, msg_tag(OP_CNODE_COPY, 0, 0), {slot, 0, source, RIGHT_ALL}};
    m->undo = (struct invocation){SLOT_CNODE, msg_tag(OP_CNODE_DELETE, 0, 0), {slot}};
}

/* The undoing copies again: it fails if nothing was deleted. */
static void setup_delete(const struct bench *b, struct measure *m)
{
    struct invocation copy;

    setup_copy(b, m);
    copy = m->op;
    m->op = m->undo;
    m->undo = copy;
    (void)lab_check("copy", sys_op(SLOT_CNODE, OP_CNODE_COPY, copy.words[0], 0, copy.words[2],
                                   RIGHT_ALL, 0, 0));
}

static const struct bench list[] = {
    {"cap.copy", ROUNDS_MAX, 0, false, setup_copy, measure_filling},
    {"cap.delete", ROUNDS_MAX, 0, false, setup_delete, measure_invoke},
};

const struct bench_area area_cap = {list, sizeof list / sizeof list[0], 0, NULL};
