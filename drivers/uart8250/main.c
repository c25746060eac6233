/*
 * main.c - the serial port as a service: one loop for its interrupt and its clients.
 * A request that can't be answered yet keeps its Reply (a write until all bytes fit the queue, a
 * read until there is a byte); one Reply is always free to receive with, so the interrupt gets
 * through whatever clients do. Writers are served in the order they came.
 */
#include "uart.h"

#include <quoll/client.h>
#include <quoll/message.h>
#include <quoll/proto.h>

#include <stdio.h>

#define SLOT_SYSTEM SLOT_FREE

enum wait {
    WAIT_NONE,  /* the Reply is free */
    WAIT_READ,  /* for a byte */
    WAIT_WRITE, /* for room */
    WAIT_FLUSH, /* a write of 0 bytes: until all before it has left */
};

struct waiter {
    enum wait wait;
    uint64_t order;   /* of arrival */
    size_t max;       /* read: most bytes wanted */
    size_t at, count; /* write: bytes[at..count) are still to be queued */
    uint8_t bytes[PROTO_BYTES_MAX];
};

static struct uart uart;
static struct waiter waiters[TASK_REPLIES]; /* by Reply */
static uint64_t arrivals;

int main(void);

static void answer(struct msg *m, int error)
{
    *m = (struct msg){.tag = msg_tag((uint32_t)error, 0, 0)};
}

static bool is_waiting(enum wait what)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (waiters[i].wait == what) {
            return true;
        }
    }
    return false;
}

/* A Reply to receive with other than @current; @current itself if there is none. */
static unsigned free_reply(unsigned current)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (i != current && waiters[i].wait == WAIT_NONE) {
            return i;
        }
    }
    return current;
}

static struct waiter *keep(unsigned current, enum wait what)
{
    struct waiter *w = &waiters[current];

    w->wait = what;
    w->order = arrivals++;
    return w;
}

static void answer_read(struct msg *m, size_t max)
{
    uint8_t bytes[PROTO_BYTES_MAX];
    size_t n = ring_read(&uart.rx, bytes, max);

    uart_rx_taken(&uart);
    *m = (struct msg){.w = {n}};
    m->tag = msg_tag_words(E_OK, msg_put_bytes(m, task_buffer(), 1, bytes, n), 0);
}

/* The three requests: fill @m with the answer and return true, or keep Reply @current. */
static bool request_read(struct msg *m, unsigned current)
{
    uint64_t max = m->w[0];

    if (max == 0 || max > PROTO_BYTES_MAX || m->w[1] > 1) {
        answer(m, E_BAD_ARG);
    } else if (is_waiting(WAIT_READ)) {
        answer(m, E_BUSY);
    } else if (ring_used(&uart.rx) != 0 || m->w[1] == 1) {
        answer_read(m, max);
    } else if (free_reply(current) == current) {
        answer(m, E_BUSY);
    } else {
        keep(current, WAIT_READ)->max = max;
        return false;
    }
    return true;
}

static bool request_flush(struct msg *m, unsigned current)
{
    bool done = !is_waiting(WAIT_WRITE) && uart_tx_is_empty(&uart);

    if (!done && free_reply(current) != current) {
        (void)keep(current, WAIT_FLUSH);
        return false;
    }
    answer(m, done ? E_OK : E_BUSY);
    return true;
}

static bool request_write(struct msg *m, unsigned current)
{
    struct waiter *w = &waiters[current]; /* free: its buffer is the scratch space */
    uint64_t n = m->w[0];

    if (n > PROTO_BYTES_MAX || msg_get_bytes(m, task_buffer(), 1, w->bytes, n) != n) {
        answer(m, E_BAD_ARG);
        return true;
    }
    if (n == 0) {
        return request_flush(m, current);
    }
    if (!is_waiting(WAIT_WRITE) && ring_room(&uart.tx) >= n) {
        (void)ring_write(&uart.tx, w->bytes, n);
        uart_tx_push(&uart);
        answer(m, E_OK);
        return true;
    }
    if (free_reply(current) == current) {
        answer(m, E_BUSY); /* nothing of it was taken */
        return true;
    }
    w = keep(current, WAIT_WRITE);
    w->at = 0;
    w->count = n;
    return false;
}

static void request_stats(struct msg *m)
{
    *m = (struct msg){.tag = msg_tag(E_OK, 0, 0),
                      .w = {uart.interrupts, uart.bytes_in, uart.bytes_out, uart.overruns,
                            uart.line_errors}};
}

/* Who has waited longest for @what, a null pointer if nobody does. */
static struct waiter *oldest(enum wait what)
{
    struct waiter *found = NULL;

    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        struct waiter *w = &waiters[i];
        if (w->wait == what && (found == NULL || w->order < found->order)) {
            found = w;
        }
    }
    return found;
}

static void finish(struct waiter *w, struct msg *m)
{
    w->wait = WAIT_NONE;
    (void)sys_reply(SLOT_REPLY + (unsigned)(w - waiters), m);
}

static void serve_writers(void)
{
    struct waiter *w = oldest(WAIT_WRITE);
    struct msg m;

    while (w != NULL && ring_room(&uart.tx) != 0) {
        w->at += ring_write(&uart.tx, w->bytes + w->at, w->count - w->at);
        uart_tx_push(&uart);
        if (w->at == w->count) {
            answer(&m, E_OK);
            finish(w, &m);
            w = oldest(WAIT_WRITE);
        }
    }
}

/* Answer whoever can be answered now. Only an interrupt changes that: no request of one client
 * makes bytes or room for another. */
static void serve_waiters(void)
{
    struct waiter *w = oldest(WAIT_READ);
    struct msg m;

    if (w != NULL && ring_used(&uart.rx) != 0) {
        answer_read(&m, w->max);
        finish(w, &m);
    }
    serve_writers();
    if (is_waiting(WAIT_WRITE)) {
        return;
    }
    while ((w = oldest(WAIT_FLUSH)) != NULL && uart_tx_is_empty(&uart)) {
        answer(&m, E_OK);
        finish(w, &m);
    }
}

/* Fill @m with the answer; false: there is none yet, Reply @current is kept. */
static bool handle(struct msg *m, unsigned current)
{
    if (msg_kind(m) == KIND_IRQ) {
        uart_interrupt(&uart);
        serve_waiters();
        answer(m, E_OK); /* the acknowledgement */
        return true;
    }
    switch (msg_label(m)) {
    case SERIAL_WRITE:
        return request_write(m, current);
    case SERIAL_READ:
        return request_read(m, current);
    case SERIAL_STATS:
        request_stats(m);
        return true;
    default:
        answer(m, E_BAD_CALL);
        return true;
    }
}

/* Without a UART every request is answered GONE: nobody hangs, the log says why. */
static bool attach(void)
{
    const struct task_info *info = task_info();
    const char *wrong = "the manifest grants no range of 8 ports";
    char line[120];

    if (info->port_count != 0 && info->ports[0].last - info->ports[0].first >= 7) {
        wrong = uart_attach(&uart, info->ports[0].first);
    }
    if (wrong == NULL) {
        return true;
    }
    (void)snprintf(line, sizeof(line), "port 0x%x: %s", (unsigned)info->ports[0].first, wrong);
    if (names_lookup("system", SLOT_SYSTEM) == E_OK) {
        (void)system_log_write(SLOT_SYSTEM, line);
    }
    return false;
}

int main(void)
{
    bool attached = attach();
    struct msg m = {0};
    unsigned current = 0;
    int error = sys_recv(SLOT_REPLY, SLOT_SERVE, &m);

    for (;;) {
        bool answered = true;
        if (error != E_OK || !attached) {
            answer(&m, E_GONE); /* after an error: to a caller whose answer did not get through */
        } else {
            answered = handle(&m, current);
        }
        if (answered) {
            error = sys_reply_recv(SLOT_REPLY + current, SLOT_SERVE, &m);
        } else {
            current = free_reply(current);
            error = sys_recv(SLOT_REPLY + current, SLOT_SERVE, &m);
        }
    }
}
