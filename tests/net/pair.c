/*
 * pair.c - two cores of the net server, in two processes with a wire between them that loses and
 * swaps frames: everything a client can do with sockets, under sanitizers. The parent is 10.0.0.1
 * and checks, the child is 10.0.0.2 and serves echo on port 7: what comes goes back.
 * Time is the wire's: a step of both is a millisecond, so waits cost nothing and runs repeat.
 */
#include "client.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOSS 2u /* frames of a hundred */
#define BULK (1u << 20)
#define MANY 24u

struct socket_region *regions[CORE_SESSIONS];
static unsigned passed, failed, loss;
static uint64_t now;
static int wire;
static uint8_t frame[CORE_FRAME_MAX];
static uint32_t peer, random_state = 1;
static unsigned woken;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s (at %lu ms)\n", what, (unsigned long)now);
    }
}

static uint32_t random_next(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

/* ---- the embedder */

static uint8_t queue[512][CORE_FRAME_MAX];
static unsigned queued_length[512], queued;

uint8_t *port_frame(void)
{
    return queued < 512 ? frame : NULL;
}

unsigned port_frames(void)
{
    return 512 - queued;
}

/* As a card does it. */
static void put_sum(unsigned length, unsigned from, unsigned at)
{
    uint16_t sum = (uint16_t)~net_checksum(frame + from, (int)(length - from));

    sum = sum != 0 ? sum : 0xffff;
    memcpy(frame + at, &sum, sizeof(sum));
}

void port_send(unsigned length, uint16_t sum_from, uint16_t sum_at)
{
    if (sum_at != 0) {
        put_sum(length, sum_from, sum_at);
    }
    if (random_next() % 100 < loss) {
        return;
    }
    memcpy(queue[queued], frame, length);
    queued_length[queued++] = length;
}

void port_wake(unsigned session)
{
    woken |= 1u << session;
}

static int resolve_error = -1;

void port_resolved(unsigned cookie, int error, uint32_t address)
{
    (void)cookie;
    (void)address;
    resolve_error = error;
}

/* ---- the wire: all frames of a millisecond, then an empty one */

static bool send_all(void)
{
    uint8_t none = 0;

    for (unsigned i = 0; i + 1 < queued; i++) {
        if (random_next() % 100 < loss) { /* two change places */
            unsigned n = queued_length[i];
            memcpy(frame, queue[i], n);
            memcpy(queue[i], queue[i + 1], queued_length[i + 1]);
            memcpy(queue[i + 1], frame, n);
            queued_length[i] = queued_length[i + 1];
            queued_length[i + 1] = n;
        }
    }
    for (unsigned i = 0; i < queued; i++) {
        if (send(wire, queue[i], queued_length[i], MSG_NOSIGNAL) < 0) {
            return false;
        }
    }
    queued = 0;
    return send(wire, &none, 1, MSG_NOSIGNAL) == 1;
}

static bool receive_all(void)
{
    uint8_t bytes[CORE_FRAME_MAX + 1];
    ssize_t n;

    while ((n = read(wire, bytes, sizeof(bytes))) > 1) {
        core_input(bytes, (unsigned)n, false);
    }
    return n == 1;
}

static bool step(void)
{
    for (unsigned i = 0; i < CORE_SESSIONS; i++) {
        core_doorbell(i);
    }
    (void)core_time(++now);
    core_can_send();
    core_flush();
    (void)core_about_to_sleep();
    return send_all() && receive_all();
}

static void begin(const char *address, const char *other, uint8_t last)
{
    const uint8_t secret[16] = {last, 2, 3}, mac[6] = {2, 0, 0, 0, 0, last};
    struct core_address a = {.address = inet_addr(address), .mask = inet_addr("255.255.255.0")};

    peer = inet_addr(other);
    core_begin(secret, now);
    core_link(mac, true);
    core_sums(mac[5] % 2 == 0); /* of the two, one leaves them */
    check(core_use_address(&a) == E_OK, "its address");
}

/* ---- the child: echo */

static void echo_stream(unsigned s)
{
    struct socket_words *w = words(0, s);
    static uint8_t bytes[SOCKET_RING_BYTES];
    size_t room = SOCKET_RING_BYTES - (size_t)(w->tx_put - w->tx_get);

    (void)give(0, s, bytes, get(0, s, bytes, room));
    if ((state(0, s) & (SOCKET_ENDED | SOCKET_FAILED)) != 0 && w->rx_get == w->rx_put) {
        (void)core_close(0, s);
    }
}

static void echo_datagrams(unsigned s)
{
    static uint8_t bytes[SOCKET_DATAGRAM_MAX];
    struct socket_record head;

    while (get_record(0, s, &head, bytes)) {
        give_record(0, s, head, bytes);
    }
}

static int child(void)
{
    unsigned listener, datagrams, s;
    struct core_end from;
    bool open[SOCKET_COUNT] = {0};

    begin("10.0.0.2", "10.0.0.1", 2);
    new_session(0);
    if (core_create(0, CORE_STREAM, &listener) != E_OK || core_bind(0, listener, 0, 7) != E_OK ||
        core_listen(0, listener, 16) != E_OK || core_create(0, CORE_DATAGRAM, &datagrams) != E_OK ||
        core_bind(0, datagrams, 0, 7) != E_OK) {
        return 1;
    }
    while (step()) {
        while (core_accept(0, listener, 0, &s, &from) == E_OK) {
            open[s] = true;
        }
        echo_datagrams(datagrams);
        for (unsigned i = 0; i < SOCKET_COUNT; i++) {
            if (open[i] && i != listener && i != datagrams) {
                open[i] = state(0, i) != 0;
                echo_stream(i);
            }
        }
    }
    return 0;
}

/* ---- the parent */

static bool wait_for(unsigned session, unsigned s, uint32_t flags, unsigned ms)
{
    while (ms-- > 0 && (state(session, s) & flags) == 0) {
        (void)step();
    }
    return (state(session, s) & flags) != 0;
}

static unsigned connected(void)
{
    unsigned s = ~0u;

    check(core_create(0, CORE_STREAM, &s) == E_OK, "a stream socket");
    check(core_connect(0, s, peer, 7) == E_OK, "connect begins");
    check(wait_for(0, s, SOCKET_CONNECTED, 60000), "connected");
    return s;
}

static void test_bulk(void)
{
    static uint8_t bytes[4096], back[4096];
    unsigned s = connected();
    size_t sent = 0, got = 0;
    bool same = true;

    for (unsigned ms = 0; got < BULK && ms < 4000000 && state(0, s) & SOCKET_CONNECTED; ms++) {
        for (unsigned i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)((sent + i) * 7 + ((sent + i) >> 8));
        }
        sent += give(0, s, bytes, BULK - sent < sizeof(bytes) ? BULK - sent : sizeof(bytes));
        size_t n = get(0, s, back, random_next() % sizeof(back));
        for (size_t i = 0; i < n; i++) {
            same = same && back[i] == (uint8_t)((got + i) * 7 + ((got + i) >> 8));
        }
        got += n;
        (void)step();
    }
    check(got == BULK && same, "a mebibyte there and back");
    check(core_shutdown(0, s) == E_OK, "shut down");
    check(wait_for(0, s, SOCKET_ENDED, 60000), "and its end comes back");
    check(core_close(0, s) == E_OK, "closed");
    for (unsigned i = 0; i < 100 && state(0, s) != 0; i++) {
        (void)step();
    }
    check(state(0, s) == 0, "and free");
}

static void test_many(void)
{
    unsigned s[MANY];
    uint8_t bytes[8], back[8];

    for (unsigned i = 0; i < MANY; i++) {
        check(core_create(0, CORE_STREAM, &s[i]) == E_OK, "one of many");
        check(core_connect(0, s[i], peer, 7) == E_OK, "begins");
    }
    for (unsigned i = 0; i < MANY; i++) {
        check(wait_for(0, s[i], SOCKET_CONNECTED, 60000), "one of many is connected");
        memset(bytes, (int)i, sizeof(bytes));
        check(give(0, s[i], bytes, sizeof(bytes)) == sizeof(bytes), "gives");
    }
    for (unsigned i = 0; i < MANY; i++) {
        size_t got = 0;
        for (unsigned ms = 0; got < sizeof(back) && ms < 60000; ms++) {
            got += get(0, s[i], back + got, sizeof(back) - got);
            (void)step();
        }
        memset(bytes, (int)i, sizeof(bytes));
        check(got == sizeof(back) && memcmp(bytes, back, sizeof(back)) == 0, "its own answer");
        check(core_close(0, s[i]) == E_OK, "closed");
    }
    for (unsigned i = 0; i < 30000; i++) {
        (void)step();
    }
    for (unsigned i = 0; i < MANY; i++) {
        check(state(0, s[i]) == 0, "all are free again");
    }
}

static void test_refused(void)
{
    unsigned s;

    check(core_create(0, CORE_STREAM, &s) == E_OK && core_connect(0, s, peer, 8) == E_OK, "to 8");
    check(wait_for(0, s, SOCKET_FAILED, 60000), "nobody listens there");
    check(words(0, s)->state >> 32 == E_GONE, "which is GONE");
    check(core_close(0, s) == E_OK, "closed");
    check(core_create(0, CORE_STREAM, &s) == E_OK &&
              core_connect(0, s, inet_addr("10.0.0.77"), 7) == E_OK,
          "to nobody");
    check(wait_for(0, s, SOCKET_FAILED, 300000), "nobody is there");
    check(words(0, s)->state >> 32 == E_TIMEOUT, "which is TIMEOUT");
    check(core_close(0, s) == E_OK && core_close(0, s) == E_BAD_ARG, "closed once");
}

static void exchange(unsigned s, uint16_t port, size_t length)
{
    static uint8_t bytes[SOCKET_DATAGRAM_MAX], back[SOCKET_DATAGRAM_MAX];
    struct socket_record head = {peer, port, (uint16_t)length};
    bool got = false;

    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)(random_next());
    }
    for (unsigned attempt = 0; attempt < 40 && !got; attempt++) {
        give_record(0, s, head, bytes);
        for (unsigned ms = 0; ms < 100 && !got; ms++) {
            (void)step();
            got = get_record(0, s, &head, back) && head.length == length &&
                  memcmp(bytes, back, length) == 0;
        }
    }
    check(got && head.address == peer && head.port == port, "a datagram comes back");
}

static void test_datagrams(enum core_kind kind, uint16_t port)
{
    static const size_t lengths[] = {0, 1, 7, 8, 18, 1000, 1472, 1473, 5000, SOCKET_DATAGRAM_MAX};
    unsigned s;

    check(core_create(0, kind, &s) == E_OK, "a datagram socket");
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        if (kind != CORE_ECHO || lengths[i] <= 8000) {
            exchange(s, port, lengths[i]);
        }
    }
    check(core_close(0, s) == E_OK, "closed");
}

static void test_errors(void)
{
    unsigned s, t;

    check(core_create(7, CORE_STREAM, &s) == E_LIMIT, "no such session");
    check(core_create(0, CORE_STREAM, &s) == E_OK, "one");
    check(core_listen(0, s, 4) == E_BAD_ARG, "not bound");
    check(core_bind(0, s, 0, 80) == E_OK && core_listen(0, s, 65) == E_BAD_ARG, "backlog");
    check(core_listen(0, s, 4) == E_OK, "listens");
    check(core_connect(0, s, peer, 7) == E_EXISTS, "does not connect");
    check(core_accept(0, s, 0, &t, &(struct core_end){0}) == E_BUSY, "nobody came");
    check(core_create(0, CORE_STREAM, &t) == E_OK && core_bind(0, t, 0, 80) == E_EXISTS, "taken");
    check(core_shutdown(0, t) == E_BAD_ARG, "not connected");
    check(core_close(0, t) == E_OK && core_close(0, s) == E_OK, "closed");
    check(core_close(0, 99) == E_BAD_ARG, "no such socket");
    core_session_open(1, regions[0], (struct core_rights){80, 81});
    core_session_close(1);
    regions[1] = NULL;
    new_session(1);
    core_session_open(1, regions[1], (struct core_rights){80, 81});
    check(core_create(1, CORE_STREAM, &s) == E_OK && core_bind(1, s, 0, 79) == E_NO_RIGHT &&
              core_bind(1, s, 0, 82) == E_NO_RIGHT && core_bind(1, s, 0, 80) == E_OK,
          "ports of its rights");
    core_session_allow(1, (struct core_rights){7, 7});
    check(core_create(1, CORE_STREAM, &s) == E_OK && core_bind(1, s, 0, 8) == E_NO_RIGHT &&
              core_bind(1, s, 0, 7) == E_OK,
          "and of others that it has");
    core_session_close(1);
    for (t = 0; t <= SOCKET_COUNT && core_create(0, CORE_ECHO, &s) == E_OK; t++) {
    }
    check(t == SOCKET_COUNT, "so many sockets and no more");
    core_session_close(0);
    new_session(0);
}

/* Words that no honest client writes: its socket ends, its neighbour's lives. */
static void test_lies(void)
{
    unsigned good = connected();
    struct core_counters c;

    for (unsigned i = 0; i < 300; i++) {
        unsigned s = 0;
        enum core_kind kind = i % 3;
        check(core_create(0, kind, &s) == E_OK, "one that will lie");
        if (kind == CORE_STREAM) {
            (void)core_connect(0, s, peer, 7);
            if (!wait_for(0, s, SOCKET_CONNECTED, 60000)) {
                continue;
            }
        }
        for (unsigned k = 0; k < 64; k++) { /* records of noise */
            socket_tx_ring(regions[0], s)[k] = (uint8_t)random_next();
        }
        uint64_t value = (uint64_t)random_next() << (random_next() % 40);
        *(random_next() % 2 ? &words(0, s)->tx_put : &words(0, s)->rx_get) = value;
        for (unsigned ms = 0; ms < 5; ms++) {
            (void)step();
        }
        (void)core_close(0, s);
        for (unsigned ms = 0; ms < 25000 && state(0, s) != 0; ms += 100) {
            now += 100;
            (void)step();
        }
        check(state(0, s) == 0, "the liar is gone");
    }
    core_get_counters(&c);
    check(c.lies > 100, "lies were seen");
    check((state(0, good) & SOCKET_CONNECTED) != 0, "the neighbour lives");
    check(core_close(0, good) == E_OK, "closed");
}

static void test_wake(void)
{
    unsigned s;

    check(core_create(0, CORE_ECHO, &s) == E_OK, "echo");
    woken = 0;
    regions[0]->client_sleeps = 0;
    exchange(s, 1, 20);
    check(woken == 0, "who is awake is not woken");
    regions[0]->client_sleeps = 1;
    exchange(s, 2, 20);
    check(woken == 1, "who sleeps is");
    regions[0]->client_sleeps = 0;
    check(core_close(0, s) == E_OK, "closed");
}

/* Room to send is no news to who waits for something to arrive. */
static void test_wake_for_room(void)
{
    static const uint64_t sleeps[] = {SOCKET_AWAKE, SOCKET_SLEEPS, SOCKET_SLEEPS_FOR_NEWS};
    static const unsigned wakes[] = {0, 1, 0};
    const struct socket_record head = {peer, 1, 20};
    static const uint8_t bytes[20];
    unsigned s;

    check(core_create(0, CORE_ECHO, &s) == E_OK, "echo");
    for (unsigned i = 0; i < 3; i++) {
        regions[0]->client_sleeps = SOCKET_AWAKE;
        core_flush();
        (void)core_about_to_sleep();
        regions[0]->client_sleeps = sleeps[i];
        woken = 0;
        give_record(0, s, head, bytes);
        core_doorbell(0);
        check(words(0, s)->tx_get == words(0, s)->tx_put, "it has left");
        core_flush();
        check(woken == wakes[i], "woken for room if that is asked for");
        check(regions[0]->server_sleeps == 0, "the server is awake");
    }
    regions[0]->client_sleeps = SOCKET_AWAKE;
    check(core_close(0, s) == E_OK, "closed");
}

/* What a client took while the server was awake, and did not ring for, is seen before it sleeps. */
static void test_sleep(void)
{
    static uint8_t bytes[2 * SOCKET_TAKE_BYTES];
    unsigned s = connected(), other;

    check(give(0, s, bytes, sizeof(bytes)) == sizeof(bytes), "gives");
    for (unsigned ms = 0; words(0, s)->rx_put != sizeof(bytes) && ms < 60000; ms++) {
        (void)step();
    }
    check(core_about_to_sleep(), "nothing is new");
    check(regions[0]->server_sleeps == 1, "and its client is to ring");
    core_doorbell(0);
    check(regions[0]->server_sleeps == 0, "but not again");
    check(get(0, s, bytes, sizeof(bytes)) == sizeof(bytes), "takes all");
    check(!core_about_to_sleep(), "so much was taken");
    core_doorbell(0);
    check(core_about_to_sleep(), "and is known now");
    check(core_create(0, CORE_STREAM, &other) == E_OK, "another");
    words(0, other)->tx_put = words(0, other)->rx_get = SOCKET_TAKE_BYTES;
    core_doorbell(0);
    check(core_about_to_sleep(), "no client keeps it awake");
    check(core_close(0, other) == E_OK && core_close(0, s) == E_OK, "closed");
}

int main(void)
{
    int ends[2];
    int status = -1;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) {
        return 2;
    }
    if (fork() == 0) {
        (void)close(ends[0]);
        wire = ends[1];
        return child();
    }
    (void)close(ends[1]);
    wire = ends[0];
    begin("10.0.0.1", "10.0.0.2", 1);
    new_session(0);
    test_errors();
    test_datagrams(CORE_DATAGRAM, 7);
    test_datagrams(CORE_ECHO, 1);
    test_wake();
    test_wake_for_room();
    test_sleep();
    test_refused();
    for (loss = 0; loss <= 2 * LOSS; loss += LOSS) {
        test_bulk();
        test_many();
    }
    loss = 0;
    test_lies();
    (void)close(wire);
    check(wait(&status) > 0 && status == 0, "the other side has ended well");
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
