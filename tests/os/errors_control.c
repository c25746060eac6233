/*
 * errors_control.c - failing calls of the root capabilities and of what they make.
 */
#include "errors.h"

#define FAILS(obj, op, e, text, ...)                                                               \
    {                                                                                              \
        .what = (text), .object = OBJ_##obj, .label = OP_##obj##_##op, .error = E_##e,             \
        .cap = SLOT_##obj, .w = {                                                                  \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define LIMIT(e, text, ...)                                                                        \
    {                                                                                              \
        .what = (text), .object = OBJ_IRQ, .label = OP_IRQ_SET_LIMIT, .error = E_##e,              \
        .cap = W_IRQ, .w = {                                                                       \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define IRQ(e, text, ...)    FAILS(IRQ_CONTROL, CREATE, e, text, __VA_ARGS__)
#define PORTS(e, text, ...)  FAILS(IOPORT_CONTROL, CREATE, e, text, __VA_ARGS__)
#define GRANT(e, text, ...)  FAILS(IOPORT_CONTROL, GRANT, e, text, __VA_ARGS__)
#define BUDGET(e, text, ...) FAILS(CPU_CONTROL, CREATE, e, text, __VA_ARGS__)

/* A pin that is shared by as many as can share one. */
#define SHARED_GSI (WORLD_GSI + 2)
#define SHARERS    8

static void share_pin(void)
{
    for (unsigned i = 0; i < SHARERS; i++)
        (void)test_expect_error("sharing a pin",
                                OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, W_UNTYPED, SHARED_GSI,
                                    IRQ_LEVEL, lab_slot()),
                                E_OK);
}

/* clang-format off */
static const struct call list[] = {
    IRQ(BAD_ARG, "no such pin", W_UNTYPED, 240, 0, W_EMPTY),
    IRQ(BAD_ARG, "no such pin", W_UNTYPED, 100000, 0, W_EMPTY),
    IRQ(BAD_ARG, "pin of 64 bits", W_UNTYPED, 1ull << 32 | (WORLD_GSI + 1), 0, W_EMPTY),
    IRQ(BAD_ARG, "the last pin", W_UNTYPED, UINT64_MAX, 0, W_EMPTY),
    IRQ(BAD_ARG, "unknown flag", W_UNTYPED, WORLD_GSI + 1, 1u << 7, W_EMPTY),
    IRQ(BAD_ARG, "an MSI with a pin", W_UNTYPED, WORLD_GSI + 1, IRQ_MSI, W_EMPTY),
    IRQ(BAD_ARG, "an MSI by level", W_UNTYPED, 0, IRQ_MSI | IRQ_LEVEL, W_EMPTY),
    IRQ(BAD_ARG, "a pin with a requester", W_UNTYPED, WORLD_GSI + 1, 0, W_EMPTY, 1),
    IRQ(BAD_ARG, "an MSI's requester above all", W_UNTYPED, 0, IRQ_MSI, W_EMPTY, 0x10000),
    IRQ(BAD_ARG, "no such unit", W_UNTYPED, IOMMU_UNITS_MAX, IRQ_IOMMU, W_EMPTY),
    IRQ(BAD_ARG, "a unit by level", W_UNTYPED, 0, IRQ_IOMMU | IRQ_LEVEL, W_EMPTY),
    IRQ(BAD_ARG, "a unit with a requester", W_UNTYPED, 0, IRQ_IOMMU, W_EMPTY, 1),
    IRQ(BAD_ARG, "device memory pays", SLOT_MMIO, WORLD_GSI + 1, 0, W_EMPTY),
    IRQ(BAD_ARG, "all flags", W_UNTYPED, WORLD_GSI + 1, UINT64_MAX, W_EMPTY),
    IRQ(BAD_ARG, "slot 0", W_UNTYPED, WORLD_GSI + 1, 0, 0),
    IRQ(BAD_ARG, "slot outside", W_UNTYPED, WORLD_GSI + 1, 0, ARG_SLOTS),
    IRQ(BAD_ARG, "the last slot number", W_UNTYPED, WORLD_GSI + 1, 0, UINT64_MAX),
    IRQ(EXISTS, "slot in use", W_UNTYPED, WORLD_GSI + 1, 0, W_ENDPOINT),
    IRQ(NO_MEMORY, "nothing left", W_FULL, WORLD_GSI + 1, 0, W_EMPTY),
    IRQ(BUSY, "an edge is not shared", W_UNTYPED, WORLD_GSI, 0, W_EMPTY),
    IRQ(BUSY, "used with other flags", W_UNTYPED, WORLD_GSI, IRQ_LEVEL, W_EMPTY),
    {.what = "a ninth sharer", .object = OBJ_IRQ_CONTROL, .label = OP_IRQ_CONTROL_CREATE,
     .error = E_LIMIT, .cap = SLOT_IRQ_CONTROL, .w = {W_UNTYPED, SHARED_GSI, IRQ_LEVEL, W_EMPTY},
     .before = share_pin},
    IRQ(BUSY, "shared with another polarity",
        W_UNTYPED, SHARED_GSI, IRQ_LEVEL | IRQ_ACTIVE_LOW, W_EMPTY),

    LIMIT(BAD_ARG, "no period", 5, 0),
    LIMIT(BAD_ARG, "a period without a limit", 0, 1000),
    LIMIT(BAD_ARG, "a limit of more than 32 bits", 1ull << 32, 1000),
    LIMIT(BAD_ARG, "a period of more than 32 bits", 5, 1ull << 32),
    LIMIT(BAD_ARG, "the last numbers", UINT64_MAX, UINT64_MAX),
    LIMIT(BAD_ARG, "a notification without a limit", 0, 0, W_NOTIFICATION_BADGED),
    LIMIT(BAD_ARG, "a notification without a badge", 5, 1000, W_NOTIFICATION),

    PORTS(BAD_ARG, "device memory pays", SLOT_MMIO, SLOT_VSPACE, W_EMPTY),
    PORTS(BAD_ARG, "slot 0", W_UNTYPED, SLOT_VSPACE, 0),
    PORTS(BAD_ARG, "slot outside", W_UNTYPED, SLOT_VSPACE, ARG_SLOTS),
    PORTS(BAD_ARG, "the last slot number", W_UNTYPED, SLOT_VSPACE, UINT64_MAX),
    PORTS(EXISTS, "slot in use", W_UNTYPED, SLOT_VSPACE, W_ENDPOINT),
    PORTS(NO_MEMORY, "nothing left", W_FULL, SLOT_VSPACE, W_EMPTY),
    PORTS(BUSY, "the space has one", W_UNTYPED, W_VSPACE, W_EMPTY),
    GRANT(BAD_ARG, "first above last", W_PORTMAP, 0x81, 0x80),
    GRANT(BAD_ARG, "last above all", W_PORTMAP, 0xfff0, 0x10000),
    GRANT(BAD_ARG, "both above all", W_PORTMAP, 0x10000, 0x10000),
    GRANT(BAD_ARG, "ports of 64 bits", W_PORTMAP, 1ull << 32 | 0x80, 1ull << 32 | 0x80),
    GRANT(BAD_ARG, "the last numbers", W_PORTMAP, UINT64_MAX, UINT64_MAX),
    GRANT(BUSY, "granted already", W_PORTMAP, WORLD_PORT, WORLD_PORT),
    GRANT(BUSY, "one of many granted already", W_PORTMAP, WORLD_PORT - 3, WORLD_PORT + 3),

    BUDGET(BAD_ARG, "device memory pays", SLOT_MMIO, 0, 0, 90, W_EMPTY),
    BUDGET(BAD_ARG, "a period of more than 32 bits", W_UNTYPED, 1, 1ull << 32, 90, W_EMPTY),
    BUDGET(BAD_ARG, "both of more than 32 bits", W_UNTYPED, 1ull << 32, 1ull << 32, 90, W_EMPTY),
    BUDGET(BAD_ARG, "more than its period", W_UNTYPED, 2000, 1000, 90, W_EMPTY),
    BUDGET(BAD_ARG, "no period", W_UNTYPED, 1, 0, 90, W_EMPTY),
    BUDGET(BAD_ARG, "priority above all", W_UNTYPED, 0, 0, PRIORITY_MAX + 1, W_EMPTY),
    BUDGET(BAD_ARG, "priority of 64 bits", W_UNTYPED, 0, 0, 1ull << 32, W_EMPTY),
    BUDGET(BAD_ARG, "the last priority", W_UNTYPED, 0, 0, UINT64_MAX, W_EMPTY),
    BUDGET(BAD_ARG, "slot 0", W_UNTYPED, 0, 0, 90, 0),
    BUDGET(BAD_ARG, "slot outside", W_UNTYPED, 0, 0, 90, ARG_SLOTS),
    BUDGET(BAD_ARG, "the last slot number", W_UNTYPED, 0, 0, 90, UINT64_MAX),
    BUDGET(EXISTS, "slot in use", W_UNTYPED, 0, 0, 90, W_ENDPOINT),
    BUDGET(NO_MEMORY, "nothing left", W_FULL, 0, 0, 90, W_EMPTY),
};
/* clang-format on */

CALL_TABLE(errors_control);
