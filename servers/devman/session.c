/*
 * session.c - see session.h.
 * Each session has one untyped, of which its pages are made, and 64 slots in a row:
 *   0 the capability for the client, 1 its doorbell, 2 the client's notification,
 *   3.. the frames, 22.. copies for the driver, 41.. copies for the client
 */
#include "session.h"

#include "devman.h"
#include "interfaces.h"

#include <string.h>

#define SLOT_ENDPOINT 0
#define SLOT_DOORBELL 1
#define SLOT_CLIENT   2
#define SLOT_FRAMES   3
#define SLOT_DRIVERS  (SLOT_FRAMES + SESSION_FRAMES)
#define SLOT_CLIENTS  (SLOT_DRIVERS + SESSION_FRAMES)
_Static_assert(SLOT_CLIENTS + SESSION_FRAMES <= SESSION_SLOTS, "they fit");

#define VIEW_VA      0x0000000058000000ull /* devman's own view of C, D and M */
#define PAGE         4096u
#define CLOSE_MAX_US 1000000u

struct session {
    bool used;
    bool closing; /* the client is done with it, the driver not yet */
    bool ended;   /* no driver will serve it any more; its client has not closed it yet */
    uint8_t place;
    uint8_t interface;
    uint16_t device;
    uint32_t client, generation;
    uint32_t slots;   /* the first of its SESSION_SLOTS */
    uint32_t untyped; /* 0: it has no queue */
    unsigned pages;
    uint64_t closing_since_us;
    struct queue_manager queue;
};

static struct session sessions[SESSIONS];
static uint32_t generations;

static struct session *session_at(const struct device *d, unsigned place)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (s->used && !s->ended && s->device == d->node->id && s->place == place) {
            return s;
        }
    }
    return NULL;
}

static struct session *session_by_number(uint32_t number, uint32_t client)
{
    struct session *s = number < SESSIONS ? &sessions[number] : NULL;

    return s != NULL && s->used && !s->closing && s->client == client ? s : NULL;
}

static void empty(uint32_t slot, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, slot + i, 0, 0, 0, 0, 0);
    }
}

/* ---- pages */

static int copy(uint32_t to, uint32_t from, unsigned rights, uint64_t badge)
{
    return sys_op(SLOT_CNODE, badge != 0 ? OP_CNODE_MINT : OP_CNODE_COPY, to, 0, from, rights,
                  badge, 0);
}

static struct queue_pages view(const struct session *s)
{
    uint64_t va = VIEW_VA + (uint64_t)(s - sessions) * SESSION_PAGES * PAGE;

    return (struct queue_pages){.c = (struct queue_c *)va,
                                .d = (struct queue_d *)(va + PAGE),
                                .m = (struct queue_m *)(va + 2ull * PAGE)};
}

/* Who may write what: C the client, D the driver, M nobody but devman, data both. */
static unsigned driver_rights(unsigned page)
{
    return page == 0 || page == 2 ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE;
}

static unsigned client_rights(unsigned page)
{
    return page == 1 || page == 2 ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE;
}

static int make_frame(struct session *s, unsigned page)
{
    uint32_t frame = s->slots + SLOT_FRAMES + page;
    int error = sys_op(s->untyped, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_4K_BITS, 0, frame, 1, 0);

    if (error == E_OK) {
        error = copy(s->slots + SLOT_DRIVERS + page, frame, driver_rights(page), 0);
    }
    if (error == E_OK) {
        error = copy(s->slots + SLOT_CLIENTS + page, frame, client_rights(page), 0);
    }
    if (error == E_OK && page < SESSION_PAGES) {
        error = spawn_map(&devman.self, (uint64_t)view(s).c + page * PAGE, frame,
                          RIGHT_READ | RIGHT_WRITE);
    }
    return error;
}

static unsigned bits_of_pages(unsigned pages)
{
    return FRAME_4K_BITS + (32u - (unsigned)__builtin_clz(pages - 1));
}

static int make_pages(struct session *s, unsigned pages)
{
    int error = pieces_take(&devman.memory, bits_of_pages(pages), &s->untyped);

    for (unsigned i = 0; error == E_OK && i < pages; i++) {
        error = make_frame(s, i);
    }
    s->pages = pages;
    return error;
}

/* All of it: the frames go with their untyped, and with them every copy and mapping. */
static void destroy(struct session *s)
{
    struct device *d = &devman.device[s->device];

    if (s->untyped != 0) {
        (void)pieces_give(&devman.memory, s->untyped);
    }
    empty(s->slots, SESSION_SLOTS);
    slots_give(&devman.slots, s->slots, SESSION_SLOTS);
    if (!s->ended) {
        d->info->session[s->place] = (struct driver_session){0};
    }
    s->used = false;
}

/* ---- the driver's end */

static int map_in_driver(struct device *d, const struct session *s)
{
    uint64_t va = DRIVER_SESSIONS_VA + s->place * DRIVER_SESSION_STRIDE;
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < s->pages; i++) {
        error = spawn_map(&d->task, va + (uint64_t)i * PAGE, s->slots + SLOT_DRIVERS + i,
                          driver_rights(i));
    }
    if (error == E_OK && s->pages != 0) {
        error = spawn_give(&d->task, DRIVER_SLOT_SESSIONS + s->place, s->slots + SLOT_CLIENT,
                           RIGHT_SEND, 0);
    }
    return error;
}

int session_map_all(struct device *d)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (s->used && !s->ended && s->device == d->node->id) {
            if (s->closing) {
                destroy(s); /* its driver is dead, and the device quiet */
                continue;
            }
            error = map_in_driver(d, s);
        }
    }
    return error;
}

/* ---- opening */

static struct session *take_session(struct device *d)
{
    struct session *s = NULL;
    unsigned place = 0;

    for (unsigned i = 0; i < SESSIONS && s == NULL; i++) {
        s = sessions[i].used ? NULL : &sessions[i];
    }
    while (place < DRIVER_SESSIONS && session_at(d, place) != NULL) {
        place++;
    }
    if (s == NULL || place == DRIVER_SESSIONS) {
        return NULL;
    }
    *s = (struct session){.place = (uint8_t)place,
                          .device = d->node->id,
                          .slots = slots_take(&devman.slots, SESSION_SLOTS),
                          .generation = ++generations};
    s->used = s->slots != 0;
    return s->used ? s : NULL;
}

static int make_queue(struct device *d, struct session *s, const struct session_order *o,
                      const struct idl_interface *info)
{
    const struct queue_limits limits = {.slots = SESSION_QUEUE_SLOTS,
                                        .ops_known = interface_queue_ops(info, UINT32_MAX),
                                        .ops_allowed = interface_queue_ops(info, o->methods),
                                        .ops_wait = interface_queue_waits(info),
                                        .data_bytes = (uint64_t)o->data_pages * PAGE};
    int error = make_pages(s, SESSION_PAGES + o->data_pages);

    if (error == E_OK) {
        error = sys_op(SLOT_CNODE, OP_CNODE_MOVE, s->slots + SLOT_CLIENT, 0, o->notify, 0, 0, 0);
    }
    if (error == E_OK) {
        error = queue_manager_open(&s->queue, view(s), &limits, s->slots + SLOT_CLIENT,
                                   s->slots + SLOT_DOORBELL);
    }
    /* A driver that is not attached yet finds the session as after a restart. */
    if (error == E_OK && d->state != DEVICE_RUNNING) {
        queue_manager_down(&s->queue, false);
    }
    return error;
}

static void tell_driver(struct device *d, const struct session *s)
{
    struct driver_session *to = &d->info->session[s->place];

    to->interface = s->interface;
    to->generation = s->generation;
    to->queue_pages = s->pages > SESSION_PAGES ? s->pages - SESSION_PAGES : 0;
    __atomic_store_n(&to->state, s->closing ? DRIVER_SESSION_CLOSING : DRIVER_SESSION_OPEN,
                     __ATOMIC_RELEASE);
    (void)sys_signal(d->order);
}

static int check_order(const struct device *d, const struct session_order *o,
                       const struct idl_interface *info)
{
    if (d->driver == NULL || d->state == DEVICE_GAVE_UP || d->state == DEVICE_STOPPED ||
        d->state == DEVICE_REFUSED) {
        return E_GONE;
    }
    if (info == NULL || !interface_is_of(&d->driver->manifest, info) ||
        o->data_pages > QUEUE_DATA_PAGES || (o->data_pages != 0 && o->notify == 0)) {
        return E_BAD_ARG;
    }
    return E_OK;
}

int session_open(struct device *d, const struct session_order *o, struct session_answer *answer)
{
    const struct idl_interface *info = interface_find(o->interface);
    int error = check_order(d, o, info);
    struct session *s;

    if (error != E_OK) {
        return error;
    }
    s = take_session(d);
    if (s == NULL) {
        return E_LIMIT;
    }
    s->client = o->client;
    s->interface = o->interface;
    error = copy(s->slots + SLOT_DOORBELL, d->notify, RIGHT_SEND, DRIVER_BIT_DOORBELL(s->place));
    if (error == E_OK && o->data_pages != 0) {
        error = make_queue(d, s, o, info);
    }
    if (error == E_OK) {
        error = copy(s->slots + SLOT_ENDPOINT, d->endpoint, interface_rights(info, o->methods),
                     interface_badge(info, s->place, o->methods));
    }
    if (error == E_OK && d->alive) {
        error = map_in_driver(d, s);
    }
    if (error != E_OK) {
        destroy(s);
        return error;
    }
    tell_driver(d, s);
    *answer = (struct session_answer){.session = (uint32_t)(s - sessions),
                                      .endpoint = s->slots + SLOT_ENDPOINT,
                                      .doorbell = s->slots + SLOT_DOORBELL,
                                      .pages = s->pages};
    return E_OK;
}

int session_pages(uint32_t number, uint32_t client, unsigned first, uint32_t frame[4],
                  unsigned *count)
{
    const struct session *s = session_by_number(number, client);

    if (s == NULL || first >= s->pages) {
        return E_BAD_ARG;
    }
    *count = s->pages - first < MSG_MAX_CAPS ? s->pages - first : MSG_MAX_CAPS;
    for (unsigned i = 0; i < *count; i++) {
        frame[i] = s->slots + SLOT_CLIENTS + first + i;
    }
    return E_OK;
}

/* ---- closing */

/* No way to the driver any more, in whatever hands the copies are. */
static void cut_off(const struct session *s)
{
    static const unsigned slots[] = {SLOT_ENDPOINT, SLOT_DOORBELL};

    for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, s->slots + slots[i], 0, 0, 0, 0, 0);
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, s->slots + slots[i], 0, 0, 0, 0, 0);
    }
}

/* Asked for by the client: once the driver has let go, all of it is gone. */
static void begin_closing(struct device *d, struct session *s)
{
    s->closing = true;
    s->closing_since_us = now_us();
    cut_off(s);
    if (s->pages != 0) {
        queue_manager_close(&s->queue);
    }
    if (!d->alive) {
        destroy(s);
        return;
    }
    tell_driver(d, s);
}

int session_close(uint32_t number, uint32_t client)
{
    struct session *s = session_by_number(number, client);

    if (s == NULL) {
        return E_BAD_ARG;
    }
    if (s->ended) {
        destroy(s);
    } else {
        begin_closing(&devman.device[s->device], s);
    }
    return E_OK;
}

int session_closed(struct device *d, unsigned place, uint32_t generation)
{
    struct session *s = session_at(d, place);

    if (s == NULL || !s->closing || s->generation != generation) {
        return E_BAD_ARG;
    }
    destroy(s);
    return E_OK;
}

/* ---- restarts */

static bool is_served(const struct session *s, const struct device *d)
{
    return s->used && !s->closing && !s->ended && s->device == d->node->id;
}

static void up(struct device *d, struct session *s)
{
    struct queue_recovery found;
    char path[TREE_PATH];

    if (queue_manager_up(&s->queue, &found) == E_OK && found.poison != 0) {
        tree_path(&devman.tree, d->node, path);
        log_line("%s: request %lu of task %u's session was outstanding at %u deaths in a row: it "
                 "was answered DEAD",
                 path, (unsigned long)found.poison, s->client, QUEUE_POISON);
    }
}

void session_down_all(struct device *d, bool counts)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (is_served(s, d) && s->pages != 0) {
            queue_manager_down(&s->queue, counts);
        }
    }
}

void session_up_all(struct device *d)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (is_served(s, d) && s->pages != 0) {
            up(d, s);
        }
    }
}

/* The client has the pages mapped, and reads in them that it is over: they stay until it closes. */
static void end(struct device *d, struct session *s)
{
    cut_off(s);
    if (s->pages != 0) {
        queue_manager_close(&s->queue);
    }
    d->info->session[s->place] = (struct driver_session){0};
    s->ended = true;
}

/* Callers that wait are told so. */
void session_end_all(struct device *d)
{
    if (d->made) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_CANCEL, d->endpoint, 0, 1, 0, 0, 0);
    }
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (!s->used || s->ended || s->device != d->node->id) {
            continue;
        }
        if (s->closing) {
            destroy(s);
        } else {
            end(d, s);
        }
    }
}

void session_acknowledged(void)
{
    for (unsigned i = 1; i < devman.tree.count; i++) {
        if (devman.device[i].state == DEVICE_RUNNING) {
            session_up_all(&devman.device[i]);
        }
    }
}

uint64_t session_watch(struct device *d, uint64_t now, bool *late, struct queue_finding *finding)
{
    uint64_t oldest = 0;

    *late = false;
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        uint64_t age;
        if (!s->used || s->ended || s->device != d->node->id) {
            continue;
        }
        if (s->closing) {
            *late |= now - s->closing_since_us > CLOSE_MAX_US;
            continue;
        }
        if (s->pages == 0) {
            continue;
        }
        age = queue_manager_age(&s->queue, now);
        oldest = age > oldest ? age : oldest;
        if (finding->what == NULL) {
            *finding = queue_manager_audit(&s->queue);
        }
    }
    return oldest;
}

bool session_has_requests(const struct device *d)
{
    bool has = false;

    for (unsigned i = 0; i < SESSIONS && !has; i++) {
        const struct session *s = &sessions[i];
        has = is_served(s, d) && s->pages != 0 && queue_manager_is_used(&s->queue);
    }
    return has;
}
