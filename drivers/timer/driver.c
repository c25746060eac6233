/*
 * driver.c - the handlers: sessions' timers, of two kinds. One deadline: main loop, driver_irq,
 * serve_due, source_arm.
 */
#include "list.h"
#include "source.h"

#include <driver.h>
#include <idl/timer_desc.h>
#include <idl/timer_queue.h>
#include <idl/timer_server.h>
#include <quoll/sys.h>
#include <quoll/task.h>

_Static_assert(LIST_SESSIONS == DRIVER_SESSIONS, "a place for each");
_Static_assert(DRIVER_SLOT_FREE + DRIVER_SESSIONS * TIMER_PER_SESSION <= 128,
               "an instance's CNode");

const struct idl_interface *const driver_interfaces[] = {&timer_desc, NULL};

static struct list timers;
static uint32_t last_number; /* of start; those of another instance are others */

#define INSTANCE_SHIFT 20

/* Where the notification of timer @place of session @s is kept. */
static uint64_t slot_of(unsigned s, unsigned place)
{
    return DRIVER_SLOT_FREE + s * TIMER_PER_SESSION + place;
}

static void let_go(unsigned s, unsigned place)
{
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, slot_of(s, place), 0, 0, 0, 0, 0);
}

/* A notification that is gone takes its timer with it. */
static void signal_due(const struct list_due *due)
{
    if (sys_signal(slot_of(due->session, due->place)) != E_OK && !due->ended) {
        list_remove(&timers, due->session, LIST_SIGNAL, due->place);
        let_go(due->session, due->place);
    }
    if (due->ended) {
        let_go(due->session, due->place);
    }
}

static void take_requests(unsigned s)
{
    struct queue_request request;

    while (driver_take(s, &request)) {
        timer_dispatch_request(driver_queue(s), &request);
    }
}

/* A completion can be what a FLUSH waited for. What is taken then and due already has the next
 * interrupt, which comes at once: so no client keeps this from returning. */
static void serve_due(void)
{
    struct list_due due;
    uint64_t now_ns = source_now_ns();
    uint32_t completed = 0;

    while (list_take_due(&timers, now_ns, &due)) {
        if (due.kind == LIST_SIGNAL) {
            signal_due(&due);
            continue;
        }
        driver_complete(due.session, due.id, E_OK, now_ns);
        completed |= 1u << due.session;
    }
    for (; completed != 0; completed &= completed - 1) {
        take_requests((unsigned)__builtin_ctz(completed));
    }
    source_arm(timers.next_ns);
}

/* ---- the framework's handlers */

const char *driver_probe(void)
{
    return source_probe();
}

const char *driver_quiet(void)
{
    source_silence();
    return NULL;
}

const char *driver_attach(void)
{
    list_init(&timers);
    last_number = driver_bus()->instance << INSTANCE_SHIFT;
    return source_start();
}

void driver_detach(void)
{
    source_silence();
}

void driver_irq(unsigned index, uint64_t count)
{
    (void)index;
    (void)count;
    source_interrupt();
    serve_due();
}

void driver_timer(void)
{
    source_timer();
    serve_due();
}

void driver_session_rung(unsigned s)
{
    take_requests(s);
    serve_due();
}

void driver_session_closed(unsigned s)
{
    list_forget(&timers, s);
    for (unsigned i = 0; i < TIMER_PER_SESSION; i++) {
        let_go(s, i);
    }
}

bool driver_message(struct call *call)
{
    return timer_dispatch(call);
}

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    return source_regs_line(index, text, size);
}

bool driver_storm(void)
{
    return source_storm();
}

/* ---- the interface */

/* Every slot of the queue can wait: there is always room. */
void timer_start_wait(struct queue_driver *queue, const struct queue_request *request,
                      uint64_t deadline_ns)
{
    const struct list_entry entry = {.deadline_ns = deadline_ns, .id = request->seq};

    if (list_add(&timers, driver_session_of(queue), LIST_WAIT, &entry) < 0) {
        (void)queue_complete(queue, request->seq, E_LIMIT, 0);
    }
}

static bool is_notification(uint64_t slot)
{
    struct msg m = {.w = {slot}};

    return sys_invoke(SLOT_CNODE, OP_CNODE_INFO, &m) == E_OK && m.w[0] == OBJ_NOTIFICATION &&
           (m.w[1] & RIGHT_SEND) != 0;
}

/* The capability is moved out of the way of the next message's. */
int timer_serve_start(struct call *call, uint64_t notification, uint64_t first_us,
                      uint64_t period_us, uint32_t *result)
{
    const struct list_entry entry = {.deadline_ns = source_now_ns() + first_us * 1000,
                                     .period_ns = period_us * 1000,
                                     .id = last_number + 1};
    unsigned s = call_session(call);
    int place, error;

    if ((period_us != 0 && period_us < TIMER_PERIOD_MIN_US) || !is_notification(notification)) {
        return E_BAD_ARG;
    }
    place = list_add(&timers, s, LIST_SIGNAL, &entry);
    if (place < 0) {
        return E_LIMIT;
    }
    error =
        sys_op(SLOT_CNODE, OP_CNODE_MOVE, slot_of(s, (unsigned)place), 0, notification, 0, 0, 0);
    if (error != E_OK) {
        list_remove(&timers, s, LIST_SIGNAL, (unsigned)place);
        return error;
    }
    *result = ++last_number;
    serve_due();
    return E_OK;
}

int timer_serve_stop(struct call *call, uint32_t number)
{
    unsigned s = call_session(call);
    int place = list_find(&timers, s, number);

    if (place < 0) {
        return E_BAD_ARG;
    }
    list_remove(&timers, s, LIST_SIGNAL, (unsigned)place);
    let_go(s, (unsigned)place);
    return E_OK;
}

int timer_serve_read(struct call *call, uint32_t *resolution_ns, uint64_t *now_ns)
{
    (void)call;
    *resolution_ns = source_resolution_ns();
    *now_ns = source_now_ns();
    return E_OK;
}
