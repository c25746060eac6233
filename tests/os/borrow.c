/*
 * borrow.c - devices that a driver has, for the tests that command them themselves: its driver is
 * stopped through devman, as the shell's `stop` does, and started again after the test.
 * Nothing of it is part of a test's results.
 */
#include "device.h"
#include "test.h"

#include <idl/devman.h>
#include <quoll/client.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define SLOT_DEVMAN   39u /* the last that is neither the system's nor the labs' */
#define DRIVERS_MAX   16u
#define SETTLE_STEPS  400u /* of 5 ms: 2 s */
#define SETTLE_STEP   5000u
#define EDU_ID        "1234:11e8"

static char borrowed[DRIVERS_MAX][DEVMAN_PATH_MAX + 1];
static unsigned borrowed_count;
static bool have_devman;

/* What a test commands, and what could make these interrupt it. */
static bool is_wanted(const struct devman_node_state *node)
{
    static const char *const paths[] = {"/platform/pit", "/platform/hpet", "/platform/com2",
                                        "/platform/com4"};

    for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(node->where, paths[i]) == 0)
            return true;
    }
    return strcmp(node->id, EDU_ID) == 0;
}

static bool is_at_rest(enum devman_state state)
{
    return state != DEVMAN_STATE_STARTING && state != DEVMAN_STATE_RESTARTING;
}

/* Until the driver runs, is stopped or has failed; false: it is still on its way. */
static bool settle(uint32_t index, struct devman_node_state *node)
{
    for (unsigned i = 0; i < SETTLE_STEPS; i++) {
        if (devman_call_node(SLOT_DEVMAN, index, node) != E_OK)
            return false;
        if (is_at_rest(node->status))
            return true;
        device_wait_us(SETTLE_STEP);
    }
    return false;
}

static bool borrow(uint32_t index, struct devman_node_state *node)
{
    char what[DEVMAN_PATH_MAX + 32];
    int error;

    (void)snprintf(what, sizeof what, "%s's driver comes to rest", node->where);
    if (!test_expect(what, settle(index, node), true))
        return false;
    if (node->status != DEVMAN_STATE_RUNNING)
        return true;
    (void)snprintf(what, sizeof what, "stopping %s", node->where);
    error = devman_call_control(SLOT_DEVMAN, node->where, DEVMAN_ACTION_STOP);
    if (!test_expect_error(what, error, E_OK) ||
        !test_expect("places for stopped drivers", borrowed_count < DRIVERS_MAX, true))
        return false;
    (void)snprintf(borrowed[borrowed_count++], sizeof borrowed[0], "%s", node->where);
    return test_expect(what, settle(index, node) && node->status == DEVMAN_STATE_STOPPED, true);
}

/* Node @index of the tree; false: there is none, or devman is not found, which fails the test. */
static bool node_at(uint32_t index, struct devman_node_state *node)
{
    if (!have_devman)
        have_devman =
            test_expect_error("finding devman", names_lookup("devman", SLOT_DEVMAN), E_OK);
    return have_devman && devman_call_node(SLOT_DEVMAN, index, node) == E_OK;
}

bool devices_know(const char *path)
{
    struct devman_node_state node;

    for (uint32_t i = 0; node_at(i, &node); i++) {
        if (strcmp(node.where, path) == 0)
            return true;
    }
    return false;
}

bool devices_borrow(void)
{
    struct devman_node_state node;
    bool ok = true;

    for (uint32_t i = 0; ok && node_at(i, &node); i++) {
        if (is_wanted(&node))
            ok = borrow(i, &node);
    }
    return have_devman && ok;
}

void devices_return(void)
{
    while (borrowed_count != 0) {
        const char *path = borrowed[--borrowed_count];
        char what[DEVMAN_PATH_MAX + 32];

        (void)snprintf(what, sizeof what, "starting the driver of %s again", path);
        (void)test_expect_error(
            what, devman_call_control(SLOT_DEVMAN, path, DEVMAN_ACTION_START), E_OK);
    }
}
