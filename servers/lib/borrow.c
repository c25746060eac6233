/*
 * borrow.c - see borrow.h. Waits with the task's own notification.
 */
#include <quoll/borrow.h>
#include <quoll/client.h>
#include <quoll/error.h>
#include <quoll/deadline.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <stdio.h>
#include <string.h>

#define SLOT_DEVMAN  39u /* the last that is neither a task's by task.h nor the labs' */
#define DRIVERS_MAX  16u
#define SETTLE_STEPS 400u /* 2 s */
#define SETTLE_US    5000u

static char borrowed[DRIVERS_MAX][DEVMAN_PATH_MAX + 1];
static unsigned borrowed_count;
static bool have_devman;
static char wrong[DEVMAN_PATH_MAX + 80];

static const char *fail(const char *what, const char *path, int error)
{
    (void)snprintf(wrong, sizeof wrong, "%s %s: %s", what, path, quoll_strerror(error));
    return wrong;
}

static int find_devman(void)
{
    int error = have_devman ? E_OK : names_lookup("devman", SLOT_DEVMAN);

    have_devman = error == E_OK;
    return error;
}

static void wait_us(uint64_t us)
{
    uint64_t bits = 0, when = rdtsc() + us * (quoll_info()->tsc_hz / 1000000u);

    if (task_set_deadline(when, 1) == E_OK)
        (void)sys_wait(SLOT_NOTIFY, &bits);
}

/* Until the driver runs, is stopped or has failed. */
static int settle(uint32_t index, struct devman_node_state *node)
{
    int error = E_TIMEOUT;

    for (unsigned i = 0; i < SETTLE_STEPS; i++) {
        error = devman_call_node(SLOT_DEVMAN, index, node);
        if (error != E_OK ||
            (node->status != DEVMAN_STATE_STARTING && node->status != DEVMAN_STATE_RESTARTING &&
             node->status != DEVMAN_STATE_STOPPING))
            return error;
        wait_us(SETTLE_US);
    }
    return E_TIMEOUT;
}

static const char *borrow(uint32_t index, struct devman_node_state *node)
{
    int error = settle(index, node);

    if (error != E_OK)
        return fail("waiting for the driver of", node->where, error);
    if (node->status != DEVMAN_STATE_RUNNING)
        return NULL;
    error = borrowed_count == DRIVERS_MAX
                ? E_LIMIT
                : devman_call_control(SLOT_DEVMAN, node->where, DEVMAN_ACTION_STOP);
    if (error == E_OK) {
        memcpy(borrowed[borrowed_count++], node->where, sizeof borrowed[0]);
        error = settle(index, node);
    }
    return error != E_OK ? fail("stopping the driver of", node->where, error) : NULL;
}

bool borrow_knows(const char *path)
{
    struct devman_node_state node;
    int error = find_devman();

    for (uint32_t i = 0; error == E_OK; i++) {
        error = devman_call_node(SLOT_DEVMAN, i, &node);
        if (error == E_OK && strcmp(node.where, path) == 0)
            return true;
    }
    return false;
}

const char *borrow_devices(bool (*is_wanted)(const struct devman_node_state *node))
{
    struct devman_node_state node;
    const char *failed = NULL;
    int error = find_devman();

    if (error != E_OK)
        return fail("finding", "devman", error);
    for (uint32_t i = 0; failed == NULL && devman_call_node(SLOT_DEVMAN, i, &node) == E_OK; i++) {
        if (is_wanted(&node))
            failed = borrow(i, &node);
    }
    (void)devman_call_listen(SLOT_DEVMAN, false); /* what the devices do is the borrower's now */
    return failed;
}

const char *borrow_return(void)
{
    const char *failed = NULL;
    bool borrows = borrowed_count != 0;

    while (borrowed_count != 0) {
        const char *path = borrowed[--borrowed_count];
        int error = devman_call_control(SLOT_DEVMAN, path, DEVMAN_ACTION_START);

        if (error != E_OK)
            failed = fail("starting the driver of", path, error);
    }
    if (borrows)
        (void)devman_call_listen(SLOT_DEVMAN, true); /* what came before is nobody's */
    return failed;
}

bool borrow_is_timer(const struct devman_node_state *node)
{
    return strcmp(node->where, "/platform/pit") == 0 || strcmp(node->where, "/platform/hpet") == 0;
}
