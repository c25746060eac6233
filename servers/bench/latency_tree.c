/*
 * latency_tree.c - scenes of latency.c that take capabilities back: wide trees, deep ones, CNodes
 * inside CNodes, all kinds of objects together, and the longest way from a capability to a leaf.
 */
#include "latency.h"
#include <quoll/sys.h>
#include <quoll/task.h>

#define TREE        100000u
#define CHAIN       110u /* a derivation is at most 120 deep, and the own untyped is at 3 or so */
#define NEST_BITS   14u
#define NEST_LEVELS 5u
#define PATH_BITS   16u
#define FIRST       1u

bool scene_retype(unsigned type, uint64_t size_bits, uint64_t index, uint64_t count,
                  uint64_t thread)
{
    return sys_op(stage.memory, OP_UNTYPED_RETYPE, type, size_bits, 0, index, count, thread) ==
           E_OK;
}

bool scene_put_away(uint64_t handle, uint64_t index)
{
    return sys_op(stage.big, OP_CNODE_MOVE, index, 0, handle, 0, 0, 0) == E_OK;
}

bool scene_delete(uint64_t handle)
{
    return sys_op(SLOT_CNODE, OP_CNODE_DELETE, handle, 0, 0, 0, 0, 0) == E_OK;
}

bool scene_revoke(uint64_t handle)
{
    return sys_op(SLOT_CNODE, OP_CNODE_REVOKE, handle, 0, 0, 0, 0, 0) == E_OK;
}

static bool copy(uint64_t cnode, uint64_t index, uint64_t from_cnode, uint64_t from)
{
    return sys_op(cnode, OP_CNODE_COPY, index, from_cnode, from, RIGHT_ALL, 0, 0) == E_OK;
}

bool scene_copies(uint64_t source, uint64_t first, uint64_t count, unsigned depth)
{
    bool ok = true;

    for (uint64_t i = 0; ok && i < count; i++)
        ok = i % depth == 0 ? copy(stage.big, first + i, 0, source)
                            : copy(stage.big, first + i, stage.big, first + i - 1);
    return ok;
}

/* Slot 1 of each holds the next one; own slots 2 and 3 take turns in naming the current one. */
bool scene_nest(uint64_t source, unsigned count)
{
    uint64_t now = stage.own + 2, next = stage.own + 3;
    bool ok = scene_retype(OBJ_CNODE, NEST_BITS, now, 1, 0);

    for (unsigned level = 0; ok && level < count; level++) {
        uint64_t last = now;

        for (uint64_t i = 2; ok && i < 1u << NEST_BITS; i++)
            ok = copy(now, i, 0, source);
        if (level + 1 == count)
            break;
        ok = ok &&
             sys_op(stage.memory, OP_UNTYPED_RETYPE, OBJ_CNODE, NEST_BITS, now, 1, 1, 0) == E_OK;
        ok = ok && copy(SLOT_CNODE, next, now, 1);
        if (level > 0) /* a copy; the first one is the owner and stays */
            ok = ok && scene_delete(now);
        now = next;
        next = level == 0 ? stage.own + 4 : last;
    }
    return ok;
}

static bool build_endpoint(void)
{
    return scene_retype(OBJ_ENDPOINT, 0, stage.own, 1, 0);
}

static bool build_wide(void)
{
    return build_endpoint() && scene_copies(stage.own, FIRST, TREE, 1);
}

static bool build_deep(void)
{
    return build_endpoint() && scene_copies(stage.own, FIRST, TREE, CHAIN);
}

static bool build_nested(void)
{
    unsigned nested = NEST_LEVELS * ((1u << NEST_BITS) - 2);

    return build_endpoint() && scene_nest(stage.own, NEST_LEVELS) &&
           scene_copies(stage.own, FIRST, TREE - nested, 1);
}

/* Own slots: 0 the endpoint, 1 a notification, 2 to 4 the nest, 5 a thread, 6 on a space. */
static bool build_mix(void)
{
    uint64_t at = FIRST, own = stage.own;
    bool ok = build_endpoint() && scene_retype(OBJ_NOTIFICATION, 0, own + 1, 1, 0);

    ok = ok && scene_nest(own, 2);
    ok = ok && scene_crowd(crowd_caller, own, 0, at, 300);
    at += 300;
    ok = ok && scene_crowd(crowd_waiter, own + 1, 0, at, 200);
    at += 200;
    ok = ok && scene_replying_thread(own + 5, at, 8000);
    at += 8000;
    ok = ok && scene_full_space(own + 6, at);
    at += 2000;
    ok = ok && scene_copies(own, at, 20000, CHAIN);
    at += 20000;
    return ok && scene_copies(own, at, TREE - at - 2 * (1u << NEST_BITS), 1);
}

static bool revoke_endpoint(void)
{
    return scene_revoke(stage.own);
}

static bool revoke_memory(void)
{
    return scene_revoke(stage.memory);
}

/* @count untyped capabilities below own slot @from, one under the other, in the slots behind it. */
static bool untyped_chain(uint64_t from, unsigned count)
{
    bool ok = true;

    for (unsigned i = 0; ok && i < count; i++)
        ok = sys_op(from + i, OP_UNTYPED_RETYPE, OBJ_UNTYPED, PATH_BITS, 0, from + i + 1, 1, 0) ==
             E_OK;
    return ok;
}

/* A CNode with an untyped, at the end of whose descendants is a CNode with an untyped, and so on:
 * deleting the first goes down all of it to find a leaf. */
static bool build_path(void)
{
    uint64_t cnode = stage.own, at = stage.own + 1;
    bool ok = scene_retype(OBJ_CNODE, CNODE_MIN_BITS, cnode, 1, 0);

    for (unsigned level = 0; ok && level < NEST_LEVELS; level++) {
        ok = scene_retype(OBJ_UNTYPED, PATH_BITS, at, 1, 0);
        /* in and out again: an untyped that may lie in @cnode has its level */
        ok = ok && sys_op(cnode, OP_CNODE_MOVE, 1, 0, at, 0, 0, 0) == E_OK;
        ok = ok && sys_op(SLOT_CNODE, OP_CNODE_MOVE, at, cnode, 1, 0, 0, 0) == E_OK;
        ok = ok && untyped_chain(at, CHAIN);
        ok = ok && sys_op(at + CHAIN, OP_UNTYPED_RETYPE, OBJ_CNODE, CNODE_MIN_BITS, 0,
                          at + CHAIN + 1, 1, 0) == E_OK;
        ok = ok && sys_op(cnode, OP_CNODE_MOVE, 1, 0, at, 0, 0, 0) == E_OK;
        cnode = at + CHAIN + 1;
        at = cnode + 1;
    }
    return ok;
}

static bool delete_first(void)
{
    return scene_delete(stage.own);
}

/* Empty but for its last slot. */
static bool build_cnode(void)
{
    return scene_retype(OBJ_CNODE, BIG_BITS, stage.own, 1, 0) &&
           copy(stage.own, (1u << BIG_BITS) - 1, 0, SLOT_NOTIFY);
}

const struct scene scene_revoke_wide = {build_wide, revoke_endpoint};
const struct scene scene_revoke_deep = {build_deep, revoke_endpoint};
const struct scene scene_revoke_nested = {build_nested, revoke_memory};
const struct scene scene_revoke_mix = {build_mix, revoke_memory};
const struct scene scene_longest_path = {build_path, delete_first};
const struct scene scene_delete_cnode = {build_cnode, delete_first};
