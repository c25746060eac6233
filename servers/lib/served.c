/*
 * served.c - see served.h. Slots of a place: 0 the endpoint for the client, 1 its doorbell, 2 its
 * notification, then the frames, then the copies for the client.
 */
#include <quoll/served.h>

#include <quoll/client.h>
#include <quoll/task.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_ENDPOINT 0
#define SLOT_DOORBELL 1
#define SLOT_CLIENT   2
#define SLOT_FRAMES   4
#define SLOT_COPIES   (SLOT_FRAMES + SESSION_PAGES_MAX)
#define LARGE_PAGES   (QUEUE_DATA_LARGE / QUEUE_PAGE_BYTES)

static uint32_t slots_of(const struct served_all *all, unsigned place)
{
    return all->slots + place * SERVED_SLOTS;
}

uint32_t served_endpoint(const struct served_all *all, unsigned place)
{
    return slots_of(all, place) + SLOT_ENDPOINT;
}

uint32_t served_doorbell(const struct served_all *all, unsigned place)
{
    return slots_of(all, place) + SLOT_DOORBELL;
}

static int copy(uint32_t to, uint32_t from, unsigned rights, uint64_t badge)
{
    return sys_op(SLOT_CNODE, badge != 0 ? OP_CNODE_MINT : OP_CNODE_COPY, to, 0, from, rights,
                  badge, 0);
}

static void take_back(uint32_t slot)
{
    (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, slot, 0, 0, 0, 0, 0);
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, slot, 0, 0, 0, 0, 0);
}

/* ---- memory */

/* Where page @page of a place lies among those of queue.h; without a queue all is data. */
static unsigned place_of(const struct served *s, unsigned page)
{
    return s->depth != 0 ? queue_place_of(s->depth, page) : QUEUE_AT_DATA + page;
}

static int make_page(struct served_all *all, struct served *s, unsigned page)
{
    unsigned n = (unsigned)(s - all->at), at = place_of(s, page);
    bool is_large = at >= QUEUE_AT_DATA && all->pages == LARGE_PAGES;
    uint32_t frame = s->slots + SLOT_FRAMES + page;
    uint64_t va = is_large ? SESSION_LARGE_VA(all->first_va + n)
                           : SESSION_VA(all->first_va + n) + (uint64_t)at * QUEUE_PAGE_BYTES;
    int error = sys_op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_FRAME,
                       is_large ? FRAME_2M_BITS : FRAME_4K_BITS, 0, frame, 1, 0);

    if (error == E_OK) {
        error = sys_op(SLOT_VSPACE, OP_VSPACE_MAP, va, frame, RIGHT_READ | RIGHT_WRITE,
                       CACHE_DEFAULT, 0, 0);
    }
    if (at == QUEUE_AT_DATA) {
        s->data = (void *)va;
    }
    return error;
}

static int make(struct served_all *all, struct served *s)
{
    unsigned n = (unsigned)(s - all->at);
    int error = E_OK;

    s->slots = slots_of(all, n);
    s->depth = all->depth;
    s->data_pages = all->pages;
    s->queue = queue_pages_at(SESSION_VA(all->first_va + n));
    s->pages = (s->depth != 0 ? queue_control_pages(s->depth) : 0) +
               (all->pages == LARGE_PAGES ? 1 : all->pages);
    for (unsigned i = 0; error == E_OK && i < s->pages; i++) {
        error = make_page(all, s, i);
    }
    s->made = error == E_OK;
    return error;
}

static int copy_pages(const struct served *s)
{
    int error = E_OK;

    for (unsigned i = 0; error == E_OK && i < s->pages; i++) {
        bool may_write = queue_client_may_write(place_of(s, i));
        error = copy(s->slots + SLOT_COPIES + i, s->slots + SLOT_FRAMES + i,
                     may_write ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ, 0);
    }
    return error;
}

/* ---- opening */

static bool is_alive(uint64_t system, uint32_t id)
{
    char name[48];

    task_name(system, id, name);
    return name[0] != '\0';
}

void served_bury(struct served_all *all, void (*end)(unsigned place))
{
    for (unsigned i = 0; i < all->count; i++) {
        if (all->at[i].used && !is_alive(all->system, all->at[i].client)) {
            end(i);
        }
    }
}

static bool has_enough(const struct served_all *all, uint32_t client)
{
    unsigned n = 0;

    for (unsigned i = 0; i < all->count; i++) {
        n += all->at[i].used && all->at[i].client == client;
    }
    return n >= all->most;
}

static struct served *find_free(struct served_all *all, const struct served_order *o,
                                void (*end)(unsigned))
{
    unsigned first = o->is_preferred ? 0 : all->reserved;

    if (has_enough(all, o->client)) {
        return NULL;
    }
    for (unsigned i = first; i < all->count; i++) {
        if (!all->at[i].used) {
            return &all->at[i];
        }
    }
    for (unsigned i = first; i < all->count; i++) {
        if (!is_alive(all->system, all->at[i].client)) {
            end(i);
            return &all->at[i];
        }
    }
    return NULL;
}

static int hand_out(struct served_all *all, struct served *s, const struct served_order *o)
{
    unsigned n = (unsigned)(s - all->at);
    uint64_t badge = n | (uint64_t)o->interface << 24 | (uint64_t)o->methods << 32;
    int error = copy_pages(s);

    if (error == E_OK) {
        error = copy(s->slots + SLOT_ENDPOINT, SLOT_SERVE, RIGHT_SEND, badge);
    }
    if (error == E_OK) {
        error = copy(s->slots + SLOT_DOORBELL, SLOT_NOTIFY, RIGHT_SEND, 1ull << (all->bit + n));
    }
    if (error == E_OK) {
        error =
            sys_op(SLOT_CNODE, OP_CNODE_MOVE, s->slots + SLOT_CLIENT, 0, o->notification, 0, 0, 0);
    }
    return error;
}

static int begin_queue(struct served *s, const struct served_order *o)
{
    struct queue_limits limits = o->limits;

    limits.slots = s->depth;
    limits.data_bytes = (uint64_t)s->data_pages * QUEUE_PAGE_BYTES;
    return queue_manager_open(&s->manager, s->queue, &limits, s->wake, s->slots + SLOT_DOORBELL);
}

int served_reserve(struct served_all *all, unsigned count)
{
    int error = E_OK;

    all->reserved = count;
    for (unsigned i = 0; error == E_OK && i < count; i++) {
        error = make(all, &all->at[i]);
    }
    return error;
}

int served_open(struct served_all *all, const struct served_order *o, void (*end)(unsigned place),
                unsigned *place)
{
    struct served *s = find_free(all, o, end);
    int error = E_OK;

    if (s == NULL) {
        return E_LIMIT;
    }
    if (!s->made) {
        error = make(all, s);
    }
    if (error == E_OK) {
        memset(s->data, 0, (size_t)s->data_pages * QUEUE_PAGE_BYTES);
        error = hand_out(all, s, o);
    }
    s->wake = s->slots + SLOT_CLIENT;
    if (error == E_OK && s->depth != 0) {
        error = begin_queue(s, o);
    }
    s->used = true;
    s->client = o->client;
    s->interface = o->interface;
    s->methods = o->methods;
    *place = (unsigned)(s - all->at);
    if (error != E_OK) {
        served_close(all, *place);
    }
    return error;
}

bool served_is_of(const struct served_all *all, uint64_t place, uint32_t client)
{
    return place < all->count && all->at[place].used && all->at[place].client == client;
}

int served_frames(const struct served_all *all, unsigned place, uint32_t client, unsigned first,
                  uint64_t frames[4], size_t *count)
{
    const struct served *s = &all->at[place];

    if (!served_is_of(all, place, client) || first >= s->pages) {
        return E_BAD_ARG;
    }
    *count = s->pages - first < 4 ? s->pages - first : 4;
    for (unsigned i = 0; i < *count; i++) {
        frames[i] = s->slots + SLOT_COPIES + first + i;
    }
    return E_OK;
}

void served_close(struct served_all *all, unsigned place)
{
    struct served *s = &all->at[place];

    if (s->made && s->depth != 0) {
        queue_manager_close(&s->manager); /* the client reads it as long as it has the page */
    }
    take_back(s->slots + SLOT_ENDPOINT);
    take_back(s->slots + SLOT_DOORBELL);
    for (unsigned i = 0; i < s->pages; i++) {
        take_back(s->slots + SLOT_COPIES + i);
    }
    (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, s->slots + SLOT_CLIENT, 0, 0, 0, 0, 0);
    s->used = false;
}

/* ---- who is who */

void task_name(uint64_t system, uint32_t id, char name[48])
{
    struct system_task task;

    name[0] = '\0';
    for (uint64_t i = 0; system_task(system, i, &task) == E_OK; i++) {
        if (task.id == id && task.state != THREAD_STOPPED && task.state != THREAD_FAULTED) {
            memcpy(name, task.name, 48);
            name[47] = '\0';
            return;
        }
    }
}

/* How long the range at @at is. */
static size_t range_length(const char *at)
{
    size_t n = 0;

    while ((at[n] >= '0' && at[n] <= '9') || at[n] == '-') {
        n++;
    }
    return n;
}

/* The @index-th of the ranges behind a name's colon: 80, or 1-1023, or several with + between. */
static bool read_range(const char *at, unsigned index, unsigned range[2])
{
    char *end;

    for (; index > 0; index--) {
        at += range_length(at);
        if (*at != '+') {
            return false;
        }
        at++;
    }
    range[0] = (unsigned)strtoul(at, &end, 10);
    range[1] = *end == '-' ? (unsigned)strtoul(end + 1, NULL, 10) : range[0];
    return true;
}

/* How long the entry at @at is. */
static size_t entry_length(const char *at)
{
    size_t n = 0;

    while (at[n] != '\0' && at[n] != ',' && at[n] != ' ') {
        n++;
    }
    return n;
}

/* Where the entry of task @id begins, and how long its name is; NULL: it has none. */
static const char *find_entry(uint64_t system, const char *key, uint32_t id, size_t *name_length)
{
    const char *at = task_info()->args;
    char name[48], wanted[16];
    size_t n;

    task_name(system, id, name);
    n = strlen(name);
    (void)snprintf(wanted, sizeof(wanted), "%s=", key);
    at = n != 0 ? strstr(at, wanted) : NULL;
    for (at = at != NULL ? at + strlen(wanted) : NULL; at != NULL;) {
        size_t length = entry_length(at);
        if (strncmp(at, name, n) == 0 && (n == length || at[n] == ':')) {
            *name_length = n;
            return at;
        }
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    return NULL;
}

bool args_allow(uint64_t system, const char *key, uint32_t id, unsigned range[2])
{
    size_t n;
    const char *at = find_entry(system, key, id, &n);

    if (at != NULL && at[n] == ':' && range != NULL) {
        (void)read_range(at + n + 1, 0, range);
    }
    return at != NULL;
}

bool args_range(uint64_t system, const char *key, uint32_t id, unsigned index, unsigned range[2])
{
    size_t n;
    const char *at = find_entry(system, key, id, &n);

    return at != NULL && at[n] == ':' && read_range(at + n + 1, index, range);
}
