/*
 * client_session.c - see client_session.h. Slots: 0 the endpoint, 1 the doorbell, 2 what tells
 * devman of acknowledgements, 3 the task's own notification with the session's bits (devman's copy
 * is derived from it, so it stays), 4.. the pages.
 */
#include <quoll/client_session.h>

#include <idl/devman.h>
#include <idl/sessions.h>
#include <quoll/task.h>

#define SLOT_ACKNOWLEDGE 2
#define SLOT_NOTIFIED    3
#define SLOT_PAGES       4

static void empty(const struct client_session *s)
{
    for (unsigned i = 0; i < SESSION_SLOTS; i++) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, s->slots + i, 0, 0, 0, 0, 0);
    }
}

static bool is_large(const struct devman_geometry *shape)
{
    return shape->data_pages > QUEUE_DATA_PAGES;
}

/* The session's @page-th page. */
static int map_page(const struct client_session *s, const struct devman_geometry *shape,
                    unsigned page)
{
    unsigned place = shape->slots != 0 ? queue_place_of(shape->slots, page) : QUEUE_AT_DATA + page;
    uint64_t va = SESSION_VA(s->place) + (uint64_t)place * QUEUE_PAGE_BYTES;

    if (is_large(shape) && place == QUEUE_AT_DATA) {
        va = SESSION_LARGE_VA(s->place);
    }
    return sys_op(SLOT_VSPACE, OP_VSPACE_MAP, va, s->slots + SLOT_PAGES + page,
                  queue_client_may_write(place) ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ,
                  CACHE_DEFAULT, 0, 0);
}

static int ask_pages(const struct client_session *s, unsigned first, size_t *got)
{
    return s->is_served
               ? sessions_call_pages(s->devman, s->slots + SLOT_PAGES + first, s->number, first,
                                     got)
               : devman_call_pages(s->devman, s->slots + SLOT_PAGES + first, s->number, first, got);
}

static int map_pages(const struct client_session *s, const struct devman_geometry *shape)
{
    int error = E_OK;
    size_t got;

    for (unsigned i = 0; error == E_OK && i < shape->pages; i += (unsigned)got) {
        error = ask_pages(s, i, &got);
        if (error == E_OK && (got == 0 || got > shape->pages - i)) {
            error = E_BAD_ANSWER;
        }
        for (unsigned k = 0; error == E_OK && k < got; k++) {
            error = map_page(s, shape, i + k);
        }
    }
    return error;
}

static bool shape_is_sound(const struct client_session *s, const struct devman_geometry *shape)
{
    unsigned data = is_large(shape) ? 1u : shape->data_pages;

    if (s->is_served && shape->slots == 0) {
        return shape->pages == data && data <= QUEUE_DATA_PAGES;
    }
    return queue_slots_are_sound(shape->slots) && shape->pages <= SESSION_PAGES_MAX &&
           shape->pages == queue_control_pages(shape->slots) + data;
}

static int open_queue(struct client_session *s, const struct devman_geometry *shape)
{
    uint64_t va = SESSION_VA(s->place);
    int error = shape_is_sound(s, shape) ? map_pages(s, shape) : E_BAD_ANSWER;

    if (error == E_OK && shape->slots != 0) {
        error = queue_client_open(&s->queue, queue_pages_at(va), s->doorbell,
                                  s->slots + SLOT_ACKNOWLEDGE);
    }
    s->data = (void *)(is_large(shape) ? SESSION_LARGE_VA(s->place)
                                       : va + (uint64_t)QUEUE_AT_DATA * QUEUE_PAGE_BYTES);
    s->data_bytes = shape->data_pages * (size_t)QUEUE_PAGE_BYTES;
    return error;
}

static int ask_open(struct client_session *s, const char *what, unsigned interface,
                    uint32_t methods, unsigned data_pages, struct devman_geometry *shape)
{
    struct sessions_geometry served = {0};
    int error;

    if (!s->is_served) {
        return devman_call_open(s->devman, s->slots, what, (uint8_t)interface, methods,
                                (uint16_t)data_pages, (uint16_t)s->depth, s->slots + SLOT_NOTIFIED,
                                &s->number, shape);
    }
    error =
        sessions_call_open(s->devman, s->slots, (uint8_t)interface, methods, (uint16_t)data_pages,
                           (uint16_t)s->depth, s->slots + SLOT_NOTIFIED, &s->number, &served);
    *shape = (struct devman_geometry){served.slots, served.pages, served.data_pages};
    return error;
}

int client_session_open(struct client_session *s, const char *what, unsigned interface,
                        uint32_t methods, unsigned data_pages)
{
    struct devman_geometry shape = {0};
    int error = sys_op(SLOT_CNODE, OP_CNODE_MINT, s->slots + SLOT_NOTIFIED, 0, SLOT_NOTIFY,
                       RIGHT_SEND, s->bits, 0);

    if (error == E_OK) {
        error = ask_open(s, what, interface, methods, data_pages, &shape);
    }
    if (error != E_OK) {
        empty(s);
        return error;
    }
    s->endpoint = s->slots;
    s->doorbell = s->slots + 1;
    s->is_open = true;
    if (data_pages != 0) {
        error = open_queue(s, &shape);
    }
    if (error != E_OK) {
        client_session_close(s);
    }
    return error;
}

void client_session_close(struct client_session *s)
{
    if (s->is_open) {
        (void)(s->is_served ? sessions_call_close(s->devman, s->number)
                            : devman_call_close(s->devman, s->number));
        empty(s);
    }
    s->is_open = false;
}
