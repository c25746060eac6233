/*
 * invoke.c - from a capability to its operation.
 */
#include <ipc/ipc.h>
#include <object/cnode.h>
#include <object/control.h>
#include <object/device.h>
#include <object/invoke.h>
#include <object/table.h>
#include <object/thread.h>
#include <object/untyped.h>

int invoke_cap(uint64_t handle, enum quoll_object type, uint8_t rights, struct slot **out)
{
    return thread_cap(current(), handle, type, rights, out);
}

int invoke_cnode_slot(uint64_t handle, uint64_t index, struct slot **out, struct slot **cnode)
{
    struct slot *c = &current()->slots[TS_CNODE];

    if (handle) {
        int e = invoke_cap(handle, OBJ_CNODE, RIGHT_MANAGE, &c);
        if (e) {
            return e;
        }
    }
    if (index == 0 || index >= 1ull << c->size_bits) {
        return E_BAD_ARG;
    }
    *out = (struct slot *)c->obj + spec_index(index, 1ull << c->size_bits);
    if (cnode) {
        *cnode = c;
    }
    return E_OK;
}

typedef int op_fn(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

int invoke(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    static op_fn *const table[OBJ_COUNT] = {
        [OBJ_UNTYPED] = untyped_op,
        [OBJ_CNODE] = cnode_op,
        [OBJ_THREAD] = thread_op,
        [OBJ_VSPACE] = vspace_op,
        [OBJ_TABLE] = table_op,
        [OBJ_FRAME] = frame_op,
        [OBJ_NOTIFICATION] = notification_op,
        [OBJ_IRQ] = irq_op,
        [OBJ_PORTMAP] = portmap_op,
        [OBJ_BUDGET] = budget_op,
        [OBJ_IRQ_CONTROL] = irq_control_op,
        [OBJ_IOPORT_CONTROL] = ioport_control_op,
        [OBJ_CPU_CONTROL] = cpu_control_op,
        [OBJ_DEVICE_CONTROL] = device_control_op,
        [OBJ_IOSPACE] = iospace_op,
        [OBJ_IO_TABLE] = table_op,
        [OBJ_DEVICE] = device_op,
    };
    _Static_assert(OBJ_COUNT == 20, "a new object needs its operations here");

    if (!table[cap->type]) {
        return E_BAD_TYPE;
    }
    if (!(cap->rights & RIGHT_MANAGE)) {
        return E_NO_RIGHT;
    }
    return table[cap->type](cap, op, w, out);
}
