/*
 * driver.c - the handlers. Requests are taken in batches: one write tells the device of all of
 * them, and each handler ends with one signal for each client.
 */
#include "e1000.h"

#include <idl/packet_desc.h>
#include <idl/packet_queue.h>
#include <idl/packet_server.h>
#include <loop.h>
#include <regs/e1000_table.h>
#include <regs_lines.h>
#include <string.h>

const struct idl_interface *const driver_interfaces[] = {&packet_desc, NULL};

static bool storms;
static uint64_t held;       /* sessions whose clients are woken when the handler is done */
static uint64_t full;       /* sessions that had more frames than there was room for */
static bool asks_when_sent; /* the interrupt of sent frames is on */
static uint64_t waiter;     /* a link_wait that is kept; 0: none */
static bool waits_while_up; /* it */

/* ---- the device's life */

static const char *find(void)
{
    nic.regs = e1000_regs_at((uintptr_t)driver_mmio("regs", NULL));
    return phy_identify();
}

const char *driver_probe(void)
{
    const char *wrong = find();

    return wrong == NULL ? eeprom_check() : wrong;
}

const char *driver_quiet(void)
{
    const char *wrong = find();

    if (wrong == NULL) {
        chip_stop();
        driver_await_us(CHIP_SETTLE_US);
        wrong = chip_check_idle();
    }
    return wrong;
}

static void log_link(void)
{
    if (nic.link.is_up) {
        driver_log("link up, %u Mb/s, %s duplex", nic.link.megabits,
                   nic.link.is_full_duplex ? "full" : "half");
    } else {
        driver_log("link down");
    }
}

static void begin(void)
{
    chip_start();
    asks_when_sent = true;
}

const char *driver_attach(void)
{
    const char *wrong = chip_read_mac();
    char *rings;

    wrong = wrong == NULL ? phy_start() : wrong;
    wrong = wrong == NULL && !driver_has_dma() ? "it can't reach memory" : wrong;
    if (wrong != NULL) {
        return wrong;
    }
    rings = driver_dma("rings", NULL);
    receive_begin(rings, driver_dma_address("rings"));
    transmit_begin(rings + RING_BYTES, driver_dma_address("rings") + RING_BYTES);
    chip_count();
    nic.count = (struct packet_statistics){0};
    begin();
    (void)chip_look_at_link();
    log_link();
    return NULL;
}

void driver_detach(void)
{
    chip_stop();
}

/* Requests of others stay, and go to the device again when it has come to itself. */
static void stop_for_a_while(void)
{
    chip_stop();
    driver_set_timer(driver_now_us() + CHIP_SETTLE_US);
}

/* ---- queues */

void complete(unsigned s, uint64_t seq, int status, uint64_t value)
{
    if ((held >> s & 1) == 0) {
        held |= 1ull << s;
        driver_hold(s);
    }
    driver_complete(s, seq, status, value);
}

static void wake_clients(void)
{
    for (; held != 0; held &= held - 1) {
        driver_ring((unsigned)__builtin_ctzll(held));
    }
}

void packet_start_transmit(struct queue_driver *queue, const struct queue_request *r,
                           uint16_t checksum_from, uint16_t checksum_at, uint32_t tag)
{
    unsigned s = driver_session_of(queue);
    bool sums = checksum_at != 0;

    if (r->length < PACKET_FRAME_MIN ||
        (sums && (checksum_from >= checksum_at || checksum_at + 2u > r->length))) {
        complete(s, r->seq, E_BAD_ARG, 0);
        return;
    }
    transmit_start(&(struct frame){.seq = r->seq,
                                   .address = driver_session_dma(s) + r->offset,
                                   .length = (uint32_t)r->length,
                                   .tag = (tag & PACKET_TAGGED) != 0 ? tag : 0,
                                   .session = (uint8_t)s,
                                   .from = (uint8_t)checksum_from,
                                   .at = (uint8_t)checksum_at});
}

void packet_start_receive(struct queue_driver *queue, const struct queue_request *request)
{
    receive_start(driver_session_of(queue), request);
}

/* While the device has plenty of buffers, who posts more need not ring: when these are used an
 * interrupt comes, and looks. */
static void take(unsigned s)
{
    struct queue_request request;

    full &= ~(1ull << s);
    while (transmit_has_room()) {
        if (receive_has_plenty(s) ? !driver_take_more(s, &request) : !driver_take(s, &request)) {
            return;
        }
        packet_dispatch_request(driver_queue(s), &request);
    }
    full |= 1ull << s;
}

/* Frames that have not left yet are asked after by an interrupt; one that comes too early for a
 * sleeping client is none (QEMU has sent all when it is told of them). */
static void ask_when_sent(bool wanted)
{
    if (wanted == asks_when_sent || !nic.runs) {
        return;
    }
    asks_when_sent = wanted;
    if (wanted) {
        e1000_ims_set_sent(nic.regs);
    } else {
        e1000_imc_write(nic.regs, e1000_icr_raw((struct e1000_icr){.sent = true}));
    }
}

static void go(void)
{
    (void)transmit_reap();
    for (uint64_t bits = full; bits != 0; bits &= bits - 1) {
        take((unsigned)__builtin_ctzll(bits));
    }
    receive_go();
    transmit_go();
    ask_when_sent(transmit_reap() || full != 0);
    wake_clients();
}

void driver_session_rung(unsigned s)
{
    take(s);
    go();
}

void driver_session_closed(unsigned s)
{
    bool had;

    (void)receive_reap();
    (void)transmit_reap();
    full &= ~(1ull << s);
    had = receive_forget(s);
    if (transmit_forget(s) || had) {
        stop_for_a_while();
    }
    wake_clients();
}

/* ---- what happens by itself */

static void look_at_link(void)
{
    if (!chip_look_at_link()) {
        return;
    }
    log_link();
    if (waiter != 0 && waits_while_up != nic.link.is_up) {
        uint64_t reply = waiter;

        waiter = 0;
        packet_answer_link_wait(reply, E_OK, &nic.link);
    }
}

/* The line may be shared: without a cause the interrupt was another device's. */
void driver_irq(unsigned index, uint64_t count)
{
    struct e1000_icr why;
    unsigned frames;

    (void)index;
    (void)count;
    if (storms) {
        return; /* with its cause unread, the line stays as it is */
    }
    why = e1000_icr_read(nic.regs);
    nic.count.interrupts++;
    frames = receive_reap();
    if (receive_owner != RECEIVE_NOBODY) {
        take(receive_owner);
    }
    go();
    if (why.link) {
        look_at_link();
    }
    chip_moderate(frames);
}

/* The chip has come to itself after a stop. */
void driver_timer(void)
{
    if (!nic.runs) {
        (void)phy_start();
        begin();
        go();
        look_at_link();
    }
}

/* ---- methods */

DRIVER_SERVES(PACKET_INTERFACE, packet_dispatch)

int packet_serve_info(struct call *call, struct packet_card *result)
{
    (void)call;
    *result = (struct packet_card){.mtu = PACKET_FRAME_MAX - PACKET_FRAME_MIN,
                                   .sums = true,
                                   .checks = true,
                                   .tags = true,
                                   .link = nic.link};
    memcpy(result->mac, nic.mac, sizeof(result->mac));
    return E_OK;
}

int packet_serve_set_filter(struct call *call, bool promiscuous, bool all_multicast,
                            const struct packet_group *multicast, size_t multicast_count)
{
    (void)call;
    for (size_t i = 0; i < multicast_count; i++) {
        if ((multicast[i].mac[0] & 1) == 0) {
            return E_BAD_ARG;
        }
    }
    memset(nic.groups, 0, sizeof(nic.groups));
    for (size_t i = 0; i < multicast_count; i++) {
        /* Bits 47 to 36 of the address, which is on the wire from bit 0 on (section 13.5.1). */
        unsigned group = (unsigned)multicast[i].mac[4] >> 4 | (unsigned)multicast[i].mac[5] << 4;

        nic.groups[group / 32] |= 1u << group % 32;
    }
    nic.filter = (struct e1000_rctl){.promiscuous = promiscuous,
                                     .all_multicast = promiscuous || all_multicast};
    if (nic.runs) {
        chip_set_filter();
    }
    return E_OK;
}

int packet_serve_stats(struct call *call, struct packet_statistics *result)
{
    (void)call;
    chip_count();
    *result = nic.count;
    return E_OK;
}

int packet_serve_link_wait(struct call *call, bool is_up, struct packet_link_state *result)
{
    if (nic.link.is_up != is_up) {
        *result = nic.link;
        return E_OK;
    }
    waits_while_up = waiter == 0 ? is_up : waits_while_up;
    return waiter == 0 ? call_keep(call, &waiter) : E_BUSY;
}

/* ---- for the shell */

bool driver_regs_line(unsigned index, char *text, size_t size)
{
    return regs_line_at(&e1000_regs_table, regs_bus_at(nic.regs.base), index, text, size);
}

/* The messages of the 82574 are throttled whatever it is told (in QEMU: 7,813 a second). */
bool driver_storm(void)
{
    storms = !driver_has("message");
    e1000_ics_write(nic.regs, true);
    return storms;
}

/* To write it must receive something: what it sends itself, to everybody, from behind the receive
 * ring. If nobody ends it for that, it goes on. */
bool driver_wild_dma(uint64_t address, bool is_write)
{
    if (is_write) {
        phy_loop_back();
        memset((char *)driver_dma("rings", NULL) + RING_BYTES / 2, 0xff, PACKET_FRAME_MIN);
        receive_wild(address);
    }
    transmit_wild(is_write ? driver_dma_address("rings") + RING_BYTES / 2 : address);
    stop_for_a_while();
    return true;
}
