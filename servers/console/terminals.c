/*
 * terminals.c - the interface `terminal`: each client, a task by its number, has one session of the
 * core. What can't be done at once is kept: a write until all of it was taken, a read until there
 * is a byte. A client has one thread, so there are Replies for all of them.
 */
#include "layout.h"
#include "server.h"

#include <idl/input.h>
#include <idl/terminal_server.h>
#include <string.h>

enum wait { WAIT_NONE, WAIT_WRITE, WAIT_READ, WAIT_FLUSH, WAIT_DRAW };

static struct waiter {
    enum wait wait;
    uint64_t reply;
    unsigned session;
    uint32_t max; /* read */
    size_t at, count;
    uint8_t bytes[TERMINAL_PIECE_MAX]; /* write */
} waiters[TASK_REPLIES];
_Static_assert(TASK_REPLIES > CONSOLE_SESSIONS, "every client can wait");
_Static_assert(TERMINAL_LAYOUT_MAX == INPUT_LAYOUT_MAX, "a name fits both ways");
_Static_assert((int)TERMINAL_SCREENS == (int)SCREENS, "the interface says how many there are");

static uint32_t clients[CONSOLE_SESSIONS]; /* the task of each session; 0: nobody's */
static bool on_line[CONSOLE_SESSIONS];     /* is to be on the serial line, whenever that is there */
static uint64_t bytes_in[CONSOLE_SESSIONS], bytes_out[CONSOLE_SESSIONS];

void terminals_line_is_there(void)
{
    for (unsigned i = 0; i < CONSOLE_SESSIONS; i++) {
        if (clients[i] != 0 && on_line[i]) {
            (void)console_move(&console, i, CONSOLE_BOTH, 0);
        }
    }
}

static bool has_session(uint32_t task, unsigned *session)
{
    for (unsigned i = 0; i < CONSOLE_SESSIONS; i++) {
        if (clients[i] == task) {
            *session = i;
            return true;
        }
    }
    return false;
}

/* The session of the first virtual console is on the serial line, too. */
static void begin_session(unsigned session, uint32_t task)
{
    clients[session] = task;
    on_line[session] = session == 0;
    terminals_line_is_there();
}

/* The caller's session; its first call opens it. */
static int session_of(const struct call *call, unsigned *session)
{
    int error;

    if (has_session(call_session(call), session)) {
        return E_OK;
    }
    error = console_open(&console, session);
    if (error == E_OK) {
        begin_session(*session, call_session(call));
    }
    return error;
}

static struct waiter *waiting(enum wait wait, unsigned session)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (waiters[i].wait == wait && waiters[i].session == session) {
            return &waiters[i];
        }
    }
    return NULL;
}

/* Keep @call; *@kept is the waiter to be filled on CALL_LATER. */
static int keep(struct call *call, enum wait wait, unsigned session, struct waiter **kept)
{
    struct waiter *w = waiting(WAIT_NONE, 0);
    int error = E_BUSY;

    for (unsigned i = 0; i < TASK_REPLIES && w == NULL; i++) {
        w = waiters[i].wait == WAIT_NONE ? &waiters[i] : NULL;
    }
    if (w != NULL) {
        error = call_keep(call, &w->reply);
    }
    if (error == CALL_LATER) {
        w->wait = wait;
        w->session = session;
        *kept = w;
    }
    return error;
}

/* ---- methods */

int terminal_serve_write(struct call *call, const uint8_t *data, size_t data_count)
{
    struct waiter *w;
    unsigned session;
    size_t taken = 0;
    int error = session_of(call, &session);

    if (error != E_OK) {
        return error;
    }
    if (data_count == 0) {
        return line_is_flushed() ? E_OK : keep(call, WAIT_FLUSH, session, &w);
    }
    if (waiting(WAIT_WRITE, session) == NULL) {
        taken = console_feed(&console, session, data, data_count);
    }
    bytes_out[session] += data_count;
    if (taken == data_count) {
        return E_OK;
    }
    error = keep(call, WAIT_WRITE, session, &w);
    if (error == CALL_LATER) {
        w->at = 0;
        w->count = data_count - taken;
        memcpy(w->bytes, data + taken, w->count);
    }
    return error;
}

int terminal_serve_read(struct call *call, uint32_t max, bool wait, uint8_t *result,
                        size_t *result_count)
{
    struct waiter *w;
    unsigned session;
    int error = session_of(call, &session);

    if (error != E_OK) {
        return error;
    }
    if (waiting(WAIT_READ, session) != NULL) {
        return E_BUSY;
    }
    *result_count = console_read(&console, session, result, max);
    bytes_in[session] += *result_count;
    if (*result_count != 0 || !wait) {
        return E_OK;
    }
    error = keep(call, WAIT_READ, session, &w);
    if (error == CALL_LATER) {
        w->max = max;
    }
    return error;
}

int terminal_serve_stats(struct call *call, struct terminal_statistics *result)
{
    unsigned session;
    int error = session_of(call, &session);

    if (error == E_OK) {
        result->bytes_in = bytes_in[session];
        result->bytes_out = bytes_out[session];
        result->device_restarts = server_restarts;
        result->shown_on =
            console.sessions[session].line != CONSOLE_NONE
                ? console.sessions[session].on_vga ? TERMINAL_TARGET_BOTH : TERMINAL_TARGET_SERIAL
                : TERMINAL_TARGET_SCREEN;
    }
    return error;
}

int terminal_serve_move(struct call *call, enum terminal_target to)
{
    static const unsigned devices[] = {[TERMINAL_TARGET_SERIAL] = CONSOLE_SERIAL,
                                       [TERMINAL_TARGET_SCREEN] = CONSOLE_VGA,
                                       [TERMINAL_TARGET_BOTH] = CONSOLE_BOTH};
    unsigned session;
    int error = session_of(call, &session);

    if (error == E_OK && to == TERMINAL_TARGET_SCREEN && !console.has_display) {
        return E_NOT_FOUND; /* nobody would see it, nor bring it back */
    }
    if (error == E_OK) {
        error = console_move(&console, session, devices[to], 0);
    }
    if (error == E_OK) {
        on_line[session] = to != TERMINAL_TARGET_SCREEN;
    }
    return error == E_BAD_ARG ? E_NOT_FOUND : error;
}

int terminal_serve_draw(struct call *call, enum terminal_picture how)
{
    const unsigned all = CONSOLE_SESSIONS; /* the picture is no session's own */
    struct waiter *w;
    int error;

    if (!picture_is_there()) {
        return E_NOT_FOUND;
    }
    error = waiting(WAIT_DRAW, all) != NULL ? E_BUSY : keep(call, WAIT_DRAW, all, &w);
    if (error == CALL_LATER) {
        picture_ask(how == TERMINAL_PICTURE_GRAPHICS);
    }
    return error;
}

int terminal_serve_size(struct call *call, uint16_t *columns, uint16_t *rows)
{
    unsigned session;
    int error = session_of(call, &session);

    if (error == E_OK) {
        *columns = (uint16_t)console.screens[session].columns;
        *rows = (uint16_t)console.screens[session].rows;
    }
    return error;
}

int terminal_serve_take(struct call *call, uint32_t screen)
{
    unsigned session;
    int error =
        has_session(call_session(call), &session) ? E_EXISTS : console_open_at(&console, screen);

    if (error == E_OK) {
        begin_session(screen, call_session(call));
    }
    return error;
}

int terminal_serve_get_layout(struct call *call, char result[TERMINAL_LAYOUT_MAX + 1])
{
    (void)call;
    return layout_get(result);
}

int terminal_serve_set_layout(struct call *call, const char *name)
{
    (void)call;
    return layout_set(name);
}

int terminal_serve_layout(struct call *call, uint32_t index, char result[TERMINAL_LAYOUT_MAX + 1])
{
    (void)call;
    return layout_name(index, result);
}

/* ---- what waits */

static bool go_on_writing(struct waiter *w)
{
    size_t n = console_feed(&console, w->session, w->bytes + w->at, w->count - w->at);

    w->at += n;
    if (w->at == w->count) {
        w->wait = WAIT_NONE;
        terminal_answer_write(w->reply, E_OK);
    }
    return n != 0;
}

static bool go_on_reading(struct waiter *w)
{
    uint8_t bytes[TERMINAL_PIECE_MAX];
    size_t n = console_read(&console, w->session, bytes, w->max);

    if (n == 0) {
        return false;
    }
    bytes_in[w->session] += n;
    w->wait = WAIT_NONE;
    terminal_answer_read(w->reply, E_OK, bytes, n);
    return true;
}

static bool go_on_flushing(struct waiter *w)
{
    if (waiting(WAIT_WRITE, w->session) != NULL || !line_is_flushed()) {
        return false;
    }
    w->wait = WAIT_NONE;
    terminal_answer_write(w->reply, E_OK);
    return true;
}

static bool go_on_drawing(struct waiter *w)
{
    int status;

    if (!picture_answered(&status)) {
        return false;
    }
    w->wait = WAIT_NONE;
    terminal_answer_draw(w->reply, status);
    return true;
}

bool terminals_pump(void)
{
    bool moved = false;

    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        struct waiter *w = &waiters[i];
        if (w->wait == WAIT_WRITE) {
            moved |= go_on_writing(w);
        } else if (w->wait == WAIT_READ) {
            moved |= go_on_reading(w);
        } else if (w->wait == WAIT_FLUSH) {
            moved |= go_on_flushing(w);
        } else if (w->wait == WAIT_DRAW) {
            moved |= go_on_drawing(w);
        }
    }
    return moved;
}
