/*
 * errors_memory.c - failing calls of untyped memory, address spaces, tables and frames.
 */
#include "errors.h"

#define RW  (RIGHT_READ | RIGHT_WRITE)
#define RWX (RW | RIGHT_EXEC)

#define FAILS(obj, op, e, invoked, text, ...)                                                      \
    {                                                                                              \
        .what = (text), .object = OBJ_##obj, .label = OP_##obj##_##op, .error = E_##e,             \
        .cap = (invoked), .w = {                                                                   \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define RETYPE(e, text, ...) FAILS(UNTYPED, RETYPE, e, W_UNTYPED, text, __VA_ARGS__)
#define DEVICE(text, type, bits)                                                                   \
    FAILS(UNTYPED, RETYPE, BAD_ARG, SLOT_MMIO, text, type, bits, 0, W_EMPTY, 1, W_THREAD)
#define TABLE(e, text, ...)   FAILS(VSPACE, MAP_TABLE, e, W_VSPACE, text, __VA_ARGS__)
#define MAP(e, text, ...)     FAILS(VSPACE, MAP, e, W_VSPACE, text, __VA_ARGS__)
#define PROTECT(e, text, ...) FAILS(FRAME, PROTECT, e, W_FRAME_MAPPED, text, __VA_ARGS__)

#define NO_TABLE(missing, va)                                                                      \
    {                                                                                              \
        .what = "a table is missing", .object = OBJ_VSPACE, .label = OP_VSPACE_MAP,                \
        .error = E_NO_TABLE, .cap = W_VSPACE, .level = (missing), .w = {                           \
            (va),                                                                                  \
            W_FRAME,                                                                               \
            RW                                                                                     \
        }                                                                                          \
    }

static void copy_table(void)
{
    (void)OP4(SLOT_CNODE, OP_CNODE_COPY, W_TEMP, 0, W_TABLE, RIGHT_ALL);
}

/* clang-format off */
static const struct call list[] = {
    RETYPE(BAD_ARG, "type NULL", OBJ_NULL, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "type IRQ", OBJ_IRQ, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "type PORTMAP", OBJ_PORTMAP, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "type BUDGET", OBJ_BUDGET, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "type IRQ_CONTROL", OBJ_IRQ_CONTROL, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "type IOPORT_CONTROL", OBJ_IOPORT_CONTROL, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "type CPU_CONTROL", OBJ_CPU_CONTROL, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "no type", OBJ_COUNT, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "a type of 64 bits", 1ull << 32 | OBJ_ENDPOINT, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "the last type", UINT64_MAX, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "frame of 8 KiB", OBJ_FRAME, 13, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "frame of 1 byte", OBJ_FRAME, 0, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "frame of 2^64 bytes", OBJ_FRAME, 64, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "frame, size of 64 bits", OBJ_FRAME, 1ull << 32 | 12, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "frame, largest size", OBJ_FRAME, UINT64_MAX, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "CNode too small", OBJ_CNODE, CNODE_MIN_BITS - 1, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "CNode too large", OBJ_CNODE, CNODE_MAX_BITS + 1, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "CNode, largest size", OBJ_CNODE, UINT64_MAX, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "untyped too small", OBJ_UNTYPED, UNTYPED_MIN_BITS - 1, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "untyped too large", OBJ_UNTYPED, UNTYPED_MAX_BITS + 1, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "untyped of 2^64 bytes", OBJ_UNTYPED, 64, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "untyped, largest size", OBJ_UNTYPED, UINT64_MAX, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "an endpoint with a size", OBJ_ENDPOINT, ENDPOINT_BITS, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "a thread with a size", OBJ_THREAD, 1, 0, W_EMPTY, 1),
    RETYPE(BAD_ARG, "slot 0", OBJ_ENDPOINT, 0, 0, 0, 1),
    RETYPE(BAD_ARG, "slot outside", OBJ_ENDPOINT, 0, 0, ARG_SLOTS, 1),
    RETYPE(BAD_ARG, "last slot number", OBJ_ENDPOINT, 0, 0, UINT64_MAX, 1),
    RETYPE(BAD_ARG, "slots around the end", OBJ_ENDPOINT, 0, 0, UINT64_MAX, 2),
    RETYPE(BAD_ARG, "slot outside another CNode", OBJ_ENDPOINT, 0, W_CNODE, 16, 1),
    RETYPE(BAD_ARG, "slots beyond another CNode", OBJ_ENDPOINT, 0, W_CNODE, 15, 2),
    RETYPE(BAD_ARG, "none", OBJ_ENDPOINT, 0, 0, W_EMPTY, 0),
    RETYPE(BAD_ARG, "too many at once", OBJ_ENDPOINT, 0, 0, W_EMPTY, 257),
    RETYPE(BAD_ARG, "2^63", OBJ_ENDPOINT, 0, 0, W_EMPTY, 1ull << 63),
    RETYPE(BAD_ARG, "2^64 - 1", OBJ_ENDPOINT, 0, 0, W_EMPTY, UINT64_MAX),
    DEVICE("an endpoint of device memory", OBJ_ENDPOINT, 0),
    DEVICE("a CNode of device memory", OBJ_CNODE, CNODE_MIN_BITS),
    DEVICE("a thread of device memory", OBJ_THREAD, 0),
    DEVICE("a VSpace of device memory", OBJ_VSPACE, 0),
    DEVICE("a table of device memory", OBJ_TABLE, 0),
    DEVICE("a notification of device memory", OBJ_NOTIFICATION, 0),
    DEVICE("a Reply of device memory", OBJ_REPLY, 0),
    RETYPE(EXISTS, "slot in use", OBJ_ENDPOINT, 0, 0, W_ENDPOINT, 1),
    RETYPE(EXISTS, "last of three slots in use", OBJ_ENDPOINT, 0, 0, W_EMPTY, 3),
    RETYPE(EXISTS, "slot of another CNode in use", OBJ_ENDPOINT, 0, W_CNODE, 3, 1),
    RETYPE(NO_MEMORY, "larger than the untyped", OBJ_UNTYPED, 17, 0, W_EMPTY, 1),
    RETYPE(NO_MEMORY, "a large page", OBJ_FRAME, FRAME_2M_BITS, 0, W_EMPTY, 1),
    RETYPE(NO_MEMORY, "two that do not fit", OBJ_UNTYPED, 16, 0, W_EMPTY, 2),
    FAILS(UNTYPED, RETYPE, NO_MEMORY, W_FULL, "nothing left", OBJ_ENDPOINT, 0, 0, W_EMPTY, 1),

    TABLE(BAD_ARG, "address at the end", USER_TOP, W_TABLE),
    TABLE(BAD_ARG, "address not canonical", 1ull << 47, W_TABLE),
    TABLE(BAD_ARG, "address of the kernel", 0xffff800000000000ull, W_TABLE),
    TABLE(BAD_ARG, "last address", UINT64_MAX, W_TABLE),
    TABLE(EXISTS, "all levels there", WORLD_VA, W_TABLE),
    TABLE(EXISTS, "a large page there", WORLD_VA_2M, W_TABLE),
    TABLE(BUSY, "the table is mapped", WORLD_VA_1G, W_TABLE_MAPPED),
    {.what = "a copy, not the table's owner", .object = OBJ_VSPACE, .label = OP_VSPACE_MAP_TABLE,
     .error = E_BUSY, .cap = W_VSPACE, .w = {WORLD_VA_1G, W_TEMP}, .before = copy_table},

    MAP(BAD_ARG, "address misaligned", WORLD_VA_FREE + 1, W_FRAME, RW),
    MAP(BAD_ARG, "address misaligned", WORLD_VA_FREE + 8, W_FRAME, RW),
    MAP(BAD_ARG, "address misaligned", WORLD_VA_FREE + 2048, W_FRAME, RW),
    MAP(BAD_ARG, "large page misaligned", WORLD_VA_1G + 4096, W_FRAME_2M_UNMAPPED, RW),
    MAP(BAD_ARG, "large page misaligned", WORLD_VA_1G + (1u << 20), W_FRAME_2M_UNMAPPED, RW),
    MAP(BAD_ARG, "address at the end", USER_TOP, W_FRAME, RW),
    MAP(BAD_ARG, "large page over the end", USER_TOP + 4096 - (1u << 21), W_FRAME_2M_UNMAPPED, RW),
    MAP(BAD_ARG, "address not canonical", 1ull << 47, W_FRAME, RW),
    MAP(BAD_ARG, "address of the kernel", 0xffff800000000000ull, W_FRAME, RW),
    MAP(BAD_ARG, "last page", UINT64_MAX & ~0xfffull, W_FRAME, RW),
    MAP(BAD_ARG, "no rights", WORLD_VA_FREE, W_FRAME, 0),
    MAP(BAD_ARG, "not to be read", WORLD_VA_FREE, W_FRAME, RIGHT_WRITE),
    MAP(BAD_ARG, "execute only", WORLD_VA_FREE, W_FRAME, RIGHT_EXEC),
    MAP(BAD_ARG, "writable and executable", WORLD_VA_FREE, W_FRAME, RWX),
    MAP(BAD_ARG, "a right of no page", WORLD_VA_FREE, W_FRAME, RW | RIGHT_MANAGE),
    MAP(BAD_ARG, "an unknown right", WORLD_VA_FREE, W_FRAME, RW | 1ull << 40),
    MAP(BAD_ARG, "all rights", WORLD_VA_FREE, W_FRAME, UINT64_MAX),
    MAP(BAD_ARG, "unknown cache attribute", WORLD_VA_FREE, W_FRAME, RW, CACHE_WRITE_COMBINING + 1),
    MAP(BAD_ARG, "largest cache attribute", WORLD_VA_FREE, W_FRAME, RW, UINT64_MAX),
    MAP(NO_RIGHT, "a frame for reading", WORLD_VA_FREE, W_FRAME_READ, RW),
    MAP(NO_RIGHT, "a frame not for code", WORLD_VA_FREE, W_FRAME_READ, RIGHT_READ | RIGHT_EXEC),
    MAP(EXISTS, "a page there", WORLD_VA, W_FRAME, RW),
    MAP(EXISTS, "inside a large page", WORLD_VA_2M + 4096, W_FRAME, RW),
    MAP(EXISTS, "a large page there", WORLD_VA_2M, W_FRAME_2M_UNMAPPED, RW),
    MAP(EXISTS, "a table where the large page would be", WORLD_VA, W_FRAME_2M_UNMAPPED, RW),
    MAP(BUSY, "mapped already", WORLD_VA_FREE, W_FRAME_MAPPED, RW),
    MAP(BUSY, "mapped already", WORLD_VA_FREE, W_FRAME_READ, RIGHT_READ),
    NO_TABLE(2, WORLD_VA_1G),
    NO_TABLE(1, WORLD_VA + (2u << FRAME_2M_BITS)),
    NO_TABLE(3, 1ull << 40),
    {.what = "a table is missing", .object = OBJ_VSPACE, .label = OP_VSPACE_MAP,
     .error = E_NO_TABLE, .cap = W_VSPACE, .level = 2, .w = {WORLD_VA_1G, W_FRAME_2M_UNMAPPED, RW}},

    FAILS(TABLE, UNMAP, NOT_MAPPED, W_TABLE, "not mapped", 0),
    FAILS(FRAME, UNMAP, NOT_MAPPED, W_FRAME, "not mapped", 0),
    FAILS(FRAME, UNMAP, NOT_MAPPED, W_FRAME_2M_UNMAPPED, "this copy is not mapped", 0),
    FAILS(FRAME, PROTECT, NOT_MAPPED, W_FRAME, "not mapped", RW),
    FAILS(FRAME, PROTECT, NO_RIGHT, W_FRAME_READ, "a frame for reading", RW),
    FAILS(FRAME, PROTECT, NO_RIGHT, W_FRAME_READ, "a frame not for code", RIGHT_READ | RIGHT_EXEC),
    PROTECT(BAD_ARG, "no rights", 0),
    PROTECT(BAD_ARG, "not to be read", RIGHT_WRITE),
    PROTECT(BAD_ARG, "execute only", RIGHT_EXEC),
    PROTECT(BAD_ARG, "writable and executable", RWX),
    PROTECT(BAD_ARG, "a right of no page", RW | RIGHT_SEND),
    PROTECT(BAD_ARG, "all rights", UINT64_MAX),
};
/* clang-format on */

CALL_TABLE(errors_memory);
