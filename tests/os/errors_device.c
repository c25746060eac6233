/*
 * errors_device.c - failing calls of IoSpaces, I/O tables, Devices and of what root sets up.
 */
#include "errors.h"

#define RW  (RIGHT_READ | RIGHT_WRITE)
#define MSI IOVA_MSI_WINDOW

#define FAILS(obj, op, e, invoked, text, ...)                                                      \
    {                                                                                              \
        .what = (text), .object = OBJ_##obj, .label = OP_##obj##_##op, .error = E_##e,             \
        .cap = (invoked), .w = {                                                                   \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define TABLE(e, text, ...) FAILS(IOSPACE, MAP_TABLE, e, W_IOSPACE, text, __VA_ARGS__)
#define MAP(e, text, ...)   FAILS(IOSPACE, MAP, e, W_IOSPACE, text, __VA_ARGS__)
#define IOAPIC(e, text, ...)                                                                       \
    FAILS(DEVICE_CONTROL, ADD_IOAPIC, e, SLOT_DEVICE_CONTROL, text, __VA_ARGS__)
#define UNIT(e, text, ...)                                                                         \
    FAILS(DEVICE_CONTROL, ADD_UNIT, e, SLOT_DEVICE_CONTROL, text, __VA_ARGS__)
#define CREATE(e, text, ...)                                                                       \
    {                                                                                              \
        .what = (text), .object = OBJ_DEVICE_CONTROL, .label = OP_DEVICE_CONTROL_CREATE,           \
        .error = E_##e, .iommu = true, .cap = SLOT_DEVICE_CONTROL, .w = {                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define OF_UNIT(op, e, text, ...)                                                                  \
    FAILS(DEVICE_CONTROL, op, e, SLOT_DEVICE_CONTROL, text, __VA_ARGS__)
#define NO_TABLE(missing, iova)                                                                    \
    {                                                                                              \
        .what = "a table is missing", .object = OBJ_IOSPACE, .label = OP_IOSPACE_MAP,              \
        .error = E_NO_TABLE, .cap = W_IOSPACE, .level = (missing), .w = {                          \
            (iova),                                                                                \
            W_FRAME,                                                                               \
            RW                                                                                     \
        }                                                                                          \
    }

static void copy_table(void)
{
    (void)OP4(SLOT_CNODE, OP_CNODE_COPY, W_TEMP, 0, W_IO_TABLE, RIGHT_ALL);
}

/* clang-format off */
static const struct call list[] = {
    TABLE(BAD_ARG, "address at the end", IOVA_TOP, W_IO_TABLE),
    TABLE(BAD_ARG, "last address", UINT64_MAX, W_IO_TABLE),
    TABLE(EXISTS, "all levels there", WORLD_IOVA, W_IO_TABLE),
    TABLE(BUSY, "the table is mapped", WORLD_IOVA_1G, W_IO_TABLE_MAPPED),
    {.what = "a copy, not the table's owner", .object = OBJ_IOSPACE,
     .label = OP_IOSPACE_MAP_TABLE, .error = E_BUSY, .cap = W_IOSPACE,
     .w = {WORLD_IOVA_1G, W_TEMP}, .before = copy_table},

    MAP(BAD_ARG, "address misaligned", WORLD_IOVA_FREE + 1, W_FRAME, RW),
    MAP(BAD_ARG, "address misaligned", WORLD_IOVA_FREE + 2048, W_FRAME, RW),
    MAP(BAD_ARG, "the first page", 0, W_FRAME, RW),
    MAP(BAD_ARG, "address at the end", IOVA_TOP, W_FRAME, RW),
    MAP(BAD_ARG, "address above the end", IOVA_TOP | WORLD_IOVA_FREE, W_FRAME, RW),
    MAP(BAD_ARG, "last page", UINT64_MAX & ~0xfffull, W_FRAME, RW),
    MAP(BAD_ARG, "where interrupts go, first page", MSI, W_FRAME, RW),
    MAP(BAD_ARG, "where interrupts go, last page", MSI + 0xff000, W_FRAME, RW),
    MAP(BAD_ARG, "a large page over where interrupts go", MSI & ~0x1fffffull, W_FRAME_2M_UNMAPPED, RW),
    MAP(BAD_ARG, "large page misaligned", WORLD_IOVA_1G + 4096, W_FRAME_2M_UNMAPPED, RW),
    MAP(BAD_ARG, "no rights", WORLD_IOVA_FREE, W_FRAME, 0),
    MAP(BAD_ARG, "to be executed", WORLD_IOVA_FREE, W_FRAME, RW | RIGHT_EXEC),
    MAP(BAD_ARG, "a right of no page", WORLD_IOVA_FREE, W_FRAME, RIGHT_READ | RIGHT_MANAGE),
    MAP(BAD_ARG, "all rights", WORLD_IOVA_FREE, W_FRAME, UINT64_MAX),
    MAP(NO_RIGHT, "a frame for reading", WORLD_IOVA_FREE, W_FRAME_READ, RW),
    MAP(NO_RIGHT, "a frame for reading", WORLD_IOVA_FREE, W_FRAME_READ, RIGHT_WRITE),
    MAP(EXISTS, "a page there", WORLD_IOVA, W_FRAME, RW),
    MAP(BUSY, "mapped for devices already", WORLD_IOVA_FREE, W_FRAME_IO, RW),
    MAP(BUSY, "mapped in a space already", WORLD_IOVA_FREE, W_FRAME_MAPPED, RW),
    NO_TABLE(2, WORLD_IOVA_1G),
    NO_TABLE(1, WORLD_IOVA + (1u << FRAME_2M_BITS)),
    FAILS(VSPACE, MAP, BUSY, W_VSPACE, "mapped for devices", WORLD_VA_FREE, W_FRAME_IO, RW),
    FAILS(FRAME, PROTECT, BAD_ARG, W_FRAME_IO, "no rights", 0),
    FAILS(FRAME, PROTECT, BAD_ARG, W_FRAME_IO, "to be executed", RIGHT_READ | RIGHT_EXEC),
    FAILS(FRAME, PROTECT, NO_RIGHT, W_FRAME_IO_READ, "a frame for reading", RIGHT_WRITE),

    FAILS(IO_TABLE, UNMAP, NOT_MAPPED, W_IO_TABLE, "not mapped", 0),

    FAILS(DEVICE, SILENCE, BAD_ARG, W_DEVICE, "neither 0 nor 1", 2),
    FAILS(DEVICE, SILENCE, BAD_ARG, W_DEVICE, "the last number", UINT64_MAX),

    IOAPIC(BAD_ARG, "no address of one", 0xfec00008, 0, 0),
    IOAPIC(BAD_ARG, "address above all", 1ull << UNTYPED_MAX_BITS, 0, 0),
    IOAPIC(BAD_ARG, "pin of 64 bits", 0xfec00000, 1ull << 32, 0),
    IOAPIC(BAD_ARG, "requester id above all", 0xfec00000, 0, IOAPIC_ANONYMOUS + 1),
    IOAPIC(BUSY, "all is set up", 0xfec00000, 0, IOAPIC_ANONYMOUS),
    UNIT(BAD_ARG, "no page", 0xfed90800, 0xf0, 0x220, 1, 0),
    UNIT(BAD_ARG, "address above all", 1ull << UNTYPED_MAX_BITS, 0xf0, 0x220, 1, 0),
    UNIT(BAD_ARG, "IOTLB registers misaligned", 0xfed90000, 0xf4, 0x220, 1, 0),
    UNIT(BAD_ARG, "records over the page", 0xfed90000, 0xf0, 0xff0, 2, 0),
    UNIT(BAD_ARG, "too many records", 0xfed90000, 0xf0, 0, 257, 0),
    UNIT(BAD_ARG, "levels that are not 0 or 1", 0xfed90000, 0xf0, 0x220, 1, 2),
    UNIT(BUSY, "all is set up", 0xfed90000, 0xf0, 0x220, 1, 0),
    OF_UNIT(CLOSE, BUSY, "closed already", 0),
    OF_UNIT(START, BUSY, "started, or no unit", IOMMU_QUEUED, 256),

    OF_UNIT(CREATE, BAD_ARG, "no such unit", W_UNTYPED, IOMMU_UNITS_MAX, WORLD_REQUESTER, W_EMPTY),
    OF_UNIT(CREATE, BAD_ARG, "unit of 64 bits", W_UNTYPED, 1ull << 32, WORLD_REQUESTER, W_EMPTY),
    CREATE(BAD_ARG, "requester above all", W_UNTYPED, 0, 0x10000, W_EMPTY),
    CREATE(BAD_ARG, "requester of 64 bits", W_UNTYPED, 0, 1ull << 32, W_EMPTY),
    CREATE(BAD_ARG, "device memory pays", SLOT_MMIO, 0, WORLD_REQUESTER + 1, W_EMPTY),
    CREATE(BAD_ARG, "slot 0", W_UNTYPED, 0, WORLD_REQUESTER + 1, 0),
    CREATE(BAD_ARG, "slot outside", W_UNTYPED, 0, WORLD_REQUESTER + 1, ARG_SLOTS),
    CREATE(EXISTS, "slot in use", W_UNTYPED, 0, WORLD_REQUESTER + 1, W_ENDPOINT),
    CREATE(EXISTS, "there is one", W_UNTYPED, 0, WORLD_REQUESTER, W_EMPTY),
    CREATE(NO_MEMORY, "nothing left", W_FULL, 0, WORLD_REQUESTER + 1, W_EMPTY),
    OF_UNIT(INFO, BAD_ARG, "no such unit", IOMMU_UNITS_MAX),
    OF_UNIT(INFO, BAD_ARG, "unit of 64 bits", 1ull << 32),
    OF_UNIT(FETCH, BAD_ARG, "no such unit", IOMMU_UNITS_MAX),
    {.what = "no record", .object = OBJ_DEVICE_CONTROL, .label = OP_DEVICE_CONTROL_FETCH,
     .error = E_BUSY, .iommu = true, .cap = SLOT_DEVICE_CONTROL},
};
/* clang-format on */

CALL_TABLE(errors_device);
