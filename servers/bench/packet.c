/*
 * packet.c - what a frame costs on its way from a client to the wire, through the card's rings: all
 * instructions of client, kernel and driver, whoever runs them, divided by the frames of a turn.
 * The frames lie in the session's data region already, as a packet generator's do. Where the TSC
 * does not count instructions the figure is time. The client does not sleep: QEMU's cards have sent
 * all frames when they have been told of them, and the driver has the higher priority.
 */
#include "drv.h"
#include "measure.h"
#include "net.h"
#include "wire.h"

#include <idl/packet_queue.h>
#include <quoll/sys.h>
#include <quoll/task.h>
#include <string.h>

#define ROUNDS 200
#define PAGES  16u

static struct client_session *s;
static uint64_t depth;

static bool has_card(void)
{
    static bool asked, found;

    if (!asked) {
        asked = true;
        lab_begin();
        found = drv_open("packet", PACKET_INTERFACE, PACKET_RIGHT_TRANSMIT, 1) != NULL;
        drv_close();
        lab_end();
    }
    return found;
}

static void setup(const struct bench *b, struct measure *m)
{
    (void)m;
    depth = b->words;
}

static void setup_wall(const struct bench *b, struct measure *m)
{
    setup(b, m);
    m->finish = net_finish_time;
}

static bool open(void)
{
    static const uint8_t header[14] = RAW_HEADER;

    s = drv_open("packet", PACKET_INTERFACE, PACKET_RIGHT_TRANSMIT, PAGES);
    for (unsigned i = 0; s != NULL && i < RAW_BATCH; i++) {
        memcpy((uint8_t *)s->data + (size_t)i * PACKET_BUFFER_BYTES, header, sizeof(header));
    }
    return s != NULL;
}

static void sleep_for_news(void)
{
    uint64_t bits;

    if (queue_client_about_to_sleep(&s->queue))
        (void)sys_wait(SLOT_NOTIFY, &bits);
}

static int submit(uint64_t i)
{
    uint64_t seq;

    return packet_submit_transmit(&s->queue, 0, 0, 0, i * PACKET_BUFFER_BYTES, RAW_BYTES, &seq);
}

static bool collect(uint64_t frames)
{
    struct queue_done done;

    while (frames != 0) {
        int error = queue_collect(&s->queue, &done);

        if (error == E_OK && lab_check("transmit", packet_finish_transmit(&done)) == E_OK)
            frames--;
        else if (error == E_BUSY)
            sleep_for_news();
        else
            return false;
    }
    return true;
}

/* Soon after the start of the system the driver may still be waiting for its chip. */
static bool send_first(void)
{
    struct queue_done done;
    int error;

    while ((error = submit(0)) == E_BUSY) {
        if (queue_collect(&s->queue, &done) == E_BUSY)
            sleep_for_news();
    }
    return lab_check("submit", error) == E_OK && collect(1);
}

static bool turn(void)
{
    queue_client_hold(&s->queue);
    for (uint64_t i = 0; i < depth; i++) {
        if (lab_check("submit", submit(i)) != E_OK)
            return false;
    }
    queue_client_ring(&s->queue);
    return collect(depth);
}

static uint64_t run(struct measure *m)
{
    uint64_t left = m->rounds;

    if (!open() || !send_first())
        return left;
    for (uint32_t *sample = m->samples; left != 0; left--, sample++) {
        uint64_t before = rdtsc();
        if (!turn())
            break;
        *sample = (uint32_t)((rdtsc() - before + depth - 1) / depth);
    }
    drv_close();
    return left;
}

static const struct bench list[] = {
    {"net.raw_tx.60", ROUNDS, RAW_BATCH, true, setup, run},
    {"net.raw_tx.60.single", ROUNDS, 1, true, setup, run},
};

const struct bench_area area_packet = {list, sizeof list / sizeof list[0], 0, has_card};

static const struct bench wall[] = {
    {"net_wall.raw_tx.60", ROUNDS, RAW_BATCH, true, setup_wall, run},
};

static bool has_card_and_time(void)
{
    return !measure_counts() && has_card();
}

const struct bench_area area_packet_wall = {wall, sizeof wall / sizeof wall[0], 0,
                                            has_card_and_time};
