/*
 * deaths_steps.c - drivers that die at every instruction of one request's life. Whatever happens,
 * the request has exactly one end, and everything that devman has handed out is there again. Only
 * run by name or by `test soak`: tests/system/test_deaths.py has the machines, echoes the second
 * serial line, and knows what the lines there must be.
 */
#include "client.h"
#include "deaths.h"
#include "device.h"
#include "test.h"

#include <idl/display_queue.h>
#include <idl/inspect.h>
#include <idl/null.h>
#include <idl/serial_queue.h>
#include <quoll/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX  20000u
#define RESTARTS   20u
#define OUTLIVES   8u /* requests that the driver has outlived in a row: past their end */
#define DEATHS_MIN 5u
/* The sample that `make test` has time for; `make soak` takes every instruction. */
#define SERIAL_STRIDE       23u
#define ECHO_STRIDE         97u
#define DISPLAY_STRIDE      11u
#define EMPTY_STRIDE        3u
#define EVERY_DRIVER_STRIDE 101u
#define SECOND_LINE         "/platform/com2"
#define NULL_PATH           "/null"
#define LINE_MAX            32u
#define READS               8u
#define ECHO_US             3000000u /* a byte comes back in far less, unless it was lost */

struct life {
    const char *path;
    struct client_session *s;
    bool (*request)(struct life *l, unsigned n); /* from its beginning to its end */
    unsigned deaths;
};

static uint32_t pid_of(const char *path)
{
    struct devman_driver_state d;

    return deaths_find(path, &d) ? d.pid : 0;
}

static bool die_after(const char *path, unsigned n)
{
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < 1000; i++) {
        error = client_die_after(path, n);
        if (error == E_BUSY)
            (void)client_wait(0, 1000);
    }
    return test_expect_error("die_after", error, E_OK);
}

/* Until several requests in a row have ended before their driver did. */
static void live(struct life *l, unsigned stride)
{
    unsigned outlived = 0;

    deaths_remember();
    for (unsigned n = 1; outlived < OUTLIVES && n < STEPS_MAX; n += stride) {
        uint32_t pid = pid_of(l->path);
        EXPECT(die_after(l->path, n), true);
        EXPECT(l->request(l, n), true);
        EXPECT(deaths_settle(l->path), true);
        outlived = pid_of(l->path) == pid ? outlived + 1 : 0;
        l->deaths += outlived == 0;
    }
    EXPECT(die_after(l->path, 0), true);
    EXPECT(outlived, OUTLIVES);
    EXPECT(l->deaths >= DEATHS_MIN, true);
    EXPECT(deaths_others_are_untouched(l->path, l->path), true);
}

/* The request's one completion. */
static bool one_end(struct client_session *s, uint64_t seq, uint64_t value)
{
    struct queue_done done = {0}, more;

    return test_expect_error("its end", client_await(s, seq, &done), E_OK) &&
           test_expect_error("its status", (int)done.status, E_OK) &&
           test_expect("its value", done.value, value) &&
           test_expect_error("a second end", queue_collect(&s->queue, &more), E_BUSY) &&
           test_expect("the queue is idle", queue_client_idle(&s->queue), 1);
}

/* While the driver restarts the queue says BUSY. */
static bool submitted(struct client_session *s, int (*submit)(struct client_session *, uint64_t *),
                      uint64_t *seq)
{
    struct queue_done done;
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < 1000; i++) {
        error = submit(s, seq);
        if (error == E_BUSY && queue_collect(&s->queue, &done) == E_BUSY)
            (void)client_wait(0, 1000);
    }
    return test_expect_error("submitting", error, E_OK);
}

static uint32_t line_bytes;

static int submit_line(struct client_session *s, uint64_t *seq)
{
    return serial_submit_write(&s->queue, 0, line_bytes, seq);
}

/* Longer than a FIFO: it takes an interrupt. */
static bool write_line(struct life *l, unsigned n)
{
    uint64_t seq;

    line_bytes = (uint32_t)snprintf(l->s->data, 64, "<%05u abcdefghijklmnopqrstuvwxyz>", n);
    return submitted(l->s, submit_line, &seq) && one_end(l->s, seq, line_bytes);
}

/* ---- a read: what is written comes back, by the test's other half on the host. Reads are always
 * with the driver: what it takes while there is none is in its memory, and dies with it. */

static struct {
    struct client_session *s;
    uint64_t seq[READS]; /* of the request with each buffer; 0: none */
    unsigned reading;    /* the buffer whose request is done next */
    unsigned count;
    char bytes[2 * LINE_MAX];
} echo;

/* The buffers to the driver in their order, as far as the queue takes them. */
static void submit_reads(void)
{
    unsigned at = echo.reading;

    do {
        if (echo.seq[at] == 0 &&
            serial_submit_read(&echo.s->queue, at * LINE_MAX, LINE_MAX, &echo.seq[at]) != E_OK)
            return;
        at = (at + 1) % READS;
    } while (at != echo.reading);
}

static bool take(const struct queue_done *done)
{
    uint32_t count = 0;

    if (!test_expect("requests are done in order", done->seq, echo.seq[echo.reading]) ||
        !test_expect_error("its end", serial_finish_read(done, LINE_MAX, &count), E_OK) ||
        !test_expect("bytes that came", echo.count + count <= sizeof(echo.bytes), true))
        return false;
    memcpy(echo.bytes + echo.count, (char *)echo.s->data + echo.reading * LINE_MAX, count);
    echo.count += count;
    echo.seq[echo.reading] = 0;
    echo.reading = (echo.reading + 1) % READS;
    return true;
}

/* Add to echo.bytes what comes within @us; false: nothing. */
static bool hear(uint64_t us)
{
    uint64_t end = client_now_us() + us;
    struct queue_done done;

    while (client_now_us() < end) {
        if (queue_collect(&echo.s->queue, &done) == E_OK)
            return take(&done);
        submit_reads();
        if (queue_client_about_to_sleep(&echo.s->queue))
            (void)client_wait(0, 2000);
    }
    return false;
}

/* One byte of @line is missing in what was heard, or there twice; or, @exact, it is as it was. */
static bool is_heard(const char *line, unsigned length, bool exact)
{
    unsigned same = 0, more = echo.count > length ? 1 : 0, less = echo.count < length ? 1 : 0;

    while (same < length && same < echo.count && echo.bytes[same] == line[same])
        same++;
    if (more != 0 && (same == 0 || echo.bytes[same] != echo.bytes[same - 1]))
        return false;
    return (!exact || more + less == 0) && echo.count + less == length + more &&
           memcmp(echo.bytes + same + more, line + same + less, length - same - less) == 0;
}

/* The line's end can come twice, too. */
static void hear_line(void)
{
    echo.count = 0;
    submit_reads();
    while (hear(ECHO_US)) {
        if (echo.count > 1 && echo.bytes[0] == '>') {
            echo.count--;
            memmove(echo.bytes, echo.bytes + 1, echo.count);
        }
        if (echo.count > 1 && echo.bytes[echo.count - 1] == '>')
            return;
    }
}

/* After a death the driver has the reads when this end has acknowledged the restart. */
static bool reads_are_up(void)
{
    const struct queue_client *q = &echo.s->queue;
    bool up = false;

    for (unsigned i = 0; !up && i < 1000; i++) {
        (void)hear(1000);
        up = !q->held && queue_get(&q->p.m->life) == queue_life(q->epoch, QUEUE_UP);
    }
    submit_reads();
    return test_expect("the reads are with the driver", up, true);
}

static bool read_line(struct life *l, unsigned n)
{
    char line[LINE_MAX], found[120];
    uint32_t pid = pid_of(l->path);
    uint64_t seq;

    line_bytes = (uint32_t)snprintf(line, sizeof(line), "<%05u abcdef>", n);
    memcpy(l->s->data, line, line_bytes);
    if (!reads_are_up() || !die_after(l->path, n) || !submitted(l->s, submit_line, &seq) ||
        !one_end(l->s, seq, line_bytes))
        return false;
    hear_line();
    (void)snprintf(found, sizeof(found), "echo of %s is %.*s", line, (int)echo.count, echo.bytes);
    return deaths_settle(l->path) &&
           test_expect(found, is_heard(line, line_bytes, pid_of(l->path) == pid), true);
}

static int submit_cells(struct client_session *s, uint64_t *seq)
{
    return display_submit_blit(&s->queue, 70, 0, 4, 2, 0, 16, seq);
}

static bool blit(struct life *l, unsigned n)
{
    uint64_t seq;

    memset(l->s->data, (int)('0' + n % 10), 16);
    return submitted(l->s, submit_cells, &seq) && one_end(l->s, seq, 0);
}

static bool call_null(struct life *l, unsigned n)
{
    uint64_t handle = 0;
    int error = null_call_open(l->s->endpoint, n, &handle);

    if (error == E_OK)
        error = null_call_close(l->s->endpoint, handle);
    return test_expect_error("open and close", error == E_DEAD || error == E_BAD_ARG ? E_OK : error,
                             E_OK);
}

static bool call_describe(struct life *l, unsigned n)
{
    struct msg m = {.tag = msg_tag_words(INSPECT_LABEL_DESCRIBE, 1, 0)};
    int error = sys_call(l->s->endpoint, &m); /* without the stub's second tries */

    (void)n;
    return test_expect_error("describe", error == E_DEAD ? E_OK : error, E_OK);
}

static void sweep(const char *path, unsigned interface, uint32_t methods, unsigned pages,
                  bool (*request)(struct life *, unsigned), unsigned stride)
{
    struct life l = {.path = path, .request = request};

    (void)client_wait(0, 50000); /* for the end of the last one's session */
    l.s = client_open(path, interface, methods, pages);
    EXPECT(l.s != NULL, true);
    live(&l, stride);
    client_close(l.s);
}

static const char *path_of(const char *driver)
{
    static struct devman_driver_state d;

    return client_driver(driver, &d) ? d.device : "";
}

static void serial_steps(unsigned stride)
{
    sweep(SECOND_LINE, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, 1, write_line, stride);
}

/* Only where the host echoes. */
static void echo_steps(unsigned stride)
{
    memset(&echo, 0, sizeof(echo));
    (void)client_wait(0, 50000);
    echo.s = client_open(SECOND_LINE, SERIAL_INTERFACE, SERIAL_RIGHT_READ, 1);
    EXPECT(echo.s != NULL, true);
    while (hear(50000))
        echo.count = 0; /* what came before */
    sweep(SECOND_LINE, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL & ~SERIAL_RIGHT_READ, 1, read_line,
          stride);
    client_close(echo.s);
}

static void display_steps(unsigned stride)
{
    sweep(path_of("vga"), DISPLAY_INTERFACE, DISPLAY_RIGHTS_ALL, 1, blit, stride);
}

static void null_steps(unsigned stride)
{
    sweep(NULL_PATH, NULL_INTERFACE, NULL_RIGHTS_ALL, 0, call_null, stride);
}

static void every_driver_steps(unsigned stride)
{
    static char paths[DEATHS_DRIVERS][DEVMAN_PATH_MAX + 1];
    unsigned count;

    deaths_remember();
    count = deaths_drivers;
    for (unsigned i = 0; i < count; i++)
        (void)snprintf(paths[i], sizeof(paths[i]), "%s", deaths_before[i].device);
    for (unsigned i = 0; i < count; i++)
        sweep(paths[i], INSPECT_INTERFACE, INSPECT_RIGHTS_ALL, 0, call_describe, stride);
}

/* Ordered while the line is on its way: the rest of it is the successor's. */
static bool restart_in_a_line(struct life *l, unsigned n)
{
    uint32_t pid = pid_of(l->path);
    uint64_t seq = 0;

    line_bytes = (uint32_t)snprintf(l->s->data, 64, "<%05u abcdefghijklmnopqrstuvwxyz>", n);
    return submitted(l->s, submit_line, &seq) &&
           test_expect_error("restart",
                             devman_call_control(CLIENT_DEVMAN, l->path, DEVMAN_ACTION_RESTART),
                             E_OK) &&
           one_end(l->s, seq, line_bytes) && deaths_settle(l->path) &&
           test_expect("another instance", pid_of(l->path) > pid, 1);
}

static void restarts(void)
{
    struct life l = {.path = SECOND_LINE};

    l.s = client_open(l.path, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, 1);
    EXPECT(l.s != NULL, true);
    deaths_remember();
    for (unsigned n = 1; n <= RESTARTS; n++)
        EXPECT(restart_in_a_line(&l, n), true);
    EXPECT(deaths_others_are_untouched(l.path, l.path), true);
    client_close(l.s);
}

/* The test task's own death, with a session that has lost its driver and one with a request. What
 * follows is tests/system/test_deaths.py's to see. */
static void own(void)
{
    struct client_session *lost = client_open(NULL_PATH, NULL_INTERFACE, NULL_RIGHTS_ALL, 0);
    struct client_session *s = client_open(SECOND_LINE, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, 1);
    uint64_t seq;

    EXPECT(lost != NULL && s != NULL, true);
    EXPECT_OK(devman_call_control(CLIENT_DEVMAN, NULL_PATH, DEVMAN_ACTION_STOP));
    EXPECT_OK(serial_submit_read(&s->queue, 0, 64, &seq));
    abort();
}

#define LIVES(X)                                                                                   \
    X(serial, SERIAL) X(echo, ECHO) X(display, DISPLAY) X(null, EMPTY) X(every_driver, EVERY_DRIVER)
#define LIFE(name, NAME)                                                                           \
    static void name##_each(void)                                                                  \
    {                                                                                              \
        name##_steps(1);                                                                           \
    }                                                                                              \
    static void name##_some(void)                                                                  \
    {                                                                                              \
        name##_steps(NAME##_STRIDE);                                                               \
    }
LIVES(LIFE)

#define EACH(name, NAME) {"soak.deaths.each." #name, name##_each},
#define SOME(name, NAME) {"soak.deaths.some." #name, name##_some},

static const struct test list[] = {{"soak.deaths.restarts", restarts},
                                   {"death.own", own},
                                   LIVES(EACH) LIVES(SOME)};

/* The second line is the tests'. */
static bool has_lines(void)
{
    return client_has_devman() && has_com2();
}

TEST_AREA_OF(tests_deaths_steps, list, has_lines);
