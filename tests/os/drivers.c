/*
 * drivers.c - each fault that a driver can be made to commit: it dies of the right cause, comes
 * back, and serves; its client sees no more than that it took a while.
 */
#include "client.h"
#include "device.h"
#include "test.h"

#include <idl/clock.h>
#include <idl/null.h>
#include <idl/orders.h>
#include <idl/timer_queue.h>
#include <quoll/system_manifest.h>
#include <string.h>

#define DEATH_US  8000000u /* the slowest: a request's age */
#define STEP_US   10000u
#define KERNEL_NS 1000u

/* Slots of a session: what is received, then what is sent. */
#define NOTIFIED 3u

/* One driver: how to have it serve a request. */
struct victim {
    const char *driver, *interface;
    unsigned number;
    uint32_t methods;
    unsigned data_pages;
    int (*serve)(struct client_session *s);
};

static int serve_timer(struct client_session *s)
{
    uint64_t now = 0, seq;
    uint32_t resolution;
    struct queue_done done;
    int error = timer_call_read(s->endpoint, &resolution, &now);

    if (error == E_OK)
        error = client_submit_wait(s, now + 1000000, &seq);
    if (error == E_OK)
        error = client_await(s, seq, &done);
    return error != E_OK ? error : timer_finish_wait(&done, &now);
}

static int serve_clock(struct client_session *s)
{
    struct clock_parts now;
    uint64_t seconds;

    return clock_call_read(s->endpoint, &seconds, &now);
}

static const struct victim timer_victim = {"timer",          "timer", TIMER_INTERFACE,
                                           TIMER_RIGHTS_ALL, 1,       serve_timer};
static const struct victim clock_victim = {"rtc", "clock",    CLOCK_INTERFACE, CLOCK_RIGHTS_ALL,
                                           0,     serve_clock};

/* Until it has died once more and is back: its last death begins with @cause. */
static bool dies_of(const char *name, const char *cause, uint32_t restarts_before)
{
    struct devman_driver_state d;

    for (uint64_t us = 0; us < DEATH_US; us += STEP_US) {
        if (!client_driver(name, &d))
            return false;
        if (d.restarts > restarts_before && d.status == DEVMAN_STATE_RUNNING)
            return test_expect(d.last_death, strncmp(d.last_death, cause, strlen(cause)) == 0,
                               true);
        (void)client_wait(0, STEP_US);
    }
    return test_expect("the driver has died and is back", 0, 1);
}

/* The fault, a request that meets it, the death, and another request. */
static void commit(const struct victim *v, enum devman_fault fault, const char *cause)
{
    struct client_session *s = client_open(v->interface, v->number, v->methods, v->data_pages);
    struct devman_driver_state before = {0};

    EXPECT(s != NULL && client_driver(v->driver, &before), true);
    EXPECT_OK(v->serve(s));
    EXPECT_OK(client_inject(fault, v->driver));
    EXPECT_OK(v->serve(s));
    EXPECT(dies_of(v->driver, cause, before.restarts), true);
    EXPECT_OK(v->serve(s));
    client_close(s);
}

/* One task can't take the sessions of all: as many as the manifest says (boot/system.manifest says
 * nothing for this one), then LIMIT, and room again when one is closed. */
static void share_of_sessions(void)
{
    uint32_t number[MANIFEST_SHARE + 1];
    uint64_t slots = lab_slot();
    struct devman_geometry shape;
    unsigned count = 0;
    int error = E_OK;

    for (unsigned i = 1; i < SESSION_SLOTS; i++)
        (void)lab_slot();
    EXPECT_OK(
        sys_op(SLOT_CNODE, OP_CNODE_MINT, slots + NOTIFIED, 0, SLOT_NOTIFY, RIGHT_SEND, 4, 0));
    while (error == E_OK && count <= MANIFEST_SHARE) {
        error = devman_call_open(CLIENT_DEVMAN, slots, "null", NULL_INTERFACE, NULL_RIGHTS_ALL, 0,
                                 0, slots + NOTIFIED, &number[count], &shape);
        for (unsigned i = 0; i < NOTIFIED; i++)
            (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, slots + i, 0, 0, 0, 0, 0);
        count += error == E_OK;
    }
    EXPECT_ERROR(error, E_LIMIT);
    EXPECT(count, MANIFEST_SHARE);
    while (count != 0)
        EXPECT_OK(devman_call_close(CLIENT_DEVMAN, number[--count]));
    (void)client_wait(0, 50000);
    EXPECT(client_open("null", NULL_INTERFACE, NULL_RIGHTS_ALL, 0) != NULL, true);
}

static int order(enum devman_action what)
{
    return devman_call_control(CLIENT_DEVMAN, "null", what);
}

/* A restart that becomes a stop while the driver is asked to leave, which this one does not hear;
 * killing it is what ends it. Whatever ends it, what follows is what was ordered. */
static void killed_while_it_leaves(void)
{
    struct devman_driver_state d = {0};

    EXPECT(client_driver("null", &d), true);
    EXPECT_OK(client_inject(DEVMAN_FAULT_DEADLOCK, "null"));
    EXPECT_OK(order(DEVMAN_ACTION_RESTART));
    EXPECT(client_driver("null", &d), true);
    EXPECT(d.status, DEVMAN_STATE_RESTARTING);
    EXPECT_ERROR(order(DEVMAN_ACTION_START), E_BUSY);
    EXPECT_OK(order(DEVMAN_ACTION_STOP));
    EXPECT_OK(order(DEVMAN_ACTION_RESTART));
    EXPECT(client_driver("null", &d), true);
    EXPECT(d.status, DEVMAN_STATE_STOPPING);
    EXPECT_OK(order(DEVMAN_ACTION_KILL));
    EXPECT(client_driver("null", &d), true);
    EXPECT(d.status, DEVMAN_STATE_STOPPED);
    EXPECT(strcmp(d.last_death, "stopped by hand: in detach: killed by hand"), 0);
    EXPECT_OK(order(DEVMAN_ACTION_START));
    EXPECT(client_settle("null"), true);
}

/* Orders as a capability that can be lent: what it can do, that it can do no more, and that it is
 * gone from everybody who got it from there. */
static void orders_are_lent(void)
{
    uint64_t lent = lab_slot(), copy = lab_slot(), other = lab_slot();
    struct devman_driver_state before = {0}, after = {0};
    struct devman_node_state node;

    EXPECT_OK(devman_call_lend(CLIENT_DEVMAN, lent));
    EXPECT_OK(sys_op(SLOT_CNODE, OP_CNODE_COPY, copy, 0, lent, RIGHT_SEND, 0, 0));
    EXPECT(client_driver("null", &before), true);
    EXPECT_OK(orders_call_restart(copy, "null"));
    EXPECT(client_settle("null"), true);
    EXPECT(client_driver("null", &after), true);
    EXPECT(after.pid != before.pid, true);
    EXPECT_ERROR(orders_call_inject(copy, "none", "null"), E_BAD_ARG);
    EXPECT_ERROR(orders_call_kill(copy, "/no/such"), E_NOT_FOUND);
    EXPECT_ERROR(devman_call_control(copy, "null", DEVMAN_ACTION_STOP), E_BAD_CALL);
    EXPECT_ERROR(devman_call_node(copy, 0, &node), E_BAD_CALL);
    EXPECT_ERROR(devman_call_lend(copy, other), E_BAD_CALL);
    EXPECT_OK(devman_call_recall(CLIENT_DEVMAN));
    EXPECT_ERROR(orders_call_kill(copy, "null"), E_BAD_CAP);
    EXPECT_ERROR(orders_call_kill(lent, "null"), E_BAD_CAP);
    EXPECT_OK(devman_call_lend(CLIENT_DEVMAN, lent));
    EXPECT_OK(sys_op(SLOT_CNODE, OP_CNODE_COPY, copy, 0, lent, RIGHT_SEND, 0, 0));
    EXPECT_OK(sys_op(SLOT_CNODE, OP_CNODE_DELETE, lent, 0, 0, 0, 0, 0));
    EXPECT_ERROR(orders_call_kill(copy, "null"), E_BAD_CAP);
    EXPECT(client_driver("null", &before), true);
    EXPECT(before.pid, after.pid);
}

#define FAULTS(X)                                                                                  \
    X(null_deref, NULL_DEREF, "fault")                                                             \
    X(wild_write, WILD_WRITE, "fault")                                                             \
    X(wild_jump, WILD_JUMP, "fault")                                                               \
    X(stack_overflow, STACK_OVERFLOW, "fault")                                                     \
    X(foreign_port, FOREIGN_PORT, "fault")                                                         \
    X(foreign_page, FOREIGN_PAGE, "fault")                                                         \
    X(endless_loop, ENDLESS_LOOP, "heartbeat")                                                     \
    X(deadlock, DEADLOCK, "heartbeat")                                                             \
    X(budget_hog, BUDGET_HOG, "budget")                                                            \
    X(lost_request, LOST_REQUEST, "request age")                                                   \
    X(garbage_reply, GARBAGE_REPLY, "bad message")                                                 \
    X(exit, EXIT, "exit")

/* Of drivers with an interrupt; a storm, where no busy host makes it a breeze. */
#define IRQ_FAULTS(X)   X(irq_unacked, IRQ_UNACKED, "irq-unacked")
#define STORM_FAULTS(X) X(irq_storm, IRQ_STORM, "irq-storm")

#define TIMER_TEST(name, fault, cause)                                                             \
    static void timer_##name(void)                                                                 \
    {                                                                                              \
        commit(&timer_victim, DEVMAN_FAULT_##fault, cause);                                        \
    }
#define CLOCK_TEST(name, fault, cause)                                                             \
    static void clock_##name(void)                                                                 \
    {                                                                                              \
        commit(&clock_victim, DEVMAN_FAULT_##fault, cause);                                        \
    }
FAULTS(TIMER_TEST)
IRQ_FAULTS(TIMER_TEST)
STORM_FAULTS(TIMER_TEST)
FAULTS(CLOCK_TEST)

#define TIMER_ENTRY(name, fault, cause) {"drivers.faults.timer." #name, timer_##name},
#define CLOCK_ENTRY(name, fault, cause) {"drivers.faults.clock." #name, clock_##name},

static const struct test list[] = {{"drivers.sessions.share", share_of_sessions},
                                   {"drivers.leave.killed", killed_while_it_leaves},
                                   {"drivers.orders_are_lent", orders_are_lent},
                                   FAULTS(TIMER_ENTRY) FAULTS(CLOCK_ENTRY)};
static const struct test irq_list[] = {IRQ_FAULTS(TIMER_ENTRY)};
static const struct test storm_list[] = {STORM_FAULTS(TIMER_ENTRY)};

/* Without an interrupt the timer's resolution is the framework's. */
static bool timer_interrupts(void)
{
    static bool asked, does;
    struct client_session *s;
    uint32_t resolution = KERNEL_NS;
    uint64_t now;

    if (asked || !client_has_devman())
        return does;
    asked = true;
    lab_begin();
    s = client_open("timer", TIMER_INTERFACE, TIMER_RIGHTS_ALL, 0);
    does = s != NULL && timer_call_read(s->endpoint, &resolution, &now) == E_OK &&
           resolution < KERNEL_NS;
    if (s != NULL)
        client_close(s);
    lab_end();
    return does;
}

static bool can_storm(void)
{
    return is_exact_machine() && timer_interrupts();
}

TEST_AREA_OF(tests_drivers, list, client_has_devman);
TEST_AREA_OF(tests_drivers_irq, irq_list, timer_interrupts);
TEST_AREA_OF(tests_drivers_storm, storm_list, can_storm);
