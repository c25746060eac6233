/*
 * iommu.c - what a device reaches of memory: an edu copies to and from device addresses that a test
 * maps, protects and takes back. The IOTLB of the emulator keeps what it has seen, so a mapping
 * that is taken back without invalidation would still work. A refused access that hits it is not
 * recorded.
 */
#include "device.h"
#include "test.h"
#include "world.h"

#include <string.h>

#define RW       (RIGHT_READ | RIGHT_WRITE)
#define IOVA     0x10000000ull
#define IOVA_2M  0x50000000ull /* in another GiB */
#define BYTES    64u
#define NO_ROOT  1u /* reasons, VT-d specification 4.1, table 7.1.3: no Device on its bus */
#define NO_SPACE 2u
#define NO_WRITE 5u
#define NO_READ  6u

static struct edu edu[2];
static uint64_t device, space, tables[2], frame, middle,
    io_frame;         /* each derived from the one before */
static uint8_t *page; /* frame, mapped here */

static bool ok(const char *what, int status)
{
    return test_expect_error(what, status, E_OK);
}

static bool map_tables(uint64_t of, uint64_t iova)
{
    for (unsigned i = 0; i < 2; i++) {
        tables[i] = lab_make(OBJ_IO_TABLE, 0);
        if (!ok("an I/O table", OP2(of, OP_IOSPACE_MAP_TABLE, iova, tables[i])) ||
            !test_expect("its level", test_out.w[0], 2 - i))
            return false;
    }
    return true;
}

static int create(uint64_t requester, uint64_t slot)
{
    return OP4(SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_CREATE, SLOT_UNTYPED, 0, requester, slot);
}

static uint64_t fetch(void)
{
    return (uint64_t)OP1(SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_FETCH, 0);
}

/* The edu's Device with an IoSpace in which a page is mapped at IOVA with @rights. */
static bool prepare(uint64_t rights)
{
    device = lab_slot();
    space = lab_make(OBJ_IOSPACE, 0);
    frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    middle = lab_copy(frame, RIGHT_ALL, 0);
    io_frame = lab_copy(middle, RIGHT_ALL, 0);
    if (!edu_open(edu) || !ok("a Device", create(edu_requester(&edu[0]), device)) ||
        !map_tables(space, IOVA) ||
        !ok("mapping", OP3(space, OP_IOSPACE_MAP, IOVA, io_frame, rights)) ||
        !ok("assigning", OP1(device, OP_DEVICE_ASSIGN, space)))
        return false;
    page = lab_map_here(frame);
    memset(page, 0x5a, 4096);
    while (fetch() == E_OK)
        continue;
    return true;
}

/* The edu's memory becomes BYTES of @value; needs a mapped page. */
static void fill(uint8_t value)
{
    memset(page + 2048, value, BYTES);
    edu_read(&edu[0], IOVA + 2048, 0, BYTES);
}

static bool is(const uint8_t *at, uint8_t value)
{
    for (unsigned i = 0; i < BYTES; i++)
        if (at[i] != value)
            return false;
    return true;
}

/* The one record is that of the edu's access to @address. */
static bool recorded(uint64_t address, uint64_t reason, bool write)
{
    return test_expect("a record", fetch(), E_OK) &&
           test_expect("its requester", test_out.w[0], edu_requester(&edu[0])) &&
           test_expect("its address", test_out.w[1], address) &&
           test_expect("its reason", test_out.w[2], reason) &&
           test_expect("a write", test_out.w[3], write) &&
           test_expect("no other record", fetch(), E_BUSY);
}

/* A write of the edu to IOVA leaves the page as it was. */
static bool write_fails(void)
{
    memset(page, 0x5a, BYTES);
    edu_write(&edu[0], IOVA, 0, BYTES);
    return test_expect("memory unchanged", is(page, 0x5a), true);
}

static bool write_works(void)
{
    fill(0x33);
    memset(page, 0x5a, BYTES);
    edu_write(&edu[0], IOVA, 0, BYTES);
    return test_expect("memory written", is(page, 0x33), true) &&
           test_expect("no record", fetch(), E_BUSY);
}

static void mapped(void)
{
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    EXPECT(is(page + BYTES, 0x5a), true);
}

static void unmapped_write(void)
{
    if (!prepare(RW))
        return;
    fill(0x44);
    edu_write(&edu[0], IOVA + 4096, 0, BYTES);
    EXPECT(recorded(IOVA + 4096, NO_WRITE, true), true);
    edu_write(&edu[0], IOVA_2M + 0x3000, 0, BYTES); /* no table there */
    EXPECT(recorded(IOVA_2M + 0x3000, NO_WRITE, true), true);
    EXPECT(is(page, 0x5a), true);
}

/* What the edu has after a refused read is nobody's memory. */
static void unmapped_read(void)
{
    if (!prepare(RW))
        return;
    fill(0x44);
    edu_read(&edu[0], IOVA + 4096, 0, BYTES);
    EXPECT(recorded(IOVA + 4096, NO_READ, false), true);
    edu_write(&edu[0], IOVA, 0, BYTES);
    EXPECT(is(page, 0) || is(page, 0x44), true);
}

/* On a page that is not in the IOTLB the refusal is recorded. */
static void read_only(void)
{
    if (!prepare(RIGHT_READ))
        return;
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_WRITE, true), true);
    fill(0x11);
    EXPECT(write_fails(), true); /* now it is there */
}

static void write_only(void)
{
    if (!prepare(RIGHT_WRITE))
        return;
    edu_read(&edu[0], IOVA, 0, BYTES);
    EXPECT(recorded(IOVA, NO_READ, false), true);
    memset(page, 0x5a, BYTES);
    edu_write(&edu[0], IOVA, 0, BYTES);
    EXPECT(is(page, 0x5a), false);
}

static void large_page(void)
{
    uint64_t large = lab_make(OBJ_FRAME, FRAME_2M_BITS), copy = lab_copy(large, RIGHT_ALL, 0);
    uint8_t *here;

    if (!prepare(RW))
        return;
    EXPECT(map_tables(space, IOVA_2M), true);
    EXPECT_ERROR(OP3(space, OP_IOSPACE_MAP, IOVA_2M, copy, RW), E_EXISTS); /* a table is */
    EXPECT_OK(OP0(tables[1], OP_IO_TABLE_UNMAP));
    EXPECT_OK(OP3(space, OP_IOSPACE_MAP, IOVA_2M, copy, RW));
    here = (uint8_t *)lab_va(1024) + (1u << FRAME_2M_BITS);
    here = (uint8_t *)((uint64_t)here & ~((1ull << FRAME_2M_BITS) - 1));
    EXPECT_OK(lab_map(SLOT_VSPACE, (uint64_t)here, large, RW));
    fill(0x77);
    edu_write(&edu[0], IOVA_2M + 0x1ff000, 0, BYTES);
    EXPECT(is(here + 0x1ff000, 0x77), true);
    EXPECT(is(here, 0), true);
    EXPECT(fetch(), E_BUSY);
    EXPECT_OK(OP0(copy, OP_FRAME_UNMAP));
    memset(here + 0x1ff000, 0, BYTES);
    edu_write(&edu[0], IOVA_2M + 0x1ff000, 0, BYTES);
    EXPECT(is(here + 0x1ff000, 0), true);
    EXPECT(recorded(IOVA_2M + 0x1ff000, NO_WRITE, true), true);
}

/* ---- what was allowed is taken back, in each way that there is */

static void unmap(void)
{
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    EXPECT_OK(OP0(io_frame, OP_FRAME_UNMAP));
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_WRITE, true), true);
    EXPECT_OK(OP3(space, OP_IOSPACE_MAP, IOVA, io_frame, RW));
    EXPECT(write_works(), true);
}

static void protect(void)
{
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    EXPECT_OK(OP1(io_frame, OP_FRAME_PROTECT, RIGHT_READ));
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_WRITE, true), true);
    EXPECT_OK(OP1(io_frame, OP_FRAME_PROTECT, RW));
    EXPECT(write_works(), true);
}

static void revoke_frame(void)
{
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, middle));
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_WRITE, true), true);
}

static void unmap_table(void)
{
    if (!prepare(RW))
        return;
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(write_works(), true);
        EXPECT_OK(OP0(tables[i], OP_IO_TABLE_UNMAP));
        EXPECT(write_fails(), true);
        EXPECT(recorded(IOVA, NO_WRITE, true), true);
        EXPECT_OK(OP2(space, OP_IOSPACE_MAP_TABLE, IOVA, tables[i])); /* with all that is in it */
    }
    EXPECT(write_works(), true);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, tables[1]));
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_WRITE, true), true);
    EXPECT_ERROR(OP0(io_frame, OP_FRAME_UNMAP), E_NOT_MAPPED);
}

static void unassign(void)
{
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, 0));
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_SPACE, true), true);
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, space));
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, space));
    EXPECT(write_works(), true);
}

static void delete_device(void)
{
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, device));
    EXPECT(write_fails(), true);
    EXPECT(fetch(), E_OK); /* another Device on the bus, of somebody else's, decides which */
    EXPECT(test_out.w[2] == NO_ROOT || test_out.w[2] == NO_SPACE, true);
    EXPECT_OK(create(edu_requester(&edu[0]), device));
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, space));
    EXPECT(write_works(), true);
}

static void delete_space(void)
{
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, space));
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_SPACE, true), true);
    EXPECT_OK(OP0(device, OP_DEVICE_INFO));
    EXPECT(test_out.w[1], edu_requester(&edu[0]));
    EXPECT(test_out.w[2], 0);
    EXPECT_ERROR(OP0(tables[0], OP_IO_TABLE_UNMAP), E_NOT_MAPPED);
    EXPECT_OK(OP0(io_frame, OP_FRAME_UNMAP)); /* it was in a table that is still there */
}

/* A copy of the IoSpace's capability was assigned: its revocation blocks the device. */
static void revoke_space(void)
{
    uint64_t copy;

    if (!prepare(RW))
        return;
    copy = lab_copy(space, RIGHT_ALL, 0);
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, copy));
    EXPECT(write_works(), true);
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, copy));
    EXPECT(write_fails(), true);
    EXPECT(recorded(IOVA, NO_SPACE, true), true);
}

/* The bus's table moves when its first Device goes. */
static void first_device_goes(void)
{
    uint64_t other[2] = {lab_slot(), lab_slot()};

    EXPECT_OK(create(0xf8, other[0])); /* nothing is there, nor in the next */
    EXPECT_OK(create(0xf9, other[1]));
    if (!prepare(RW))
        return;
    EXPECT(write_works(), true);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_DELETE, other[i]));
        EXPECT(write_works(), true);
    }
}

/* ---- more of one kind */

static void two_spaces(void)
{
    uint64_t second = lab_make(OBJ_IOSPACE, 0), frame2 = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    uint64_t copy = lab_copy(frame2, RIGHT_ALL, 0), device2 = lab_slot();
    uint8_t *page2 = lab_map_here(frame2);

    if (!prepare(RW))
        return;
    EXPECT(map_tables(second, IOVA), true);
    EXPECT_OK(OP3(second, OP_IOSPACE_MAP, IOVA, copy, RW));
    EXPECT_OK(create(edu_requester(&edu[1]), device2));
    EXPECT_OK(OP1(device2, OP_DEVICE_ASSIGN, second));
    EXPECT(write_works(), true);
    edu_read(&edu[1], IOVA, 0, BYTES); /* the second page is zero */
    memset(page2, 0x5a, BYTES);
    edu_write(&edu[1], IOVA, 0, BYTES);
    EXPECT(is(page2, 0) && is(page, 0x33), true);
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, second)); /* both in one */
    edu_write(&edu[0], IOVA, 0, BYTES);
    EXPECT(is(page2, 0x33), true);
    EXPECT_OK(OP1(device2, OP_DEVICE_ASSIGN, 0));
    memset(page2, 0, BYTES);
    edu_write(&edu[0], IOVA, 0, BYTES);
    EXPECT(is(page2, 0x33), true);
    EXPECT(fetch(), E_BUSY);
}

static void silenced(void)
{
    if (!prepare(RW))
        return;
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, 0));
    EXPECT_OK(OP1(device, OP_DEVICE_SILENCE, 1));
    EXPECT(write_fails(), true);
    EXPECT(fetch(), E_BUSY);
    EXPECT_OK(OP1(device, OP_DEVICE_ASSIGN, space));
    edu_write(&edu[0], IOVA + 4096, 0, BYTES);
    EXPECT(fetch(), E_BUSY);
    EXPECT_OK(OP0(device, OP_DEVICE_INFO));
    EXPECT(test_out.w[2] == 1 && test_out.w[3] == 1, true);
    EXPECT_OK(OP1(device, OP_DEVICE_SILENCE, 0));
    edu_write(&edu[0], IOVA + 4096, 0, BYTES);
    EXPECT(recorded(IOVA + 4096, NO_WRITE, true), true);
}

/* A fault arrives as an interrupt does; the next one when all records have been fetched. */
static void fault_message(void)
{
    struct puppet manager;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0), irq = lab_slot();

    if (!prepare(RW))
        return;
    MAKE_PUPPET(&manager, true, 0);
    /* the driver manager gives it up while the edu are borrowed */
    EXPECT_OK(OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, 0, IRQ_IOMMU, irq));
    EXPECT_ERROR(OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, 0, IRQ_IOMMU,
                     lab_slot()),
                 E_BUSY);
    EXPECT_OK(OP2(irq, OP_IRQ_BIND, ep, 0xfa));
    puppet_recv(&manager, ep);
    for (unsigned i = 1; i <= 3; i++) {
        EXPECT_ERROR(puppet_status(&manager), BLOCKED);
        edu_write(&edu[0], IOVA + i * 4096, 0, BYTES);
        EXPECT_OK(puppet_status(&manager));
        EXPECT(puppet_kind(&manager), KIND_IRQ);
        EXPECT(puppet_out(&manager, R_RDI), 0xfa);
        EXPECT(puppet_out(&manager, R_RDX), 1);
        EXPECT(recorded(IOVA + i * 4096, NO_WRITE, true), true);
        puppet_reply_recv(&manager, ep, 0, 0);
    }
    edu_write(&edu[0], IOVA + 0x9000, 0, BYTES); /* not fetched: no more of them */
    edu_write(&edu[0], IOVA + 0xa000, 0, BYTES);
    puppet_reply_recv(&manager, ep, 0, 0);
    EXPECT_ERROR(puppet_status(&manager), BLOCKED);
    while (fetch() == E_OK)
        continue;
}

/* The least that any unit knows are 16, of which 0 is none; the emulator's has more than the kernel
 * keeps. */
static void too_many_spaces(void)
{
    unsigned count = 0;
    int status = E_OK;

    while (status == E_OK && count < 300) {
        uint64_t one = lab_make(OBJ_IOSPACE, 0), of = lab_slot();

        EXPECT(lab_error() == NULL, true);
        EXPECT_OK(create(0xff00u - count - 1, of));
        status = OP1(of, OP_DEVICE_ASSIGN, one);
        count += status == E_OK;
    }
    EXPECT_ERROR(status, E_LIMIT);
    EXPECT(count >= 200 && count <= 255, true);
}

/* The emulator lets a write to where interrupts go pass (docs/security.md): nobody suffers. */
static void forged_by_write(void)
{
    static const uint32_t data[] = {0x02,  0x31,  0x80,  0xfe,  0xff,
                                    0x108, 0x120, 0x1fe, 0x400, 0x431};

    if (!prepare(RW))
        return;
    for (unsigned i = 0; i < sizeof data / sizeof data[0]; i++) {
        memcpy(page + 2048, &data[i], 4);
        edu_read(&edu[0], IOVA + 2048, 0, 4);
        edu_write(&edu[0], IOVA_MSI_WINDOW, 0, 4);
    }
    while (fetch() == E_OK)
        continue;
    EXPECT(write_works(), true);
}

static const struct test list[] = {
    {"kernel.iommu.mapped", mapped},
    {"kernel.iommu.unmapped_write", unmapped_write},
    {"kernel.iommu.unmapped_read", unmapped_read},
    {"kernel.iommu.read_only", read_only},
    {"kernel.iommu.write_only", write_only},
    {"kernel.iommu.large_page", large_page},
    {"kernel.iommu.unmap", unmap},
    {"kernel.iommu.protect", protect},
    {"kernel.iommu.revoke_frame", revoke_frame},
    {"kernel.iommu.unmap_table", unmap_table},
    {"kernel.iommu.unassign", unassign},
    {"kernel.iommu.delete_device", delete_device},
    {"kernel.iommu.delete_space", delete_space},
    {"kernel.iommu.revoke_space", revoke_space},
    {"kernel.iommu.first_device_goes", first_device_goes},
    {"kernel.iommu.two_spaces", two_spaces},
    {"kernel.iommu.silenced", silenced},
    {"kernel.iommu.fault_message", fault_message},
    {"kernel.iommu.too_many_spaces", too_many_spaces},
    {"kernel.iommu.forged_by_write", forged_by_write},
};

static bool has_edu_and_iommu(void)
{
    return has_edu() && world_has_iommu();
}

TEST_AREA_OF(tests_iommu, list, has_edu_and_iommu);
