/*
 * deaths.c - drivers killed under load: at random moments by devman's timer (calls), at every
 * instruction of one request's life (steps), and while their bus is dead. Whatever happens, a
 * request has exactly one end, and everything that devman has handed out is there again. Only run
 * by name or by `test soak`: tests/system/test_deaths.py has the machines and what the lines of the
 * serial port must be.
 */
#include "client.h"
#include "device.h"
#include "test.h"

#include <idl/devman.h>
#include <idl/display_queue.h>
#include <idl/inspect.h>
#include <idl/null.h>
#include <idl/serial_queue.h>
#include <quoll/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILLS      20u
#define EVERY_US   5000u
#define SHARE      30u /* percent of the kills that must have met something */
#define LOOK_EVERY 16u
#define DRIVERS    24u
#define STEPS_MAX  20000u
#define OUTLIVES   8u /* requests that the driver has outlived in a row: past their end */
#define DEATHS_MIN 5u
/* The sample that `make test` has time for; `make soak` takes every instruction. */
#define SERIAL_STRIDE       23u
#define DISPLAY_STRIDE      11u
#define EMPTY_STRIDE        3u
#define EVERY_DRIVER_STRIDE 101u
#define SECOND_LINE         "/platform/com2"
#define NULL_PATH           "/null"

static struct devman_driver_state before[DRIVERS];
static unsigned drivers;
static struct devman_usage used;

static void remember(void)
{
    drivers = 0;
    while (drivers < DRIVERS &&
           devman_call_driver(CLIENT_DEVMAN, drivers, &before[drivers]) == E_OK)
        drivers++;
    (void)devman_call_used(CLIENT_DEVMAN, &used);
}

static bool find(const char *path, struct devman_driver_state *to)
{
    for (uint32_t i = 0; devman_call_driver(CLIENT_DEVMAN, i, to) == E_OK; i++) {
        if (strcmp(to->device, path) == 0)
            return true;
    }
    return test_expect(path, 0, 1);
}

static bool settle(const char *path)
{
    struct devman_driver_state d;

    for (unsigned i = 0; i < 1000; i++) {
        if (!find(path, &d))
            return false;
        if (d.status == DEVMAN_STATE_RUNNING)
            return true;
        (void)client_wait(0, 5000);
    }
    return test_expect("it runs again", d.status, DEVMAN_STATE_RUNNING);
}

/* All but these two run as before, untouched, and nothing was lost. */
static bool others_are_untouched(const char *path, const char *path2)
{
    struct devman_usage now = {0};
    struct devman_driver_state d;

    for (unsigned i = 0; i < drivers; i++) {
        const struct devman_driver_state *b = &before[i];
        if (!find(b->device, &d))
            return false;
        if (strcmp(b->device, path) != 0 && strcmp(b->device, path2) != 0 &&
            !test_expect(b->device, d.pid, b->pid))
            return false;
        if (!test_expect("memory of a driver", d.memory_bytes, b->memory_bytes))
            return false;
    }
    for (unsigned i = 0; i < 100 && memcmp(&now, &used, sizeof(now)) != 0; i++) {
        (void)client_wait(0, 10000); /* a session is gone when its driver has let go of it */
        (void)devman_call_used(CLIENT_DEVMAN, &now);
    }
    return test_expect("bytes that devman has handed out", now.memory, used.memory) &&
           test_expect("slots of devman", now.slots, used.slots) &&
           test_expect("pieces of devman", now.pieces, used.pieces);
}

/* ---- random moments */

/* One call without the stub's second tries. */
static int describe(uint64_t endpoint)
{
    struct msg m = {.tag = msg_tag_words(INSPECT_LABEL_DESCRIBE, 1, 0)};

    return sys_call(endpoint, &m);
}

struct kept {
    uint32_t answered, dead, other;
};

static bool load(const char *path, uint64_t endpoint, struct kept *k, struct devman_toll *t)
{
    do {
        for (unsigned i = 0; i < LOOK_EVERY; i++) {
            int error = describe(endpoint);
            k->answered += error == E_OK;
            k->dead += error == E_DEAD;
            k->other += error != E_OK && error != E_DEAD;
        }
        if (!test_expect_error("devman.killed", devman_call_killed(CLIENT_DEVMAN, path, t), E_OK))
            return false;
    } while (t->left != 0);
    return true;
}

static bool kill_under_load(const char *path)
{
    struct client_session *s = client_open(path, INSPECT_INTERFACE, INSPECT_RIGHTS_ALL, 0);
    struct devman_toll t = {0};
    struct kept k = {0};
    char found[200];
    uint32_t met = 0;
    bool good =
        s != NULL &&
        test_expect_error("devman.kill_often",
                          devman_call_kill_often(CLIENT_DEVMAN, path, KILLS, EVERY_US), E_OK) &&
        load(path, s->endpoint, &k, &t);

    good =
        good && settle(path) && test_expect_error("a call afterwards", describe(s->endpoint), E_OK);
    if (s != NULL)
        client_close(s);
    met = k.dead > t.with_requests ? k.dead : t.with_requests; /* the console's, of vga */
    (void)
        snprintf(found, sizeof(found),
                 "%s: %u kills, %u in a handler, %u with a call; %u calls with neither answer nor "
                 "DEAD",
                 path, t.kills, t.in_handler, k.dead, k.other);
    return good && test_expect(found, k.other, 0) && test_expect(found, t.kills, KILLS) &&
           test_expect(found, t.in_handler * 100 >= KILLS * SHARE, 1) &&
           test_expect(found, met * 100 >= KILLS * SHARE, 1);
}

/* Every driver there is, buses too: their children go on. */
static void calls(void)
{
    EXPECT(client_has_devman(), true);
    remember();
    EXPECT(drivers != 0, true);
    for (unsigned i = 0; i < drivers; i++) {
        if (before[i].status != DEVMAN_STATE_RUNNING)
            continue;
        EXPECT(kill_under_load(before[i].device), true);
        EXPECT(others_are_untouched(before[i].device, before[i].device), true);
        remember();
    }
}

/* ---- buses */

/* Is it a child of @bus that its bus must prepare before a driver starts? */
static bool needs_bus(const struct devman_driver_state *d, const char *bus)
{
    size_t n = strlen(bus);
    bool configures = strcmp(bus, "/pci") == 0 || strcmp(d->driver, "ps2") == 0;

    return configures && strncmp(d->device, bus, n) == 0 && d->device[n] == '/' &&
           d->status == DEVMAN_STATE_RUNNING;
}

static bool die_together(const char *bus, const char *child)
{
    struct devman_toll a = {0}, b = {0};

    if (!test_expect_error("kills of the bus",
                           devman_call_kill_often(CLIENT_DEVMAN, bus, KILLS, EVERY_US), E_OK) ||
        !test_expect_error("kills of the child",
                           devman_call_kill_often(CLIENT_DEVMAN, child, KILLS, EVERY_US), E_OK))
        return false;
    do {
        (void)client_wait(0, 10000);
        (void)devman_call_killed(CLIENT_DEVMAN, bus, &a);
        (void)devman_call_killed(CLIENT_DEVMAN, child, &b);
    } while (a.left != 0 || b.left != 0);
    return settle(bus) && settle(child);
}

/* The child waits for its bus, and no longer. */
static bool wait_for_bus(const char *bus, const char *child)
{
    struct devman_driver_state d;

    if (!test_expect_error("stop", devman_call_control(CLIENT_DEVMAN, bus, DEVMAN_ACTION_STOP),
                           E_OK) ||
        !test_expect_error("kill", client_kill(child), E_OK))
        return false;
    (void)client_wait(0, 100000);
    return find(child, &d) && test_expect("the child waits", d.status, DEVMAN_STATE_RESTARTING) &&
           test_expect_error("start", devman_call_control(CLIENT_DEVMAN, bus, DEVMAN_ACTION_START),
                             E_OK) &&
           settle(bus) && settle(child);
}

static bool lose_bus(const char *bus, const char *child)
{
    return die_together(bus, child) && others_are_untouched(bus, child) &&
           wait_for_bus(bus, child) && others_are_untouched(bus, child);
}

static void buses(void)
{
    static const char *const names[] = {"/pci", "/platform"};

    EXPECT(client_has_devman(), true);
    for (unsigned i = 0; i < 2; i++) {
        remember();
        for (unsigned k = 0; k < drivers; k++) {
            if (!needs_bus(&before[k], names[i]))
                continue;
            EXPECT(lose_bus(names[i], before[k].device), true);
            remember();
        }
    }
}

/* ---- every instruction of a request */

struct life {
    const char *path;
    struct client_session *s;
    bool (*request)(struct life *l, unsigned n); /* from its beginning to its end */
    unsigned deaths;
};

static uint32_t pid_of(const char *path)
{
    struct devman_driver_state d;

    return find(path, &d) ? d.pid : 0;
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

    remember();
    for (unsigned n = 1; outlived < OUTLIVES && n < STEPS_MAX; n += stride) {
        uint32_t pid = pid_of(l->path);
        EXPECT(die_after(l->path, n), true);
        EXPECT(l->request(l, n), true);
        EXPECT(settle(l->path), true);
        outlived = pid_of(l->path) == pid ? outlived + 1 : 0;
        l->deaths += outlived == 0;
    }
    EXPECT(die_after(l->path, 0), true);
    EXPECT(outlived, OUTLIVES);
    EXPECT(l->deaths >= DEATHS_MIN, true);
    EXPECT(others_are_untouched(l->path, l->path), true);
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
    int error = describe(l->s->endpoint);

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
    static char paths[DRIVERS][DEVMAN_PATH_MAX + 1];
    unsigned count;

    remember();
    count = drivers;
    for (unsigned i = 0; i < count; i++)
        (void)snprintf(paths[i], sizeof(paths[i]), "%s", before[i].device);
    for (unsigned i = 0; i < count; i++)
        sweep(paths[i], INSPECT_INTERFACE, INSPECT_RIGHTS_ALL, 0, call_describe, stride);
}

/* Ordered while the line is on its way: the rest of it is the successor's. */
static bool restart_in_a_line(struct life *l, unsigned n)
{
    uint32_t pid = pid_of(l->path);
    uint64_t seq;

    line_bytes = (uint32_t)snprintf(l->s->data, 64, "<%05u abcdefghijklmnopqrstuvwxyz>", n);
    return submitted(l->s, submit_line, &seq) &&
           test_expect_error("restart",
                             devman_call_control(CLIENT_DEVMAN, l->path, DEVMAN_ACTION_RESTART),
                             E_OK) &&
           one_end(l->s, seq, line_bytes) && settle(l->path) &&
           test_expect("another instance", pid_of(l->path) > pid, 1);
}

static void restarts(void)
{
    struct life l = {.path = SECOND_LINE};

    l.s = client_open(l.path, SERIAL_INTERFACE, SERIAL_RIGHTS_ALL, 1);
    EXPECT(l.s != NULL, true);
    remember();
    for (unsigned n = 1; n <= KILLS; n++)
        EXPECT(restart_in_a_line(&l, n), true);
    EXPECT(others_are_untouched(l.path, l.path), true);
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

#define LIVES(X) X(serial, SERIAL) X(display, DISPLAY) X(null, EMPTY) X(every_driver, EVERY_DRIVER)
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

static const struct test list[] = {{"soak.deaths.calls", calls},
                                   {"soak.deaths.buses", buses},
                                   {"soak.deaths.restarts", restarts},
                                   {"death.own", own},
                                   LIVES(EACH) LIVES(SOME)};

/* The second line is the tests'. */
static bool has_drivers(void)
{
    return client_has_devman() && has_com2();
}

TEST_AREA_OF(tests_deaths, list, has_drivers);
