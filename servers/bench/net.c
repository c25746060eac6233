/*
 * net.c - what sending a UDP packet costs: all instructions from the program's call to the card
 * that has it, whoever runs them, waiting excluded (as disk.c counts). Packets go to all of the
 * net, so nobody has to answer; BATCH of them at a time, since that is how programs that send much
 * do. Only where there is a card with a link.
 */
#include "measure.h"

#include <arpa/inet.h>
#include <idl/net.h>
#include <quoll/client.h>
#include <quoll/info.h>
#include <quoll/sys.h>
#include <quoll/task.h>

extern const char peer_idle[], peer_idle_end[];

#define SLOT_NET   (task_info()->slot_end - 64) /* clear of the lab's and the sockets' */
#define BATCH      16u
#define ROUNDS     50u
#define TURNS_WARM 4u
#define SETTLE_US  4000u /* in which all of a batch leaves */
#define IDLE_TURN  2u    /* instructions of peer_idle's loop */
#define PRIORITY_1 1u
#define BIT_SETTLE 2ull

static struct lab_peer idle;
static unsigned length;
static uint8_t payload[1472];
static const struct sockaddr_in to_all = {.sin_family = AF_INET,
                                          .sin_port = 0x0900, /* 9: discard */
                                          .sin_addr = {0xff00090a}};

/* Once: it takes an address of its own. */
static bool exists(void)
{
    static enum { UNKNOWN, NONE, THERE } found;
    const struct net_setting setting = {.address = 0x0a090002, .mask = 0xffffff00};
    struct net_card_state card = {0};

    if (found == UNKNOWN) {
        found = NONE;
        if (names_lookup("net", SLOT_NET) == E_OK && net_call_card(SLOT_NET, &card) == E_OK &&
            card.is_there && card.is_up && net_call_set(SLOT_NET, &setting) == E_OK)
            found = THERE;
    }
    return found == THERE;
}

static void setup(const struct bench *b, struct measure *m)
{
    (void)m;
    length = b->words;
    lab_peer_make(&idle, false, BLOB(peer_idle), 1, 0, PRIORITY_1);
    lab_peer_start(&idle);
}

static uint64_t work_so_far(void)
{
    const struct peer_page *p = idle.page;

    return rdtsc() - p->count * IDLE_TURN;
}

static void settle(void)
{
    uint64_t until = rdtsc() + quoll_info()->tsc_hz / 1000000 * SETTLE_US, bits;

    while (rdtsc() < until) {
        (void)sys_op(SLOT_NOTIFY, OP_NOTIFICATION_SET_DEADLINE, until, BIT_SETTLE, 0, 0, 0, 0);
        (void)sys_wait(SLOT_NOTIFY, &bits);
    }
}

static uint64_t frames_out(void)
{
    struct net_counters c = {0};

    return net_call_counted(SLOT_NET, &c) == E_OK ? c.frames_out : 0;
}

static bool turn(int fd)
{
    for (unsigned i = 0; i < BATCH; i++) {
        if (sendto(fd, payload, length, 0, (const struct sockaddr *)&to_all, sizeof(to_all)) < 0)
            return false;
    }
    settle();
    return true;
}

static uint64_t run(struct measure *m)
{
    uint64_t left = m->rounds == ROUNDS_WARM ? TURNS_WARM : m->rounds, turns = left;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    uint64_t first = frames_out();

    for (uint32_t *sample = m->samples; fd >= 0 && left != 0; left--, sample++) {
        uint64_t before = work_so_far();
        if (!turn(fd))
            break;
        *sample = (uint32_t)((work_so_far() - before) / BATCH);
    }
    if (left == 0 && frames_out() - first < turns * BATCH)
        left = 1; /* some have not left: what was measured is not all */
    if (fd >= 0)
        (void)socket_close(fd);
    return left;
}

static const struct bench list[] = {
    {"net.udp_send.18", ROUNDS, 18, true, setup, run},
    {"net.udp_send.1472", ROUNDS, 1472, true, setup, run},
};
const struct bench_area area_net = {list, sizeof list / sizeof list[0], 0, exists};
