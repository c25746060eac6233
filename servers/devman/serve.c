/*
 * serve.c - devman's one loop: clients, drivers, bus drivers, faults, and its own notification.
 * A driver whose message breaks its interface dies of it; what a client says never kills.
 */
#include "devman.h"
#include "iommu.h"
#include "interfaces.h"
#include "session.h"

#include <idl/bus_server.h>
#include <idl/devman_server.h>
#include <idl/driver_server.h>
#include <idl/orders_server.h>
#include <quoll/error.h>
#include <quoll/proto.h>

static uint64_t tick_at_us = UINT64_MAX; /* when something is due next */

static void set_deadline(uint64_t at_us)
{
    uint64_t hz = quoll_info()->tsc_hz;
    uint64_t at = quoll_info()->boot_tsc + at_us / 1000000 * hz + at_us % 1000000 * hz / 1000000;

    tick_at_us = at_us;
    (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, at_us != UINT64_MAX ? at : 0, BIT_TICK,
                 0, 0, 0, 0);
}

void devman_due(uint64_t at_us)
{
    if (at_us < tick_at_us) {
        set_deadline(at_us);
    }
}

static void tick(uint64_t now)
{
    uint64_t watch, life, toll;

    tick_at_us = UINT64_MAX; /* what follows may ask for an earlier one than is found here */
    watch = watch_tick(now);
    life = life_tick(now);
    toll = toll_tick(now);
    watch = watch < life ? watch : life;
    watch = watch < toll ? watch : toll;
    set_deadline(watch < tick_at_us ? watch : tick_at_us);
}

/* Storms are counted by the kernel; watch looks at the counts. */
static void notified(uint64_t bits)
{
    if ((bits & BIT_ACKNOWLEDGED) != 0) {
        session_acknowledged();
    }
    if ((bits & SYSTEM_BIT_DEATH) != 0) {
        session_task_died();
    }
}

static void bad_message(struct device *d, const struct call *call, uint32_t label)
{
    uint32_t error = msg_label(&call->m);

    if (error == E_BAD_CALL || error == E_BAD_ARG || error == E_NO_RIGHT) {
        death(d, CAUSE_BAD_MESSAGE, "label 0x%x, refused: %s", label, quoll_strerror((int)error));
    }
}

/* A driver's or a bus driver's message: its badge, which it can't choose, says whose. */
static bool serve_driver(struct call *call)
{
    uint32_t id = call_session(call), label = msg_label(&call->m);
    bool is_bus = idl_badge_is_of(call->m.badge, BUS_INTERFACE), answered;

    if (id >= devman.tree.count) {
        return idl_refuse_call(call, E_BAD_CALL) == E_OK;
    }
    answered = is_bus ? bus_dispatch(call) : driver_dispatch(call);
    if (answered) {
        bad_message(&devman.device[id], call, label);
    }
    return answered;
}

static bool serve_message(struct call *call)
{
    if (call->m.badge < 1u << 24) {
        return devman_dispatch(call);
    }
    if (idl_badge_is_of(call->m.badge, ORDERS_INTERFACE)) {
        return orders_dispatch(call);
    }
    return serve_driver(call);
}

static void serve_fault(struct call *call)
{
    uint64_t id = call->m.badge & ~BADGE_FAULT;

    bool goes_on = (call->m.badge & BADGE_FAULT) != 0 && id < devman.tree.count &&
                   death_fault(&devman.device[id], &call->m);

    call->m = (struct msg){.tag = msg_tag(goes_on ? 0 : 1, 0, 0)}; /* not 0: it stays stopped */
}

/* Returns whether the call has an answer. */
static bool serve(struct call *call)
{
    switch (msg_kind(&call->m)) {
    case KIND_MESSAGE:
        return serve_message(call);
    case KIND_IRQ: /* of an IOMMU unit; the answer acknowledges it */
        iommu_faults((unsigned)(call->m.badge & ~BADGE_IOMMU));
        call->m = (struct msg){.tag = 0};
        return true;
    case KIND_NOTIFICATION:
        notified(call->m.w[0]);
        return false;
    default:
        serve_fault(call);
        return true;
    }
}

/* Do what is due. It may send messages of its own, and the end of a long answer lies in the same
 * buffer: so an answer goes out first. Returns whether it is still to go out. */
static bool work(struct call *call, bool answered)
{
    uint64_t now = now_us();

    if (now < tick_at_us && !null_bus_waits()) {
        return answered;
    }
    if (answered) {
        (void)sys_reply(call->reply, &call->m);
    }
    null_bus_go_on();
    if (now >= tick_at_us) {
        tick(now);
    }
    return false;
}

_Noreturn void devman_serve(void)
{
    struct call call;
    bool answered = false;

    call_begin(&call);
    task_buffer()->recv_slot = SLOT_RECEIVE;
    task_buffer()->recv_count = MSG_MAX_CAPS;
    for (;;) {
        answered = work(&call, answered);
        answered = call_next(&call, SLOT_SERVE, answered) == E_OK && serve(&call);
    }
}
