/*
 * transmit.c - write requests, one after the other, into the FIFO.
 * After each byte the request's progress is stored where a successor finds it: should this instance
 * die between the two, one byte is sent twice, and none is ever lost.
 */
#include "uart8250.h"

#include <driver.h>

#define REQUESTS 64u /* of all sessions that can be held; a power of two */
#define POLL_US  100u

struct write {
    uint8_t session;
    bool forgotten, is_flush;
    uint64_t seq;
    const uint8_t *bytes;
    uint32_t at, count;
};

static struct write writes[REQUESTS];
static uint32_t first, end; /* of those that are not done; they only grow */

bool transmit_has_room(void)
{
    return end - first < REQUESTS;
}

static struct write *append(unsigned s, uint64_t seq)
{
    struct write *w = &writes[end++ % REQUESTS];

    *w = (struct write){.session = (uint8_t)s, .seq = seq};
    return w;
}

void transmit_start(unsigned s, const struct queue_request *r)
{
    struct write *w = append(s, r->seq);

    w->bytes = (const uint8_t *)driver_session_data(s) + r->offset;
    w->at = r->resume;
    w->count = (uint32_t)r->length;
    if (end - first == 1) {
        transmit_fill();
    }
}

void transmit_flush(unsigned s, uint64_t seq)
{
    append(s, seq)->is_flush = true;
    if (end - first == 1) {
        transmit_fill();
    }
}

void transmit_forget(unsigned s)
{
    for (uint32_t i = first; i != end; i++) {
        writes[i % REQUESTS].forgotten |= writes[i % REQUESTS].session == s;
    }
}

/* With hardware flow control nothing is sent while CTS is off; an interrupt tells when it is on. */
static bool is_held_back(void)
{
    return uart.line.controlled_by == SERIAL_FLOW_HARDWARE && !uart8250_msr_read(uart.regs).cts;
}

/* Up to @room bytes of @w into the FIFO. */
static unsigned send(struct write *w, unsigned room)
{
    struct queue_driver *queue = driver_queue(w->session);
    unsigned n = w->count - w->at < room ? w->count - w->at : room;

    for (unsigned i = 0; i < n; i++) {
        uart8250_thr_write(uart.regs, w->bytes[w->at++]);
        (void)queue_progress(queue, w->seq, w->at);
    }
    uart.count.bytes_out += n;
    return n;
}

/* The next request that has something to send; those before it are completed. */
static struct write *next_to_send(void)
{
    for (; first != end; first++) {
        struct write *w = &writes[first % REQUESTS];
        if (w->forgotten) {
            continue;
        }
        if (w->is_flush && !transmit_is_idle()) {
            transmit_watch();
            return NULL;
        }
        if (w->at < w->count) {
            return w;
        }
        driver_complete(w->session, w->seq, E_OK, w->count);
    }
    return NULL;
}

/* An empty holding register takes a whole FIFO (section 8.4, THRE). */
static void fill_fifo(void)
{
    unsigned room = UART_FIFO_BYTES;
    struct write *w;

    while (room != 0 && (w = next_to_send()) != NULL) {
        room -= send(w, room);
    }
    (void)next_to_send(); /* completes what is all in the FIFO */
}

static bool wants_to_send(void)
{
    return first != end && !writes[first % REQUESTS].is_flush;
}

/* The interrupt is enabled before the last look at THRE: the register empties either before that
 * look, or later with the interrupt on. */
void transmit_fill(void)
{
    struct uart8250_ier ier = uart.ier;
    bool had_no_room = !transmit_has_room();

    if (!is_held_back() && line_status().holding_empty) {
        fill_fifo();
    }
    ier.transmitter = wants_to_send();
    line_interrupts(ier);
    if (ier.transmitter && !is_held_back() && line_status().holding_empty) {
        fill_fifo();
    }
    if (had_no_room) {
        driver_take_more();
    }
}

/* ---- waiting for an idle line, which no interrupt tells */

bool transmit_is_idle(void)
{
    return line_status().idle;
}

void transmit_watch(void)
{
    driver_set_timer(driver_now_us() + POLL_US);
}

void transmit_poll(void)
{
    if (!transmit_is_idle()) {
        transmit_watch();
        return;
    }
    transmit_fill();
    if (first == end) {
        driver_line_idle();
    }
}
