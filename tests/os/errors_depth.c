/*
 * errors_depth.c - capabilities that are derived as deeply as can be: what would derive another
 * from them fails with LIMIT. Each row first derives the one capability that it needs, in W_TEMP;
 * those on the way there lie in W_CHAIN.
 */
#include "errors.h"

#define STEPS_MAX 255u /* slots of W_CHAIN */

static bool ok(const char *what, int status)
{
    return test_expect_error(what, status, E_OK);
}

/* Take back the last one and all on the way there. */
static bool new_chain(void)
{
    for (uint64_t i = 1; i <= STEPS_MAX; i++)
        if (!ok("emptying the chain", OP1(W_CHAIN, OP_CNODE_DELETE, i)))
            return false;
    return ok("deleting the last one", OP1(SLOT_CNODE, OP_CNODE_DELETE, W_TEMP));
}

/* The capability in @source, derived until there is no further; the last goes to W_TEMP. */
static void deepen(uint64_t source)
{
    unsigned i = 1;

    if (!new_chain() || !ok("first step", OP4(W_CHAIN, OP_CNODE_COPY, 1, 0, source, RIGHT_ALL)))
        return;
    while (i < STEPS_MAX && OP4(W_CHAIN, OP_CNODE_COPY, i + 1, W_CHAIN, i, RIGHT_ALL) == E_OK)
        i++;
    (void)test_expect_error("the step that is too many",
                            OP4(W_CHAIN, OP_CNODE_COPY, i + 1, W_CHAIN, i, RIGHT_ALL), E_LIMIT);
    (void)ok("the last one", OP3(SLOT_CNODE, OP_CNODE_MOVE, W_TEMP, W_CHAIN, i));
}

/* Untyped can't be copied: each is cut whole from the one before. They stay in the own CNode: one
 * that has children can't move to a younger one. */
static void deepen_untyped(void)
{
    uint64_t from = W_UNTYPED;
    int status = E_OK;

    if (!new_chain())
        return;
    for (unsigned i = 0; i < STEPS_MAX && status == E_OK; i++) {
        uint64_t next = lab_slot();

        status = OP5(from, OP_UNTYPED_RETYPE, OBJ_UNTYPED, 14, 0, next, 1);
        from = status == E_OK ? next : from;
    }
    (void)test_expect_error("the step that is too many", status, E_LIMIT);
    (void)ok("the last one", OP3(SLOT_CNODE, OP_CNODE_MOVE, W_TEMP, 0, from));
}

#define DEEPEN(name, slot)                                                                         \
    static void name(void)                                                                         \
    {                                                                                              \
        deepen(slot);                                                                              \
    }
DEEPEN(deep_endpoint, W_ENDPOINT)
DEEPEN(deep_notification, W_NOTIFICATION)
DEEPEN(deep_badged, W_NOTIFICATION_BADGED)
DEEPEN(deep_cnode, W_CNODE)
DEEPEN(deep_vspace, W_VSPACE)
DEEPEN(deep_own_vspace, SLOT_VSPACE)
DEEPEN(deep_frame, W_FRAME)
DEEPEN(deep_budget, W_BUDGET)
DEEPEN(deep_iospace, W_IOSPACE)

/* CNodes are as deeply nested as can be: W_TEMP is an untyped that lies, or could, in the last. */
static void deep_level(void)
{
    uint64_t untyped = W_UNTYPED;

    if (!new_chain())
        return;
    for (unsigned level = 0; level < 20; level++) {
        uint64_t cnode = lab_slot(), next = lab_slot();

        if (OP5(untyped, OP_UNTYPED_RETYPE, OBJ_CNODE, CNODE_MIN_BITS, 0, cnode, 1) != E_OK)
            break;
        if (!ok("an untyped in it",
                OP5(untyped, OP_UNTYPED_RETYPE, OBJ_UNTYPED, 15 - level, cnode, 1, 1)) ||
            !ok("and out", OP3(SLOT_CNODE, OP_CNODE_MOVE, next, cnode, 1)))
            return;
        untyped = next;
    }
    (void)ok("the last one", OP3(SLOT_CNODE, OP_CNODE_MOVE, W_TEMP, 0, untyped));
}

#define FAILS(obj, op, invoked, text, prepare, ...)                                                \
    {                                                                                              \
        .what = (text), .object = OBJ_##obj, .label = OP_##obj##_##op, .error = E_LIMIT,           \
        .cap = (invoked), .before = (prepare), .w = {                                              \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define CONFIGURE(text, prepare, ...) FAILS(THREAD, CONFIGURE, W_THREAD, text, prepare, __VA_ARGS__)

/* clang-format off */
static const struct call list[] = {
    FAILS(CNODE, COPY, SLOT_CNODE, "endpoint", deep_endpoint, W_EMPTY, 0, W_TEMP, RIGHT_ALL),
    FAILS(CNODE, MINT, SLOT_CNODE, "endpoint", NULL, W_EMPTY, 0, W_TEMP, RIGHT_ALL, 1),
    CONFIGURE("fault endpoint", NULL, SLOT_CNODE, W_VSPACE, W_TEMP, 0, W_BUDGET),
    FAILS(IRQ, BIND, W_IRQ, "endpoint", NULL, W_TEMP, 1),
    CONFIGURE("CNode", deep_cnode, W_TEMP, W_VSPACE, 0, 0, W_BUDGET),
    CONFIGURE("VSpace", deep_vspace, SLOT_CNODE, W_TEMP, 0, 0, W_BUDGET),
    CONFIGURE("buffer", deep_frame, SLOT_CNODE, W_VSPACE, 0, W_TEMP, W_BUDGET),
    CONFIGURE("Budget", deep_budget, SLOT_CNODE, W_VSPACE, 0, 0, W_TEMP),
    FAILS(THREAD, BIND, W_THREAD, "notification", deep_notification, W_TEMP),
    FAILS(IRQ, SET_LIMIT, W_IRQ, "notification", deep_badged, 5, 1000, W_TEMP),
    FAILS(IOPORT_CONTROL, CREATE, SLOT_IOPORT_CONTROL, "VSpace", deep_own_vspace,
          W_UNTYPED, W_TEMP, W_EMPTY),
    FAILS(UNTYPED, RETYPE, W_TEMP, "untyped", deepen_untyped, OBJ_ENDPOINT, 0, 0, W_EMPTY, 1),
    FAILS(IRQ_CONTROL, CREATE, SLOT_IRQ_CONTROL, "untyped", NULL,
          W_TEMP, WORLD_GSI + 1, 0, W_EMPTY),
    FAILS(CPU_CONTROL, CREATE, SLOT_CPU_CONTROL, "untyped", NULL, W_TEMP, 0, 0, 90, W_EMPTY),
    {.what = "untyped", .object = OBJ_DEVICE_CONTROL, .label = OP_DEVICE_CONTROL_CREATE,
     .error = E_LIMIT, .iommu = true, .cap = SLOT_DEVICE_CONTROL,
     .w = {W_TEMP, 0, WORLD_REQUESTER + 1, W_EMPTY}},
    {.what = "IoSpace", .object = OBJ_DEVICE, .label = OP_DEVICE_ASSIGN, .error = E_LIMIT,
     .iommu = true, .cap = W_DEVICE, .w = {W_TEMP}, .before = deep_iospace},
    FAILS(UNTYPED, RETYPE, W_TEMP, "CNode in CNodes", deep_level,
          OBJ_CNODE, CNODE_MIN_BITS, 0, W_EMPTY, 1),
};
/* clang-format on */

CALL_TABLE(errors_depth);
