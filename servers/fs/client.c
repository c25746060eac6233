/*
 * client.c - the tasks that call. What each may reach comes from the system manifest, by way of
 * root. Its window is memory of this server's, lent: both ends have it mapped, and when the task is
 * dead it is taken back and cleared before another gets it.
 * When a task has died root signals it, and is asked which.
 */
#include "server.h"

#include <quoll/client.h>
#include <string.h>

#define WINDOWS_VA 0x40000000ull
#define PAGE_BYTES 4096u

static struct client clients[CLIENTS_MAX];
static bool made[CLIENTS_MAX]; /* its window's frames exist, and are mapped here */

/* ---- windows */

static uint64_t slots_of(unsigned i)
{
    return SLOT_WINDOWS + (uint64_t)i * WINDOW_SLOTS;
}

/* Map, with the page tables that are missing: three at most, and only the first time. */
static int map(uint64_t va, uint64_t frame)
{
    static uint64_t table = SLOT_TABLES;
    int error;

    while ((error = sys_op(SLOT_VSPACE, OP_VSPACE_MAP, va, frame, RIGHT_READ | RIGHT_WRITE,
                           CACHE_DEFAULT, 0, 0)) == E_NO_TABLE &&
           table < SLOT_SESSIONS) {
        int made_one = sys_op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_TABLE, 0, 0, table, 1, 0);
        if (made_one == E_OK) {
            made_one = sys_op(SLOT_VSPACE, OP_VSPACE_MAP_TABLE, va, table, 0, 0, 0, 0);
        }
        if (made_one != E_OK) {
            return made_one;
        }
        table++;
    }
    return error;
}

static int make(unsigned i)
{
    uint64_t va = WINDOWS_VA + (uint64_t)i * WINDOW_BYTES;
    int error = E_OK;

    for (unsigned k = 0; error == E_OK && k < FS_WINDOW_PAGES; k++) {
        error = sys_op(SLOT_UNTYPED, OP_UNTYPED_RETYPE, OBJ_FRAME, FRAME_4K_BITS, 0,
                       slots_of(i) + k, 1, 0);
        if (error == E_OK) {
            error = map(va + (uint64_t)k * PAGE_BYTES, slots_of(i) + k);
        }
    }
    made[i] = error == E_OK;
    return error;
}

int client_make_window(struct client *client)
{
    unsigned i = (unsigned)(client - clients);
    int error = made[i] ? E_OK : make(i);

    if (error == E_OK && !client->has_window) {
        client->window = (uint8_t *)(WINDOWS_VA + (uint64_t)i * WINDOW_BYTES);
        memset(client->window, 0, WINDOW_BYTES);
        client->has_window = true;
    }
    return error;
}

uint64_t client_frame(const struct client *client, unsigned page)
{
    return slots_of((unsigned)(client - clients)) + page;
}

void *client_bytes(const struct client *client, uint64_t at, uint64_t count)
{
    if (!client->has_window || at > WINDOW_BYTES || count > WINDOW_BYTES - at) {
        return NULL;
    }
    return client->window + at;
}

int client_path(const struct client *client, const struct fs_text *text, char path[PATH_BYTES])
{
    const char *from = client_bytes(client, text->at, text->count);

    if (from == NULL) {
        return E_BAD_ARG;
    }
    memcpy(path, from, text->count); /* once: the client may change it */
    path[text->count] = '\0';
    return strlen(path) == text->count ? path_check(path) : E_BAD_ARG;
}

/* ---- tasks */

/* Does root say that it lives? Not knowing is not dead. */
static bool is_dead(uint32_t task)
{
    struct system_task t;

    for (uint64_t i = 0; system_task(SLOT_SYSTEM, i, &t) == E_OK; i++) {
        if (t.id == task) {
            return t.state == THREAD_STOPPED || t.state == THREAD_FAULTED ||
                   t.state == THREAD_FAULT_QUEUED;
        }
    }
    return false;
}

static void bury(struct client *client)
{
    unsigned i = (unsigned)(client - clients);

    files_close_all(client->task);
    for (unsigned k = 0; made[i] && k < FS_WINDOW_PAGES; k++) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_REVOKE, slots_of(i) + k, 0, 0, 0, 0, 0);
    }
    *client = (struct client){0};
}

void clients_bury(void)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (clients[i].task != 0 && is_dead(clients[i].task)) {
            bury(&clients[i]);
        }
    }
}

static struct client *find(uint32_t task)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (clients[i].task == task) {
            return &clients[i];
        }
    }
    return NULL;
}

_Static_assert(SYSTEM_PATH_BYTES <= PATH_BYTES, "a root is a path");

int client_of(uint32_t task, struct client **client)
{
    struct client *c = find(task);
    uint64_t may = SYSTEM_FILES_NONE;
    int error;

    if (c == NULL) {
        c = find(0);
        if (c == NULL) {
            clients_bury();
            c = find(0);
        }
        if (c == NULL) {
            return E_LIMIT;
        }
        error = system_files(SLOT_SYSTEM, task, &may, c->access.root);
        if (error != E_OK || may == SYSTEM_FILES_NONE) {
            return E_NO_RIGHT;
        }
        c->task = task;
        c->access.may_read = true;
        c->access.may_write = may == SYSTEM_FILES_READ_WRITE;
    }
    *client = c;
    return E_OK;
}
