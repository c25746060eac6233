/*
 * session.c - see session.h.
 * Each session has one untyped, of which its pages are made (a second one for a large page of
 * data), and slots in a row: 0 the capability for the client, 1 its doorbell, 2 the client's
 * notification, then the frames, copies for the driver, copies for the client.
 */
#include "session.h"

#include "devman.h"
#include "interfaces.h"

#include <quoll/client.h>
#include <string.h>

#define SLOT_ENDPOINT 0
#define SLOT_DOORBELL 1
#define SLOT_CLIENT   2
#define SLOT_FRAMES   3
#define SLOT_DRIVERS  (SLOT_FRAMES + SESSION_FRAMES)
#define SLOT_CLIENTS  (SLOT_DRIVERS + SESSION_FRAMES)
#define SESSION_SLOTS (SLOT_CLIENTS + SESSION_FRAMES) /* of devman's CNode */

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
    uint32_t client, generation, methods, unit;
    uint32_t slots;          /* the first of its SESSION_SLOTS */
    uint32_t untyped, large; /* 0: it has no queue; no large page */
    unsigned depth;          /* slots of the queue */
    unsigned pages, data_pages;
    uint64_t data_dma; /* where the device finds its data */
    uint64_t closing_since_us;
    struct queue_manager queue;
};

static struct session sessions[SESSIONS];
static unsigned sessions_end; /* none is used from here on: the lowest is taken first */
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
    return queue_pages_at(VIEW_VA + (uint64_t)(s - sessions) * QUEUE_AT_DATA * PAGE);
}

static unsigned place_of(const struct session *s, unsigned page)
{
    return queue_place_of(s->depth, page);
}

static unsigned driver_rights(unsigned place)
{
    return queue_driver_may_write(place) ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
}

static unsigned client_rights(unsigned place)
{
    return queue_client_may_write(place) ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
}

/* The session's @page-th frame, of 2^@bits bytes of @untyped, and the copies of it. */
static int make_frame(struct session *s, unsigned page, uint32_t untyped, unsigned bits)
{
    uint32_t frame = s->slots + SLOT_FRAMES + page;
    unsigned place = place_of(s, page);
    int error = sys_op(untyped, OP_UNTYPED_RETYPE, OBJ_FRAME, bits, 0, frame, 1, 0);

    if (error == E_OK) {
        error = copy(s->slots + SLOT_DRIVERS + page, frame, driver_rights(place), 0);
    }
    if (error == E_OK) {
        error = copy(s->slots + SLOT_CLIENTS + page, frame, client_rights(place), 0);
    }
    if (error == E_OK && place < QUEUE_AT_DATA) {
        error = spawn_map(&devman.self, (uint64_t)view(s).c + (uint64_t)place * PAGE, frame,
                          RIGHT_READ | RIGHT_WRITE);
    }
    return error;
}

static unsigned bits_of_pages(unsigned pages)
{
    return FRAME_4K_BITS + (32u - (unsigned)__builtin_clz(pages - 1));
}

static bool is_large(const struct session *s)
{
    return s->data_pages > QUEUE_DATA_PAGES;
}

static int make_large_page(struct session *s)
{
    int error = pieces_take(&devman.memory, FRAME_2M_BITS, &s->large);

    if (error == E_OK) {
        error = make_frame(s, s->pages, s->large, FRAME_2M_BITS);
        s->pages++;
    }
    return error;
}

static int make_pages(struct session *s)
{
    unsigned pages = queue_control_pages(s->depth) + (is_large(s) ? 0 : s->data_pages);
    int error = pieces_take(&devman.memory, bits_of_pages(pages), &s->untyped);

    for (unsigned i = 0; error == E_OK && i < pages; i++) {
        error = make_frame(s, i, s->untyped, FRAME_4K_BITS);
    }
    s->pages = pages;
    return error == E_OK && is_large(s) ? make_large_page(s) : error;
}

/* All of it: the frames go with their untyped, and with them every copy and mapping. */
static void destroy(struct session *s)
{
    struct device *d = &devman.device[s->device];

    if (s->untyped != 0) {
        (void)pieces_give(&devman.memory, s->untyped);
    }
    if (s->large != 0) {
        (void)pieces_give(&devman.memory, s->large);
    }
    empty(s->slots, SESSION_SLOTS);
    slots_give(&devman.slots, s->slots, SESSION_SLOTS);
    if (!s->ended) {
        d->info->session[s->place] = (struct driver_session){0};
    }
    s->used = false;
    while (sessions_end != 0 && !sessions[sessions_end - 1].used) {
        sessions_end--;
    }
}

/* Its data, as the device may reach it. */
static struct dma_data data_of(const struct session *s)
{
    unsigned first = queue_control_pages(s->depth);

    return (struct dma_data){.place = s->place,
                             .untyped = is_large(s) ? s->large : s->untyped,
                             .offset = is_large(s) ? 0 : (uint64_t)first * PAGE,
                             .frame = s->slots + SLOT_FRAMES + first,
                             .count = is_large(s) ? 1 : s->data_pages,
                             .bits = is_large(s) ? FRAME_2M_BITS : FRAME_4K_BITS};
}

/* Its place becomes another's: the device finds its data there no more. */
static void take_from_device(struct device *d, struct session *s)
{
    const struct dma_data data = data_of(s);

    if (s->data_dma != 0) {
        dma_unmap_data(d, &data);
    }
    s->data_dma = 0;
}

/* Its client has done with it, and no driver answers for the device. */
static void release(struct session *s)
{
    struct device *d = &devman.device[s->device];

    if (!d->dma.open || s->data_pages == 0) {
        destroy(s);
        return;
    }
    take_from_device(d, s);
    empty(s->slots + SLOT_CLIENTS, SESSION_FRAMES);
    if (!s->ended) {
        d->info->session[s->place] = (struct driver_session){0};
    }
    s->ended = s->closing = true; /* nobody finds it any more but session_release_all */
}

void session_release_all(struct device *d)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (s->used && s->closing && s->device == d->node->id) {
            destroy(s);
        }
    }
}

/* ---- the driver's end */

/* Where a driver has what lies at @place of @s. */
static uint64_t driver_va(const struct session *s, unsigned place)
{
    return place == QUEUE_AT_DATA && is_large(s)
               ? DRIVER_LARGE_VA + s->place * QUEUE_DATA_LARGE
               : DRIVER_SESSIONS_VA + s->place * DRIVER_SESSION_STRIDE + (uint64_t)place * PAGE;
}

static int map_in_driver(struct device *d, const struct session *s)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < s->pages; i++) {
        unsigned place = place_of(s, i);
        if (place >= QUEUE_AT_DATA && !d->info->data_is_mapped) {
            break;
        }
        error = spawn_map(&d->task, d->task.slice + driver_va(s, place),
                          s->slots + SLOT_DRIVERS + i, driver_rights(place));
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
                release(s); /* its driver is dead */
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
    if (s->used && s >= &sessions[sessions_end]) {
        sessions_end = (unsigned)(s - sessions) + 1;
    }
    return s->used ? s : NULL;
}

static int make_queue(struct device *d, struct session *s, const struct session_order *o,
                      const struct idl_interface *info)
{
    const struct queue_limits limits = {.slots = s->depth,
                                        .ops_known = interface_queue_ops(info, UINT32_MAX),
                                        .ops_allowed = interface_queue_ops(info, o->methods),
                                        .ops_wait = interface_queue_waits(info),
                                        .data_bytes = (uint64_t)s->data_pages * PAGE};
    int error = make_pages(s);

    if (error == E_OK && d->dma.mode != DRIVER_DMA_OFF) {
        const struct dma_data data = data_of(s);
        error = dma_map_data(d, &data, &s->data_dma);
    }
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
    to->unit = s->unit;
    to->data_pages = s->data_pages;
    to->data_dma = s->data_dma;
    __atomic_store_n(&to->state, s->closing ? DRIVER_SESSION_CLOSING : DRIVER_SESSION_OPEN,
                     __ATOMIC_RELEASE);
    (void)sys_signal(d->order);
}

/* Much of both is for interfaces that can use it. */
static int check_queue(const struct session_order *o, const struct idl_interface *info)
{
    bool is_bulk = interface_is_bulk(info);

    if (o->notify == 0 || o->data_pages > (is_bulk ? SESSION_LARGE : QUEUE_DATA_PAGES) ||
        o->depth > (is_bulk ? QUEUE_SLOTS_MAX : QUEUE_SLOTS_NARROW) ||
        (o->depth & (o->depth - 1)) != 0) {
        return E_BAD_ARG;
    }
    return E_OK;
}

/* Has another session what one at a time may have? One that is being closed still has it. */
static bool is_exclusive(const struct device *d, const struct session_order *o,
                         const struct idl_interface *info)
{
    uint32_t method = interface_method(info, d->driver->manifest.exclusive) & o->methods;

    for (unsigned i = 0; method != 0 && i < SESSIONS; i++) {
        const struct session *s = &sessions[i];
        if (s->used && !s->ended && s->device == d->node->id && s->unit == o->unit &&
            s->interface == o->interface && (s->methods & method) != 0) {
            return true;
        }
    }
    return false;
}

static int check_order(const struct device *d, const struct session_order *o,
                       const struct idl_interface *info)
{
    if (d->driver == NULL || d->state == DEVICE_GAVE_UP || d->state == DEVICE_STOPPED ||
        d->state == DEVICE_REFUSED) {
        return E_GONE;
    }
    if (info == NULL || !interface_is_of(&d->driver->manifest, info)) {
        return E_BAD_ARG;
    }
    if (is_exclusive(d, o, info)) {
        return E_BUSY;
    }
    return o->data_pages != 0 ? check_queue(o, info) : E_OK;
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
    s->methods = o->methods;
    s->unit = o->unit;
    if (o->data_pages != 0) {
        s->depth = o->depth != 0 ? o->depth : QUEUE_SLOTS_NARROW;
        s->data_pages = o->data_pages > QUEUE_DATA_PAGES ? SESSION_LARGE : o->data_pages;
    }
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
                                      .slots = s->depth,
                                      .pages = s->pages,
                                      .data_pages = s->data_pages};
    return E_OK;
}

unsigned session_count(uint32_t client)
{
    unsigned count = 0;

    for (unsigned i = 0; i < SESSIONS; i++) {
        count += sessions[i].used && sessions[i].client == client;
    }
    return count;
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
        release(s);
        return;
    }
    tell_driver(d, s);
}

static void close_it(struct session *s)
{
    if (s->ended) {
        release(s);
    } else {
        begin_closing(&devman.device[s->device], s);
    }
}

int session_close(uint32_t number, uint32_t client)
{
    struct session *s = session_by_number(number, client);

    if (s == NULL) {
        return E_BAD_ARG;
    }
    close_it(s);
    return E_OK;
}

/* root knows; it answers at once and waits for nobody. */
static bool is_dead(uint32_t task)
{
    struct system_task state;

    return system_task(SLOT_SYSTEM, task - 1, &state) == E_OK && state.state == THREAD_FAULTED;
}

void session_task_died(void)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (s->used && !s->closing && is_dead(s->client)) {
            close_it(s);
        }
    }
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
    for (unsigned i = 0; i < sessions_end; i++) {
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
    take_from_device(d, s);
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
    for (unsigned i = 0; i < sessions_end; i++) {
        struct session *s = &sessions[i];
        if (!s->used || s->ended || s->device != d->node->id) {
            continue;
        }
        if (s->closing) {
            release(s);
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
    for (unsigned i = 0; i < sessions_end; i++) {
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

    for (unsigned i = 0; i < sessions_end && !has; i++) {
        const struct session *s = &sessions[i];
        has = is_served(s, d) && s->pages != 0 && queue_manager_is_used(&s->queue);
    }
    return has;
}
