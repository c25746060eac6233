/*
 * wire.c - frames to and from the multiplexer: two sessions of `packet` with it, one for each
 * direction, with 32 buffers of 2 KiB each. No device reaches their memory.
 */
#include "server.h"

#include <idl/packet_queue.h>

#define BUFFERS      32u
#define POST_AT      8u
#define BUFFER_BYTES PACKET_BUFFER_BYTES
#define DATA_PAGES   (BUFFERS * BUFFER_BYTES / QUEUE_PAGE_BYTES)

static struct client_session out = {
    .devman = SLOT_MUX, .is_served = true, .slots = SLOT_TRANSMIT, .place = 0, .bits = BIT_WIRE};
static struct client_session in = {
    .devman = SLOT_MUX, .is_served = true, .slots = SLOT_RECEIVES, .place = 1, .bits = BIT_WIRE};

static uint32_t free_out = ~0u, free_in; /* bit per buffer */
static unsigned free_in_count;
static uint8_t out_buffer[QUEUE_SLOTS_MAX], in_buffer[QUEUE_SLOTS_MAX]; /* by number */
static bool is_there;

static uint8_t *buffer_at(const struct client_session *s, unsigned i)
{
    return (uint8_t *)s->data + (size_t)i * BUFFER_BYTES;
}

bool wire_is_there(void)
{
    return is_there;
}

/* ---- out */

uint8_t *port_frame(void)
{
    if (!out.is_open || free_out == 0) {
        return NULL;
    }
    queue_client_hold(&out.queue); /* going to sleep rings */
    return buffer_at(&out, (unsigned)__builtin_ctz(free_out));
}

unsigned port_frames(void)
{
    unsigned n = 0;

    for (uint32_t bits = out.is_open ? free_out : 0; bits != 0; bits &= bits - 1) {
        n++;
    }
    return n;
}

void port_send(unsigned length, uint16_t sum_from, uint16_t sum_at)
{
    unsigned i = (unsigned)__builtin_ctz(free_out);
    uint64_t seq;

    if (packet_submit_transmit(&out.queue, sum_at != 0 ? sum_from : 0, sum_at, 0,
                               (uint64_t)i * BUFFER_BYTES, length, &seq) == E_OK) {
        out_buffer[seq % QUEUE_SLOTS_MAX] = (uint8_t)i;
        free_out &= ~(1u << i);
    }
}

/* ---- in */

/* Several at once, so that frames wake the other end seldom. All that may be: while the driver is
 * between two lives none is taken, so it is tried again. */
static void post_free(void)
{
    uint64_t seq;

    queue_client_hold(&in.queue); /* going to sleep rings */
    for (bool posts = true; posts && free_in != 0;) {
        unsigned i = (unsigned)__builtin_ctz(free_in);
        posts = packet_submit_receive(&in.queue, (uint64_t)i * BUFFER_BYTES, BUFFER_BYTES, &seq) ==
                E_OK;
        if (posts) {
            in_buffer[seq % QUEUE_SLOTS_MAX] = (uint8_t)i;
            free_in &= free_in - 1;
            free_in_count--;
        }
    }
}

static bool take_arrived(void)
{
    struct queue_done done;
    bool moved = false;

    while (queue_client_sees(&in.queue) && queue_collect(&in.queue, &done) == E_OK) {
        unsigned i = in_buffer[done.seq % QUEUE_SLOTS_MAX];
        uint64_t about = 0;
        if (packet_finish_receive(&done, &about) == E_OK) {
            core_input(buffer_at(&in, i), (unsigned)(about & PACKET_RECEIVED_LENGTH),
                       (about & PACKET_RECEIVED_CHECKED) != 0);
        }
        free_in |= 1u << i;
        free_in_count++;
        moved = true;
    }
    if (free_in_count >= POST_AT) {
        post_free();
    }
    return moved;
}

static bool take_sent(void)
{
    struct queue_done done;
    bool moved = false;

    while (queue_client_sees(&out.queue) && queue_collect(&out.queue, &done) == E_OK) {
        free_out |= 1u << out_buffer[done.seq % QUEUE_SLOTS_MAX];
        moved = true;
    }
    return moved;
}

bool wire_pump(void)
{
    bool moved;

    if (!in.is_open) {
        return false;
    }
    moved = take_arrived();
    if (take_sent()) {
        core_can_send();
        moved = true;
    }
    return moved;
}

/* While there are buffers to send from, those that were sent need wake nobody. */
static bool out_may_rest(void)
{
    if ((free_out & (free_out - 1)) == 0 || core_wants_frames()) {
        return queue_client_about_to_sleep(&out.queue);
    }
    queue_client_ring(&out.queue);
    return true;
}

bool wire_about_to_sleep(void)
{
    return !in.is_open || (out_may_rest() && queue_client_about_to_sleep(&in.queue));
}

/* ---- the sessions */

static void open(void)
{
    if (client_session_open(&out, "", PACKET_INTERFACE, PACKET_RIGHT_TRANSMIT, DATA_PAGES) !=
        E_OK) {
        return;
    }
    if (client_session_open(&in, "", PACKET_INTERFACE, PACKET_RIGHTS_ALL & ~PACKET_RIGHT_TRANSMIT,
                            DATA_PAGES) != E_OK) {
        client_session_close(&out);
        return;
    }
    free_in = ~0u;
    free_in_count = BUFFERS;
    post_free();
}

/* The multiplexer is dead, and its endpoint with it: as if the card had been taken out. */
static void lose(void)
{
    client_session_close(&out);
    client_session_close(&in);
}

void wire_tick(void)
{
    struct packet_card card;
    int error;

    if (!in.is_open) {
        open();
    }
    error = in.is_open ? packet_call_info(in.endpoint, &card) : E_GONE;
    is_there = error == E_OK;
    if (is_there) {
        core_link(card.mac, card.link.is_up);
        core_sums(card.sums);
        return;
    }
    core_no_card();
    if (in.is_open && (error == E_BAD_CAP || error == E_DEAD)) {
        lose();
    }
}
