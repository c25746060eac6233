/*
 * core.c - lwIP with one network interface: frames in and out, time, and waking clients. core.h.
 * What comes in is copied into a buffer of lwIP's and goes up through it; what goes out is copied
 * out of its buffers, and out of the clients' rings, into a frame of the embedder's.
 */
#include "internal.h"

#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/ip4.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>
#include <string.h>

#define MTU 1500
_Static_assert(CORE_FRAME_MAX <= PBUF_POOL_BUFSIZE, "a frame lies in one buffer");
#define CHECKS (NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_UDP | NETIF_CHECKSUM_CHECK_TCP)

struct core core;

uint32_t sys_now(void);

uint32_t sys_now(void)
{
    return (uint32_t)core.now_ms;
}

/* ---- sums that are left to the card */

#define IP_AT  14u
#define SUM_AT (IP_AT + IP_HLEN)

void core_sums(bool are_left)
{
    core.leaves_sums = are_left;
    core_sum_udp(0);
}

void core_sum_udp(unsigned bytes)
{
    uint16_t left = NETIF_CHECKSUM_GEN_TCP;

    left |= bytes + IP_HLEN + UDP_HLEN <= MTU ? NETIF_CHECKSUM_GEN_UDP : 0;
    core.netif.chksum_flags = core.leaves_sums ? (uint16_t)(NETIF_CHECKSUM_ENABLE_ALL & ~left)
                                               : NETIF_CHECKSUM_ENABLE_ALL;
}

/* The frame's place for a sum, in which that of the pseudo header is put; 0: it has none, or is a
 * fragment. Options are never sent. */
static uint16_t prepare_sum(uint8_t *frame)
{
    uint8_t *ip = frame + IP_AT, protocol = ip[9];
    bool is_ip = frame[12] == 0x08 && frame[13] == 0;
    uint16_t at = SUM_AT + (protocol == IP_PROTO_TCP ? 16 : 6), sum;
    uint64_t all;
    uint32_t ends[2]; /* source and destination */

    if (!core.leaves_sums || !is_ip || (ip[6] & 0x3f) != 0 || ip[7] != 0 ||
        (protocol != IP_PROTO_TCP && protocol != IP_PROTO_UDP)) {
        return 0;
    }
    memcpy(ends, ip + 12, sizeof(ends));
    all = (uint64_t)ends[0] + ends[1];
    all += lwip_htons((uint16_t)(((unsigned)ip[2] << 8 | ip[3]) - IP_HLEN + protocol));
    all = (all & 0xffff) + (all >> 16 & 0xffff) + (all >> 32);
    sum = (uint16_t)(all + (all >> 16));
    memcpy(frame + at, &sum, sizeof(sum));
    return at;
}

/* ---- out */

/* To the packet's last buffer, of which that is all. */
static void copy_out(const struct pbuf *p, uint8_t *to)
{
    for (; p->len != p->tot_len; p = p->next) {
        memcpy(to, p->payload, p->len);
        to += p->len;
    }
    memcpy(to, p->payload, p->len);
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    uint8_t *frame = p->tot_len <= CORE_FRAME_MAX ? port_frame() : NULL;
    uint16_t sum_at;

    (void)netif;
    if (frame == NULL) {
        core.was_full = true;
        return ERR_BUF;
    }
    copy_out(p, frame);
    core.count.frames_out++;
    core.count.bytes_out += p->tot_len;
    sum_at = prepare_sum(frame);
    port_send(p->tot_len, SUM_AT, sum_at);
    return ERR_OK;
}

/* What waits for ARP there refers to its client's ring: see core_drop_waiting. */
static err_t send_packet(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    err_t error = etharp_output(netif, p, to);

    core.arp_waits |= p->ref > 1;
    return error;
}

void core_drop_waiting(void)
{
    if (core.arp_waits) {
        core.arp_waits = false;
        etharp_cleanup_netif(&core.netif);
    }
}

static void pump_all(void)
{
    for (uint32_t sessions = core.sessions; sessions != 0;) {
        core_doorbell(session_next(&sessions));
    }
}

bool core_wants_frames(void)
{
    return core.was_full;
}

/* What lwIP holds back of connections that no socket pumps goes with its timers. */
void core_can_send(void)
{
    if (!core.was_full) {
        return;
    }
    core.was_full = false;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL && !core.was_full; pcb = pcb->next) {
        (void)tcp_output(pcb);
    }
    pump_all();
}

/* ---- in */

/* What came out of its order and waits makes room for what goes on, of one connection at a time. */
static struct pbuf *take_buffer(unsigned length)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (uint16_t)length, PBUF_POOL);

    if (p == NULL) {
        pbuf_free_ooseq();
        p = pbuf_alloc(PBUF_RAW, (uint16_t)length, PBUF_POOL);
    }
    return p;
}

void core_input(const uint8_t *frame, unsigned length, bool is_checked)
{
    struct pbuf *p;

    core.count.frames_in++;
    core.count.bytes_in += length;
    if (length > CORE_FRAME_MAX || length == 0 || !core.has_card) {
        core.count.bad_frames++;
        return;
    }
    p = take_buffer(length);
    if (p == NULL) {
        core.count.no_memory++;
        return;
    }
    memcpy(p->payload, frame, length);
    if (is_checked) {
        core.netif.chksum_flags &= (uint16_t)~CHECKS;
    }
    if (core.netif.input(p, &core.netif) != ERR_OK) {
        (void)pbuf_free(p);
    }
    core.netif.chksum_flags |= CHECKS;
    stream_let_go();
}

/* ---- the card */

static err_t set_up(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->output = send_packet;
    netif->linkoutput = send_frame;
    netif->mtu = MTU;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif_set_hostname(netif, "quoll");
    return ERR_OK;
}

void core_link(const uint8_t mac[6], bool is_up)
{
    core.has_card = true;
    memcpy(core.mac, mac, sizeof(core.mac));
    memcpy(core.netif.hwaddr, mac, ETH_HWADDR_LEN);
    if (is_up) {
        netif_set_link_up(&core.netif);
    } else {
        netif_set_link_down(&core.netif);
    }
}

void core_no_card(void)
{
    core.has_card = false;
    netif_set_link_down(&core.netif);
}

void core_begin(const uint8_t secret[16], uint64_t now_ms)
{
    core = (struct core){.now_ms = now_ms};
    random_begin(secret);
    lwip_init();
    (void)netif_add(&core.netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4, NULL, set_up,
                    ethernet_input);
    netif_set_default(&core.netif);
    netif_set_up(&core.netif);
    LWIP_ASSERT("a raw pcb at the start", echo_begin() == E_OK);
}

/* ---- time */

static void time_sockets(void)
{
    core.looks_at_sockets = false;
    for (uint32_t sessions = core.sessions; sessions != 0;) {
        unsigned i = session_next(&sessions);
        for (uint32_t sockets = sockets_of(i); sockets != 0;) {
            socket_time(socket_next(i, &sockets));
        }
    }
}

/* This runs for each frame, so what looks at all sockets is done when lwIP's timers are due, or
 * one of them asked for it. */
uint32_t core_time(uint64_t now_ms)
{
    core.now_ms = now_ms;
    if (core.looks_at_sockets || sys_timeouts_sleeptime() == 0) {
        sys_check_timeouts();
        time_sockets();
    }
    return sys_timeouts_sleeptime();
}

/* ---- clients that sleep */

/* One that is woken need not ring: it may run at once, and this looks again before it sleeps. */
static void wake(unsigned session)
{
    core_rung(session);
    port_wake(session);
}

void core_flush(void)
{
    uint32_t news = core.has_news, sessions = news | core.has_room;

    if (sessions == 0) {
        return;
    }
    core.has_news = core.has_room = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the news before the look at the flags */
    while (sessions != 0) {
        unsigned i = session_next(&sessions);
        uint64_t sleep = socket_load(&core.session[i].region->client_sleeps);
        if (sleep != SOCKET_AWAKE && (sleep != SOCKET_SLEEPS_FOR_NEWS || (news >> i & 1) != 0)) {
            wake(i);
        }
    }
}

void core_attend(void)
{
    for (uint32_t sessions = core.awake; sessions != 0;) {
        core_doorbell(session_next(&sessions));
    }
}

/* Has its client given something, or taken so much that it would have rung if this had slept? Only
 * of those whose words a doorbell has looked at: no client keeps this server awake. */
static bool has_changed(const struct socket *s)
{
    const struct socket_words *w = words_of(s);
    bool is_looked_at =
        (s->flags & SOCKET_FAILED) == 0 && !s->closing &&
        (s->kind != CORE_STREAM || (s->tcp != NULL && (s->flags & SOCKET_CONNECTED) != 0));

    return is_looked_at &&
           (socket_load(&w->tx_put) != s->tx_seen ||
            socket_load(&w->rx_get) / SOCKET_TAKE_BYTES != s->rx_seen / SOCKET_TAKE_BYTES);
}

/* Only in sessions in @awake is the flag off: who of the others gives something rings. */
bool core_about_to_sleep(void)
{
    for (uint32_t sessions = core.awake; sessions != 0;) {
        unsigned i = session_next(&sessions);
        socket_store_fenced(&core.session[i].region->server_sleeps, 1);
        for (uint32_t sockets = sockets_of(i); sockets != 0;) {
            if (has_changed(socket_next(i, &sockets))) {
                return false;
            }
        }
    }
    core.awake = 0;
    return true;
}

void core_get_counters(struct core_counters *c)
{
    *c = core.count;
    c->no_memory += lwip_stats.link.memerr;
    c->bad_frames += lwip_stats.link.drop + lwip_stats.etharp.drop + lwip_stats.ip.drop +
                     lwip_stats.icmp.drop + lwip_stats.udp.drop + lwip_stats.tcp.drop;
}
