/*
 * fuzz.c - the http server on the host, under sanitizers: all but devman, files and the sockets,
 * which are here. Clients send requests, good ones, spoilt ones and noise, in pieces of any length,
 * several in one, read slowly or not at all, and leave when they like. What comes back must be
 * answers, whole, in order; an order may only be carried out for the token; paths that get through
 * lead nowhere else. HTTP_FUZZ=N runs N times as many clients.
 */
#include "../../servers/http/server.h"
#include "../../servers/http/services.h"

#include <errno.h>
#include <idl/orders.h>
#include <idl/web.h>
#include <quoll/abi.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 20000u
#define PEERS   100u
#define LISTENS 1000
#define TOKEN   "0123456789abcdef0123456789abcdef"

static unsigned passed, failed, clients, orders, clients_max = CLIENTS;
static uint64_t now = 1, random_state = 88172645463325252ull;
static jmp_buf end;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s (client %u)\n", what, clients);
    }
}

static uint32_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

uint64_t now_ms(void)
{
    return now;
}

/* ---- clients */

static struct peer {
    bool is_there, is_open; /* its end; the server's */
    bool is_honest, has_token, is_slow;
    size_t length, given;
    char text[6000];
    size_t got;
    char answer[40000]; /* what of it was read: enough to see that it is one */
} peers[PEERS];
static bool waits[PEERS];

static const char *const good[] = {
    "GET / HTTP/1.1\r\nHost: q\r\n\r\n",
    "HEAD /api/things HTTP/1.1\r\nHost: q\r\nAccept: */*\r\n\r\n",
    "GET /api/things HTTP/1.0\r\n\r\n",
    "GET /files/disk0/a%20b.txt HTTP/1.1\r\nHost: q\r\nConnection: close\r\n\r\n",
    "GET http://q/files/%2e%2e/x HTTP/1.1\r\nHost: q\r\n\r\n",
    "POST /api/order HTTP/1.1\r\nHost: q\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 29\r\n\r\naction=restart&device=%2Fnull",
    "POST /api/order HTTP/1.1\r\nHost: q\r\nX-Quoll-Token: 0123456789abcdef0123456789abcdeX\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\n"
    "action=kill&device=%2Fnull",
    "POST /api/order HTTP/1.1\r\nHost: q\r\nX-Quoll-Token: " TOKEN "\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\n"
    "action=kill&device=%2Fnull",
};
#define GOOD (sizeof(good) / sizeof(good[0]))

static void append(struct peer *p, const char *bytes, size_t n)
{
    n = n < sizeof(p->text) - p->length ? n : sizeof(p->text) - p->length;
    memcpy(p->text + p->length, bytes, n);
    p->length += n;
}

static void spoil(struct peer *p)
{
    char noise[300];
    size_t at = p->length != 0 ? random_next() % p->length : 0, n;

    switch (random_next() % 4) {
    case 0:
        p->text[at] = (char)random_next();
        break;
    case 1:
        n = random_next() % 30 < p->length - at ? random_next() % 30 : 0;
        n = n < p->length - at ? n : 0;
        memmove(p->text + at, p->text + at + n, p->length - at - n);
        p->length -= n;
        break;
    case 2:
        append(p, p->text, at);
        break;
    default:
        for (n = 0; n < sizeof(noise); n++) {
            noise[n] = (char)random_next();
        }
        append(p, noise, random_next() % sizeof(noise));
    }
}

static void begin_peer(struct peer *p)
{
    unsigned count = 1 + random_next() % 4;

    *p = (struct peer){.is_there = true, .is_open = true, .is_slow = random_next() % 10 == 0};
    p->is_honest = random_next() % 3 == 0;
    while (count-- > 0) {
        unsigned which = random_next() % (p->is_honest ? 3 : GOOD);
        append(p, good[which], strlen(good[which]));
    }
    for (unsigned i = random_next() % 4; !p->is_honest && i > 0; i--) {
        spoil(p);
    }
    if (!p->is_honest && random_next() % 20 == 0) {
        memset(p->text + p->length, 'a', sizeof(p->text) - p->length);
        p->length = sizeof(p->text);
    }
    p->has_token = memmem(p->text, p->length, TOKEN, strlen(TOKEN)) != NULL;
    waits[p - peers] = true;
    clients++;
}

/* A token can be sent by nobody else while this one is served. */
static struct peer *served;

static int carry_out(const char *victim)
{
    orders++;
    check(served != NULL && served->has_token, "an order without the token");
    check(strlen(victim) < 64, "a path of a device");
    return random_next() % 2 == 0 ? E_OK : E_BUSY;
}

int orders_call_restart(uint64_t cap, const char *victim)
{
    check(cap == SLOT_ORDERS, "the lent capability");
    return carry_out(victim);
}

int orders_call_kill(uint64_t cap, const char *victim)
{
    return orders_call_restart(cap, victim);
}

int orders_call_inject(uint64_t cap, const char *fault, const char *victim)
{
    check(strlen(fault) < 32, "a fault's name");
    return orders_call_restart(cap, victim);
}

/* What was got is a row of answers as far as it goes. */
static void end_peer(struct peer *p)
{
    check(p->got == 0 || (p->got >= 9 && memcmp(p->answer, "HTTP/1.1 ", 9) == 0) || p->got < 9,
          "it begins as an answer");
    if (p->is_honest && !p->is_slow && p->given == p->length && p->got >= 12) {
        check(memcmp(p->answer, "HTTP/1.1 200", 12) == 0 ||
                  memcmp(p->answer, "HTTP/1.1 408", 12) == 0, /* time leaps here */
              "an honest client is served");
    }
    check(memmem(p->answer, p->got, TOKEN, strlen(TOKEN)) == NULL, "the token is not told");
    p->is_there = false;
}

/* ---- sockets */

int accept_now(int fd, struct sockaddr *address, socklen_t *length)
{
    (void)address;
    (void)length;
    check(fd == LISTENS, "the listening socket");
    for (unsigned i = 0; i < PEERS; i++) {
        if (waits[i]) {
            waits[i] = false;
            return (int)i;
        }
    }
    errno = EAGAIN;
    return -1;
}

int socket_close(int fd)
{
    check(peers[fd].is_open, "a socket that is open");
    peers[fd].is_open = false;
    end_peer(&peers[fd]);
    return 0;
}

ssize_t test_recv(int fd, void *bytes, size_t n, int flags)
{
    struct peer *p = &peers[fd];
    size_t part = p->length - p->given;

    check(p->is_open && (flags & MSG_DONTWAIT) != 0 && n != 0, "recv");
    served = p;
    part = part < n ? part : n;
    part = part != 0 ? 1 + random_next() % part : 0;
    memcpy(bytes, p->text + p->given, part);
    p->given += part;
    if (part == 0 && random_next() % 2 == 0) {
        errno = EAGAIN;
        return -1;
    }
    return (ssize_t)part;
}

ssize_t test_send(int fd, const void *bytes, size_t n, int flags)
{
    struct peer *p = &peers[fd];
    size_t part = 1 + random_next() % (n < 5000 ? n : 5000), kept;

    check(p->is_open && (flags & MSG_DONTWAIT) != 0 && n != 0, "send");
    served = p;
    if (random_next() % (p->is_slow ? 2 : 8) == 0) {
        errno = random_next() % 50 == 0 ? ECONNRESET : EAGAIN;
        return -1;
    }
    kept = part < sizeof(p->answer) - p->got ? part : sizeof(p->answer) - p->got;
    memcpy(p->answer + p->got, bytes, kept);
    p->got += kept;
    return (ssize_t)part;
}

int test_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int found = 0;

    if (clients >= clients_max) {
        longjmp(end, 1);
    }
    now += random_next() % 40;
    if (timeout >= 0 && random_next() % 50 == 0) {
        now += (unsigned)timeout;
    }
    for (unsigned i = 0; i < PEERS; i++) {
        if (!peers[i].is_there && random_next() % 4 == 0) {
            begin_peer(&peers[i]);
        }
    }
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if (fds[i].fd >= 0 && (fds[i].fd == LISTENS || random_next() % 3 != 0)) {
            fds[i].revents = fds[i].events;
            found++;
        }
    }
    return found;
}

/* ---- what it tells */

static bool more_things(struct connection *c)
{
    char text[600];

    for (; c->at < 40; c->at++) {
        size_t mark = c->out_used;
        struct json j = answer_json(c);
        memset(text, 1 + (int)(random_next() % 255), sizeof(text) - 1);
        text[random_next() % sizeof(text)] = '\0';
        text[sizeof(text) - 1] = '\0';
        json_string(&j, "thing", text);
        json_end(&j);
        if (!answer_keep(c, mark)) {
            return true;
        }
    }
    return false;
}

bool tell(struct connection *c, const char *name)
{
    if (strcmp(name, "things") != 0) {
        return false;
    }
    answer_begin(c, "application/x-ndjson", more_things);
    return true;
}

static bool more_bytes(struct connection *c)
{
    char bytes[1000];
    size_t n =
        c->file_bytes - c->at < sizeof(bytes) ? (size_t)(c->file_bytes - c->at) : sizeof(bytes);

    memset(bytes, 'f', sizeof(bytes));
    answer_put(c, bytes, n);
    c->at += n;
    c->is_broken = random_next() % 100 == 0;
    return c->at != c->file_bytes;
}

void files_answer(struct connection *c)
{
    const char *path = c->request.path;

    check(strncmp(path, "/files", 6) == 0 && strlen(path) < PATH_BYTES, "a path of a file");
    check(strstr(path, "/../") == NULL && strstr(path, "//") == NULL &&
              strstr(path, "/./") == NULL && strchr(path, '\\') == NULL,
          "it leads nowhere else");
    check(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0, "nor at its end");
    for (const char *at = path; *at != '\0'; at++) {
        check((unsigned char)*at >= ' ' && *at != 0x7f, "no control characters");
    }
    c->file_bytes = random_next() % 30000;
    answer_begin_sized(c, "text/plain", c->file_bytes, more_bytes);
}

int files_time(void)
{
    return random_next() % 2 == 0 ? -1 : 100;
}

int main(void)
{
    const char *times = getenv("HTTP_FUZZ");

    clients_max *= times != NULL ? (unsigned)atoi(times) : 1;
    orders_allow(TOKEN);
    if (setjmp(end) == 0) {
        connections_serve(LISTENS);
    }
    check(orders > 100, "some orders were carried out");
    check(counts.requests > clients_max / 2 && counts.refused < counts.requests,
          "requests were served");
    check(counts.connections <= CONNECTIONS, "no more connections than there are");
    printf("%u clients, %lu requests, %lu refused, %u orders\n", clients,
           (unsigned long)counts.requests, (unsigned long)counts.refused, orders);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
