/*
 * main.c - the e1000 driver on the host: e1000 QTEST PART CARD PEER MONITOR [82574], with CARD and
 * PEER the ends of the cable. PART is `all`, `dirty` (leave the device as a driver that died at
 * work would), `again` (the next instance, on that device), `refused` (no DMA) or `fuzzN`.
 */
#include "../../../drivers/e1000/e1000.h"
#include "wire.h"

#include <idl/inspect.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST "drivers/e1000/e1000.manifest"
#define SHORTEST 60u /* of frames that QEMU gives its cards */

static struct host_session *out, *in;
static bool is_82574;
static uint8_t frame[PACKET_BUFFER_BYTES], got[PACKET_BUFFER_BYTES];

/* ---- out */

static size_t padded(size_t bytes)
{
    return bytes < SHORTEST ? SHORTEST : bytes;
}

static void test_transmit(void)
{
    static const size_t sizes[] = {14, 15, 59, 60, 61, 64, 128, 1000, 1513, 1514};

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        wire_frame(out->data + 3, sizes[i], wire_mac, i);
        HOST_CHECK(transmit(out, 3, sizes[i], 0, 0, 0) == E_OK);
        size_t bytes = wire_take(got, sizeof(got));
        HOST_CHECK(bytes == sizes[i] || bytes == padded(sizes[i]));
        HOST_CHECK(memcmp(got, out->data + 3, sizes[i]) == 0);
    }
}

/* More than the ring has descriptors, in batches of a whole queue. */
static void test_batches(void)
{
    struct queue_done done;
    uint64_t seq;

    for (unsigned round = 0; round < 20; round++) {
        queue_client_hold(&out->queue);
        for (unsigned i = 0; i < BUFFERS; i++) {
            uint8_t *at = out->data + i * PACKET_BUFFER_BYTES;

            wire_frame(at, 100 + i, wire_mac, round * BUFFERS + i);
            HOST_CHECK(packet_submit_transmit(&out->queue, 0, 0, 0, i * PACKET_BUFFER_BYTES,
                                              100 + i, &seq) == E_OK);
        }
        queue_client_ring(&out->queue);
        for (unsigned i = 0; i < BUFFERS; i++) {
            HOST_CHECK(wire_take(got, sizeof(got)) == 100 + i);
            HOST_CHECK(memcmp(got, out->data + i * PACKET_BUFFER_BYTES, 100 + i) == 0);
            HOST_CHECK(host_collect(out, &done) && done.status == E_OK);
        }
    }
}

static uint16_t sum_of(const uint8_t *bytes, size_t count)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

/* IP and UDP, with a checksum of the pseudo header in the field; where it is. */
static size_t make_udp(uint8_t *f, unsigned payload, unsigned seed)
{
    static const uint8_t header[] = {0x45, 0, 0,  0, 0, 1, 0,  0, 64, 17,
                                     0,    0, 10, 0, 0, 1, 10, 0, 0,  2};
    unsigned length = 8 + payload;
    uint8_t pseudo[12] = {10, 0, 0, 1, 10, 0, 0, 2, 0, 17};
    uint16_t sum;

    wire_frame(f, 42 + payload, wire_mac, seed);
    f[12] = 8;
    f[13] = 0;
    memcpy(f + 14, header, sizeof(header));
    f[16] = (uint8_t)((20 + length) >> 8);
    f[17] = (uint8_t)(20 + length);
    sum = (uint16_t)~sum_of(f + 14, 20);
    f[24] = (uint8_t)(sum >> 8);
    f[25] = (uint8_t)sum;
    memcpy(f + 34, (const uint8_t[]){0x12, 0x34, 0x43, 0x21}, 4);
    f[38] = pseudo[10] = (uint8_t)(length >> 8);
    f[39] = pseudo[11] = (uint8_t)length;
    sum = sum_of(pseudo, sizeof(pseudo));
    f[40] = (uint8_t)(sum >> 8);
    f[41] = (uint8_t)sum;
    return 42 + payload;
}

/* The sum over pseudo header and all, with the checksum in it. */
static bool udp_is_sound(const uint8_t *f)
{
    uint8_t all[PACKET_BUFFER_BYTES + 12] = {10, 0, 0, 1, 10, 0, 0, 2, 0, 17, f[38], f[39]};
    size_t length = (size_t)f[38] << 8 | f[39];

    memcpy(all + 12, f + 34, length);
    return sum_of(all, 12 + length) == 0xffff;
}

static void test_checksums(void)
{
    for (unsigned i = 0; i < 20; i++) {
        size_t bytes = make_udp(out->data, 20 + i * 7, i);
        bool sums = i % 3 != 2; /* and one without between them */

        HOST_CHECK(!udp_is_sound(out->data));
        HOST_CHECK(transmit(out, 0, bytes, sums ? 34 : 0, sums ? 40 : 0, 0) == E_OK);
        HOST_CHECK(wire_take(got, sizeof(got)) == bytes && udp_is_sound(got) == sums);
        HOST_CHECK(memcmp(got, out->data, 40) == 0);
    }
}

static void test_tags(void)
{
    static const uint8_t tag[] = {0x81, 0, 0x61, 0x23};

    wire_frame(out->data, 200, wire_mac, 5);
    HOST_CHECK(transmit(out, 0, 200, 0, 0, PACKET_TAGGED | 0x6123) == E_OK);
    HOST_CHECK(wire_take(got, sizeof(got)) == 204);
    HOST_CHECK(memcmp(got, out->data, 12) == 0 && memcmp(got + 12, tag, 4) == 0 &&
               memcmp(got + 16, out->data + 12, 188) == 0);
}

static void test_bad_frames(void)
{
    HOST_CHECK(transmit(out, 0, 13, 0, 0, 0) == E_BAD_ARG);
    HOST_CHECK(transmit(out, 0, 1515, 0, 0, 0) == E_BAD_ARG);
    HOST_CHECK(transmit(out, 0, 60, 40, 40, 0) == E_BAD_ARG);
    HOST_CHECK(transmit(out, 0, 60, 34, 59, 0) == E_BAD_ARG);
    HOST_CHECK(transmit(out, PAGES * 4096 - 59, 60, 0, 0, 0) == E_BAD_ARG);
    HOST_CHECK(wire_take(got, sizeof(got)) == 0);
}

/* ---- in */

static uint64_t post(struct host_session *s, unsigned buffer)
{
    uint64_t seq = 0;

    memset(s->data + (size_t)buffer * PACKET_BUFFER_BYTES, 0xee, PACKET_BUFFER_BYTES);
    HOST_CHECK(packet_submit_receive(&s->queue, (uint64_t)buffer * PACKET_BUFFER_BYTES,
                                     PACKET_BUFFER_BYTES, &seq) == E_OK);
    return seq;
}

static uint64_t received(void)
{
    struct queue_done done;
    uint64_t value = 0;

    HOST_CHECK(host_collect(in, &done) && packet_finish_receive(&done, &value) == E_OK);
    return value;
}

static bool nothing_comes(void)
{
    struct queue_done done;

    host_run_us(50000);
    return queue_collect(&in->queue, &done) == E_BUSY;
}

static void test_receive(void)
{
    static const size_t sizes[] = {60, 61, 64, 128, 1000, 1513, 1514};

    for (unsigned i = 0; i < 7; i++) {
        (void)post(in, i);
    }
    for (unsigned i = 0; i < 7; i++) {
        wire_frame(frame, sizes[i], nic.mac, i);
        wire_send(frame, sizes[i]);
        uint64_t value = received();
        HOST_CHECK((value & PACKET_RECEIVED_LENGTH) == sizes[i]);
        HOST_CHECK(memcmp(in->data + i * PACKET_BUFFER_BYTES, frame, sizes[i]) == 0);
        HOST_CHECK((value & ~PACKET_RECEIVED_LENGTH) == 0); /* no IP: nothing to check */
    }
}

/* Frames that come while there is no buffer wait in QEMU, or are lost; those that come are whole.
 */
static void test_floods(void)
{
    unsigned next = 0, frames = 0;

    for (unsigned i = 0; i < BUFFERS; i++) {
        (void)post(in, i);
    }
    for (unsigned round = 0; round < 300 / BUFFERS; round++) {
        for (unsigned i = 0; i < BUFFERS; i++) {
            wire_frame(frame, 70 + i, nic.mac, i);
            wire_send(frame, 70 + i);
        }
        for (unsigned i = 0; i < BUFFERS; i++) {
            size_t bytes = received() & PACKET_RECEIVED_LENGTH;

            wire_frame(frame, bytes, nic.mac, (unsigned)bytes - 70);
            frames += memcmp(in->data + next * PACKET_BUFFER_BYTES, frame, bytes) == 0;
            (void)post(in, next);
            next = (next + 1) % BUFFERS;
        }
    }
    HOST_CHECK(frames == 300 / BUFFERS * BUFFERS);
}

static uint64_t sent_and_received(const uint8_t to[6])
{
    wire_frame(frame, 100, to, 1);
    wire_send(frame, 100);
    return received();
}

static bool is_dropped(const uint8_t to[6])
{
    wire_frame(frame, 100, to, 1);
    wire_send(frame, 100);
    return nothing_comes();
}

static void test_filter(void)
{
    static const uint8_t other[6] = {2, 0, 0, 0, 0, 9}, one[6] = {1, 0, 0x5e, 0, 0, 0xfb},
                         two[6] = {0x33, 0x33, 0, 0, 0, 1};
    struct packet_group groups[2];

    memcpy(groups[0].mac, one, 6);
    memcpy(groups[1].mac, other, 6);
    HOST_CHECK(sent_and_received(wire_broadcast) == 100);
    HOST_CHECK(is_dropped(other) && is_dropped(one) && is_dropped(two));
    HOST_CHECK(packet_call_set_filter(in->endpoint, false, false, groups, 1) == E_OK);
    HOST_CHECK(sent_and_received(one) == 100 && is_dropped(two) && is_dropped(other));
    HOST_CHECK(packet_call_set_filter(in->endpoint, false, false, groups, 2) == E_BAD_ARG);
    HOST_CHECK(sent_and_received(one) == 100);
    HOST_CHECK(packet_call_set_filter(in->endpoint, false, true, NULL, 0) == E_OK);
    HOST_CHECK(sent_and_received(one) == 100 && sent_and_received(two) == 100 && is_dropped(other));
    HOST_CHECK(packet_call_set_filter(in->endpoint, true, false, NULL, 0) == E_OK);
    HOST_CHECK(sent_and_received(other) == 100 && sent_and_received(two) == 100);
    HOST_CHECK(packet_call_set_filter(in->endpoint, false, false, NULL, 0) == E_OK);
    HOST_CHECK(is_dropped(other) && is_dropped(one) && sent_and_received(nic.mac) == 100);
}

static void test_received_tags(void)
{
    uint64_t value;

    wire_frame(frame, 104, nic.mac, 3);
    memcpy(frame + 12, (const uint8_t[]){0x81, 0, 0x20, 0x07}, 4);
    wire_send(frame, 104);
    value = received();
    HOST_CHECK((value & PACKET_RECEIVED_LENGTH) == 100 && (value & PACKET_RECEIVED_TAGGED) != 0);
    HOST_CHECK(value >> PACKET_RECEIVED_TAG_SHIFT == 0x2007);
}

/* QEMU's 8254x say of no frame that they have looked at its checksums. */
static void test_received_checksums(void)
{
    size_t bytes = make_udp(frame, 100, 9);
    uint16_t sum;
    uint8_t all[120] = {10, 0, 0, 1, 10, 0, 0, 2, 0, 17, frame[38], frame[39]};

    memcpy(frame, nic.mac, 6);
    wire_send(frame, bytes); /* it has the pseudo header's alone */
    HOST_CHECK(received() == bytes);
    frame[40] = frame[41] = 0;
    memcpy(all + 12, frame + 34, 108);
    sum = (uint16_t)~sum_of(all, sizeof(all));
    frame[40] = (uint8_t)(sum >> 8);
    frame[41] = (uint8_t)sum;
    wire_send(frame, bytes);
    HOST_CHECK(received() == (bytes | (is_82574 ? PACKET_RECEIVED_CHECKED : 0)));
}

/* ---- the rest */

static void test_info(void)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
    struct packet_card card;

    HOST_CHECK(packet_call_info(out->endpoint, &card) == E_OK);
    HOST_CHECK(memcmp(card.mac, mac, 6) == 0 && card.mtu == 1500);
    HOST_CHECK(card.link.is_up && card.link.is_full_duplex && card.link.megabits == 1000);
    HOST_CHECK(nic.is_82574 == is_82574);
}

static void test_sessions(void)
{
    struct host_session *other = open_packet(PACKET_RIGHTS_ALL);
    struct queue_done done;
    uint64_t seq = post(other, 0);

    HOST_CHECK(host_await(other, seq, &done) == E_BUSY);
    HOST_CHECK(packet_submit_receive(&in->queue, 0, 2047, &seq) == E_OK);
    if (receive_has_plenty(in->place)) { /* it is looked at when the next frame comes */
        HOST_CHECK(nothing_comes());
        wire_frame(frame, 80, nic.mac, 5);
        wire_send(frame, 80);
        HOST_CHECK((received() & PACKET_RECEIVED_LENGTH) == 80);
    }
    HOST_CHECK(host_await(in, seq, &done) == E_BAD_ARG);
    HOST_CHECK(packet_submit_receive(&out->queue, 0, 2048, &seq) == E_NO_RIGHT);
    wire_frame(other->data, 90, wire_mac, 4);
    HOST_CHECK(transmit(other, 0, 90, 0, 0, 0) == E_OK && wire_take(got, sizeof(got)) == 90);
    host_session_close(other);
}

/* With a session closed nothing of it is at the device any more: what was posted there stays as it
 * is, and another one can receive. Its memory is mapped here until then. */
static void test_close(void)
{
    static uint8_t untouched[PAGES * 4096];
    uint64_t at = driver_session_dma(in->place);
    uint8_t *now = malloc(sizeof(untouched));

    for (unsigned i = 0; i < 5; i++) {
        (void)post(in, i);
    }
    host_poll();
    host_session_close(in);
    qtest_read(at, untouched, sizeof(untouched));
    wire_frame(frame, 100, nic.mac, 6);
    wire_send(frame, 100);
    host_run_us(20000);
    qtest_read(at, now, sizeof(untouched));
    HOST_CHECK(memcmp(now, untouched, sizeof(untouched)) == 0);
    free(now);
    in = open_packet(PACKET_RIGHT_RECEIVE | PACKET_RIGHT_SET_FILTER);
    (void)post(in, 0);
    (void)post(in, 1);
    if (!is_82574) {
        HOST_CHECK(received() == 100); /* QEMU has kept it so long */
    }
    (void)sent_and_received(nic.mac);
    HOST_CHECK(memcmp(in->data + (is_82574 ? 0 : PACKET_BUFFER_BYTES), frame, 100) == 0);
    HOST_CHECK(transmit(out, 0, 60, 0, 0, 0) == E_OK);
    HOST_CHECK(wire_take(got, sizeof(got)) == 60);
}

static void pull_the_cable(void)
{
    wire_link(false);
}

static bool link_is_up(void)
{
    return nic.link.is_up;
}

static void test_link(void)
{
    struct packet_link_state link = {.is_up = true};

    host_while_waiting(pull_the_cable);
    HOST_CHECK(packet_call_link_wait(out->endpoint, true, &link) == E_OK);
    HOST_CHECK(!link.is_up && !link.is_full_duplex && link.megabits == 0);
    HOST_CHECK(packet_call_link_wait(out->endpoint, true, &link) == E_OK && !link.is_up);
    wire_link(true);
    HOST_CHECK(host_until(link_is_up));
    HOST_CHECK(packet_call_link_wait(out->endpoint, false, &link) == E_OK && link.is_up);
    HOST_CHECK(strcmp(host_log(), "link up, 1000 Mb/s, full duplex") == 0);
}

static void test_stats(void)
{
    struct packet_statistics before, after;

    HOST_CHECK(packet_call_stats(out->endpoint, &before) == E_OK);
    (void)post(in, 0);
    (void)sent_and_received(nic.mac);
    HOST_CHECK(transmit(out, 0, 1000, 0, 0, 0) == E_OK && wire_take(got, sizeof(got)) == 1000);
    HOST_CHECK(packet_call_stats(out->endpoint, &after) == E_OK);
    HOST_CHECK(after.packets_in == before.packets_in + 1);
    HOST_CHECK(after.packets_out == before.packets_out + 1);
    HOST_CHECK(after.bytes_in >= before.bytes_in + 100 && after.bytes_in <= before.bytes_in + 104);
    HOST_CHECK(after.bytes_out >= before.bytes_out + 1000 && after.interrupts > before.interrupts);
}

static void test_regs(void)
{
    struct host_session *other = host_session_open(INSPECT_INTERFACE, UINT32_MAX, NULL, 0);
    char line[INSPECT_LINE_MAX + 1];

    HOST_CHECK(inspect_call_regs(other->endpoint, 0, line) == E_OK && line[0] != '\0');
    host_session_close(other);
}

static void open_both(void)
{
    out = open_packet(PACKET_RIGHTS_ALL & ~PACKET_RIGHT_RECEIVE);
    in = open_packet(PACKET_RIGHT_RECEIVE | PACKET_RIGHT_SET_FILTER);
}

static void test_all(void)
{
    HOST_CHECK(host_start() == NULL);
    open_both();
    test_info();
    test_transmit();
    test_batches();
    test_checksums();
    test_tags();
    test_bad_frames();
    test_receive();
    test_floods();
    test_filter();
    test_received_tags();
    test_received_checksums();
    test_sessions();
    test_close();
    test_link();
    test_stats();
    test_regs();
}

/* Buffers and frames are at the device, filters and the loop-back are set. */
static void leave_dirty(void)
{
    HOST_CHECK(host_start() == NULL);
    open_both();
    for (unsigned i = 0; i < BUFFERS; i++) {
        (void)post(in, i);
    }
    HOST_CHECK(packet_call_set_filter(in->endpoint, true, true, NULL, 0) == E_OK);
    host_poll();
    phy_loop_back();
    e1000_ics_write(nic.regs, true);
}

static void test_again(void)
{
    struct e1000_rctl rctl = e1000_rctl_read(e1000_regs_at((uintptr_t)driver_mmio("regs", NULL)));

    HOST_CHECK(rctl.enable && rctl.promiscuous);
    HOST_CHECK(host_start() == NULL);
    open_both();
    HOST_CHECK(host_until(link_is_up));
    (void)post(in, 0);
    (void)sent_and_received(nic.mac);
    HOST_CHECK(is_dropped(wire_mac));
    test_transmit();
    host_stop();
    HOST_CHECK(chip_check_idle() == NULL);
}

static void test_refused(void)
{
    const char *wrong = host_start();

    HOST_CHECK(wrong != NULL && strcmp(wrong, "it can't reach memory") == 0);
}

int main(int count, char **arguments)
{
    const char *part = count >= 6 ? arguments[2] : "";

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (count < 6) {
        return 2;
    }
    is_82574 = count == 7;
    wire_open(arguments[3], arguments[4], arguments[5]);
    if (strcmp(part, "refused") != 0) {
        host_allow_dma();
    }
    host_open(arguments[1], MANIFEST, NULL, 0);
    if (strcmp(part, "all") == 0) {
        test_all();
    } else if (strcmp(part, "dirty") == 0) {
        leave_dirty();
    } else if (strcmp(part, "again") == 0) {
        test_again();
    } else if (strcmp(part, "refused") == 0) {
        test_refused();
    } else {
        HOST_CHECK(host_start() == NULL);
        test_fuzz((uint32_t)atoi(part + 4), 2000);
    }
    return host_done();
}
