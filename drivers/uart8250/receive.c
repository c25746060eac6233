/*
 * receive.c - bytes from the FIFO to whoever reads: straight into the oldest read request's buffer,
 * or into a ring until there is one. What is in the buffer is said at once, as progress, so that a
 * death loses one byte at most of those that somebody waits for. With the ring full the FIFO is
 * left to fill, and with RTS off the sender waits.
 */
#include "ring.h"
#include "uart8250.h"

#include <driver.h>

#define READS                                                                                      \
    (DRIVER_SESSIONS * QUEUE_SLOTS_NARROW) /* all that can be outstanding; a power of two          \
                                            */

static struct read {
    uint8_t session;
    uint64_t seq;
    uint8_t *to;
    uint32_t at, count; /* at: so many are there */
} reads[READS];
static uint32_t first, end;
static struct ring ring;
static bool held;

/* The oldest request is done with what it has and what the ring has. */
static void serve(void)
{
    while (first != end && (reads[first % READS].at != 0 || ring_used(&ring) != 0)) {
        const struct read *r = &reads[first++ % READS];
        size_t n = r->at + ring_read(&ring, r->to + r->at, r->count - r->at);
        driver_complete(r->session, r->seq, E_OK, n);
    }
}

/* One byte: to the oldest request, behind what the ring has for it. */
static void put(uint8_t byte)
{
    struct read *r = &reads[first % READS];

    if (first == end || ring_used(&ring) != 0) {
        ring_put(&ring, byte);
        return;
    }
    r->to[r->at++] = byte;
    queue_put(queue_progress_place(driver_queue(r->session), r->seq),
              queue_progress_word(r->seq, r->at));
    if (r->at == r->count) {
        serve();
    }
}

static void hold(bool on)
{
    struct uart8250_ier ier = uart.ier;

    held = on;
    ier.received = ier.line = !on;
    line_interrupts(ier);
    uart8250_mcr_write(uart.regs, (struct uart8250_mcr){.dtr = true, .rts = !on, .out2 = true});
}

void receive_pull(void)
{
    while (!held && line_status().data_ready) {
        if (ring_room(&ring) == 0) {
            hold(true);
            break;
        }
        put(uart8250_rbr_read(uart.regs));
        uart.count.bytes_in++;
    }
    serve();
}

void receive_start(unsigned s, const struct queue_request *r)
{
    if (r->length == 0) {
        driver_complete(s, r->seq, E_BAD_ARG, 0);
        return;
    }
    reads[end++ % READS] = (struct read){.session = (uint8_t)s,
                                         .seq = r->seq,
                                         .to = (uint8_t *)driver_session_data(s) + r->offset,
                                         .at = r->resume,
                                         .count = (uint32_t)r->length};
    serve();
    if (held && ring_room(&ring) >= RING_BYTES / 2) {
        hold(false);
        receive_pull();
    }
}

void receive_forget(unsigned s)
{
    uint32_t kept = first;

    for (uint32_t i = first; i != end; i++) {
        if (reads[i % READS].session != s) {
            reads[kept++ % READS] = reads[i % READS];
        }
    }
    end = kept;
}
