/*
 * line.c - serial line 0 of the core: its bytes through two sessions with the driver, one for each
 * direction: a read that waits for a key keeps its slot of the queue, and what is written must not
 * wait for that slot.
 * The output's data region is a ring, submitted in contiguous parts, at most WRITES of them; that
 * of the input is cut into READS buffers, which are with the driver but for those that the core has
 * not taken yet: what comes meanwhile must not stay in the driver's memory, which dies with it. If
 * the driver dies the queues issue again what was not done, so nothing is seen of that here; if it
 * is given up or stopped, the line is gone until it can be opened again.
 */
#include "server.h"

#include <idl/serial_queue.h>
#include <quoll/info.h>

#define PAGE_BYTES 4096u
#define OUT_BYTES  32768u /* a power of two */
#define WRITES     16u    /* a power of two */
#define READS      8u     /* a power of two */
#define READ_BYTES (PAGE_BYTES / READS)
#define BOOT_S     3u /* so long may the driver take to come up */

static struct {
    struct client_session session;
    uint32_t put, sent, freed; /* of the ring: filled, submitted, done; they only grow */
    struct {
        uint64_t seq;
        uint32_t bytes;
        bool done;
    } write[WRITES];
    uint32_t first, end;
    uint64_t flush_seq; /* of the FLUSH that is with the driver; 0: none */
    bool flushed;       /* it came back, and nothing was written since */
} out = {.session = {.devman = SLOT_DEVMAN, .slots = SLOT_LINE, .place = 0, .bits = BIT_LINE}};

static struct {
    struct client_session session;
    struct {
        uint64_t seq; /* of the request, until it is done; then 0 */
        uint32_t at, count;
    } read[READS];
    uint32_t first, end; /* of the buffers: with the core or the driver, in the stream's order */
} in = {.session = {.devman = SLOT_DEVMAN, .slots = SLOT_INPUT, .place = 1, .bits = BIT_LINE}};

static struct retry retry;
static uint64_t begun_tsc;

/* ---- output */

static bool fill_ring(void)
{
    uint8_t *data = out.session.data;
    bool moved = false;

    for (;;) {
        uint32_t at = out.put % OUT_BYTES, room = OUT_BYTES - (out.put - out.freed);
        uint32_t part = OUT_BYTES - at < room ? OUT_BYTES - at : room;
        size_t n = part != 0 ? console_serial_out(&console, 0, data + at, part) : 0;
        if (n == 0) {
            return moved;
        }
        out.put += (uint32_t)n;
        out.flushed = false;
        moved = true;
    }
}

static void submit_writes(void)
{
    while (out.sent != out.put && out.end - out.first < WRITES) {
        uint32_t at = out.sent % OUT_BYTES, count = out.put - out.sent;
        uint64_t seq;
        count = count < OUT_BYTES - at ? count : OUT_BYTES - at;
        if (serial_submit_write(&out.session.queue, at, count, &seq) != E_OK) {
            return;
        }
        out.write[out.end % WRITES].seq = seq;
        out.write[out.end % WRITES].bytes = count;
        out.write[out.end++ % WRITES].done = false;
        out.sent += count;
    }
}

/* The ring is freed in its own order, whatever order the completions come in. */
static void write_done(uint64_t seq)
{
    for (uint32_t i = out.first; i != out.end; i++) {
        if (out.write[i % WRITES].seq == seq) {
            out.write[i % WRITES].done = true;
        }
    }
    while (out.first != out.end && out.write[out.first % WRITES].done) {
        out.freed += out.write[out.first++ % WRITES].bytes;
    }
}

bool line_is_flushed(void)
{
    if (!out.session.is_open || out.flushed) {
        return true;
    }
    if (out.flush_seq == 0 && out.freed == out.put) {
        (void)queue_submit(&out.session.queue, QUEUE_OP_FLUSH, 0, 0, NULL, &out.flush_seq);
    }
    return false;
}

/* ---- input */

/* The driver is done with requests in their order. Bytes that the core has no room for stay. */
static bool hand_in(void)
{
    const uint8_t *data = in.session.data;
    bool moved = false;

    while (in.first != in.end && in.read[in.first % READS].seq == 0) {
        uint32_t i = in.first % READS, left = in.read[i].count - in.read[i].at;
        size_t n =
            left == 0 ? 0
                      : console_serial_in(&console, 0, data + i * READ_BYTES + in.read[i].at, left);
        in.read[i].at += (uint32_t)n;
        moved |= n != 0;
        if (n != left) {
            break;
        }
        in.first++;
    }
    return moved;
}

static void submit_reads(void)
{
    while (in.end - in.first < READS) {
        uint32_t i = in.end % READS;
        if (serial_submit_read(&in.session.queue, i * READ_BYTES, READ_BYTES, &in.read[i].seq) !=
            E_OK) {
            return;
        }
        in.end++;
    }
}

static void read_done(const struct queue_done *done)
{
    for (uint32_t i = in.first; i != in.end; i++) {
        uint32_t count = 0;
        if (in.read[i % READS].seq == done->seq) {
            in.read[i % READS].seq = 0;
            in.read[i % READS].at = 0;
            in.read[i % READS].count =
                serial_finish_read(done, READ_BYTES, &count) == E_OK ? count : 0;
        }
    }
}

/* ---- the session */

static void forget(void)
{
    out.put = out.sent = out.freed = 0;
    out.first = out.end = 0;
    out.flush_seq = 0;
    out.flushed = true;
    in.first = in.end = 0;
}

static int open_sessions(void)
{
    int error = client_session_open(&out.session, "serial", SERIAL_INTERFACE,
                                    SERIAL_RIGHTS_ALL & ~SERIAL_RIGHT_READ, OUT_BYTES / PAGE_BYTES);

    if (error == E_OK) {
        error = client_session_open(&in.session, "serial", SERIAL_INTERFACE, SERIAL_RIGHT_READ,
                                    READS * READ_BYTES / PAGE_BYTES);
    }
    if (error != E_OK) {
        client_session_close(&out.session);
    }
    return error;
}

/* At boot the core has the line before its driver runs: what is written waits in its queue, and
 * comes out as it was written, instead of as a picture of the screen. */
void line_begin(void)
{
    console_set_line(&console, 0, true);
    begun_tsc = rdtsc();
}

static void wait_for_line(void)
{
    if (console.lines[0].present && rdtsc() - begun_tsc > quoll_info()->tsc_hz * BOOT_S) {
        console_set_line(&console, 0, false); /* this machine has none */
    }
    server_try_later(&retry);
}

static bool open_line(void)
{
    if (!server_is_time(&retry)) {
        return false;
    }
    forget();
    if (open_sessions() != E_OK) {
        wait_for_line();
        return false;
    }
    retry.tries = 0;
    if (!console.lines[0].present) {
        console_set_line(&console, 0, true);
        terminals_line_is_there();
    }
    return true;
}

static void lose_line(void)
{
    client_session_close(&out.session);
    client_session_close(&in.session);
    console_set_line(&console, 0, false);
    server_try_later(&retry);
}

static void take_written(uint64_t seq)
{
    if (seq == out.flush_seq) {
        out.flush_seq = 0;
        out.flushed = out.put == out.freed;
    } else {
        write_done(seq);
    }
}

/* Take the completions; false: a session has ended. */
static bool collect(bool *moved)
{
    struct queue_done done;
    int written, read;

    while ((written = queue_collect(&out.session.queue, &done)) == E_OK) {
        *moved = true;
        take_written(done.seq);
    }
    while ((read = queue_collect(&in.session.queue, &done)) == E_OK) {
        *moved = true;
        read_done(&done);
    }
    server_restarts += queue_recovered(&out.session.queue);
    return written != E_GONE && read != E_GONE;
}

bool line_take(void)
{
    bool moved = false;

    if (!out.session.is_open) {
        return open_line();
    }
    if (!collect(&moved)) {
        lose_line();
        return true;
    }
    return hand_in() || moved;
}

bool line_give(void)
{
    bool moved;

    if (!out.session.is_open) {
        return false;
    }
    submit_reads();
    moved = fill_ring();
    submit_writes();
    return moved;
}

bool line_about_to_sleep(void)
{
    return !out.session.is_open || (queue_client_about_to_sleep(&out.session.queue) &&
                                    queue_client_about_to_sleep(&in.session.queue));
}
