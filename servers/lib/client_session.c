/*
 * client_session.c - see client_session.h. Slots: 0 the endpoint, 1 the doorbell, 2 what tells
 * devman of acknowledgements, 3 the task's own notification with the session's bits (devman's copy
 * is derived from it, so it stays), 4.. the pages.
 */
#include <quoll/client_session.h>

#include <idl/devman.h>
#include <quoll/task.h>

#define SLOT_ACKNOWLEDGE 2
#define SLOT_NOTIFIED    3
#define SLOT_PAGES       4
#define QUEUE_PAGES      3 /* C, D, M */

static void empty(const struct client_session *s)
{
    for (unsigned i = 0; i < SESSION_SLOTS; i++) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, s->slots + i, 0, 0, 0, 0, 0);
    }
}

/* C and data are written here, D and M only read. */
static unsigned rights(unsigned page)
{
    return page == 1 || page == 2 ? RIGHT_READ : RIGHT_READ | RIGHT_WRITE;
}

static int map_page(const struct client_session *s, unsigned page)
{
    return sys_op(SLOT_VSPACE, OP_VSPACE_MAP,
                  SESSION_VA(s->place) + (uint64_t)page * QUEUE_PAGE_BYTES,
                  s->slots + SLOT_PAGES + page, rights(page), CACHE_DEFAULT, 0, 0);
}

static int map_pages(const struct client_session *s, unsigned pages)
{
    int error = E_OK;
    size_t got;

    for (unsigned i = 0; error == E_OK && i < pages; i += (unsigned)got) {
        error = devman_call_pages(s->devman, s->slots + SLOT_PAGES + i, s->number, i, &got);
        if (error == E_OK && (got == 0 || got > pages - i)) {
            error = E_BAD_ANSWER;
        }
        for (unsigned k = 0; error == E_OK && k < got; k++) {
            error = map_page(s, i + k);
        }
    }
    return error;
}

static int open_queue(struct client_session *s, const struct devman_geometry *shape)
{
    char *va = (char *)SESSION_VA(s->place);
    struct queue_pages pages = {.c = (struct queue_c *)(void *)va,
                                .d = (struct queue_d *)(void *)(va + QUEUE_PAGE_BYTES),
                                .m = (struct queue_m *)(void *)(va + 2ull * QUEUE_PAGE_BYTES)};
    int error;

    if (shape->pages > SESSION_PAGES_MAX || shape->pages < QUEUE_PAGES) {
        return E_BAD_ANSWER;
    }
    error = map_pages(s, shape->pages);
    if (error == E_OK) {
        error = queue_client_open(&s->queue, pages, s->doorbell, s->slots + SLOT_ACKNOWLEDGE);
    }
    s->data = va + (size_t)QUEUE_PAGES * QUEUE_PAGE_BYTES;
    s->data_bytes = (shape->pages - (size_t)QUEUE_PAGES) * (size_t)QUEUE_PAGE_BYTES;
    return error;
}

int client_session_open(struct client_session *s, const char *what, unsigned interface,
                        uint32_t methods, unsigned data_pages)
{
    struct devman_geometry shape = {0};
    int error = sys_op(SLOT_CNODE, OP_CNODE_MINT, s->slots + SLOT_NOTIFIED, 0, SLOT_NOTIFY,
                       RIGHT_SEND, s->bits, 0);

    if (error == E_OK) {
        error =
            devman_call_open(s->devman, s->slots, what, (uint8_t)interface, methods,
                             (uint16_t)data_pages, s->slots + SLOT_NOTIFIED, &s->number, &shape);
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
        (void)devman_call_close(s->devman, s->number);
        empty(s);
    }
    s->is_open = false;
}
