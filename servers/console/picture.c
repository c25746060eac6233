/*
 * picture.c - the display of the core: patches of cells or pixels through the queue of a session
 * with the display's driver. The data region is cut into buffers; the core draws into one while the
 * others are with the driver. After a restart of the driver the mode is set and everything is drawn
 * again: what the dead one had shown is nobody's to know. Nothing here is a call to the driver,
 * since the terminals must not wait for a screen whose driver is away.
 */
#include "server.h"

#include <idl/display_queue.h>
#include <quoll/info.h>

#define DATA_PAGES   16u
#define BUFFERS      8u
#define BUFFER_BYTES (DATA_PAGES * QUEUE_PAGE_BYTES / BUFFERS)
#define WIDTH        1024u
#define HEIGHT       768u
#define COLUMNS      80u
#define ROWS         25u
#define FRAMES_S     100u
#define WISH_S       5u

static struct client_session session = {.devman = SLOT_DEVMAN,
                                        .slots = SLOT_SCREEN,
                                        .place = 2,
                                        .bits = BIT_LINE};
static struct retry retry;
static uint64_t with_driver[BUFFERS]; /* the request that has the buffer; 0: none */
static unsigned drawing;              /* the buffer that the core draws into */
static struct display display;

/* The mode: nothing is drawn before it is set. */
static enum { MODE_SET, MODE_WANTED, MODE_ASKED } mode;
static bool had_pixels;   /* the last one that was set */
static bool wants_pixels; /* the one that is to be set */
static uint64_t mode_seq; /* the request, in MODE_ASKED */

/* What a terminal asked for. */
static enum { WISH_NONE, WISH_OPEN, WISH_ANSWERED } wish;
static uint64_t wish_until_tsc;
static int wish_status;

static void *buffer_at(unsigned i)
{
    return (char *)session.data + (size_t)i * BUFFER_BYTES;
}

/* A buffer that is not with the driver, other than the one that is drawn into; BUFFERS: none. */
static unsigned free_buffer(void)
{
    for (unsigned i = 0; i < BUFFERS; i++) {
        if (i != drawing && with_driver[i] == 0) {
            return i;
        }
    }
    return BUFFERS;
}

/* struct display: the patch lies in the buffer that is drawn into. */
static bool put(void *context, const struct display_patch *patch)
{
    unsigned bytes = display.kind == PICTURE_TEXT ? sizeof(uint16_t) : sizeof(uint32_t);
    unsigned next = free_buffer();

    (void)context;
    if (next == BUFFERS ||
        display_submit_blit(&session.queue, (uint16_t)patch->x, (uint16_t)patch->y,
                            (uint16_t)patch->width, (uint16_t)patch->height,
                            (uint64_t)drawing * BUFFER_BYTES,
                            (uint64_t)patch->width * patch->height * bytes,
                            &with_driver[drawing]) != E_OK) {
        return false;
    }
    drawing = next;
    console.display.buffer = buffer_at(drawing);
    return true;
}

static bool cursor(void *context, unsigned row, unsigned column, enum cursor_shape shape)
{
    static const enum display_cursor shapes[] = {[CURSOR_HIDDEN] = DISPLAY_CURSOR_OFF,
                                                 [CURSOR_BLOCK] = DISPLAY_CURSOR_BLOCK,
                                                 [CURSOR_UNDERLINE] = DISPLAY_CURSOR_LINE,
                                                 [CURSOR_BAR] = DISPLAY_CURSOR_LINE};
    uint64_t seq;

    (void)context;
    return display_submit_set_cursor(&session.queue, (uint16_t)column, (uint16_t)row, shapes[shape],
                                     &seq) == E_OK;
}

static void want_mode(bool pixels)
{
    wants_pixels = pixels;
    mode = MODE_WANTED;
}

/* If the queue has no room, or its driver is away, it is asked for later. */
static void ask_mode(void)
{
    if (display_submit_set_mode(&session.queue,
                                wants_pixels ? DISPLAY_KIND_PIXELS : DISPLAY_KIND_TEXT,
                                wants_pixels ? WIDTH : COLUMNS, wants_pixels ? HEIGHT : ROWS,
                                &mode_seq) == E_OK) {
        mode = MODE_ASKED;
    }
}

static void answer_wish(int status)
{
    if (wish == WISH_OPEN) {
        wish = WISH_ANSWERED;
        wish_status = status;
    }
}

bool picture_is_there(void)
{
    return session.is_open;
}

void picture_ask(bool pixels)
{
    wish = WISH_OPEN;
    wish_until_tsc = rdtsc() + quoll_info()->tsc_hz * WISH_S;
    want_mode(pixels);
}

/* A driver that does not come back is not waited for: its bus may have been stopped by whoever
 * asks. What was wished comes about if it comes back. */
static bool end_long_wish(void)
{
    if (wish != WISH_OPEN) {
        return false;
    }
    if (rdtsc() < wish_until_tsc) {
        server_wake_at(wish_until_tsc);
        return false;
    }
    answer_wish(E_BUSY);
    return true;
}

bool picture_answered(int *status)
{
    bool is = wish == WISH_ANSWERED;

    if (is) {
        *status = wish_status;
        wish = WISH_NONE;
    }
    return is;
}

static void lose(void)
{
    client_session_close(&session);
    (void)console_set_display(&console, NULL);
    wants_pixels = had_pixels;
    answer_wish(E_NOT_FOUND);
    server_try_later(&retry);
}

static void show(bool pixels)
{
    display = (struct display){.kind = pixels ? PICTURE_PIXELS : PICTURE_TEXT,
                               .rows = pixels ? HEIGHT / GLYPH_HEIGHT : ROWS,
                               .columns = pixels ? WIDTH / GLYPH_WIDTH : COLUMNS,
                               .buffer = buffer_at(drawing),
                               .buffer_bytes = BUFFER_BYTES,
                               .put = put,
                               .cursor = cursor};
    (void)console_set_display(&console, &display);
}

/* Every display has text, so who can't show pixels shows that. False: not even that. */
static bool mode_answered(int status)
{
    if (status != E_OK && !wants_pixels) {
        return false;
    }
    if (status == E_OK) {
        mode = MODE_SET;
        retry.tries = 0;
        had_pixels = wants_pixels;
        show(had_pixels);
    } else {
        want_mode(false);
    }
    answer_wish(status);
    return true;
}

static bool open_display(void)
{
    if (!server_is_time(&retry)) {
        return false;
    }
    if (client_session_open(&session, "display", DISPLAY_INTERFACE, DISPLAY_RIGHTS_ALL,
                            DATA_PAGES) != E_OK) {
        server_try_later(&retry);
        return false;
    }
    drawing = 0;
    for (unsigned i = 0; i < BUFFERS; i++) {
        with_driver[i] = 0;
    }
    want_mode(wants_pixels);
    return true;
}

/* What the driver is done with; false: the session has ended, or the display shows nothing. */
static bool collect(bool *moved)
{
    struct queue_done done;
    int error;

    while ((error = queue_collect(&session.queue, &done)) == E_OK) {
        for (unsigned i = 0; i < BUFFERS; i++) {
            with_driver[i] = with_driver[i] == done.seq ? 0 : with_driver[i];
        }
        if (mode == MODE_ASKED && done.seq == mode_seq &&
            (queue_client_closed(&session.queue) ||
             !mode_answered(display_finish_set_mode(&done)))) {
            return false;
        }
        *moved = true;
    }
    if (queue_recovered(&session.queue)) {
        server_restarts++;
        if (mode == MODE_SET) { /* else the request is there, or issued again */
            want_mode(had_pixels);
        }
        *moved = true;
    }
    return error != E_GONE;
}

/* What changes at once is drawn at once, and what follows it so soon that nobody could see it with
 * the next picture: a screen that scrolls is compared with what is shown FRAMES_S times a second,
 * not after each message. */
static void draw(void)
{
    static uint64_t next_tsc;

    if (rdtsc() < next_tsc) {
        server_wake_at(next_tsc);
        return;
    }
    queue_client_hold(&session.queue);
    if (console_render(&console)) {
        next_tsc = rdtsc() + quoll_info()->tsc_hz / FRAMES_S;
    }
    queue_client_ring(&session.queue);
}

bool picture_pump(void)
{
    bool moved = false;

    if (!session.is_open) {
        return open_display();
    }
    if (!collect(&moved)) {
        lose();
        return true;
    }
    moved |= end_long_wish();
    if (mode == MODE_WANTED) {
        ask_mode();
    }
    if (mode == MODE_SET) {
        draw();
    }
    return moved;
}

bool picture_about_to_sleep(void)
{
    return !session.is_open || queue_client_about_to_sleep(&session.queue);
}
