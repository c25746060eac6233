/*
 * driver.c - the handlers of the PS/2 driver. One key: an interrupt, a byte from port 0x60, events,
 * the buffer of whoever reads first. Port 0x64 is the platform's: status and commands are calls to
 * it, which never waits for this driver.
 */
#include "ps2.h"

#include <driver.h>
#include <idl/input_desc.h>
#include <idl/input_queue.h>
#include <idl/platform.h>
#include <string.h>

#define READS       (DRIVER_SESSIONS * QUEUE_SLOTS_MAX) /* all that can be outstanding */
#define CHECK_AGAIN 100000u                             /* us, to set up what was plugged in */

const struct idl_interface *const driver_interfaces[] = {&input_desc, NULL};

static struct ps2 ps2;
static const struct key_layout *layout;

static struct read {
    unsigned session;
    uint64_t seq;
    struct input_event *to;
    size_t count; /* events that fit */
} reads[READS];
static uint32_t first, end;

/* ---- port 0x64 */

static bool status(void *context, uint8_t *raw)
{
    (void)context;
    return platform_call_i8042_status(DRIVER_SLOT_PARENT, raw) == E_OK;
}

static bool command(void *context, uint8_t number)
{
    (void)context;
    return platform_call_i8042_command(DRIVER_SLOT_PARENT, number) == E_OK;
}

static void pause_us(void *context, unsigned us)
{
    (void)context;
    driver_await_us(us);
}

static const struct i8042_hooks hooks = {.status = status, .command = command, .pause = pause_us};

/* ---- events to readers */

static void serve(void)
{
    while (first != end) {
        const struct read *r = &reads[first % READS];
        size_t n = 0;
        while (n < r->count && ps2_event(&ps2, &r->to[n])) {
            n++;
        }
        if (n == 0) {
            return;
        }
        driver_complete(r->session, r->seq, E_OK, n * sizeof(struct input_event));
        first++;
    }
}

static void set_timer(uint64_t deadline_us)
{
    if (ps2.again && (deadline_us == 0 || deadline_us > driver_now_us() + CHECK_AGAIN)) {
        deadline_us = driver_now_us() + CHECK_AGAIN;
    }
    driver_set_timer(deadline_us);
}

/* ---- handlers */

static bool takes_over(void)
{
    return ps2_is_set_up(*driver_note());
}

static struct i8042_data_regs data_port(void)
{
    return i8042_data_regs_at(driver_ports("data"));
}

const char *driver_quiet(void)
{
    return takes_over() ? ps2_quiet_again(&ps2, data_port(), &hooks)
                        : ps2_quiet(&ps2, data_port(), &hooks);
}

const char *driver_attach(void)
{
    layout = layout_find(driver_args()[0] != '\0' ? driver_args() : "us");
    if (layout == NULL) {
        return "there is no such keyboard layout";
    }
    ps2.note = driver_note();
    return takes_over() ? ps2_attach_again(&ps2, layout, driver_now_us())
                        : ps2_attach(&ps2, layout);
}

/* What was typed and not read yet stays in the controller, for a successor. */
void driver_detach(void)
{
    (void)ps2_quiet_again(&ps2, data_port(), &hooks);
}

void driver_irq(unsigned index, uint64_t count)
{
    (void)index;
    (void)count;
    for (unsigned i = 0; i < PS2_BYTES_PER_INTERRUPT && ps2_take(&ps2, driver_now_us()); i++) {
        serve();
    }
    set_timer(ps2_timer(&ps2, driver_now_us()));
}

/* A device that was plugged in is set up anew, by a successor: only attach may wait. */
void driver_timer(void)
{
    if (ps2.again) {
        driver_end("a keyboard or mouse was plugged in: all is set up again");
    }
    set_timer(ps2_timer(&ps2, driver_now_us()));
}

void driver_session_rung(unsigned s)
{
    struct queue_request request;

    while (driver_take(s, &request)) {
        input_dispatch_request(driver_queue(s), &request);
    }
}

void input_start_read(struct queue_driver *queue, const struct queue_request *request)
{
    unsigned s = driver_session_of(queue);
    size_t count = request->length / sizeof(struct input_event);

    if (count == 0 || request->offset % _Alignof(struct input_event) != 0) {
        driver_complete(s, request->seq, E_BAD_ARG, 0);
        return;
    }
    reads[end++ % READS] =
        (struct read){.session = s,
                      .seq = request->seq,
                      .to =
                          (struct input_event *)((char *)driver_session_data(s) + request->offset),
                      .count = count};
    serve();
}

void driver_session_closed(unsigned s)
{
    uint32_t kept = first;

    for (uint32_t i = first; i != end; i++) {
        if (reads[i % READS].session != s) {
            reads[kept++ % READS] = reads[i % READS];
        }
    }
    end = kept;
}

/* ---- layouts */

void input_start_list_layouts(struct queue_driver *queue, const struct queue_request *request)
{
    unsigned s = driver_session_of(queue);
    char *to = (char *)driver_session_data(s) + request->offset;
    const struct key_layout *one;
    size_t n = 0;

    for (unsigned i = 0; (one = layout_at(i)) != NULL; i++) {
        size_t bytes = strlen(one->name) + 1;
        if (bytes > request->length - n) {
            driver_complete(s, request->seq, E_BAD_ARG, 0);
            return;
        }
        memcpy(to + n, one->name, bytes);
        n += bytes;
    }
    driver_complete(s, request->seq, E_OK, n);
}

void input_start_get_layout(struct queue_driver *queue, const struct queue_request *request)
{
    driver_complete(driver_session_of(queue), request->seq, E_OK, layout_index(layout));
}

void input_start_set_layout(struct queue_driver *queue, const struct queue_request *request,
                            uint32_t index)
{
    const struct key_layout *found = layout_at(index);

    if (found != NULL) {
        layout = found;
        keyboard_set_layout(&ps2.keyboard, layout);
    }
    driver_complete(driver_session_of(queue), request->seq, found != NULL ? E_OK : E_NOT_FOUND, 0);
}
