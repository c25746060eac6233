/*
 * connection.c - all connections, by one loop: whoever has something is served as far as it can be
 * without waiting. Each state has its time; whoever takes longer is let go, and when there is no
 * room for a new one, the one that has been idle longest is.
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define FULL_PAUSE_MS 200

struct counts counts;
static struct connection connections[CONNECTIONS];

#define FULL_BODY "{\"error\": \"all connections are busy; try again in some seconds\"}\n"
static const char full_text[] = "HTTP/1.1 503 Service Unavailable\r\nServer: Quoll\r\n"
                                "Content-Type: application/json\r\nContent-Length: 65\r\n"
                                "Connection: close\r\nRetry-After: 5\r\n\r\n" FULL_BODY;
_Static_assert(sizeof(FULL_BODY) - 1 == 65, "Content-Length");
static uint64_t full_until_ms; /* there are no more sockets before */

static void drop(struct connection *c)
{
    (void)socket_close(c->fd);
    c->state = CONNECTION_FREE;
    counts.connections--;
}

/* The next request, of which some bytes may be there. */
static void expect_request(struct connection *c)
{
    c->state = CONNECTION_HEAD;
    c->since_ms = now_ms();
}

static void refuse(struct connection *c, struct refusal refusal)
{
    c->ends = true;
    answer_refusal(c, refusal);
}

/* ---- requests */

static void forget_input(struct connection *c, size_t n)
{
    c->in_used -= n;
    memmove(c->in, c->in + n, c->in_used);
}

static void begin_answer(struct connection *c)
{
    size_t n = c->request.body_bytes;
    char body[BODY_MAX];

    memcpy(body, c->in, n);
    forget_input(c, n);
    c->ends = !c->request.stays;
    c->head_only = c->request.method == METHOD_HEAD;
    route(c, body, n);
}

/* True: it went on to another state. */
static bool read_head(struct connection *c)
{
    struct refusal why;
    size_t end = head_end(c->in, c->in_used < HEAD_MAX ? c->in_used : HEAD_MAX);

    if (end == 0 && c->in_used < HEAD_MAX) {
        return false;
    }
    c->head_only = false;
    if (end == 0) {
        refuse(c, head_too_long(c->in, c->in_used));
    } else if (!head_parse(c->in, end, &c->request, &why)) {
        refuse(c, why);
    } else {
        forget_input(c, end);
        c->state = CONNECTION_BODY;
    }
    return true;
}

static bool read_body(struct connection *c)
{
    if (c->in_used < c->request.body_bytes) {
        return false;
    }
    begin_answer(c);
    return true;
}

/* ---- answers */

/* Send of @bytes what is taken now; false: the connection is no more. */
static bool send_some(struct connection *c, const char *bytes, size_t n, size_t *sent)
{
    ssize_t taken = send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    *sent = taken > 0 ? (size_t)taken : 0;
    c->sent += *sent;
    return taken >= 0 || errno == EAGAIN;
}

/* True: all of the answer is sent, or the connection is gone. */
static bool send_answer(struct connection *c)
{
    size_t sent = 1;

    while (sent != 0) {
        if (c->out_sent == c->out_used) {
            c->out_sent = c->out_used = 0;
            answer_make(c);
        }
        if (c->is_broken) {
            drop(c);
            return true;
        }
        if (c->out_used == 0 && c->constant == NULL) {
            break;
        }
        if (!send_some(c, c->out_used != 0 ? c->out + c->out_sent : c->constant,
                       c->out_used != 0 ? c->out_used - c->out_sent : c->constant_bytes, &sent)) {
            drop(c);
            return true;
        }
        if (c->out_used != 0) {
            c->out_sent += sent;
            continue;
        }
        c->constant += sent;
        c->constant_bytes -= sent;
        c->constant = c->constant_bytes != 0 ? c->constant : NULL;
    }
    return c->out_used == 0 && c->constant == NULL && c->more == NULL;
}

/* ---- one connection's turn */

static void receive(struct connection *c)
{
    ssize_t n;

    if (c->in_used == sizeof(c->in)) {
        return;
    }
    n = recv(c->fd, c->in + c->in_used, sizeof(c->in) - c->in_used, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        drop(c);
        return;
    }
    if (n > 0 && c->in_used == 0 && c->state == CONNECTION_HEAD) {
        c->since_ms = now_ms();
    }
    c->in_used += n > 0 ? (size_t)n : 0;
}

static void go_on(struct connection *c)
{
    bool moves = true;

    while (moves) { /* requests that have come already are soon done: a buffer's worth */
        switch (c->state) {
        case CONNECTION_HEAD:
            moves = read_head(c);
            break;
        case CONNECTION_BODY:
            moves = read_body(c);
            break;
        case CONNECTION_ANSWER:
            moves = send_answer(c) && c->state == CONNECTION_ANSWER;
            if (moves && c->ends) {
                drop(c);
            } else if (moves) {
                expect_request(c);
            }
            break;
        default:
            moves = false;
        }
    }
}

/* ---- time */

static uint64_t due_ms(const struct connection *c)
{
    switch (c->state) {
    case CONNECTION_HEAD:
        return c->since_ms + (c->in_used != 0 ? REQUEST_MS : IDLE_MS);
    case CONNECTION_BODY:
        return c->since_ms + REQUEST_MS;
    default:
        return c->since_ms + ANSWER_MS + c->sent / ANSWER_RATE;
    }
}

static void time_out(struct connection *c)
{
    if (c->state == CONNECTION_ANSWER || (c->state == CONNECTION_HEAD && c->in_used == 0)) {
        drop(c);
        return;
    }
    c->in_used = 0;
    c->head_only = false;
    refuse(c, (struct refusal){408, "a request has to arrive within 10 seconds"});
    go_on(c);
}

/* How long poll may wait: until somebody's time is over, or a file's. */
static int wait_ms(void)
{
    uint64_t now = now_ms(), due = UINT64_MAX;
    int ms = files_time();

    for (unsigned i = 0; i < CONNECTIONS; i++) {
        if (connections[i].state != CONNECTION_FREE && due_ms(&connections[i]) < due) {
            due = due_ms(&connections[i]);
        }
    }
    if (due != UINT64_MAX && (ms < 0 || due < now + (unsigned)ms)) {
        ms = due > now ? (int)(due - now) : 0;
    }
    return ms;
}

/* ---- new ones */

static struct connection *find_room(void)
{
    struct connection *idle = NULL;

    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &connections[i];
        if (c->state == CONNECTION_FREE) {
            return c;
        }
        if (c->state == CONNECTION_HEAD && c->in_used == 0 &&
            (idle == NULL || c->since_ms < idle->since_ms)) {
            idle = c;
        }
    }
    if (idle != NULL) {
        drop(idle);
    }
    return idle;
}

static void accept_all(int listener)
{
    struct connection *c;
    int fd;

    while ((fd = accept_now(listener, NULL, NULL)) >= 0) {
        counts.accepted++;
        c = find_room();
        if (c == NULL) {
            (void)send(fd, full_text, sizeof(full_text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
            (void)socket_close(fd);
            continue;
        }
        c->fd = fd;
        c->in_used = 0;
        counts.connections++;
        expect_request(c);
    }
    if (errno != EAGAIN) { /* the net server has no more for this task: when one is free again */
        full_until_ms = now_ms() + FULL_PAUSE_MS;
    }
}

/* ---- all */

static void poll_all(int listener)
{
    static struct pollfd fds[CONNECTIONS + 1];
    uint64_t now;
    bool is_full;
    int ms;

    for (unsigned i = 0; i < CONNECTIONS; i++) {
        const struct connection *c = &connections[i];
        fds[i] = (struct pollfd){.fd = c->state != CONNECTION_FREE ? c->fd : -1,
                                 .events = c->state == CONNECTION_ANSWER ? POLLOUT : POLLIN};
    }
    is_full = now_ms() < full_until_ms;
    ms = wait_ms();
    fds[CONNECTIONS] = (struct pollfd){.fd = is_full ? -1 : listener, .events = POLLIN};
    (void)poll(fds, CONNECTIONS + 1,
               is_full && (ms < 0 || ms > FULL_PAUSE_MS) ? FULL_PAUSE_MS : ms);
    now = now_ms();
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &connections[i];
        if (c->state == CONNECTION_FREE) {
            continue;
        }
        if (fds[i].revents != 0) {
            if (c->state != CONNECTION_ANSWER) {
                receive(c);
            }
            go_on(c);
        }
        if (c->state != CONNECTION_FREE && now >= due_ms(c)) {
            time_out(c);
        }
    }
    if (fds[CONNECTIONS].revents != 0) {
        accept_all(listener);
    }
}

_Noreturn void connections_serve(int listener)
{
    for (;;) {
        poll_all(listener);
    }
}
