/*
 * keyboard.c - keys and the mouse of the core: events through the queue of a session with the input
 * driver. READS reads are with the driver, so that a burst of keys is not kept in its memory, which
 * dies with it; an event is with the core as soon as it is here.
 * Behind the reads' buffers lies that for the names of layouts (layout.c).
 */
#include "layout.h"
#include "server.h"

#include <idl/input_queue.h>
#include <string.h>

#define READS        8u
#define BUFFER_BYTES (QUEUE_PAGE_BYTES / READS)
#define NAMES_AT     QUEUE_PAGE_BYTES
#define PAGES        2u

static struct client_session session = {.devman = SLOT_DEVMAN,
                                        .slots = SLOT_KEYS,
                                        .place = 3,
                                        .bits = BIT_LINE};
static uint64_t reads[READS]; /* requests, by buffer; 0: it is not with the driver */
static struct retry retry;

/* Copied before they are looked at: the driver may still write there. */
static void take(const char *at, size_t count)
{
    struct input_event e;

    for (; count > 0; count--, at += sizeof(e)) {
        memcpy(&e, at, sizeof(e));
        if (e.kind == INPUT_KEY) {
            console_key(&console, &e.key);
        } else if (e.kind == INPUT_MOUSE) {
            console_mouse(&console, &e.mouse);
        }
    }
}

static bool open_keyboard(void)
{
    memset(reads, 0, sizeof(reads));
    if (!server_is_time(&retry)) {
        return false;
    }
    if (client_session_open(&session, "input", INPUT_INTERFACE, INPUT_RIGHTS_ALL, PAGES) != E_OK) {
        server_try_later(&retry);
        return false;
    }
    retry.tries = 0;
    return true;
}

static void submit_reads(void)
{
    for (unsigned i = 0; i < READS; i++) {
        if (reads[i] == 0 &&
            input_submit_read(&session.queue, i * BUFFER_BYTES, BUFFER_BYTES, &reads[i]) != E_OK) {
            return;
        }
    }
}

static void read_done(const struct queue_done *done)
{
    uint32_t bytes = 0;

    for (unsigned i = 0; i < READS; i++) {
        if (reads[i] != done->seq) {
            continue;
        }
        reads[i] = 0;
        if (input_finish_read(done, BUFFER_BYTES, &bytes) == E_OK) {
            take((const char *)session.data + i * BUFFER_BYTES, bytes / sizeof(struct input_event));
        }
    }
}

bool keyboard_pump(void)
{
    struct queue_done done;
    bool moved = false;
    int error;

    if (!session.is_open) {
        return open_keyboard();
    }
    while ((error = queue_collect(&session.queue, &done)) == E_OK) {
        if (!layout_done(&done, (const char *)session.data + NAMES_AT)) {
            read_done(&done);
        }
        moved = true;
    }
    if (error == E_GONE) {
        client_session_close(&session);
        layout_forget();
        return true;
    }
    if (queue_recovered(&session.queue)) {
        server_restarts++;
        layout_again();
    }
    layout_pump(&session.queue, NAMES_AT);
    submit_reads();
    return moved;
}

bool keyboard_about_to_sleep(void)
{
    return !session.is_open || queue_client_about_to_sleep(&session.queue);
}
