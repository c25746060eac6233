/*
 * calls.c - clients that call what they like, under sanitizers: every call of the core in any
 * order, with numbers of sessions and sockets that there are and that there are not, any words in
 * their regions, sessions that end and begin, while frames of the core's own come back spoilt.
 * Afterwards every pool of lwIP is empty. NET_FUZZ=N makes N times as many calls.
 */
#include "client.h"

#include <arpa/inet.h>
#include <lwip/opt.h>
#include <lwip/stats.h>
#include <stdio.h>
#include <string.h>

#define CALLS 3000000u

struct socket_region *regions[CORE_SESSIONS];
static unsigned passed, failed;
static uint8_t frame[CORE_FRAME_MAX], last[CORE_FRAME_MAX];
static unsigned last_length;
static uint64_t random_state = 88172645463325252ull, now;
static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static uint32_t rnd(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16) % below;
}

uint8_t *port_frame(void)
{
    return rnd(64) != 0 ? frame : NULL;
}

unsigned port_frames(void)
{
    return rnd(64);
}

void port_send(unsigned length, uint16_t sum_from, uint16_t sum_at)
{
    check(sum_at == 0 || (sum_at > sum_from && sum_at + 2u <= length), "a sum's place");
    memcpy(last, frame, length);
    last_length = length;
}

void port_wake(unsigned session)
{
    check(session < CORE_SESSIONS, "a session's number");
}

void port_resolved(unsigned cookie, int error, uint32_t address)
{
    check(cookie < 4, "a question's number");
    (void)error;
    (void)address;
}

/* Back to where it came from, as if from there, sometimes with an octet changed. */
static void reflect(void)
{
    uint8_t back[CORE_FRAME_MAX], swap[4];

    if (last_length < 42) {
        return;
    }
    memcpy(back, last, last_length);
    memcpy(back, our_mac, 6);
    memcpy(swap, back + 26, 4);
    memcpy(back + 26, back + 30, 4);
    memcpy(back + 30, swap, 4);
    memcpy(swap, back + 34, 2);
    memcpy(back + 34, back + 36, 2);
    memcpy(back + 36, swap, 2);
    if (rnd(3) == 0) {
        back[rnd(last_length)] = (uint8_t)rnd(256);
    }
    core_input(back, last_length, rnd(2) != 0);
}

static uint32_t any_address(void)
{
    static const char *const some[] = {"10.0.0.2",        "10.0.0.1",  "10.0.0.255", "0.0.0.0",
                                       "255.255.255.255", "127.0.0.1", "224.0.0.1",  "8.8.8.8"};

    return rnd(4) == 0 ? rnd(UINT32_MAX) : inet_addr(some[rnd(8)]);
}

static void write_words(unsigned session)
{
    uint64_t *words = (uint64_t *)regions[session % CORE_SESSIONS];
    unsigned at = rnd(SOCKET_RINGS_AT / 8);

    words[at] = rnd(4) == 0 ? (uint64_t)rnd(UINT32_MAX) << rnd(33) : words[at] + rnd(2000);
}

static void manage(void)
{
    struct core_address a = {any_address(),
                             rnd(2) ? inet_addr("255.255.255.0") : any_address(),
                             any_address(),
                             any_address(),
                             false,
                             false,
                             {0}};
    struct core_neighbour n;
    struct core_socket about;
    bool used;

    (void)core_use_address(&a);
    core_get_address(&a);
    (void)core_neighbour(rnd(100), &n);
    (void)core_socket_at(rnd(300), &about, &used);
    (void)core_resolve(rnd(2) ? "a.bc" : "", rnd(4));
    core_sums(rnd(2) != 0);
    if (rnd(4) == 0) {
        core_no_card();
    }
    core_link(our_mac, rnd(4) != 0);
}

static void call(unsigned session, unsigned s)
{
    struct core_socket about;
    struct core_end from;
    uint16_t port = (uint16_t)(rnd(2) ? 7 + rnd(3) : rnd(65536));

    switch (rnd(12)) {
    case 0:
        (void)core_create(session, (enum core_kind)rnd(3), &s);
        break;
    case 1:
        (void)core_bind(session, s, rnd(2) ? 0 : any_address(), port);
        break;
    case 2:
        (void)core_listen(session, s, rnd(20));
        break;
    case 3:
        (void)core_accept(session, s, rnd(CORE_SESSIONS + 2), &s, &from);
        break;
    case 4:
        (void)core_connect(session, s, any_address(), port);
        break;
    case 5:
        (void)core_shutdown(session, s);
        break;
    case 6:
        (void)core_close(session, s);
        break;
    case 7:
        (void)core_describe(session, s, &about);
        break;
    case 8:
        if (rnd(50) == 0 && session < CORE_SESSIONS) {
            core_session_close(session);
            new_session(session);
        }
        break;
    case 9:
        if (rnd(20) == 0) {
            manage();
        }
        break;
    default:
        write_words(session);
        core_doorbell(session % CORE_SESSIONS);
    }
}

static void settle(void)
{
    for (unsigned i = 0; i < CORE_SESSIONS; i++) {
        core_session_close(i);
    }
    for (unsigned i = 0; i < 4000; i++) {
        (void)core_time(now += 500);
        core_can_send();
    }
    for (unsigned i = 0; i < MEMP_MAX; i++) {
        bool may_stay = i == MEMP_SYS_TIMEOUT || i == MEMP_RAW_PCB || i == MEMP_UDP_PCB;
        check(may_stay || lwip_stats.memp[i]->used == 0, "nothing is left in a pool");
    }
    check(lwip_stats.memp[MEMP_UDP_PCB]->used <= 2, "none but DHCP's and DNS's");
}

int main(void)
{
    const char *scale = getenv("NET_FUZZ");
    uint64_t calls = CALLS * (scale != NULL ? strtoull(scale, NULL, 10) : 1);
    const uint8_t secret[16] = {1};

    core_begin(secret, 0);
    for (unsigned i = 0; i < CORE_SESSIONS; i++) {
        new_session(i);
    }
    manage();
    for (uint64_t i = 0; i < calls; i++) {
        call(rnd(CORE_SESSIONS + 2), rnd(SOCKET_COUNT + 4));
        if (i % 4 == 0) {
            reflect();
        }
        if (i % 64 == 0) {
            (void)core_time(now += rnd(300));
            core_can_send();
            core_flush();
            (void)core_about_to_sleep();
        }
    }
    settle();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
