/*
 * bases.c - one call of every operation that is right in the world, and which of its words are
 * handles of what. From these the wrong handles of every kind are made.
 */
#include "errors.h"

#define RW (RIGHT_READ | RIGHT_WRITE)
#define M  RIGHT_MANAGE

#define BASE(obj, op, invoked) .object = OBJ_##obj, .label = OP_##obj##_##op, .cap = (invoked)

const struct op_row op_rows[] = {
#define OP(object, name, label, args, result, errors)                                              \
    {OBJ_##object, (label), #object, #name, (args), (errors)},
#include <quoll/ops.def>
#undef OP
};
const unsigned op_row_count = sizeof op_rows / sizeof op_rows[0];

/* clang-format off */
const struct base bases[] = {
    {BASE(UNTYPED, RETYPE, W_UNTYPED), .w = {OBJ_ENDPOINT, 0, 0, W_EMPTY, 1},
     .handle_count = 1, .handles = {{2, OBJ_CNODE, M, HANDLE_OPTIONAL}}},
    {BASE(UNTYPED, RETYPE, W_UNTYPED), .w = {OBJ_REPLY, 0, 0, W_EMPTY, 1, W_THREAD},
     .handle_count = 1, .handles = {{5, OBJ_THREAD, M, HANDLE}}},
    {BASE(UNTYPED, INFO, W_UNTYPED)},

    {BASE(CNODE, COPY, SLOT_CNODE), .w = {W_EMPTY, 0, W_ENDPOINT, RIGHT_ALL},
     .handle_count = 1, .handles = {{1, OBJ_CNODE, M, HANDLE_OPTIONAL}}},
    {BASE(CNODE, MINT, SLOT_CNODE), .w = {W_EMPTY, 0, W_ENDPOINT, RIGHT_ALL, 7},
     .handle_count = 1, .handles = {{1, OBJ_CNODE, M, HANDLE_OPTIONAL}}},
    {BASE(CNODE, MOVE, SLOT_CNODE), .w = {W_EMPTY, 0, W_ENDPOINT},
     .handle_count = 1, .handles = {{1, OBJ_CNODE, M, HANDLE_OPTIONAL}}},
    {BASE(CNODE, DELETE, SLOT_CNODE), .w = {W_ENDPOINT}},
    {BASE(CNODE, REVOKE, SLOT_CNODE), .w = {W_ENDPOINT}},
    {BASE(CNODE, INFO, SLOT_CNODE), .w = {W_ENDPOINT}},
    {BASE(CNODE, CANCEL, SLOT_CNODE), .w = {W_ENDPOINT, 0, 1},
     .handle_count = 1, .handles = {{0, OBJ_ENDPOINT, RIGHT_RECV, INDEX}}},

    {BASE(THREAD, CONFIGURE, W_THREAD), .w = {SLOT_CNODE, W_VSPACE, W_ENDPOINT, W_FRAME, W_BUDGET},
     .handle_count = 5,
     .handles = {{0, OBJ_CNODE, M, HANDLE}, {1, OBJ_VSPACE, M, HANDLE},
                 {2, OBJ_ENDPOINT, RIGHT_SEND, HANDLE_OPTIONAL},
                 {3, OBJ_FRAME, RW, HANDLE_OPTIONAL}, {4, OBJ_BUDGET, M, HANDLE}}},
    {BASE(THREAD, SET_PRIORITY, W_THREAD), .w = {WORLD_PRIORITY}},
    {BASE(THREAD, START, W_THREAD), .w = {LAB_CODE_VA, LAB_PAGE_VA, 0, 0}},
    {BASE(THREAD, SUSPEND, W_THREAD)},
    {BASE(THREAD, RESUME, W_THREAD)},
    {BASE(THREAD, CANCEL, W_THREAD)},
    {BASE(THREAD, READ_REGS, W_THREAD)},
    {BASE(THREAD, WRITE_REGS, W_THREAD), .extra = true},
    {BASE(THREAD, BIND, W_THREAD), .w = {W_NOTIFICATION},
     .handle_count = 1, .handles = {{0, OBJ_NOTIFICATION, RIGHT_RECV, HANDLE_OPTIONAL}}},
    {BASE(THREAD, SET_FS_BASE, W_THREAD), .w = {LAB_PAGE_VA}},
    {BASE(THREAD, ENABLE_FPU, W_THREAD)},
    {BASE(THREAD, INFO, W_THREAD)},
    {BASE(THREAD, READ_FPU, W_THREAD), .w = {0}},
    {BASE(THREAD, WRITE_FPU, W_THREAD), .w = {0, 0x37f, 0, 0, 0x1f80, 0}, .extra = true},
    {BASE(THREAD, READ_DEBUG, W_THREAD)},
    {BASE(THREAD, WRITE_DEBUG, W_THREAD), .w = {LAB_CODE_VA, LAB_PAGE_VA, 0, 0, 0, 3}},
    {BASE(THREAD, STEP, W_THREAD), .w = {1}},

    {BASE(VSPACE, MAP_TABLE, W_VSPACE), .w = {WORLD_VA_1G, W_TABLE},
     .handle_count = 1, .handles = {{1, OBJ_TABLE, M, HANDLE}}},
    {BASE(VSPACE, MAP, W_VSPACE), .w = {WORLD_VA_FREE, W_FRAME, RW, CACHE_DEFAULT},
     .handle_count = 1, .handles = {{1, OBJ_FRAME, RW, HANDLE}}},
    {BASE(TABLE, UNMAP, W_TABLE_MAPPED)},
    {BASE(FRAME, UNMAP, W_FRAME_MAPPED)},
    {BASE(FRAME, PROTECT, W_FRAME_MAPPED), .w = {RIGHT_READ}},
    {BASE(FRAME, INFO, W_FRAME)},

    {BASE(NOTIFICATION, SET_DEADLINE, W_NOTIFICATION), .w = {1, 1}},
    {BASE(IRQ, BIND, W_IRQ), .w = {W_ENDPOINT, 5},
     .handle_count = 1, .handles = {{0, OBJ_ENDPOINT, RIGHT_RECV, HANDLE}}},
    {BASE(IRQ, UNBIND, W_IRQ)},
    {BASE(IRQ, INFO, W_IRQ)},
    {BASE(IRQ, SET_LIMIT, W_IRQ), .w = {5, 1000, W_NOTIFICATION_BADGED},
     .handle_count = 1, .handles = {{2, OBJ_NOTIFICATION, RIGHT_SEND, HANDLE_OPTIONAL}}},
    {BASE(PORTMAP, INFO, W_PORTMAP)},
    {BASE(BUDGET, INFO, W_BUDGET)},

    {BASE(IRQ_CONTROL, CREATE, SLOT_IRQ_CONTROL), .w = {W_UNTYPED, WORLD_GSI + 1, 0, W_EMPTY},
     .handle_count = 1, .handles = {{0, OBJ_UNTYPED, M, HANDLE}}},
    {BASE(IRQ_CONTROL, CREATE, SLOT_IRQ_CONTROL), .w = {W_UNTYPED, 0, IRQ_MSI, W_EMPTY},
     .handle_count = 1, .handles = {{0, OBJ_UNTYPED, M, HANDLE}}},
    {BASE(IRQ_CONTROL, INFO, SLOT_IRQ_CONTROL)},
    {BASE(IOPORT_CONTROL, CREATE, SLOT_IOPORT_CONTROL), .w = {W_UNTYPED, SLOT_VSPACE, W_EMPTY},
     .handle_count = 2, .handles = {{0, OBJ_UNTYPED, M, HANDLE}, {1, OBJ_VSPACE, M, HANDLE}}},
    {BASE(IOPORT_CONTROL, GRANT, SLOT_IOPORT_CONTROL), .w = {W_PORTMAP, WORLD_PORT + 1,
                                                             WORLD_PORT + 7},
     .handle_count = 1, .handles = {{0, OBJ_PORTMAP, M, HANDLE}}},
    {BASE(CPU_CONTROL, CREATE, SLOT_CPU_CONTROL), .w = {W_UNTYPED, 1000, 10000, 90, W_EMPTY},
     .handle_count = 1, .handles = {{0, OBJ_UNTYPED, M, HANDLE}}},

    {BASE(IOSPACE, MAP_TABLE, W_IOSPACE), .w = {WORLD_IOVA_1G, W_IO_TABLE},
     .handle_count = 1, .handles = {{1, OBJ_IO_TABLE, M, HANDLE}}},
    {BASE(IOSPACE, MAP, W_IOSPACE), .w = {WORLD_IOVA_FREE, W_FRAME, RW},
     .handle_count = 1, .handles = {{1, OBJ_FRAME, RW, HANDLE}}},
    {BASE(IO_TABLE, UNMAP, W_IO_TABLE_MAPPED)},
    {BASE(DEVICE, ASSIGN, W_DEVICE), .w = {W_IOSPACE}, .iommu = true,
     .handle_count = 1, .handles = {{0, OBJ_IOSPACE, M, HANDLE_OPTIONAL}}},
    {BASE(DEVICE, SILENCE, W_DEVICE), .w = {1}, .iommu = true},
    {BASE(DEVICE, INFO, W_DEVICE), .iommu = true},
    /* root alone can, before there is anybody else */
    {BASE(DEVICE_CONTROL, ADD_IOAPIC, SLOT_DEVICE_CONTROL), .w = {0xfec00000}, .error = E_BUSY},
    {BASE(DEVICE_CONTROL, ADD_UNIT, SLOT_DEVICE_CONTROL), .w = {0xfed90000}, .error = E_BUSY},
    {BASE(DEVICE_CONTROL, CLOSE, SLOT_DEVICE_CONTROL), .error = E_BUSY},
    {BASE(DEVICE_CONTROL, START, SLOT_DEVICE_CONTROL), .error = E_BUSY},
    {BASE(DEVICE_CONTROL, CREATE, SLOT_DEVICE_CONTROL), .iommu = true,
     .w = {W_UNTYPED, 0, WORLD_REQUESTER + 1, W_EMPTY},
     .handle_count = 1, .handles = {{0, OBJ_UNTYPED, M, HANDLE}}},
    {BASE(DEVICE_CONTROL, INFO, SLOT_DEVICE_CONTROL), .iommu = true},
    {BASE(DEVICE_CONTROL, FETCH, SLOT_DEVICE_CONTROL), .iommu = true, .error = E_BUSY},
};
/* clang-format on */
const unsigned base_count = sizeof bases / sizeof bases[0];
