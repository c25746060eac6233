/*
 * latency_crowd.c - scenes of latency.c in which an object is taken from a crowd that waits on it.
 */
#include "latency.h"
#include <quoll/sys.h>
#include <quoll/task.h>

#define CROWD          1000u
#define REPLIES        100000u
#define PRIORITY_START 130u /* it runs at once, up to its wait */
#define PRIORITY_AFTER 50u  /* what ends its wait does not disturb the measurement */
#define FIRST          1u

/* One of a crowd, put away to @index; with the buffer in own slot @buffer unless 0. */
static bool join(const char *entry, uint64_t handle, uint64_t tag, uint64_t buffer, uint64_t index)
{
    uint64_t t = stage.own + OWN_SLOTS - 1;

    return scene_retype(OBJ_THREAD, 0, t, 1, 0) &&
           sys_op(t, OP_THREAD_CONFIGURE, SLOT_CNODE, SLOT_VSPACE, 0, buffer, SLOT_BUDGET, 0) ==
               E_OK &&
           sys_op(t, OP_THREAD_SET_PRIORITY, PRIORITY_START, 0, 0, 0, 0, 0) == E_OK &&
           sys_op(t, OP_THREAD_START, (uint64_t)entry, 0, handle, tag, 0, 0) == E_OK &&
           sys_op(t, OP_THREAD_SET_PRIORITY, PRIORITY_AFTER, 0, 0, 0, 0, 0) == E_OK &&
           scene_put_away(t, index);
}

bool scene_crowd(const char *entry, uint64_t handle, uint64_t tag, uint64_t first, uint64_t count)
{
    bool ok = true;

    for (uint64_t i = 0; ok && i < count; i++)
        ok = join(entry, handle, tag, 0, first + i);
    return ok;
}

bool scene_replying_thread(uint64_t handle, uint64_t first, uint64_t count)
{
    bool ok = scene_retype(OBJ_THREAD, 0, handle, 1, 0);

    for (uint64_t i = 0; ok && i < count; i += RETYPE_COUNT_MAX) {
        uint64_t some = count - i < RETYPE_COUNT_MAX ? count - i : RETYPE_COUNT_MAX;

        ok = sys_op(stage.memory, OP_UNTYPED_RETYPE, OBJ_REPLY, 0, stage.big, first + i, some,
                    handle) == E_OK;
    }
    return ok;
}

static bool build_callers(void)
{
    return scene_retype(OBJ_ENDPOINT, 0, stage.own, 1, 0) &&
           scene_crowd(crowd_caller, stage.own, 0, FIRST, CROWD);
}

static bool build_receivers(void)
{
    return scene_retype(OBJ_ENDPOINT, 0, stage.own, 1, 0) &&
           scene_crowd(crowd_receiver, stage.own, 0, FIRST, CROWD);
}

static bool build_waiters(void)
{
    return scene_retype(OBJ_NOTIFICATION, 0, stage.own, 1, 0) &&
           scene_crowd(crowd_waiter, stage.own, 0, FIRST, CROWD);
}

static bool build_replies(void)
{
    return scene_replying_thread(stage.own, FIRST, REPLIES);
}

static bool delete_object(void)
{
    return scene_delete(stage.own);
}

/* Callers with badge 1 and with badge 2 in turns. */
static bool build_badges(void)
{
    uint64_t ep = stage.own;
    bool ok = scene_retype(OBJ_ENDPOINT, 0, ep, 1, 0);

    for (uint64_t badge = 1; ok && badge <= 2; badge++)
        ok = sys_op(SLOT_CNODE, OP_CNODE_MINT, ep + badge, 0, ep, RIGHT_ALL, badge, 0) == E_OK;
    for (uint64_t i = 0; ok && i < CROWD; i++)
        ok = join(crowd_caller, ep + 1 + i % 2, 0, 0, FIRST + i);
    return ok;
}

/* Nobody; then every other one; then all that are left. */
static bool cancel_badges(void)
{
    return sys_op(SLOT_CNODE, OP_CNODE_CANCEL, stage.own, 3, 0, 0, 0, 0) == E_OK &&
           sys_op(SLOT_CNODE, OP_CNODE_CANCEL, stage.own, 2, 0, 0, 0, 0) == E_OK &&
           sys_op(SLOT_CNODE, OP_CNODE_CANCEL, stage.own, 0, 1, 0, 0, 0) == E_OK;
}

/* Calls with a seventh word, which a receiver without a buffer can't take. */
static bool build_long_calls(void)
{
    uint64_t ep = stage.own, buffer = ep + 1;
    bool ok = scene_retype(OBJ_ENDPOINT, 0, ep, 1, 0) &&
              scene_retype(OBJ_FRAME, FRAME_4K_BITS, buffer, 1, 0);

    for (uint64_t i = 0; ok && i < CROWD; i++)
        ok = join(crowd_caller, ep, 1, buffer, FIRST + i);
    return ok;
}

/* It sends all of them home, and waits. */
static bool receive(void)
{
    return scene_crowd(crowd_receiver, stage.own, 0, FIRST + CROWD, 1);
}

const struct scene scene_endpoint = {build_callers, delete_object};
const struct scene scene_receivers = {build_receivers, delete_object};
const struct scene scene_cancel = {build_badges, cancel_badges};
const struct scene scene_notification = {build_waiters, delete_object};
const struct scene scene_replies = {build_replies, delete_object};
const struct scene scene_no_buffer = {build_long_calls, receive};
