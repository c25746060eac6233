/*
 * hostile.c - frames that no honest peer sends into the net server's core, under sanitizers: good
 * frames of every protocol with random changes, cuts and repeats, and noise. After each batch an
 * honest exchange must still work and no buffer may be lost. NET_FUZZ=N runs N times as many.
 */
#include "client.h"
#include "deaf.h"

#include <arpa/inet.h>
#include <lwip/opt.h>
#include <lwip/stats.h>
#include <stdio.h>
#include <string.h>

#define FRAMES  400000u
#define HEADERS 14u

struct socket_region *regions[CORE_SESSIONS];
static unsigned passed, failed;
static uint64_t now;
static uint8_t frame[CORE_FRAME_MAX];
static uint8_t last[CORE_FRAME_MAX];
static uint8_t answer[CORE_FRAME_MAX]; /* the last one of TCP */
static unsigned last_length, sent;
static uint64_t random_state = 88172645463325252ull;
static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, their_mac[6] = {2, 0, 0, 0, 0, 2};

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static uint32_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

uint8_t *port_frame(void)
{
    return random_next() % 64 != 0 ? frame : NULL; /* the card is full now and then */
}

unsigned port_frames(void)
{
    return random_next() % 64;
}

void port_send(unsigned length, uint16_t sum_from, uint16_t sum_at)
{
    (void)sum_from;
    (void)sum_at;
    memcpy(last, frame, length);
    last_length = length;
    sent++;
    if (length >= 54 && frame[23] == 6 && (frame[47] & 4) == 0) {
        memcpy(answer, frame, length);
    }
}

/* ---- good frames */

struct bytes {
    uint8_t at[CORE_FRAME_MAX + 64];
    unsigned n;
};

static void put(struct bytes *b, unsigned width, uint64_t value)
{
    while (width-- > 0) {
        b->at[b->n++] = (uint8_t)(value >> 8 * width);
    }
}

static void put_bytes(struct bytes *b, const void *from, unsigned n)
{
    memcpy(b->at + b->n, from, n);
    b->n += n;
}

static uint16_t sum(const uint8_t *at, unsigned n, uint32_t start)
{
    for (unsigned i = 0; i < n; i++) {
        start += (uint32_t)at[i] << (i % 2 == 0 ? 8 : 0);
    }
    while (start >> 16 != 0) {
        start = (start & 0xffff) + (start >> 16);
    }
    return (uint16_t)~start;
}

static void ethernet(struct bytes *b, bool all, uint16_t type)
{
    b->n = 0;
    put_bytes(b, all ? (const uint8_t *)"\xff\xff\xff\xff\xff\xff" : our_mac, 6);
    put_bytes(b, their_mac, 6);
    put(b, 2, type);
}

static void arp(struct bytes *b, unsigned operation)
{
    ethernet(b, operation == 1, 0x0806);
    put(b, 8, 0x0001080006040000u | operation);
    put_bytes(b, their_mac, 6);
    put(b, 4, 0x0a000002);
    put_bytes(b, our_mac, 6);
    put(b, 4, 0x0a000001);
}

/* An IP packet's header; its length and sums are put in by finish. */
static void ip(struct bytes *b, uint8_t protocol, uint16_t fragment)
{
    ethernet(b, false, 0x0800);
    put(b, 4, 0x45000000);
    put(b, 2, random_next() & 7);
    put(b, 2, fragment);
    put(b, 4, 0x40000000u | (uint32_t)protocol << 16);
    put(b, 4, 0x0a000002);
    put(b, 4, 0x0a000001);
}

static void finish(struct bytes *b, unsigned sum_at)
{
    unsigned n = b->n - HEADERS - 20;
    uint8_t protocol = b->at[23];
    uint32_t pseudo = protocol == 1 ? 0 : 0x0a000002 % 65536 + 0x0a00 + 0x0a00 + 1 + protocol + n;
    uint16_t s;

    b->at[16] = (uint8_t)((n + 20) >> 8);
    b->at[17] = (uint8_t)(n + 20);
    b->at[24] = b->at[25] = 0;
    s = sum(b->at + HEADERS, 20, 0);
    b->at[24] = (uint8_t)(s >> 8);
    b->at[25] = (uint8_t)s;
    b->at[34 + sum_at] = b->at[35 + sum_at] = 0;
    s = sum(b->at + 34, n, pseudo);
    b->at[34 + sum_at] = (uint8_t)(s >> 8);
    b->at[35 + sum_at] = (uint8_t)s;
}

static void noise(struct bytes *b, unsigned n)
{
    while (n-- > 0) {
        b->at[b->n++] = (uint8_t)random_next();
    }
}

static void icmp(struct bytes *b, unsigned type, unsigned n)
{
    ip(b, 1, 0);
    put(b, 8, (uint64_t)type << 56 | 0x12340001);
    if (type == 3) { /* unreachable: what it is about */
        put_bytes(b, last + 14, 28);
    }
    noise(b, n);
    finish(b, 2);
}

static void udp(struct bytes *b, uint16_t from, uint16_t to, unsigned n)
{
    ip(b, 17, 0);
    put(b, 2, from);
    put(b, 2, to);
    put(b, 2, n + 8);
    put(b, 2, 0);
    if (from == 53) { /* an answer to a question for names */
        put(b, 8, (uint64_t)random_next() << 48 | 0x818000010001ull << 0);
        put(b, 4, 0);
        put_bytes(b, "\1a\2bc\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 26);
        n = n > 38 ? n - 38 : 0;
    }
    noise(b, n);
    b->at[38] = (uint8_t)((b->n - 34) >> 8);
    b->at[39] = (uint8_t)(b->n - 34);
    finish(b, 6);
}

static uint32_t their_number = 1000, our_number;

static void tcp(struct bytes *b, uint16_t port, uint8_t flags, unsigned n)
{
    ip(b, 6, 0);
    put(b, 2, port);
    put(b, 2, 80);
    put(b, 4, their_number);
    put(b, 4, our_number);
    put(b, 4, 0x60002000u | (uint32_t)flags << 16);
    put(b, 4, 0);
    put(b, 4, 0x020405b4);
    noise(b, n);
    finish(b, 16);
}

static void dhcp(struct bytes *b)
{
    ip(b, 17, 0);
    put(b, 8, 0x0043004400000000u);
    put(b, 4, 0x02010600);
    put(b, 4, random_next());
    put(b, 8, 0);
    put(b, 8, 0x0a0000010a000002u);
    put(b, 4, 0);
    put_bytes(b, our_mac, 6);
    memset(b->at + b->n, 0, 202);
    b->n += 202;
    put(b, 8, 0x6382536335010536ull);
    put(b, 8, 0x040a000002010400ull);
    noise(b, random_next() % 64);
    b->at[38] = (uint8_t)((b->n - 34) >> 8);
    b->at[39] = (uint8_t)(b->n - 34);
    finish(b, 6);
}

static void good_frame(struct bytes *b)
{
    static const uint8_t flags[] = {2, 16, 24, 16, 24, 17, 4};
    /* Many: one that was used waits two minutes before it can be used again. */
    uint16_t port = (uint16_t)(5000 + random_next() % 4096);

    switch (random_next() % 9) {
    case 0:
        arp(b, random_next() % 3);
        break;
    case 1:
        icmp(b, random_next() % 2 ? 8 : 3, random_next() % 600);
        break;
    case 2:
        udp(b, 53, (uint16_t)(49152 + random_next() % 4), random_next() % 100);
        break;
    case 3:
        udp(b, port, 7, random_next() % 1400);
        break;
    case 4:
        dhcp(b);
        break;
    case 5: /* a fragment */
        udp(b, port, 7, 8 * (random_next() % 100));
        b->at[20] = random_next() % 2 ? 0x20 : 0;
        b->at[21] = (uint8_t)(random_next() % 8);
        finish(b, 6);
        break;
    default:
        if (answer[23] == 6 && random_next() % 8 != 0) { /* go on with what was answered */
            our_number =
                (uint32_t)answer[38] << 24 | answer[39] << 16 | answer[40] << 8 | answer[41];
            our_number += answer[47] & 2 ? 1 : 0;
            their_number =
                (uint32_t)answer[42] << 24 | answer[43] << 16 | answer[44] << 8 | answer[45];
            port = (uint16_t)(answer[36] << 8 | answer[37]);
        }
        tcp(b, port, flags[random_next() % 7], random_next() % 3 ? 0 : random_next() % 1400);
    }
}

static void spoil(struct bytes *b)
{
    for (unsigned i = random_next() % 4; i > 0; i--) {
        unsigned at = 12 + random_next() % (b->n - 12);
        switch (random_next() % 4) {
        case 0:
            b->n = at;
            return;
        case 1:
            b->at[at] = (uint8_t)random_next();
            break;
        case 2:
            b->at[at] = random_next() % 2 ? 0xff : 0;
            break;
        default: /* the sums are right again: deeper in */
            if (b->n > 60 && b->at[12] == 8 && b->at[13] == 0 && b->at[14] == 0x45) {
                finish(b, b->at[23] == 6 ? 16 : b->at[23] == 17 ? 6 : 2);
            }
        }
    }
}

/* ---- the clients behind it */

static unsigned listener, datagrams, accepted;

static void begin_clients(void)
{
    new_session(0);
    check(core_create(0, CORE_STREAM, &listener) == E_OK && core_bind(0, listener, 0, 80) == E_OK &&
              core_listen(0, listener, 8) == E_OK,
          "listens");
    check(core_create(0, CORE_DATAGRAM, &datagrams) == E_OK &&
              core_bind(0, datagrams, 0, 7) == E_OK,
          "binds");
}

static void run_clients(void)
{
    static uint8_t bytes[SOCKET_RING_BYTES];
    struct socket_record head;
    struct core_end from;
    unsigned s;

    while (get_record(0, datagrams, &head, bytes)) {
        check(head.length <= SOCKET_DATAGRAM_MAX, "a datagram's length");
    }
    if (core_accept(0, listener, 0, &s, &from) == E_OK) {
        accepted++;
        (void)give(0, s, bytes, random_next() % 4000);
    }
    for (s = 0; s < SOCKET_COUNT; s++) {
        if (s != listener && s != datagrams && (state(0, s) & SOCKET_OPEN) != 0) {
            (void)get(0, s, bytes, random_next() % 3000);
            if (random_next() % 32 == 0 || (state(0, s) & (SOCKET_ENDED | SOCKET_FAILED)) != 0) {
                (void)core_close(0, s);
            }
        }
    }
    core_doorbell(0);
    core_can_send();
    core_flush();
}

static void honest_exchange(void)
{
    struct bytes b;
    unsigned answers = 0;

    arp(&b, 2); /* a lie about that may have been believed */
    core_input(b.at, b.n, false);
    for (unsigned i = 0; i < 50 && answers == 0; i++) {
        unsigned before = sent;
        icmp(&b, 8, 56);
        core_input(b.at, b.n, false);
        answers += sent == before + 1 && last_length == b.n && last[34] == 0 &&
                   memcmp(last + 38, b.at + 38, b.n - 38) == 0;
    }
    check(answers == 1, "an honest ping is answered");
}

/* Until all timers of what was left open have ended. */
static void settle(void)
{
    core_session_close(0);
    for (unsigned i = 0; i < 12000; i++) { /* a connection may wait for an answer for an hour */
        (void)core_time(now += 500);
        core_can_send();
    }
    for (unsigned i = 0; i < MEMP_MAX; i++) {
        const struct stats_mem *m = lwip_stats.memp[i];
        bool may_stay = i == MEMP_SYS_TIMEOUT || i == MEMP_RAW_PCB || i == MEMP_UDP_PCB;
        if (m->used != 0 && !may_stay) {
            printf("pool %u: %lu of %lu in use\n", i, (unsigned long)m->used,
                   (unsigned long)m->avail);
        }
        check(may_stay || m->used == 0, "nothing is left in a pool");
    }
    check(lwip_stats.memp[MEMP_UDP_PCB]->used <= 2, "none but DHCP's and DNS's");
}

static void begin(void)
{
    const uint8_t secret[16] = {1};
    const struct core_address a = {.address = inet_addr("10.0.0.1"),
                                   .mask = inet_addr("255.255.255.0"),
                                   .gateway = inet_addr("10.0.0.2"),
                                   .dns = inet_addr("10.0.0.2")};

    core_begin(secret, 0);
    core_link(our_mac, true);
    check(core_use_address(&a) == E_OK, "its address");
}

int main(void)
{
    const char *scale = getenv("NET_FUZZ");
    uint64_t frames = FRAMES * (scale != NULL ? strtoull(scale, NULL, 10) : 1);
    struct core_counters c;
    struct bytes b;

    begin();
    begin_clients();
    for (uint64_t i = 1; i <= frames; i++) {
        good_frame(&b);
        if (random_next() % 8 != 0) {
            spoil(&b);
        }
        core_input(b.at, b.n, false);
        if (i % 4 == 0) {
            run_clients();
        }
        if (i % 16 == 0) {
            (void)core_time(now += random_next() % 64);
        }
        if (i % 1000 == 0) {
            (void)core_resolve(i % 2000 ? "a.bc" : "quoll", 1);
        }
        if (i % 20000 == 0) {
            honest_exchange();
        }
    }
    core_get_counters(&c);
    check(c.frames_in >= frames && c.bad_frames > frames / 20, "bad ones were counted");
    check(accepted > frames / 250, "connections were made");
    check(c.lies == 0, "no honest client was called a liar");
    settle();
    begin_clients();
    honest_exchange();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
