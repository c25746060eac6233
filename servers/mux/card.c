/*
 * card.c - the card: two sessions with its driver, one for each direction, in whose data regions
 * each of the 32 slots has a buffer of 2 KiB. What a client sends is copied into a free one and is
 * done for the client; what arrives is copied to clients and its buffer posted again at once.
 * A death of the driver is the queues' matter: they issue again what was with it.
 */
#include "server.h"

#include <idl/packet_queue.h>

#define BUFFERS    32u
#define POST_AT    8u
#define DATA_PAGES (BUFFERS * MUX_BUFFER / QUEUE_PAGE_BYTES)
_Static_assert(BUFFERS == 32, "a bit each");

static struct client_session out = {.devman = SLOT_DEVMAN,
                                    .slots = SLOT_TRANSMIT,
                                    .place = 0,
                                    .bits = BIT_CARD};
static struct client_session in = {.devman = SLOT_DEVMAN,
                                   .slots = SLOT_RECEIVES,
                                   .place = 1,
                                   .bits = BIT_CARD};

static uint32_t free_out, free_in; /* bit per buffer */
static unsigned free_in_count;
static uint8_t out_buffer[QUEUE_SLOTS_MAX], in_buffer[QUEUE_SLOTS_MAX]; /* by number */
static struct { /* a frame that the driver has not taken yet */
    bool there;
    unsigned buffer;
    struct mux_out frame;
} waiting;
static struct packet_card card;
static bool hears_all; /* as its filter is; a driver begins without */
uint32_t card_restarts;

static uint8_t *buffer_at(const struct client_session *s, unsigned i)
{
    return (uint8_t *)s->data + (size_t)i * MUX_BUFFER;
}

/* ---- the sessions */

/* Several at once, so that frames wake the other end seldom. All that may be: while the driver is
 * between two lives none is taken, so it is tried again. */
static void post_free(void)
{
    uint64_t seq;

    queue_client_hold(&in.queue); /* going to sleep rings */
    for (bool posts = true; posts && free_in != 0;) {
        unsigned i = (unsigned)__builtin_ctz(free_in);
        posts =
            packet_submit_receive(&in.queue, (uint64_t)i * MUX_BUFFER, MUX_BUFFER, &seq) == E_OK;
        if (posts) {
            in_buffer[seq % QUEUE_SLOTS_MAX] = (uint8_t)i;
            free_in &= free_in - 1;
            free_in_count--;
        }
    }
}

static void read_card(void)
{
    struct packet_card now;
    bool was_up = card.link.is_up;

    if (packet_call_info(in.endpoint, &now) != E_OK) {
        return;
    }
    card = now;
    for (unsigned i = 0; i < sizeof(mux.mac); i++) {
        mux.mac[i] = card.mac[i];
    }
    if (was_up != card.link.is_up) {
        serve_link(&card.link);
    }
}

/* With a new driver also where it is what that begins with: QEMU hands on then what has come
 * meanwhile, and a download loses a twentieth of its throughput to a death a second, not a quarter.
 */
static void set_filter(void)
{
    bool wanted = mux_sniffs();

    if (in.is_open && queue_client_is_up(&in.queue) && /* else when it is up again */
        packet_call_set_filter(in.endpoint, wanted, false, NULL, 0) == E_OK) {
        hears_all = wanted;
    }
}

/* Only if it is another: while it is set QEMU's older models receive nothing, for a second. */
void card_set_filter(void)
{
    if (mux_sniffs() != hears_all) {
        set_filter();
    }
}

static void lose(void)
{
    client_session_close(&out);
    client_session_close(&in);
    if (card.link.is_up) {
        card.link.is_up = false;
        serve_link(&card.link);
    }
}

static void open(void)
{
    if (client_session_open(&out, "packet", PACKET_INTERFACE, PACKET_RIGHT_TRANSMIT, DATA_PAGES) !=
        E_OK) {
        return;
    }
    if (client_session_open(&in, "packet", PACKET_INTERFACE,
                            PACKET_RIGHTS_ALL & ~PACKET_RIGHT_TRANSMIT, DATA_PAGES) != E_OK) {
        client_session_close(&out);
        return;
    }
    free_out = ~0u;
    waiting.there = false;
    free_in = ~0u;
    free_in_count = BUFFERS;
    post_free();
    read_card();
    hears_all = false;
    set_filter();
}

void card_tick(void)
{
    if (!in.is_open) {
        open();
    } else if (queue_client_is_up(&in.queue)) { /* a call would wait for a successor */
        read_card();
    }
}

int card_info(struct packet_card *to)
{
    *to = card;
    return in.is_open ? E_OK : E_GONE;
}

int card_stats(struct packet_statistics *stats)
{
    static struct packet_statistics last;

    if (in.is_open && queue_client_is_up(&in.queue)) { /* else as it was: see card_tick */
        (void)packet_call_stats(in.endpoint, &last);
    }
    *stats = last;
    return in.is_open ? E_OK : E_GONE;
}

/* ---- frames */

static bool take_arrived(void)
{
    struct queue_done done;
    bool moved = false;
    uint64_t about = 0;
    int error = E_OK;

    while (queue_client_sees(&in.queue) && (error = queue_collect(&in.queue, &done)) == E_OK) {
        unsigned i = in_buffer[done.seq % QUEUE_SLOTS_MAX];
        if (packet_finish_receive(&done, &about) == E_OK) {
            mux_in(buffer_at(&in, i), about);
        }
        free_in |= 1u << i;
        free_in_count++;
        moved = true;
    }
    if (error == E_GONE) {
        lose();
        return true;
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

/* The frame in @waiting's buffer is the driver's. False: it is between two lives. */
static bool submit(void)
{
    unsigned i = waiting.buffer;
    uint64_t seq;

    if (packet_submit_transmit(&out.queue, waiting.frame.checksum_from, waiting.frame.checksum_at,
                               waiting.frame.tag, (uint64_t)i * MUX_BUFFER, waiting.frame.length,
                               &seq) != E_OK) {
        return false;
    }
    waiting.there = false;
    out_buffer[seq % QUEUE_SLOTS_MAX] = (uint8_t)i;
    free_out &= ~(1u << i);
    return true;
}

/* While no driver takes frames one waits, and the clients keep the others. */
static bool give(void)
{
    bool moved = false;

    queue_client_hold(&out.queue); /* one signal for all of them */
    while (free_out != 0) {
        if (!waiting.there) {
            waiting.buffer = (unsigned)__builtin_ctz(free_out);
            waiting.there = mux_out(buffer_at(&out, waiting.buffer), &waiting.frame);
        }
        if (!waiting.there || !submit()) {
            break;
        }
        moved = true;
    }
    queue_client_ring(&out.queue);
    return moved;
}

bool card_is_full(void)
{
    return !in.is_open || free_out == 0 || waiting.there;
}

bool card_pump(void)
{
    bool moved;

    if (!in.is_open) {
        return false;
    }
    moved = take_arrived();
    moved |= in.is_open && take_sent();
    if (in.is_open && free_in_count >= POST_AT) {
        post_free();
    }
    if (in.queue.recovered && in.is_open && queue_recovered(&in.queue)) {
        card_restarts++;
        hears_all = false;
        set_filter();
        read_card();
    }
    return in.is_open && (moved | give());
}

/* While there are buffers to send from, those that were sent need wake nobody. */
static bool out_may_rest(void)
{
    if ((free_out & (free_out - 1)) == 0) {
        return queue_client_about_to_sleep(&out.queue);
    }
    queue_client_ring(&out.queue);
    return true;
}

bool card_about_to_sleep(void)
{
    return !in.is_open || (out_may_rest() && queue_client_about_to_sleep(&in.queue));
}
