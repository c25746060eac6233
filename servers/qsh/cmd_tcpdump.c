/*
 * cmd_tcpdump.c - all frames that the card receives and sends, as they pass: a session with the
 * multiplexer that listens. Frames that come faster than the terminal, or with -w the file, are
 * lost, and counted there.
 */
#include <idl/packet_queue.h>
#include <quoll/client_session.h>
#include <quoll/error.h>
#include <quoll/sys.h>
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "decode.h"
#include "qsh.h"
#include "wait.h"

#define SLOT_SESSION (SLOT_FREE + 16) /* of sessions that last as long as a command */
#define BIT_SESSION  2ull
#define BUFFERS      32u
#define DATA_PAGES   (BUFFERS * PACKET_BUFFER_BYTES / QUEUE_PAGE_BYTES)
#define SLICE_US     20000u
#define CAPTURE_US   2000u   /* for a file: so often are the buffers emptied */
#define LOOK_US      100000u /* for ^C, while frames come faster than they are shown */

struct dump {
    struct client_session session;
    uint8_t buffer[QUEUE_SLOTS_MAX]; /* by number */
    uint64_t begun_tsc, asked_tsc, looked_tsc;
    unsigned long left;      /* frames to show */
    struct capture *capture; /* NULL: to be shown */
    uint64_t captured;
};

static void post(struct dump *d, unsigned i)
{
    uint64_t seq;

    if (packet_submit_receive(&d->session.queue, (uint64_t)i * PACKET_BUFFER_BYTES,
                              PACKET_BUFFER_BYTES, &seq) == E_OK)
        d->buffer[seq % QUEUE_SLOTS_MAX] = (uint8_t)i;
}

static bool open(struct shell *s, struct dump *d)
{
    uint64_t mux;
    int error;

    if (!shell_service(s, SERVICE_MUX, &mux))
        return false;
    d->session = (struct client_session){.devman = mux,
                                         .is_served = true,
                                         .slots = SLOT_SESSION,
                                         .bits = BIT_SESSION};
    error = client_session_open(&d->session, "", PACKET_INTERFACE,
                                PACKET_RIGHTS_ALL & ~PACKET_RIGHT_TRANSMIT, DATA_PAGES);
    if (error == E_OK) {
        error = packet_call_set_filter(d->session.endpoint, true, false, NULL, 0);
        if (error != E_OK)
            client_session_close(&d->session);
    }
    return !shell_failed(s, "tcpdump", error);
}

static void show(struct shell *s, struct dump *d, unsigned i, uint64_t about)
{
    const uint8_t *frame = (const uint8_t *)d->session.data + (size_t)i * PACKET_BUFFER_BYTES;
    uint64_t us = (rdtsc() - d->begun_tsc) / (s->info->tsc_hz / 1000000);
    size_t length = about & PACKET_RECEIVED_LENGTH;
    char text[DECODE_TEXT];
    struct json j;

    if (length > PACKET_BUFFER_BYTES)
        return; /* mux says what can't be */
    if (d->capture) {
        d->captured++;
        if (!capture_frame(d->capture, us, frame, length))
            d->left = 1; /* the last */
        return;
    }
    decode_frame(frame, length, text, sizeof(text));
    if (!s->json) {
        output_printf(&s->out, "%3lu.%06lu %s\n", us / 1000000, us % 1000000, text);
        return;
    }
    j = json_begin(&s->out);
    json_u64(&j, "us", us);
    json_u64(&j, "length", length);
    json_string(&j, "text", text);
    json_end(&j);
}

/* Asked now and then: a multiplexer that has died signals nothing more. */
static bool is_served(const struct shell *s, struct dump *d)
{
    struct packet_card card;
    int error = E_OK;

    if (rdtsc() - d->asked_tsc >= s->info->tsc_hz) {
        d->asked_tsc = rdtsc();
        error = packet_call_info(d->session.endpoint, &card);
    }
    return error != E_BAD_CAP && error != E_DEAD;
}

/* Not for each frame: it is a call. */
static bool is_interrupted(struct shell *s, struct dump *d)
{
    if (rdtsc() - d->looked_tsc < s->info->tsc_hz / 1000000 * LOOK_US)
        return false;
    d->looked_tsc = rdtsc();
    return input_interrupted(&s->in);
}

/* What has come, as much as there are buffers: each is posted again at once, so that there may
 * always be more. False: nothing. */
static bool take(struct shell *s, struct dump *d)
{
    struct queue_done done;
    bool any = false;
    uint64_t about = 0;

    for (unsigned n = 0;
         n < BUFFERS && d->left > 0 && queue_collect(&d->session.queue, &done) == E_OK; n++) {
        unsigned i = d->buffer[done.seq % QUEUE_SLOTS_MAX];
        any = true;
        if (packet_finish_receive(&done, &about) == E_OK) {
            show(s, d, i, about);
            d->left--;
        }
        post(d, i);
    }
    if (any)
        output_flush(&s->out);
    return any;
}

/* The words behind tcpdump: [-w PATH] [COUNT]. */
static bool read_words(struct shell *s, struct dump *d, int argc, char **argv, const char **path)
{
    int at = 1;
    char *end = NULL;

    if (argc > 2 && strcmp(argv[1], "-w") == 0) {
        *path = argv[2];
        at = 3;
    }
    if (at < argc)
        d->left = strtoul(argv[at], &end, 10);
    if (argc > at + 1 || (end != NULL && (*end != '\0' || d->left == 0))) {
        shell_error(s, "tcpdump: how many frames is a number from 1 on; usage: %s",
                    command_find("tcpdump")->usage);
        return false;
    }
    return true;
}

/* Nothing passes without a card and a link: then it is said what has to come first. */
static void say_what_is_awaited(struct shell *s, const struct dump *d)
{
    struct packet_card card;
    int error = packet_call_info(d->session.endpoint, &card);
    const char *awaited = error == E_GONE                     ? "a network card with a driver"
                          : error == E_OK && !card.link.is_up ? "a link: the cable is out"
                                                              : NULL;
    struct json j;

    if (awaited == NULL)
        return;
    if (s->json) {
        j = json_begin(&s->out);
        json_string(&j, "awaited", awaited);
        json_end(&j);
    } else {
        output_printf(&s->out, "tcpdump: waits for %s (^C ends it)\n", awaited);
    }
    output_flush(&s->out);
}

static void listen_to_all(struct shell *s, struct dump *d)
{
    for (unsigned i = 0; i < BUFFERS; i++)
        post(d, i);
    say_what_is_awaited(s, d);
    while (d->left > 0) {
        if (take(s, d) ? is_interrupted(s, d)
                       : wait_or_interrupt(s, d->capture ? CAPTURE_US : SLICE_US))
            break;
        if (!is_served(s, d)) {
            shell_error(s, "tcpdump: the service \"mux\" has died");
            break;
        }
    }
}

static void print_captured(struct shell *s, const struct dump *d)
{
    struct json j;

    if (!s->json) {
        output_printf(&s->out, "%llu frames in %.200s\n", (unsigned long long)d->captured,
                      d->capture->path);
        return;
    }
    j = json_begin(&s->out);
    json_string(&j, "path", d->capture->path);
    json_u64(&j, "frames", d->captured);
    json_end(&j);
}

void cmd_tcpdump(struct shell *s, int argc, char **argv)
{
    static struct capture capture;
    struct dump d = {.left = ~0ul};
    const char *path = NULL;
    uint64_t begun_s;

    if (!read_words(s, &d, argc, argv, &path))
        return;
    begun_s = path ? clock_now(s) : 0; /* by a session in the same slots: so it comes first */
    if (!open(s, &d))
        return; /* the file still has what it had */
    if (path && capture_open(s, &capture, path, begun_s))
        d.capture = &capture;
    d.begun_tsc = rdtsc();
    if (!path || d.capture)
        listen_to_all(s, &d);
    client_session_close(&d.session);
    if (d.capture && capture_close(s, &capture))
        print_captured(s, &d);
}
