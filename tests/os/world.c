/*
 * world.c - see world.h. Slots are handed out by the lab in order, so the world's numbers are
 * constants; the lab takes everything back.
 */
#include "world.h"
#include <stdio.h>

struct world world;

#define RW      (RIGHT_READ | RIGHT_WRITE)
#define PATTERN 0x5a5a5a5a5a5a5a5aull

static bool ok(const char *what, int status)
{
    return test_expect_error(what, status, E_OK);
}

static bool make(uint64_t slot, unsigned type, uint64_t bits, uint64_t thread)
{
    return ok("retype for the world",
              op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, type, bits, 0, slot, 1, thread));
}

static bool copy(uint64_t to, uint64_t from, uint64_t rights, uint64_t badge)
{
    uint32_t label = badge == 0 ? OP_CNODE_COPY : OP_CNODE_MINT;

    return ok("copy for the world", OP5(SLOT_CNODE, label, to, 0, from, rights, badge));
}

static bool reserve_slots(void)
{
    for (uint64_t slot = W_EMPTY; slot < W_END; slot++)
        if (!test_expect("the lab's next slot", lab_slot(), slot))
            return false;
    return true;
}

static bool make_objects(void)
{
    static const struct {
        uint8_t slot, type, bits;
    } plain[] = {{W_ENDPOINT, OBJ_ENDPOINT, 0},
                 {W_FREED, OBJ_ENDPOINT, 0},
                 {W_UNTYPED, OBJ_UNTYPED, 16},
                 {W_FULL, OBJ_UNTYPED, ENDPOINT_BITS},
                 {W_CNODE, OBJ_CNODE, 4},
                 {W_CHAIN, OBJ_CNODE, 8},
                 {W_THREAD, OBJ_THREAD, 0},
                 {W_BOUND, OBJ_THREAD, 0},
                 {W_BOUND_NOTIFICATION, OBJ_NOTIFICATION, 0},
                 {W_TABLE, OBJ_TABLE, 0},
                 {W_FRAME, OBJ_FRAME, FRAME_4K_BITS},
                 {W_FRAME_MAPPED, OBJ_FRAME, FRAME_4K_BITS},
                 {W_NOTIFICATION, OBJ_NOTIFICATION, 0},
                 {W_IOSPACE, OBJ_IOSPACE, 0},
                 {W_IO_TABLE, OBJ_IO_TABLE, 0},
                 {W_IO_TABLE_MAPPED, OBJ_IO_TABLE, 0},
                 {W_FRAME_IO, OBJ_FRAME, FRAME_4K_BITS}};

    for (unsigned i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (!make(plain[i].slot, plain[i].type, plain[i].bits, 0))
            return false;
    return make(W_REPLY, OBJ_REPLY, 0, W_THREAD) && copy(W_BADGED, W_ENDPOINT, RIGHT_ALL, 0xbad) &&
           ok("delete for the world", OP1(SLOT_CNODE, OP_CNODE_DELETE, W_FREED)) &&
           ok("filling an untyped",
              OP5(W_FULL, OP_UNTYPED_RETYPE, OBJ_ENDPOINT, 0, 0, W_FULL_ENDPOINT, 1)) &&
           ok("filling a CNode", OP4(W_CNODE, OP_CNODE_COPY, 3, 0, W_ENDPOINT, RIGHT_ALL)) &&
           ok("allowing the FPU", OP0(W_THREAD, OP_THREAD_ENABLE_FPU)) &&
           ok("binding", OP1(W_BOUND, OP_THREAD_BIND, W_BOUND_NOTIFICATION));
}

static bool make_controlled(void)
{
    return ok("an Irq",
              OP4(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_CREATE, SLOT_UNTYPED, WORLD_GSI, 0, W_IRQ)) &&
           ok("a PortMap", OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, SLOT_UNTYPED,
                               W_VSPACE, W_PORTMAP)) &&
           ok("a port", OP3(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, W_PORTMAP, WORLD_PORT,
                            WORLD_PORT)) &&
           copy(W_NOTIFICATION_BADGED, W_NOTIFICATION, RIGHT_ALL, 2) &&
           ok("device memory",
              OP5(SLOT_MMIO, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_4K_BITS, 0, W_FRAME_DEVICE, 1)) &&
           ok("a Budget", OP5(SLOT_CPU_CONTROL, OP_CPU_CONTROL_CREATE, SLOT_UNTYPED, 0, 0,
                              WORLD_PRIORITY, W_BUDGET));
}

static bool make_puppets(void)
{
    world.faults = lab_make(OBJ_ENDPOINT, 0);
    if (!puppet_make(&world.caller, false, PUPPET_PRIORITY, 0) ||
        !puppet_make(&world.mute, false, PUPPET_PRIORITY, 0) ||
        !puppet_make(&world.prober, true, PUPPET_PRIORITY, world.faults))
        return false;
    for (unsigned i = 0; i < MSG_EXTRA_MAX; i++) /* registers for WRITE_REGS */
        world.caller.buffer->words[i] = i < 12 ? 0x1000u + i : 0;
    return copy(W_VSPACE, world.prober.peer.vspace, RIGHT_ALL, 0) &&
           copy(W_WAITING, world.mute.thread, RIGHT_ALL, 0) &&
           ok("taking a buffer away",
              OP1(SLOT_CNODE, OP_CNODE_REVOKE, world.mute.peer.t.buffer_frame));
}

/* The level-1 table of WORLD_VA is W_TABLE_MAPPED; those above are the lab's. */
static bool map(void)
{
    uint64_t table = lab_make(OBJ_TABLE, 0);

    return ok("a table", OP2(W_VSPACE, OP_VSPACE_MAP_TABLE, WORLD_VA, table)) &&
           make(W_TABLE_MAPPED, OBJ_TABLE, 0, 0) &&
           ok("a table", OP2(W_VSPACE, OP_VSPACE_MAP_TABLE, WORLD_VA, W_TABLE_MAPPED)) &&
           copy(W_FRAME_READ, W_FRAME_MAPPED, RIGHT_READ | RIGHT_MANAGE, 0) &&
           ok("mapping", OP4(W_VSPACE, OP_VSPACE_MAP, WORLD_VA, W_FRAME_MAPPED, RW, 0)) &&
           ok("mapping",
              OP4(W_VSPACE, OP_VSPACE_MAP, WORLD_VA + 4096, W_FRAME_READ, RIGHT_READ, 0));
}

bool world_has_iommu(void)
{
    return OP1(SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_INFO, 0) == E_OK;
}

/* As map, below; W_IO_TABLE_MAPPED is the level-1 table. */
static bool map_for_devices(void)
{
    uint64_t table = lab_make(OBJ_IO_TABLE, 0);

    return ok("an I/O table", OP2(W_IOSPACE, OP_IOSPACE_MAP_TABLE, WORLD_IOVA, table)) &&
           ok("an I/O table",
              OP2(W_IOSPACE, OP_IOSPACE_MAP_TABLE, WORLD_IOVA, W_IO_TABLE_MAPPED)) &&
           copy(W_FRAME_IO_READ, W_FRAME_IO, RIGHT_READ | RIGHT_MANAGE, 0) &&
           ok("mapping", OP3(W_IOSPACE, OP_IOSPACE_MAP, WORLD_IOVA, W_FRAME_IO, RW)) &&
           ok("mapping",
              OP3(W_IOSPACE, OP_IOSPACE_MAP, WORLD_IOVA + 4096, W_FRAME_IO_READ, RIGHT_READ)) &&
           (!world_has_iommu() || ok("a Device", OP4(SLOT_DEVICE_CONTROL, OP_DEVICE_CONTROL_CREATE,
                                                     SLOT_UNTYPED, 0, WORLD_REQUESTER, W_DEVICE)));
}

bool world_build(void)
{
    return reserve_slots() && make_objects() && make_puppets() && make_controlled() &&
           ok("configuring a thread",
              OP5(W_THREAD, OP_THREAD_CONFIGURE, SLOT_CNODE, W_VSPACE, 0, 0, W_BUDGET)) &&
           map() && map_for_devices();
}

bool world_add_large(void)
{
    return make(W_FRAME_2M, OBJ_FRAME, FRAME_2M_BITS, 0) &&
           copy(W_FRAME_2M_UNMAPPED, W_FRAME_2M, RIGHT_ALL, 0) &&
           ok("mapping", OP4(W_VSPACE, OP_VSPACE_MAP, WORLD_VA_2M, W_FRAME_2M, RW, 0));
}

uint64_t world_of_type(unsigned type)
{
    static const uint8_t slots[] = {
        [OBJ_UNTYPED] = W_UNTYPED,
        [OBJ_CNODE] = W_CNODE,
        [OBJ_THREAD] = W_THREAD,
        [OBJ_VSPACE] = W_VSPACE,
        [OBJ_TABLE] = W_TABLE,
        [OBJ_FRAME] = W_FRAME,
        [OBJ_ENDPOINT] = W_ENDPOINT,
        [OBJ_NOTIFICATION] = W_NOTIFICATION,
        [OBJ_REPLY] = W_REPLY,
        [OBJ_IRQ] = W_IRQ,
        [OBJ_PORTMAP] = W_PORTMAP,
        [OBJ_BUDGET] = W_BUDGET,
        [OBJ_IRQ_CONTROL] = SLOT_IRQ_CONTROL,
        [OBJ_IOPORT_CONTROL] = SLOT_IOPORT_CONTROL,
        [OBJ_CPU_CONTROL] = SLOT_CPU_CONTROL,
        [OBJ_DEVICE_CONTROL] = SLOT_DEVICE_CONTROL,
        [OBJ_IOSPACE] = W_IOSPACE,
        [OBJ_IO_TABLE] = W_IO_TABLE,
        [OBJ_DEVICE] = W_DEVICE,
    };
    _Static_assert(sizeof slots / sizeof slots[0] == OBJ_COUNT, "one of every type");

    return slots[type];
}

int world_wrong_type(unsigned type)
{
    return type == OBJ_DEVICE && !world_has_iommu() ? E_BAD_CAP : E_BAD_TYPE;
}

void puppet_sys_full(struct puppet *p, int64_t number, uint64_t rdi, uint64_t rbx,
                     const struct msg *m)
{
    p->page->in[R_RCX] = PATTERN;
    p->page->in[R_RBP] = PATTERN;
    p->page->in[R_R11] = PATTERN;
    p->page->in[R_R14] = PATTERN;
    p->page->in[R_R15] = PATTERN;
    puppet_sys(p, number, rdi, rbx, m);
}

bool outputs_are_zero(const struct puppet *p, const char *what, uint64_t level)
{
    static const enum puppet_reg zero[] = {R_RBX, R_RSI, R_RDI, R_RBP, R_R8, R_R9,
                                           R_R10, R_R12, R_R13, R_R14, R_R15};
    char text[120];

    for (unsigned i = 0; i < sizeof zero / sizeof zero[0]; i++) {
        (void)snprintf(text, sizeof text, "register %u after: %s", (unsigned)zero[i], what);
        if (!test_expect(text, puppet_out(p, zero[i]), 0))
            return false;
    }
    (void)snprintf(text, sizeof text, "word 0, rsp, rcx or r11 after: %s", what);
    return test_expect(text, puppet_out(p, R_RDX), level) &&
           test_expect(text, puppet_out(p, R_RSP), p->peer.page_va) &&
           test_expect(text, puppet_out(p, R_RCX) - p->peer.entry < 4096, 1) &&
           test_expect(text, puppet_out(p, R_R11), 0x202);
}
