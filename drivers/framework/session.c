/*
 * session.c - the driver's end of sessions: found in the info page, told to the handlers, their
 * queues opened as soon as devman has them up.
 */
#include "framework.h"

#include <idl/driver.h>

static struct {
    uint32_t generation; /* of the session in this place that the handlers know; 0: none */
    bool queue_is_open;
    struct queue_driver queue;
} places[DRIVER_SESSIONS];

/* Sessions to look at again: a completion lets through what a FLUSH held back. */
static uint64_t again;

static bool leaving;

static uint64_t deferred; /* closed sessions of which something is at the device */

static const struct driver_session *shown(unsigned s)
{
    return &driver_info()->session[s];
}

static uint64_t place_va(unsigned s)
{
    return DRIVER_SESSIONS_VA + s * DRIVER_SESSION_STRIDE;
}

void *driver_session_data(unsigned s)
{
    if (!driver_info()->data_is_mapped) {
        driver_end("asks for the data of a session, which only its device has: the manifest does "
                   "not say map-data = yes");
    }
    if (shown(s)->data_pages > QUEUE_DATA_PAGES) {
        return (void *)(DRIVER_LARGE_VA + s * QUEUE_DATA_LARGE);
    }
    return (void *)(place_va(s) + (uint64_t)QUEUE_AT_DATA * QUEUE_PAGE_BYTES);
}

uint64_t driver_session_dma(unsigned s)
{
    if (shown(s)->data_dma == 0) {
        driver_end("asks for the data of a session at its device, which has no DMA");
    }
    return shown(s)->data_dma;
}

volatile uint64_t *driver_note(void)
{
    return &driver_status()->note;
}

unsigned driver_session_unit(unsigned s)
{
    return shown(s)->unit;
}

static bool has_queue(unsigned s)
{
    return shown(s)->data_pages != 0;
}

static void open_queue(unsigned s)
{
    if (places[s].generation != 0 && has_queue(s) && !places[s].queue_is_open) {
        places[s].queue_is_open = queue_driver_open(&places[s].queue, queue_pages_at(place_va(s)),
                                                    DRIVER_SLOT_SESSIONS + s) == E_OK;
    }
}

void driver_session_defer(unsigned s)
{
    deferred |= 1ull << s;
}

void driver_session_let_go(unsigned s)
{
    deferred &= ~(1ull << s);
    if (leaving) {
        return;
    }
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, DRIVER_SLOT_SESSIONS + s, 0, 0, 0, 0, 0);
    (void)driver_call_closed(DRIVER_SLOT_DEVMAN, s, shown(s)->generation);
}

static void close_session(unsigned s)
{
    if (places[s].generation != 0) {
        driver_session_closed(s);
    }
    places[s].generation = 0;
    places[s].queue_is_open = false;
    if ((deferred >> s & 1) == 0) {
        driver_session_let_go(s);
    }
}

void framework_sessions(void)
{
    for (unsigned s = 0; s < DRIVER_SESSIONS; s++) {
        uint32_t state = __atomic_load_n(&shown(s)->state, __ATOMIC_ACQUIRE);

        if (state == DRIVER_SESSION_CLOSING) {
            close_session(s);
        } else if (state == DRIVER_SESSION_OPEN && places[s].generation != shown(s)->generation) {
            places[s].generation = shown(s)->generation;
            driver_session_opened(s);
            framework_rung(DRIVER_BIT_DOORBELL(s));
        }
    }
}

void framework_leave_sessions(void)
{
    leaving = true;
    for (unsigned s = 0; s < DRIVER_SESSIONS; s++) {
        if (places[s].generation != 0) {
            driver_session_closed(s);
        }
    }
}

uint64_t framework_rings_again(void)
{
    uint64_t bits = again;

    again = 0;
    return bits;
}

void framework_rung(uint64_t bits)
{
    for (; bits != 0; bits &= bits - 1) {
        unsigned s = (unsigned)__builtin_ctzll(bits);

        open_queue(s);
        if (places[s].queue_is_open) {
            driver_session_rung(s);
        }
    }
}

/* One that may take for ever would never be missed. */
static bool is_lost(const struct queue_driver *q, const struct queue_request *request)
{
    bool lost = framework_loses_next && (q->limits.ops_wait >> request->op & 1) == 0;

    framework_loses_next = framework_loses_next && !lost;
    return lost;
}

/* Apart, so that a look that finds nothing saves no registers. */
__attribute__((noinline)) static bool take(struct queue_driver *q, struct queue_request *request)
{
    while (queue_take(q, request) == E_OK) {
        if (!is_lost(q, request)) {
            return true;
        }
    }
    return false;
}

bool driver_has_more(unsigned s)
{
    return places[s].queue_is_open && queue_driver_sees(&places[s].queue);
}

bool driver_take_more(unsigned s, struct queue_request *request)
{
    return driver_has_more(s) && take(&places[s].queue, request);
}

bool driver_take(unsigned s, struct queue_request *request)
{
    struct queue_driver *q = &places[s].queue;

    if (!places[s].queue_is_open) {
        return false;
    }
    if (queue_driver_sees(q) && take(q, request)) {
        return true;
    }
    if (!queue_driver_about_to_sleep(q)) {
        again |= DRIVER_BIT_DOORBELL(s); /* more came meanwhile: after what else there is to do */
    }
    return false;
}

void driver_hold(unsigned s)
{
    if (places[s].queue_is_open) {
        queue_driver_hold(&places[s].queue);
    }
}

void driver_ring(unsigned s)
{
    if (places[s].queue_is_open) {
        queue_driver_ring(&places[s].queue);
    }
}

struct queue_driver *driver_queue(unsigned s)
{
    return places[s].queue_is_open ? &places[s].queue : NULL;
}

unsigned driver_session_of(const struct queue_driver *queue)
{
    return (unsigned)((const char *)queue - (const char *)&places[0].queue) / sizeof(places[0]);
}

void driver_complete(unsigned s, uint64_t seq, int status, uint64_t value)
{
    bool held_back = queue_driver_is_held_back(&places[s].queue);

    if (!places[s].queue_is_open ||
        queue_complete(&places[s].queue, seq, (uint32_t)status, value) != E_OK) {
        return;
    }
    driver_status()->requests++;
    if (held_back) {
        again |= DRIVER_BIT_DOORBELL(s);
    }
}
