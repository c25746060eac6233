/*
 * packet.c - a network card as its clients see it. A peer outside, tests/system/test_e1000.py,
 * sends numbered frames; each comes back with its two addresses exchanged, copied from the
 * receiving to the transmitting session as the multiplexer does it. Frames of type 0x88b6 say that
 * it was the last. While the driver dies frames may be lost, so the peer repeats what has not come
 * back.
 */
#include "client.h"
#include "test.h"

#include <idl/packet_queue.h>
#include <quoll/error.h>
#include <string.h>

#define DRIVER      "e1000"
#define BUFFERS     32u
#define PAGES       16u
#define HEADER      14u
#define END_US      30000000u /* the peer is there, or the test fails */
#define LONG_END_US 120000000u
#define CLOSES      20u
#define KILLS       40u
#define EVERY_US    15000u

static struct client_session *out, *in;
static uint32_t free_frames; /* buffers of `out`, a bit each */
static uint64_t echoed;

static uint8_t *buffer(struct client_session *s, unsigned i)
{
    return (uint8_t *)s->data + (size_t)i * PACKET_BUFFER_BYTES;
}

static bool open_both(void)
{
    (void)client_wait(0, 20000); /* for the end of the last ones: a task has so many */
    out = client_open(DRIVER, PACKET_INTERFACE, PACKET_RIGHTS_ALL & ~PACKET_RIGHT_RECEIVE, PAGES);
    in = client_open(DRIVER, PACKET_INTERFACE, PACKET_RIGHT_RECEIVE, PAGES);
    free_frames = UINT32_MAX;
    echoed = 0;
    return (out != NULL && in != NULL) || test_expect(lab_error(), 1, 0);
}

/* ---- echoes; a request's number says its buffer: both have as many as a queue has slots */

static unsigned buffer_of(uint64_t seq)
{
    return (unsigned)(seq % BUFFERS);
}

static void post_all(void)
{
    uint64_t seq;

    while (packet_submit_receive(&in->queue, buffer_of(in->queue.next) * PACKET_BUFFER_BYTES,
                                 PACKET_BUFFER_BYTES, &seq) == E_OK) {
    }
}

static void collect_frames(void)
{
    struct queue_done done;

    while (queue_collect(&out->queue, &done) == E_OK) {
    }
}

/* The peer repeats what finds no room here. */
static void echo(const uint8_t *frame, uint64_t length)
{
    unsigned to = buffer_of(out->queue.next);
    uint8_t *copy = buffer(out, to);
    uint64_t seq;

    if ((out->queue.outstanding >> to & 1) != 0) {
        return;
    }
    memcpy(copy, frame, length);
    memcpy(copy, frame + 6, 6);
    memcpy(copy + 6, frame, 6);
    if (packet_submit_transmit(&out->queue, 0, 0, 0, to * PACKET_BUFFER_BYTES, length, &seq) ==
        E_OK) {
        echoed++;
    }
}

/* What is there now; false: it was the last. */
static bool echo_all(void)
{
    struct queue_done done;
    uint64_t value = 0, length;
    bool more = true;

    queue_client_hold(&out->queue);
    queue_client_hold(&in->queue);
    while (queue_collect(&in->queue, &done) == E_OK) {
        const uint8_t *frame = buffer(in, buffer_of(done.seq));

        length = packet_finish_receive(&done, &value) == E_OK ? value & PACKET_RECEIVED_LENGTH : 0;
        if (length >= HEADER && length <= PACKET_FRAME_MAX) {
            /* One that has lain in the card since the last test comes before all others. */
            more = more && !(frame[12] == 0x88 && frame[13] == 0xb6 && echoed != 0);
            echo(frame, length);
        }
        collect_frames();
    }
    post_all();
    queue_client_ring(&out->queue);
    queue_client_ring(&in->queue);
    return more;
}

static bool echo_until_end(uint64_t limit_us)
{
    uint64_t end = client_now_us() + limit_us;

    while (echo_all()) {
        bool idle = queue_client_about_to_sleep(&in->queue);

        idle = queue_client_about_to_sleep(&out->queue) && idle;
        if (client_now_us() > end) {
            return false;
        }
        if (idle) {
            (void)client_wait(~0ull << 2, 100000);
        }
        collect_frames();
    }
    return true;
}

/* Nothing may be on its way when the sessions end. */
static void let_go(void)
{
    for (unsigned i = 0; i < 100 && out->queue.outstanding != 0; i++) {
        (void)client_wait(0, 1000);
        collect_frames();
    }
    client_close(in);
    client_close(out);
}

/* ---- the tests */

static void info(void)
{
    struct packet_statistics stats;
    struct packet_card card;

    EXPECT(open_both(), true);
    EXPECT_OK(packet_call_info(out->endpoint, &card));
    EXPECT(card.mac[0] == 0x52 && card.mac[1] == 0x54, true);
    EXPECT(card.mtu, 1500);
    EXPECT(card.link.is_up, true);
    EXPECT_OK(packet_call_stats(out->endpoint, &stats));
    EXPECT(stats.errors, 0);
    EXPECT_ERROR(packet_call_stats(in->endpoint, &stats), E_NO_RIGHT);
    let_go();
}

static void wrong(void)
{
    struct queue_done done;
    uint64_t seq;

    EXPECT(open_both(), true);
    EXPECT_OK(packet_submit_transmit(&out->queue, 0, 0, 0, 0, PACKET_FRAME_MIN - 1, &seq));
    EXPECT_OK(client_await(out, seq, &done));
    EXPECT(done.status, E_BAD_ARG);
    EXPECT_OK(packet_submit_transmit(&out->queue, 40, 40, 0, 0, 60, &seq));
    EXPECT_OK(client_await(out, seq, &done));
    EXPECT(done.status, E_BAD_ARG);
    EXPECT_OK(packet_submit_receive(&in->queue, 0, PACKET_BUFFER_BYTES - 1, &seq));
    EXPECT_OK(client_await(in, seq, &done));
    EXPECT(done.status, E_BAD_ARG);
    EXPECT_ERROR(packet_submit_receive(&out->queue, 0, PACKET_BUFFER_BYTES, &seq), E_NO_RIGHT);
    EXPECT_ERROR(packet_submit_transmit(&in->queue, 0, 0, 0, 0, 60, &seq), E_NO_RIGHT);
    let_go();
}

static void echoes(void)
{
    EXPECT(open_both(), true);
    EXPECT(echo_until_end(END_US), true);
    EXPECT(echoed != 0, true);
    let_go();
}

/* Sessions that end with buffers at the device, one after the other. */
static void closed(void)
{
    for (unsigned i = 0; i < CLOSES; i++) {
        EXPECT(open_both(), true);
        post_all();
        (void)client_wait(0, 1000u * (i % 8));
        let_go();
    }
    EXPECT(client_settle(DRIVER), true);
}

static void killed(void)
{
    struct devman_usage before = {0}, after = {0};
    struct devman_toll toll = {.left = 1};

    EXPECT(open_both(), true);
    EXPECT_OK(client_kill(DRIVER));
    EXPECT(client_settle(DRIVER), true);
    EXPECT_OK(devman_call_used(CLIENT_DEVMAN, &before));
    EXPECT_OK(devman_call_kill_often(CLIENT_DEVMAN, DRIVER, KILLS, EVERY_US));
    EXPECT(echo_until_end(LONG_END_US), true);
    for (unsigned i = 0; toll.left != 0 && i < 400; i++) {
        (void)client_wait(0, 50000);
        EXPECT_OK(devman_call_killed(CLIENT_DEVMAN, DRIVER, &toll));
    }
    EXPECT(toll.kills, KILLS);
    EXPECT(client_settle(DRIVER), true);
    EXPECT_OK(devman_call_used(CLIENT_DEVMAN, &after));
    EXPECT(after.memory, before.memory);
    EXPECT(after.slots, before.slots);
    let_go();
}

/* The peer pulls the cable, and puts it in again. */
static void link(void)
{
    struct packet_link_state state = {.is_up = true};

    EXPECT(open_both(), true);
    EXPECT_OK(packet_call_link_wait(out->endpoint, true, &state));
    EXPECT(state.is_up, false);
    EXPECT_OK(packet_call_link_wait(out->endpoint, false, &state));
    EXPECT(state.is_up && state.is_full_duplex && state.megabits == 1000, true);
    EXPECT(echo_until_end(END_US), true);
    let_go();
}

/* Not client_driver: it is no failure of the tests before if there is none. */
static bool has_card(void)
{
    struct devman_node_state node;

    return client_has_devman() && devman_call_find(CLIENT_DEVMAN, "packet", 0, &node) == E_OK;
}

/* All but the first two need the peer. */
static const struct test list[] = {
    {"packet.info", info},     {"packet.wrong", wrong},   {"packet.closed", closed},
    {"packet.echoes", echoes}, {"packet.killed", killed}, {"packet.link", link},
};

TEST_AREA_OF(tests_packet, list, has_card);
