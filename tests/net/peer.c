/*
 * peer.c - the core with one machine on the other side that is played by hand, segment by segment:
 * what TCP's other end may do to a connection, to those of others, and to the memory of all. Time
 * is what the test says, so waits of minutes cost nothing.
 */
#include "client.h"
#include "deaf.h"

#include <arpa/inet.h>
#include <lwip/memp.h>
#include <lwip/pbuf.h>
#include <lwip/stats.h>
#include <stdio.h>
#include <string.h>

#define PORT     7u
#define PEERS    64u /* connections; peer i has port 1000 + i */
#define FIN      1u
#define SYN      2u
#define RST      4u
#define ACK      16u
#define OPEN_MSS 1460u

struct socket_region *regions[CORE_SESSIONS];
static unsigned passed, failed, frames_free = 32;
static uint64_t now;
static uint8_t frame[CORE_FRAME_MAX], last_other[CORE_FRAME_MAX];
static unsigned others, last_other_length; /* frames that are not TCP's */
static bool asks;                          /* ARP */

/* What the other side knows of a connection. */
static struct peer {
    uint32_t seq, ack; /* the next of its own; the next that it expects */
    uint16_t window;
    uint32_t got;   /* bytes in their order */
    unsigned flags; /* all that were seen */
    unsigned segments;
    bool is_deaf; /* takes nothing */
    uint8_t sum;  /* of the bytes */
} peers[PEERS];
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2}, peer_mac[6] = {2, 0, 0, 0, 0, 1};

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s (at %lu ms)\n", what, (unsigned long)now);
    }
}

/* ---- numbers in frames */

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

/* ---- what the core sends */

uint8_t *port_frame(void)
{
    return frames_free != 0 ? frame : NULL;
}

unsigned port_frames(void)
{
    return frames_free;
}

static void take_segment(const uint8_t *ip, unsigned length)
{
    const uint8_t *tcp = ip + 20, *data = tcp + (tcp[12] >> 4) * 4;
    unsigned number = get16(tcp + 2) - 1000, n = (unsigned)(ip + length - data);
    struct peer *p = &peers[number % PEERS];

    p->segments++;
    p->flags |= tcp[13];
    if ((tcp[13] & SYN) != 0) {
        p->ack = get32(tcp + 4) + 1;
    } else if (get32(tcp + 4) == p->ack && !p->is_deaf) {
        for (unsigned i = 0; i < n; i++) {
            p->sum = (uint8_t)(p->sum + data[i]);
        }
        p->got += n;
        p->ack += n + ((tcp[13] & FIN) != 0);
    }
}

void port_send(unsigned length, uint16_t sum_from, uint16_t sum_at)
{
    (void)sum_from;
    (void)sum_at;
    if (frame[12] == 8 && frame[13] == 6) {
        asks = true;
    } else if (frame[23] == 6) {
        take_segment(frame + 14, get16(frame + 16));
    } else {
        memcpy(last_other, frame, length);
        last_other_length = length;
        others++;
    }
}

/* ---- what the other side sends */

static uint16_t sum_of(const uint8_t *bytes, unsigned n, uint32_t sum)
{
    for (unsigned i = 0; i < n; i++) {
        sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void ip_head(uint8_t *out, unsigned protocol, unsigned length)
{
    memcpy(out, mac, 6);
    memcpy(out + 6, peer_mac, 6);
    put16(out + 12, 0x0800);
    memset(out + 14, 0, 20);
    out[14] = 0x45;
    put16(out + 16, length);
    out[22] = 64;
    out[23] = (uint8_t)protocol;
    put32(out + 26, 0x0a000001);
    put32(out + 30, 0x0a000002);
    put16(out + 24, sum_of(out + 14, 20, 0));
}

/* @mss: 0, or that option. @ahead: of the next byte's number. */
static void segment(unsigned number, unsigned flags, unsigned mss, unsigned ahead,
                    const uint8_t *data, unsigned n)
{
    uint8_t out[CORE_FRAME_MAX], *tcp = out + 34;
    struct peer *p = &peers[number];
    unsigned head = mss != 0 ? 24 : 20;

    ip_head(out, 6, 20 + head + n);
    memset(tcp, 0, head);
    put16(tcp, 1000 + number);
    put16(tcp + 2, PORT);
    put32(tcp + 4, p->seq + ahead);
    put32(tcp + 8, p->ack);
    tcp[12] = (uint8_t)(head / 4 << 4);
    tcp[13] = (uint8_t)flags;
    put16(tcp + 14, p->window);
    if (mss != 0) {
        put16(tcp + 20, 0x0204);
        put16(tcp + 22, mss);
    }
    if (n != 0) {
        memcpy(tcp + head, data, n);
    }
    put16(tcp + 16, sum_of(tcp, head + n, 0x0a000001u / 65536 + 1 + 0x0a00 + 2 + 6 + head + n));
    if (ahead == 0) {
        p->seq += n + ((flags & (SYN | FIN)) != 0);
    }
    core_input(out, 34 + head + n, false);
}

static void answer_arp(void)
{
    uint8_t out[42] = {0};

    memcpy(out, mac, 6);
    memcpy(out + 6, peer_mac, 6);
    put16(out + 12, 0x0806);
    put16(out + 14, 1);
    put16(out + 16, 0x0800);
    put16(out + 18, 0x0604);
    put16(out + 20, 2);
    memcpy(out + 22, peer_mac, 6);
    put32(out + 28, 0x0a000001);
    memcpy(out + 32, mac, 6);
    put32(out + 38, 0x0a000002);
    asks = false;
    core_input(out, sizeof(out), false);
}

static void step(unsigned ms)
{
    now += ms;
    for (unsigned i = 0; i < CORE_SESSIONS; i++) {
        core_doorbell(i);
    }
    (void)core_time(now);
    if (asks) {
        answer_arp();
    }
    core_can_send();
    core_flush();
    (void)core_about_to_sleep();
}

/* Each connection acknowledges what it has, every 10 ms. */
static void run_acknowledging(unsigned number, unsigned ms)
{
    for (uint32_t said = 0; ms != 0; ms -= 10) {
        step(10);
        if (peers[number].ack != said) {
            said = peers[number].ack;
            segment(number, ACK, 0, 0, NULL, 0);
        }
    }
}

/* ---- connections */

static unsigned listener;

/* From the other side; the socket. */
static unsigned connected(unsigned number, unsigned mss, unsigned window)
{
    struct core_end from;
    unsigned s = ~0u;

    peers[number] = (struct peer){.seq = 1000 * number, .window = (uint16_t)window};
    segment(number, SYN, mss, 0, NULL, 0);
    step(1);
    check((peers[number].flags & (SYN | ACK)) == (SYN | ACK), "it is answered");
    segment(number, ACK, 0, 0, NULL, 0);
    step(1);
    check(core_accept(0, listener, number / 25, &s, &from) == E_OK, "it is accepted");
    return s;
}

static void finish(unsigned session, unsigned s, unsigned number)
{
    (void)core_close(session, s);
    segment(number, RST, 0, 0, NULL, 0);
    step(1);
    check(state(session, s) == 0, "the socket is free");
}

static void begin(void)
{
    const uint8_t secret[16] = {1};
    const struct core_address a = {.address = inet_addr("10.0.0.2"),
                                   .mask = inet_addr("255.255.255.0")};

    core_begin(secret, now);
    core_link(mac, true);
    check(core_use_address(&a) == E_OK, "its address");
    for (unsigned i = 0; i < 3; i++) {
        new_session(i);
    }
    check(core_create(0, CORE_STREAM, &listener) == E_OK &&
              core_bind(0, listener, 0, PORT) == E_OK && core_listen(0, listener, 64) == E_OK,
          "listens");
    answer_arp();
}

/* ---- cases */

/* An MSS in the middle of a connection, smaller than what lwIP has made segments of. */
static void test_options(void)
{
    static const uint8_t bytes[1000] = {1, 2, 3};
    unsigned s = connected(0, OPEN_MSS, 8192);

    peers[0].window = 0;
    peers[0].is_deaf = true;
    segment(0, ACK, 0, 0, NULL, 0);
    check(give(0, s, bytes, 1000) == 1000, "a segment's worth that can't leave");
    step(10);
    segment(0, ACK, 64, 0, (const uint8_t *)"x", 1);
    check(give(0, s, bytes, 1) == 1, "one more");
    step(10);
    peers[0].window = 500;
    segment(0, ACK, 64, 0, NULL, 0);
    step(10000);
    peers[0].is_deaf = false;
    peers[0].window = 8192;
    segment(0, ACK, 0, 0, NULL, 0);
    run_acknowledging(0, 20000);
    check(peers[0].got == 1001, "all of it comes");
    finish(0, s, 0);
}

/* Both sides have ended it, and its client keeps the socket: lwIP's part is another's by then. */
static void test_late_close(void)
{
    static const uint8_t bytes[100] = {7};
    unsigned s = connected(1, OPEN_MSS, 8192), t;

    check(core_shutdown(0, s) == E_OK, "shut down");
    step(10);
    check((peers[1].flags & FIN) != 0, "its end comes");
    segment(1, ACK | FIN, 0, 0, NULL, 0);
    step(10);
    check((state(0, s) & (SOCKET_ENDED | SOCKET_CONNECTED | SOCKET_FAILED)) == SOCKET_ENDED,
          "ended, and no connection any more");
    for (unsigned i = 0; i < 300; i++) {
        step(500); /* longer than late segments are waited for */
    }
    t = connected(2, OPEN_MSS, 8192);
    (void)give(0, s, bytes, sizeof(bytes));
    step(10);
    check(core_close(0, s) == E_OK && state(0, s) == 0, "closed late");
    segment(2, ACK, 0, 0, bytes, sizeof(bytes));
    step(10);
    check(words(0, t)->rx_put == sizeof(bytes) && (state(0, t) & SOCKET_CONNECTED) != 0,
          "the next connection lives");
    check(peers[2].got == 0, "and nothing of the first came there");
    finish(0, t, 2);
}

/* A full ring at once, to who has little room for a segment. */
static void fill(unsigned number, unsigned mss, unsigned window)
{
    static uint8_t bytes[SOCKET_RING_BYTES];
    unsigned s = connected(number, mss, window);
    uint8_t sum = 0;

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 11 + i / 256);
        sum = (uint8_t)(sum + bytes[i]);
    }
    check(give(0, s, bytes, sizeof(bytes)) == sizeof(bytes), "all of the ring");
    run_acknowledging(number, 60000);
    check(peers[number].got == sizeof(bytes) && peers[number].sum == sum, "all of it comes");
    check(give(0, s, bytes, sizeof(bytes)) == sizeof(bytes), "and again");
    run_acknowledging(number, 60000);
    check(peers[number].got == 2 * sizeof(bytes), "and comes again");
    finish(0, s, number);
}

static void test_small_segments(void)
{
    fill(3, 0, 65535); /* without the option: 536 */
    fill(4, 64, 65535);
    fill(5, OPEN_MSS, 512);
    fill(6, OPEN_MSS, 16);
    fill(7, OPEN_MSS, 65535);
}

/* Connections that take nothing have few of the segments of all. */
static void test_who_takes_nothing(void)
{
    static uint8_t bytes[SOCKET_RING_BYTES];
    unsigned s[50], t;

    for (unsigned i = 0; i < 50; i++) {
        s[i] = connected(i, i % 2 != 0 ? 512 : 64, i % 3 != 0 ? 65535 : 100);
        peers[i].is_deaf = true;
        check(give(i / 25, s[i], bytes, sizeof(bytes)) == sizeof(bytes), "a ring for one");
        step(10);
    }
    check(lwip_stats.memp[MEMP_TCP_SEG]->used < 500, "they have less than half of them");
    t = connected(60, OPEN_MSS, 65535);
    check(give(2, t, bytes, sizeof(bytes)) == sizeof(bytes), "another one's");
    run_acknowledging(60, 5000);
    check(peers[60].got == sizeof(bytes), "comes");
    finish(2, t, 60);
    for (unsigned i = 0; i < 50; i++) {
        core_session_close(i / 25); /* not again below */
        segment(i, RST, 0, 0, NULL, 0);
    }
    core_session_close(2);
    for (unsigned i = 0; i < 4000; i++) {
        step(500);
    }
    check(lwip_stats.memp[MEMP_TCP_SEG]->used == 0, "and nobody has one at the end");
}

/* Bytes that wait for one before them, of many connections, hold what all need to receive. */
static void test_out_of_order(void)
{
    struct core_counters before, after;
    unsigned s[20], t;

    for (unsigned i = 0; i < 20; i++) {
        s[i] = connected(i, OPEN_MSS, 8192);
        for (unsigned k = 0; k < 24; k++) {
            segment(i, ACK, 0, 2 + 2 * k, (const uint8_t *)"y", 1);
        }
        check((state(0, s[i]) & SOCKET_CONNECTED) != 0, "one that waits");
    }
    t = connected(60, OPEN_MSS, 8192);
    core_get_counters(&before);
    for (unsigned k = 0; k < 100; k++) { /* a millisecond in all: no timer comes to help */
        segment(60, ACK, 0, 0, (const uint8_t *)"abcdefghij", 10);
        segment(k % 20, ACK, 0, 2 + 2 * (k % 24), (const uint8_t *)"y", 1);
    }
    core_get_counters(&after);
    check(words(2, t)->rx_put == 1000, "what is in its order comes");
    check(after.no_memory == before.no_memory, "and nothing is lost for want of memory");
    finish(2, t, 60);
    for (unsigned i = 0; i < 20; i++) {
        finish(0, s[i], i);
    }
}

/* It has ended first, and this side before it has read all: no error, and nothing is lost. */
static void test_orderly_end(void)
{
    uint8_t bytes[10];
    unsigned s = connected(8, OPEN_MSS, 8192);

    segment(8, ACK | FIN, 0, 0, (const uint8_t *)"last words", 10);
    step(10);
    check(core_shutdown(0, s) == E_OK, "shut down");
    step(10);
    peers[8].ack += (peers[8].flags & FIN) != 0 && peers[8].ack == 0;
    segment(8, ACK, 0, 0, NULL, 0);
    step(10);
    check((state(0, s) & (SOCKET_ENDED | SOCKET_FAILED | SOCKET_CONNECTED)) == SOCKET_ENDED,
          "ended, without an error");
    check(get(0, s, bytes, 10) == 10 && memcmp(bytes, "last words", 10) == 0, "and read");
    check(core_close(0, s) == E_OK && state(0, s) == 0, "closed");
}

/* Who says nothing is asked now and then; who does not answer is gone. */
static void test_silence(void)
{
    unsigned s = connected(9, OPEN_MSS, 8192), asked = 0;

    for (unsigned i = 0; i < 6000; i++) {
        unsigned before = peers[9].segments;
        step(100);
        if (peers[9].segments != before) {
            asked++;
            segment(9, ACK, 0, 0, NULL, 0);
        }
    }
    check(asked >= 5 && asked <= 12, "asked once a minute");
    check((state(0, s) & SOCKET_CONNECTED) != 0, "who answers may be silent");
    for (unsigned i = 0; i < 1500; i++) {
        step(100);
    }
    check((state(0, s) & SOCKET_FAILED) != 0, "who does not is gone");
    check(core_close(0, s) == E_OK && state(0, s) == 0, "closed");
}

static void test_rights(void)
{
    unsigned s;

    new_session(3);
    core_session_open(3, regions[3], (struct core_rights){80, 81});
    check(core_create(3, CORE_STREAM, &s) == E_OK && core_bind(3, s, 0, 0) == E_OK, "any port");
    check(core_listen(3, s, 4) == E_NO_RIGHT, "is not to listen on");
    core_session_close(3);
}

/* ---- datagrams */

static void give_datagram(unsigned s, size_t n)
{
    static const uint8_t bytes[8192];

    give_record(0, s, (struct socket_record){inet_addr("10.0.0.1"), 9, (uint16_t)n}, bytes);
}

/* lwIP has no memory for what was given: it goes when there is some again, and nobody rings. */
static void test_shortage(void)
{
    static struct pbuf *all[2000];
    unsigned s, n = 0, before = others;

    check(core_create(0, CORE_DATAGRAM, &s) == E_OK, "a socket");
    while (n < 2000 && (all[n] = pbuf_alloc_reference(frame, 1, PBUF_REF)) != NULL) {
        n++;
    }
    give_datagram(s, 18);
    core_doorbell(0);
    check(n > 100 && others == before, "there is no memory for it");
    while (n-- > 0) {
        (void)pbuf_free(all[n]);
    }
    for (unsigned i = 0; i < 10; i++) {
        (void)core_time(now += 300);
    }
    check(others == before + 1, "there is again");
    check(core_close(0, s) == E_OK, "closed");
}

/* All fragments of a packet leave, or none. */
static void test_fragments(void)
{
    unsigned s, before;

    check(core_create(0, CORE_DATAGRAM, &s) == E_OK, "a socket");
    step(10);
    before = others;
    frames_free = 5;
    give_datagram(s, 8000); /* six */
    step(10);
    check(others == before && core_wants_frames(), "five frames are too few");
    frames_free = 6;
    core_can_send();
    check(others == before + 6 && !core_wants_frames(), "six do");
    frames_free = 32;
    check(core_close(0, s) == E_OK, "closed");
}

/* The echo of what was sent last, with @wrong in its sum. */
static void answer_echo(unsigned wrong)
{
    uint8_t out[CORE_FRAME_MAX];
    unsigned n = last_other_length - 34;

    ip_head(out, 1, last_other_length - 14);
    memcpy(out + 34, last_other + 34, n);
    out[34] = 0;
    put16(out + 36, 0);
    put16(out + 36, sum_of(out + 34, n, 0) ^ wrong);
    core_input(out, last_other_length, false);
}

static void test_echo(void)
{
    uint8_t bytes[100];
    struct socket_record head = {inet_addr("10.0.0.1"), 1, 56};
    unsigned s;

    memset(bytes, 5, sizeof(bytes));
    check(core_create(0, CORE_ECHO, &s) == E_OK, "an echo socket");
    give_record(0, s, head, bytes);
    step(10);
    answer_echo(1);
    check(!get_record(0, s, &head, bytes), "a damaged answer is none");
    answer_echo(0);
    check(get_record(0, s, &head, bytes) && head.length == 56 && bytes[55] == 5, "a whole one is");
    check(core_close(0, s) == E_OK, "closed");
}

int main(void)
{
    begin();
    test_rights();
    test_shortage();
    test_fragments();
    test_echo();
    test_options();
    test_late_close();
    test_small_segments();
    test_out_of_order();
    test_orderly_end();
    test_silence();
    test_who_takes_nothing();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
