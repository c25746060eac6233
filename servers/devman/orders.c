/*
 * orders.c - orders to drivers as a capability that a task with `manage` gets, hands on and takes
 * back. All that was lent is derived from one capability of devman's, so one revocation ends it.
 * Its badge names no task: find_to_manage knows the interface's number in it.
 */
#include "devman.h"
#include "interfaces.h"

#include <idl/devman_desc.h>
#include <idl/devman_server.h>
#include <idl/orders_server.h>
#include <string.h>

static int make(void)
{
    static bool is_made;
    int error = E_OK;

    if (!is_made) {
        error = sys_op(SLOT_CNODE, OP_CNODE_MINT, SLOT_ORDERS, 0, SLOT_SERVE, RIGHT_SEND,
                       interface_badge(interface_find(ORDERS_INTERFACE), 0, ORDERS_RIGHTS_ALL), 0);
        is_made = error == E_OK;
    }
    return error;
}

int devman_serve_lend(struct call *call, uint64_t *result)
{
    int error = task_may_manage(call) ? make() : E_NO_RIGHT;

    if (error == E_OK) {
        *result = SLOT_ORDERS;
    }
    return error;
}

int devman_serve_recall(struct call *call)
{
    if (!task_may_manage(call)) {
        return E_NO_RIGHT;
    }
    (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, SLOT_ORDERS, 0, 0, 0, 0, 0); /* or it is not made */
    return E_OK;
}

int orders_serve_restart(struct call *call, const char *victim)
{
    return devman_serve_control(call, victim, DEVMAN_ACTION_RESTART);
}

int orders_serve_kill(struct call *call, const char *victim)
{
    return devman_serve_control(call, victim, DEVMAN_ACTION_KILL);
}

int orders_serve_inject(struct call *call, const char *fault, const char *victim)
{
    for (unsigned i = 0; i < devman_fault_desc.count; i++) {
        if (strcmp(devman_fault_desc.values[i].text, fault) == 0) {
            return devman_serve_inject(call, (enum devman_fault)devman_fault_desc.values[i].value,
                                       victim);
        }
    }
    return E_BAD_ARG;
}
