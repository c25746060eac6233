/*
 * fuzz.c - a device that writes what it likes into its rings, and a client that submits what it
 * likes: the driver completes each request at most once, with a value that its interface allows,
 * touches no other memory (the sanitizers see to that), and serves another client as ever.
 */
#include "../../../drivers/e1000/e1000.h"
#include "wire.h"

#include <string.h>

static uint32_t state;

static uint32_t rnd(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

static uint64_t word(void)
{
    return (uint64_t)rnd(1u << 24) << 40 ^ (uint64_t)rnd(1u << 24) << 20 ^ rnd(1u << 24);
}

/* Bit 32 of a result, or of a control word, says that the device is done. */
static void disturb_rings(void)
{
    uint64_t *rings = driver_dma("rings", NULL);
    unsigned at = rnd(2 * RING_BYTES / 8) | (rnd(4) != 0);

    __atomic_store_n(&rings[at], rnd(2) ? word() : word() | 1ull << 32, __ATOMIC_RELAXED);
}

static void submit_anything(struct host_session *s)
{
    const uint64_t args[4] = {rnd(3) ? rnd(300) : word(), rnd(3) ? rnd(300) : word(),
                              rnd(2) ? 0 : rnd(0x30000), rnd(20) ? 0 : word()};
    uint32_t op = rnd(8) == 0 ? rnd(8) : rnd(2) ? PACKET_OP_TRANSMIT : PACKET_OP_RECEIVE;
    uint64_t length = op == PACKET_OP_RECEIVE && rnd(8) ? PACKET_BUFFER_BYTES : rnd(1600);
    uint64_t seq;

    (void)queue_submit(&s->queue, op, rnd(PAGES * 4096 - 2048), length, args, &seq);
}

static void take_anything(struct host_session *s)
{
    struct queue_done done;

    while (queue_collect(&s->queue, &done) == E_OK) {
        uint64_t length = done.value & PACKET_RECEIVED_LENGTH;

        HOST_CHECK(done.status < 32 && length <= PACKET_BUFFER_BYTES);
    }
    (void)queue_client_about_to_sleep(&s->queue);
}

static void step(struct host_session *s)
{
    static uint8_t frame[PACKET_FRAME_MAX];

    switch (rnd(6)) {
    case 0:
        wire_frame(frame, 60 + rnd(1400), nic.mac, rnd(256));
        (void)wire_offer(frame, 60);
        break;
    case 1:
    case 2:
        disturb_rings();
        break;
    case 3:
        take_anything(s);
        break;
    default:
        submit_anything(s);
    }
    host_poll();
}

static void empty_wire(void)
{
    static uint8_t frame[PACKET_BUFFER_BYTES];

    while (wire_take(frame, sizeof(frame)) != 0) {
    }
}

/* What the rings hold is wrong by now; a stop puts it right, as the end of a session does. */
void test_fuzz(uint32_t seed, unsigned rounds)
{
    struct host_session *s = open_packet(PACKET_RIGHTS_ALL), *other;
    static uint8_t frame[PACKET_BUFFER_BYTES];

    state = seed * 2654435761u;
    for (unsigned i = 0; i < rounds; i++) {
        step(s);
    }
    take_anything(s);
    HOST_CHECK(nic.regs.base != 0);
    host_session_close(s);
    host_run_us(20000);
    empty_wire();
    other = open_packet(PACKET_RIGHTS_ALL);
    wire_frame(other->data, 100, wire_mac, 1);
    HOST_CHECK(transmit(other, 0, 100, 0, 0, 0) == E_OK);
    HOST_CHECK(wire_take(frame, sizeof(frame)) == 100);
    HOST_CHECK(memcmp(frame, other->data, 100) == 0);
}
