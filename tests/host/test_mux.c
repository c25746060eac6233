/* sources: servers/mux/core.c servers/lib/queue_client.c servers/lib/queue_driver.c servers/lib/queue_manager.c */
/*
 * test_mux.c - the multiplexer's core with the queue library's ends: who gets which frame, that
 * bytes are copied to the right place and nowhere else, that who posts no buffers loses frames
 * alone, turns among senders; then clients that write anything into their page C. The regions are
 * exactly as long as they are said to be, under the address sanitizer.
 */
#include "../../servers/mux/core.h"

#include <idl/packet_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_BYTES 65536u

static unsigned long passed, failed;

#define CHECK(c) ((c) ? (void)passed++ : check_failed(__LINE__, #c))

static void check_failed(int line, const char *what)
{
    failed++;
    printf("FAILED, line %d: %s\n", line, what);
}

static struct {
    struct queue_pages pages;
    struct queue_client client;
    struct queue_manager manager;
    uint8_t *data;
} one[MUX_CLIENTS];
static unsigned woken[MUX_CLIENTS + 1];

void queue_wake(uint64_t handle)
{
    woken[handle]++;
}

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};

static void open(unsigned i, bool transmits)
{
    uint32_t right = transmits ? PACKET_RIGHT_TRANSMIT : PACKET_RIGHT_RECEIVE;
    const struct queue_limits limits = {.slots = 32,
                                        .ops_known = PACKET_OPS_KNOWN,
                                        .ops_allowed = packet_ops_allowed(right),
                                        .ops_wait = PACKET_OPS_WAIT,
                                        .data_bytes = DATA_BYTES};

    if (one[i].data == NULL) {
        one[i].pages.c = aligned_alloc(4096, 8192);
        one[i].pages.d = aligned_alloc(4096, 8192);
        one[i].pages.m = aligned_alloc(4096, 4096);
        one[i].data = malloc(DATA_BYTES);
    }
    memset(one[i].pages.c, 0, 8192);
    memset(one[i].pages.d, 0, 8192);
    CHECK(queue_manager_open(&one[i].manager, one[i].pages, &limits, i + 1, 0) == E_OK);
    CHECK(queue_client_open(&one[i].client, one[i].pages, 0, 0) == E_OK);
    mux_open(i, transmits, one[i].pages, i + 1, one[i].data);
    CHECK(mux.client[i].used);
}

static void post(unsigned i, unsigned buffer)
{
    uint64_t seq;

    CHECK(packet_submit_receive(&one[i].client, (uint64_t)buffer * MUX_BUFFER, MUX_BUFFER, &seq) ==
          E_OK);
}

static bool collect(unsigned i, uint64_t *value, uint64_t *status)
{
    struct queue_done done;

    if (queue_collect(&one[i].client, &done) != E_OK) {
        return false;
    }
    *value = done.value;
    *status = done.status;
    return true;
}

static unsigned make(uint8_t *frame, const uint8_t to[6], unsigned type, unsigned protocol,
                     unsigned port, unsigned length)
{
    memset(frame, 0, length);
    memcpy(frame, to, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
    if (type == 0x0800) {
        frame[14] = 0x45;
        frame[23] = (uint8_t)protocol;
        frame[36] = (uint8_t)(port >> 8);
        frame[37] = (uint8_t)port;
    }
    for (unsigned i = 42; i < length; i++) {
        frame[i] = (uint8_t)(i * 7);
    }
    return length;
}

/* How many clients get it. */
static unsigned receivers(const uint8_t *frame, unsigned length)
{
    unsigned count = 0;

    for (unsigned i = 0; i < MUX_CLIENTS; i++) {
        if (mux.client[i].used && !mux.client[i].transmits) {
            post(i, 3);
        }
    }
    (void)mux_take_posted();
    mux_in(frame, length);
    for (unsigned i = 0; i < MUX_CLIENTS; i++) {
        uint64_t value, status;
        if (mux.client[i].used && !mux.client[i].transmits && collect(i, &value, &status)) {
            CHECK(status == E_OK && value == length);
            CHECK(memcmp(one[i].data + 3ul * MUX_BUFFER, frame, length) == 0);
            count |= 1u << i;
        }
    }
    for (unsigned i = 0; i < MUX_CLIENTS; i++) { /* buffers that are left */
        if (mux.client[i].used && !mux.client[i].transmits && mux.client[i].count != 0) {
            mux_close(i);
            bool sniffs = mux.client[i].sniffs;
            struct mux_rule rule = mux.client[i].rule;
            open(i, false);
            mux.client[i].sniffs = sniffs;
            mux.client[i].rule = rule;
        }
    }
    return count;
}

static void test_rules(void)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, other[6] = {2, 9, 9, 9, 9, 9};
    uint8_t frame[MUX_FRAME_MAX];
    unsigned n;

    memcpy(mux.mac, our_mac, 6);
    open(0, false);
    open(1, false);
    open(2, false);
    mux.client[1].sniffs = true;
    mux.client[2].rule = (struct mux_rule){.protocol = 17, .port_first = 100, .port_last = 200};
    n = make(frame, our_mac, 0x0800, 6, 80, 60);
    CHECK(receivers(frame, n) == 3);
    n = make(frame, all, 0x0806, 0, 0, 42);
    CHECK(receivers(frame, n) == 3);
    n = make(frame, other, 0x0800, 17, 150, 1514);
    CHECK(receivers(frame, n) == 2);
    for (unsigned port = 98; port < 203; port++) {
        n = make(frame, our_mac, 0x0800, 17, port, 100);
        CHECK(receivers(frame, n) == (port >= 100 && port <= 200 ? 7 : 3));
    }
    n = make(frame, our_mac, 0x0800, 6, 150, 100);
    CHECK(receivers(frame, n) == 3);
    n = make(frame, our_mac, 0x0800, 17, 150, 100);
    frame[21] = 9; /* a later fragment has no port */
    CHECK(receivers(frame, n) == 3);
    n = make(frame, our_mac, 0x0800, 17, 150, 37); /* nor has what is cut off */
    CHECK(receivers(frame, n) == 3);
    mux.client[2].rule = (struct mux_rule){.ethertype = 0x0806};
    n = make(frame, all, 0x0806, 0, 0, 14);
    CHECK(receivers(frame, n) == 7);
    CHECK(mux_sniffs());
    mux_in(frame, 13);
    mux_in(frame, 2049);
    for (unsigned i = 0; i < 3; i++) {
        mux_close(i);
    }
    CHECK(!mux_sniffs());
}

/* Who posts nothing loses; the other gets all. */
static void test_pressure(void)
{
    uint8_t frame[100];
    unsigned n = make(frame, our_mac, 0x0800, 17, 9, 100), got = 0;
    uint64_t value, status;

    open(0, false);
    open(1, false);
    for (unsigned i = 0; i < 500; i++) {
        post(1, i % 32);
        CHECK(mux_take_posted());
        mux_in(frame, n);
        got += collect(1, &value, &status) && status == E_OK;
    }
    CHECK(got == 500 && mux.client[0].lost == 500 && mux.client[1].lost == 0);
    mux_close(0);
    mux_close(1);
}

/* A client that sleeps is woken once for all that came, when the multiplexer goes to sleep, or when
 * it has no buffer left. */
static void test_waking(void)
{
    uint8_t frame[100];
    unsigned n = make(frame, our_mac, 0x0800, 17, 9, 100);

    open(0, false);
    for (unsigned i = 0; i < 4; i++) {
        post(0, i);
    }
    (void)mux_wake_starving(); /* of the test before */
    CHECK(mux_take_posted() && queue_client_about_to_sleep(&one[0].client));
    woken[1] = 0;
    mux_in(frame, n);
    mux_in(frame, n);
    CHECK(woken[1] == 0 && !mux_wake_starving() && woken[1] == 0);
    CHECK(mux_about_to_sleep(false) && woken[1] == 1);
    mux_in(frame, n);
    mux_in(frame, n);
    CHECK(mux_wake_starving() && woken[1] == 2 && !mux_wake_starving());
    mux_close(0);
}

static void send(unsigned i)
{
    uint64_t seq;

    CHECK(packet_submit_transmit(&one[i].client, 0, 0, 0, 0, 60, &seq) == E_OK);
}

/* Who answers what it was woken for need not ring. */
static void test_answering(void)
{
    uint8_t frame[100], to[MUX_FRAME_MAX];
    unsigned n = make(frame, our_mac, 0x0800, 17, 9, 100);
    struct mux_out out;

    open(0, false);
    open(1, true);
    for (unsigned i = 0; i < 20; i++) {
        post(0, i % 4);
    }
    CHECK(mux_take_posted() && mux_about_to_sleep(false));
    woken[0] = woken[1] = 0;
    CHECK(!mux_ring() && queue_client_about_to_sleep(&one[0].client));
    mux_in(frame, n);
    CHECK(!mux_ring() && woken[1] == 1);
    send(1);
    CHECK(woken[0] == 0 && !mux_about_to_sleep(false));
    mux_in(frame, n);
    CHECK(mux_ring() && mux_out(to, &out) && !mux_out(to, &out));
    CHECK(mux_about_to_sleep(false));
    send(1);
    CHECK(woken[0] == 1 && mux_out(to, &out));
    mux_close(0);
    mux_close(1);
}

static void test_wrong_buffers(void)
{
    uint64_t value, status, seq;

    open(0, false);
    CHECK(packet_submit_receive(&one[0].client, 0, MUX_BUFFER - 1, &seq) == E_OK);
    CHECK(queue_submit(&one[0].client, QUEUE_OP_FLUSH, 0, 0, NULL, &seq) == E_OK);
    CHECK(packet_submit_receive(&one[0].client, DATA_BYTES - 100, MUX_BUFFER, &seq) == E_BAD_ARG);
    CHECK(packet_submit_transmit(&one[0].client, 0, 0, 0, 0, 60, &seq) == E_NO_RIGHT);
    CHECK(mux_take_posted() && mux.client[0].count == 0);
    CHECK(collect(0, &value, &status) && status == E_BAD_ARG);
    CHECK(collect(0, &value, &status) && status == E_OK);
    mux_close(0);
}

static void test_turns(void)
{
    uint8_t to[MUX_FRAME_MAX];
    struct mux_out out;
    uint64_t seq, value, status;

    for (unsigned i = 0; i < 3; i++) {
        open(i, true);
        memset(one[i].data, (int)i, DATA_BYTES);
        for (unsigned k = 0; k < 10; k++) {
            CHECK(packet_submit_transmit(&one[i].client, 20, 40, 0, 2048ul * k, 60 + i, &seq) ==
                  E_OK);
        }
    }
    open(3, false);
    mux.client[3].sniffs = true;
    for (unsigned k = 0; k < 30; k++) {
        post(3, k);
    }
    CHECK(mux_take_posted());
    mux.turn = 0;
    for (unsigned k = 0; k < 30; k++) {
        CHECK(mux_out(to, &out) && out.length == 60 + k % 3 && to[0] == k % 3 && to[59] == k % 3);
        CHECK(out.checksum_from == 20 && out.checksum_at == 40 && out.tag == 0);
        CHECK(collect(3, &value, &status) && value == 60 + k % 3);
        CHECK(one[3].data[k * 2048ul] == k % 3);
    }
    CHECK(!mux_out(to, &out) && mux_about_to_sleep(false));
    CHECK(packet_submit_transmit(&one[0].client, 0, 0, 0, 0, 13, &seq) == E_OK);
    CHECK(packet_submit_transmit(&one[0].client, 300, 0, 0, 0, 60, &seq) == E_OK);
    CHECK(!mux_out(to, &out));
    for (unsigned k = 0; k < 10; k++) {
        CHECK(collect(0, &value, &status) && status == E_OK);
    }
    CHECK(collect(0, &value, &status) && status == E_BAD_ARG);
    CHECK(collect(0, &value, &status) && status == E_BAD_ARG);
    for (unsigned i = 0; i < 4; i++) {
        mux_close(i);
    }
}

/* A listener sees the checksum that the card will put in, and never one that says there is none. */
static void test_sums(void)
{
    static const uint16_t carried[] = {0, 0xffff, 0x1234};
    static const uint16_t sums[] = {0xffff, 0xffff, 0xedcb};
    uint8_t to[MUX_FRAME_MAX];
    struct mux_out out;
    uint64_t seq, value, status;

    open(0, true);
    open(1, false);
    mux.client[1].sniffs = true;
    for (unsigned k = 0; k < 3; k++) {
        memset(one[0].data, 0, 60);
        one[0].data[30] = (uint8_t)(carried[k] >> 8);
        one[0].data[31] = (uint8_t)carried[k];
        post(1, k);
        CHECK(mux_take_posted());
        CHECK(packet_submit_transmit(&one[0].client, 20, 40, 0, 0, 60, &seq) == E_OK);
        CHECK(mux_out(to, &out) && to[40] == 0 && to[41] == 0);
        CHECK(collect(1, &value, &status) && value == 60);
        CHECK(one[1].data[k * 2048ul + 40] == sums[k] >> 8);
        CHECK(one[1].data[k * 2048ul + 41] == (sums[k] & 0xff));
    }
    mux_close(0);
    mux_close(1);
}

/* Two that write noise into C, and an honest one of each kind. */
static void test_hostile(void)
{
    uint8_t frame[MUX_FRAME_MAX], to[MUX_FRAME_MAX];
    unsigned n = make(frame, our_mac, 0x0800, 17, 9, 1514), in = 0, sent = 0;
    uint64_t value, status, seq;
    struct mux_out out;

    for (unsigned i = 0; i < 4; i++) {
        open(i, i % 2 != 0);
    }
    srand(1);
    memset(one[3].data, 0xee, DATA_BYTES);
    for (unsigned round = 0; round < 100000; round++) {
        uint64_t *words = (uint64_t *)one[rand() % 2].pages.c;
        unsigned at = (unsigned)rand() % (32 * 8 + 8);
        words[at] = at % 8 == 0 && rand() % 2 ? (uint64_t)rand() % 64 + mux.client[0].queue.next
                                              : (uint64_t)rand() << (rand() % 34);
        if (at >= 8 && at % 8 == 1) {
            words[at] = (uint64_t)rand() % 8; /* an op */
        }
        (void)packet_submit_receive(&one[2].client, round % 32 * 2048ul, MUX_BUFFER, &seq);
        (void)packet_submit_transmit(&one[3].client, 0, 0, 0, round % 32 * 2048ul, 60, &seq);
        (void)mux_take_posted();
        mux_in(frame, n);
        in += collect(2, &value, &status) && status == E_OK && value == n;
        for (unsigned k = 0; k < 64 && mux_out(to, &out); k++) {
            sent += out.length == 60 && to[0] == 0xee;
        }
        (void)collect(3, &value, &status);
    }
    CHECK(in == 100000 && sent >= 99990);
    for (unsigned i = 0; i < 4; i++) {
        mux_close(i);
    }
}

int main(void)
{
    test_rules();
    test_pressure();
    test_waking();
    test_answering();
    test_wrong_buffers();
    test_turns();
    test_sums();
    test_hostile();
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
