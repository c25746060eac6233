/*
 * latency_memory.c - scenes of latency.c about memory: retype of what is large or many, address
 * spaces with full tables, and I/O ports.
 */
#include "latency.h"
#include <quoll/sys.h>
#include <quoll/task.h>

#define MANY        ((uint64_t)RETYPE_COUNT_MAX)
#define TOP_ENTRIES 255u /* of the user's half; the first one leads to the full tables */
#define L2_ENTRIES  200u
#define L1_ENTRIES  512u
#define FIRST       1u

static bool build_nothing(void)
{
    return true;
}

static bool retype_2m(void)
{
    return scene_retype(OBJ_FRAME, FRAME_2M_BITS, stage.own, 1, 0);
}

static bool retype_1g(void)
{
    return scene_retype(OBJ_FRAME, FRAME_1G_BITS, stage.own, 1, 0);
}

static bool retype_cnode(void)
{
    return scene_retype(OBJ_CNODE, BIG_BITS, stage.own, 1, 0);
}

static bool retype_and_delete_cnode(void)
{
    return scene_retype(OBJ_CNODE, CNODE_MAX_BITS, stage.own, 1, 0) && scene_delete(stage.own);
}

/* As many as one call makes, of everything that needs initialising. */
static bool retype_many(void)
{
    static const struct {
        uint8_t type, bits;
    } made[] = {{OBJ_THREAD, 0},       {OBJ_VSPACE, 0}, {OBJ_TABLE, 0}, {OBJ_ENDPOINT, 0},
                {OBJ_NOTIFICATION, 0}, {OBJ_CNODE, 12}, {OBJ_FRAME, 12}};
    uint64_t at = stage.own;
    bool ok = true;

    for (unsigned i = 0; ok && i < sizeof made / sizeof made[0]; i++, at += MANY)
        ok = scene_retype(made[i].type, made[i].bits, at, MANY, 0);
    return ok;
}

/* A table into @space at @va, put away to @index, or kept in own slot @keep unless that is 0. */
static bool add_table(uint64_t space, uint64_t va, uint64_t index, uint64_t keep)
{
    uint64_t hand = keep != 0 ? keep : stage.own + OWN_SLOTS - 1;

    return scene_retype(OBJ_TABLE, 0, hand, 1, 0) &&
           sys_op(space, OP_VSPACE_MAP_TABLE, va, hand, 0, 0, 0, 0) == E_OK &&
           (keep != 0 || scene_put_away(hand, index));
}

static bool add_page(uint64_t space, uint64_t va, uint64_t frame, uint64_t index)
{
    uint64_t hand = stage.own + OWN_SLOTS - 1;

    return sys_op(SLOT_CNODE, OP_CNODE_COPY, hand, 0, frame, RIGHT_ALL, 0, 0) == E_OK &&
           sys_op(space, OP_VSPACE_MAP, va, hand, RIGHT_READ, 0, 0, 0) == E_OK &&
           scene_put_away(hand, index);
}

/* Own slots: the space, its lowest table, a frame. */
bool scene_full_space(uint64_t handle, uint64_t first)
{
    uint64_t space = handle, table = handle + 1, frame = handle + 2, at = first;
    bool ok = scene_retype(OBJ_VSPACE, 0, space, 1, 0) &&
              scene_retype(OBJ_FRAME, FRAME_4K_BITS, frame, 1, 0);

    for (uint64_t i = 0; ok && i < TOP_ENTRIES; i++)
        ok = add_table(space, i << 39, at++, 0);
    ok = ok && add_table(space, 0, at++, 0) && add_table(space, 0, 0, table);
    for (uint64_t i = 1; ok && i < L2_ENTRIES; i++)
        ok = add_table(space, i << 21, at++, 0);
    for (uint64_t i = 0; ok && i < L1_ENTRIES; i++)
        ok = add_page(space, i << 12, frame, at++);
    return ok;
}

static bool build_space(void)
{
    return scene_full_space(stage.own, FIRST);
}

static bool destroy_space(void)
{
    return scene_delete(stage.own + 1) && scene_delete(stage.own) && scene_revoke(stage.memory);
}

static bool build_space_only(void)
{
    return scene_retype(OBJ_VSPACE, 0, stage.own, 1, 0);
}

static bool grant(uint64_t map, uint64_t first, uint64_t last)
{
    return sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_GRANT, map, first, last, 0, 0, 0) == E_OK;
}

/* The longest range of ports that no driver owns: below lie the legacy devices', above those that
 * firmware gives to PCI devices. */
static bool open_and_close_ports(void)
{
    uint64_t map = stage.own + 1;

    return sys_op(SLOT_IOPORT_CONTROL, OP_IOPORT_CONTROL_CREATE, stage.memory, stage.own, map, 0, 0,
                  0) == E_OK &&
           grant(map, 0x1000, 0xbfff) && scene_delete(map);
}

const struct scene scene_retype_2m = {build_nothing, retype_2m};
const struct scene scene_retype_cnode = {build_nothing, retype_cnode};
const struct scene scene_retype_many = {build_nothing, retype_many};
const struct scene scene_retype_1g = {build_nothing, retype_1g};
const struct scene scene_cnode_1m = {build_nothing, retype_and_delete_cnode};
const struct scene scene_portmap = {build_space_only, open_and_close_ports};
const struct scene scene_vspace = {build_space, destroy_space};
