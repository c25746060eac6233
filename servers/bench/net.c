/*
 * net.c - what sending a UDP packet costs: all instructions from the program's call to the card
 * that has it, whoever runs them, waiting excluded (as disk.c counts). Packets go to all of the
 * net, so nobody has to answer; 16 of them at a time, since that is how programs that send much do,
 * and `.single` one at a time. Only where there is a card with a link.
 */
#include "marks.h"
#include "net.h"
#include "wire.h"

#include <idl/net.h>
#include <quoll/client.h>
#include <quoll/deadline.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>

extern const char peer_idle[], peer_idle_end[];

#define SLOT_NET    (task_info()->slot_end - 64) /* clear of the lab's and the sockets' */
#define SINGLE      0x10000u                     /* in bench.words: one at a time */
#define NET_LOOK_US 10u
#define IDLE_TURN   2u /* instructions of peer_idle's loop */
#define PRIORITY_1  1u
#define BIT_SETTLE  2ull

static struct lab_peer idle;
static bool counts_idle;
static unsigned length, batch;
static uint8_t payload[1472];

bool net_has_card(void)
{
    static enum { UNKNOWN, NONE, THERE } found;
    const struct net_setting setting = {.address = ADDRESS_NET | ADDRESS_OWN, .mask = ADDRESS_MASK};
    struct net_card_state card = {0};

    if (found == UNKNOWN) {
        found = NONE;
        if (names_lookup("net", SLOT_NET) == E_OK && net_call_card(SLOT_NET, &card) == E_OK &&
            card.is_there && card.is_up && net_call_set(SLOT_NET, &setting) == E_OK)
            found = THERE;
    }
    return found == THERE;
}

static void idle_begin(void)
{
    lab_peer_make(&idle, false, BLOB(peer_idle), 1, 0, PRIORITY_1);
    lab_peer_start(&idle);
}

/* Of rows without the idle thread: time. */
static uint64_t work_so_far(void)
{
    const struct peer_page *p = idle.page;

    return rdtsc() - (counts_idle ? p->count * IDLE_TURN : 0);
}

void net_sleep_us(uint64_t us)
{
    uint64_t until = rdtsc() + quoll_info()->tsc_hz / 1000000 * us, bits;

    while (rdtsc() < until) {
        (void)task_set_deadline(until, BIT_SETTLE);
        (void)sys_wait(SLOT_NOTIFY, &bits);
    }
}

uint64_t net_turns(struct measure *m, bool (*turn)(int fd), int fd, unsigned units)
{
    uint64_t left = m->rounds == ROUNDS_WARM ? NET_TURNS_WARM : m->rounds;

    for (uint32_t *sample = m->samples; left != 0; left--, sample++) {
        uint64_t before = work_so_far();
        bool ok;

        (void)stamp_begin();
        ok = turn(fd);
        (void)stamp_end(!ok);
        if (!ok)
            break;
        *sample = (uint32_t)((work_so_far() - before) / units);
    }
    return left;
}

void net_finish_time(const struct bench *b, struct result *r)
{
    uint64_t ticks_a_us = quoll_info()->tsc_hz / 1000000;

    (void)b;
    r->unit = BENCH_UNIT_TIME;
    r->median = r->median * 1000 / ticks_a_us;
    r->min = r->min * 1000 / ticks_a_us;
    r->max = r->max * 1000 / ticks_a_us;
}

struct sockaddr_in net_end(uint8_t last, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr = {htonl(ADDRESS_NET | last)}};
}

/* ---- sending */

static void setup(const struct bench *b, struct measure *m)
{
    (void)m;
    length = b->words & ~SINGLE;
    batch = (b->words & SINGLE) != 0 ? 1 : NET_BATCH;
    idle_begin();
}

static uint64_t frames_out(void)
{
    struct net_counters c = {0};

    return net_call_counted(SLOT_NET, &c) == E_OK ? c.frames_out : 0;
}

static bool send_all(int fd)
{
    const struct sockaddr_in to_all = net_end(ADDRESS_ALL, PORT_DISCARD);

    for (unsigned i = 0; i < batch; i++) {
        if (sendto(fd, payload, length, 0, (const struct sockaddr *)&to_all, sizeof(to_all)) < 0)
            return false;
    }
    return true;
}

static bool send_batch(int fd)
{
    bool ok = send_all(fd);

    net_sleep_us(NET_SETTLE_US);
    return ok;
}

static uint64_t run(struct measure *m)
{
    uint64_t turns = m->rounds == ROUNDS_WARM ? NET_TURNS_WARM : m->rounds, left = turns;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    uint64_t first = frames_out();

    counts_idle = true;
    if (fd >= 0)
        left = net_turns(m, send_batch, fd, batch);
    if (left == 0 && frames_out() - first < turns * batch)
        left = 1; /* some have not left: what was measured is not all */
    if (fd >= 0)
        (void)socket_close(fd);
    counts_idle = false;
    return left;
}

/* ---- sending, in time: until the card has all of a turn */

static void setup_wall(const struct bench *b, struct measure *m)
{
    m->finish = net_finish_time;
    length = b->words;
    batch = NET_BATCH;
}

/* Between two looks it sleeps: who asks net all the time keeps it from sending. */
static bool send_and_see(int fd)
{
    uint64_t all = frames_out() + batch, until = rdtsc() + quoll_info()->tsc_hz;
    bool ok = send_all(fd);

    while (ok && frames_out() < all) {
        net_sleep_us(NET_LOOK_US);
        ok = rdtsc() < until;
    }
    return ok;
}

static uint64_t run_wall(struct measure *m)
{
    uint64_t left = m->rounds;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd >= 0) {
        left = net_turns(m, send_and_see, fd, batch);
        (void)socket_close(fd);
    }
    return left;
}

static bool has_card_and_time(void)
{
    return !measure_counts() && net_has_card();
}

static const struct bench list[] = {
    {"net.udp_send.18", NET_ROUNDS, 18, true, setup, run},
    {"net.udp_send.1472", NET_ROUNDS, 1472, true, setup, run},
    {"net.udp_send.18.single", NET_ROUNDS, 18 | SINGLE, true, setup, run},
};
const struct bench_area area_net = {list, sizeof list / sizeof list[0], 0, net_has_card};

static const struct bench wall[] = {
    {"net_wall.udp_send.18", NET_ROUNDS, 18, true, setup_wall, run_wall},
    {"net_wall.udp_send.1472", NET_ROUNDS, 1472, true, setup_wall, run_wall},
};
const struct bench_area area_net_wall = {wall, sizeof wall / sizeof wall[0], 0, has_card_and_time};
