/*
 * transmit.c - write requests, one after the other, into the FIFO.
 * After each byte the request's progress is stored where a successor finds it: should this instance
 * die between the two, one byte is sent twice, and none is ever lost.
 */
#include "uart8250.h"

#include <driver.h>

#define REQUESTS  (DRIVER_SESSIONS * QUEUE_SLOTS_NARROW) /* all that can be outstanding */
#define FIFOS_MAX 16u                                    /* that are filled one after the other */
#define POLL_US   100u

struct write {
    uint8_t session;
    bool forgotten, is_flush;
    bool waits; /* for the line, and devman knows */
    uint64_t seq;
    const uint8_t *bytes;
    uint32_t at, count;
};

static struct write writes[REQUESTS];
static uint32_t first, end; /* of those that are not done; they only grow */

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

static bool is_controlled(void)
{
    return uart.line.controlled_by == SERIAL_FLOW_HARDWARE;
}

/* With hardware flow control nothing is sent while CTS is off. */
static bool is_held_back(void)
{
    return is_controlled() && !uart8250_msr_read(uart.regs).cts;
}

/* Up to @room bytes of @w into the FIFO. Its request is taken until it is completed here, so the
 * place of its progress is there. */
static unsigned send(struct write *w, unsigned room)
{
    uint64_t *progress = queue_progress_place(driver_queue(w->session), w->seq);
    unsigned n = w->count - w->at < room ? w->count - w->at : room;

    for (uint32_t end_at = w->at + n; w->at != end_at; w->at++) {
        uart8250_thr_write(uart.regs, w->bytes[w->at]);
        queue_put(progress, queue_progress_word(w->seq, w->at + 1));
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
}

/* As much as the UART takes at once. One that is faster than this loop, as emulated ones are, does
 * not keep the driver from its other work for longer than FIFOS_MAX. */
static void fill_fifos(void)
{
    for (unsigned i = 0; i < FIFOS_MAX && next_to_send() != NULL; i++) {
        if (is_held_back() || !line_status().holding_empty) {
            return;
        }
        fill_fifo();
    }
}

static bool wants_to_send(void)
{
    return first != end && !writes[first % REQUESTS].is_flush;
}

/* How long the other side holds the line is not this driver's doing. */
static void tell_waiting(void)
{
    for (uint32_t i = first; i != end; i++) {
        struct write *w = &writes[i % REQUESTS];
        if (!w->waits && !w->forgotten) {
            w->waits = true;
            (void)queue_waits(driver_queue(w->session), w->seq);
        }
    }
}

/* While the FIFO is filled the interrupt is off: with it on, each byte that the line takes at once
 * would be one. Switching it on with an empty holding register is an interrupt (section 8.7), so
 * none is missed; and while CTS holds the line back, that of the modem status tells when to go on.
 */
void transmit_fill(void)
{
    struct uart8250_ier ier = uart.ier;

    ier.transmitter = false;
    line_interrupts(ier);
    fill_fifos();
    ier.modem = wants_to_send() && is_controlled();
    line_interrupts(ier);
    ier.transmitter = wants_to_send() && !is_held_back();
    line_interrupts(ier);
    tell_waiting();
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
    } else if (driver_awaits_idle()) {
        transmit_watch(); /* idle for a moment only: a fast line between two FIFOs */
    }
}
