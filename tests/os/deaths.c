/*
 * deaths.c - drivers killed under load at random moments by devman's timer, and while their bus is
 * dead. Whatever happens, a request has exactly one end, and everything that devman has handed out
 * is there again. Only run by name or by `test soak`: tests/system/test_deaths.py has the machines.
 */
#include "deaths.h"
#include "client.h"
#include "device.h"
#include "test.h"

#include <idl/inspect.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define KILLS      20u
#define EVERY_US   5000u
#define SHARE      30u /* percent of the kills that must have met something */
#define LOOK_EVERY 16u

struct devman_driver_state deaths_before[DEATHS_DRIVERS];
unsigned deaths_drivers;
static struct devman_usage used;

void deaths_remember(void)
{
    deaths_drivers = 0;
    while (deaths_drivers < DEATHS_DRIVERS &&
           devman_call_driver(CLIENT_DEVMAN, deaths_drivers, &deaths_before[deaths_drivers]) ==
               E_OK)
        deaths_drivers++;
    (void)devman_call_used(CLIENT_DEVMAN, &used);
}

bool deaths_find(const char *path, struct devman_driver_state *to)
{
    for (uint32_t i = 0; devman_call_driver(CLIENT_DEVMAN, i, to) == E_OK; i++) {
        if (strcmp(to->device, path) == 0)
            return true;
    }
    return test_expect(path, 0, 1);
}

bool deaths_settle(const char *path)
{
    struct devman_driver_state d;

    for (unsigned i = 0; i < 1000; i++) {
        if (!deaths_find(path, &d))
            return false;
        if (d.status == DEVMAN_STATE_RUNNING)
            return true;
        (void)client_wait(0, 5000);
    }
    return test_expect("it runs again", d.status, DEVMAN_STATE_RUNNING);
}

bool deaths_others_are_untouched(const char *path, const char *path2)
{
    struct devman_usage now = {0};
    struct devman_driver_state d;

    for (unsigned i = 0; i < deaths_drivers; i++) {
        const struct devman_driver_state *b = &deaths_before[i];
        if (!deaths_find(b->device, &d))
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
    struct devman_driver_state d;

    do {
        if (!deaths_find(path, &d)) /* a long answer of devman's, while it kills */
            return false;
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

    good = good && deaths_settle(path) &&
           test_expect_error("a call afterwards", describe(s->endpoint), E_OK);
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
    deaths_remember();
    EXPECT(deaths_drivers != 0, true);
    for (unsigned i = 0; i < deaths_drivers; i++) {
        if (deaths_before[i].status != DEVMAN_STATE_RUNNING)
            continue;
        EXPECT(kill_under_load(deaths_before[i].device), true);
        EXPECT(deaths_others_are_untouched(deaths_before[i].device, deaths_before[i].device), true);
        deaths_remember();
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
    return deaths_settle(bus) && deaths_settle(child);
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
    return deaths_find(child, &d) &&
           test_expect("the child waits", d.status, DEVMAN_STATE_RESTARTING) &&
           test_expect_error("start", devman_call_control(CLIENT_DEVMAN, bus, DEVMAN_ACTION_START),
                             E_OK) &&
           deaths_settle(bus) && deaths_settle(child);
}

static bool lose_bus(const char *bus, const char *child)
{
    return die_together(bus, child) && deaths_others_are_untouched(bus, child) &&
           wait_for_bus(bus, child) && deaths_others_are_untouched(bus, child);
}

static void buses(void)
{
    static const char *const names[] = {"/pci", "/platform"};

    EXPECT(client_has_devman(), true);
    for (unsigned i = 0; i < 2; i++) {
        deaths_remember();
        for (unsigned k = 0; k < deaths_drivers; k++) {
            if (!needs_bus(&deaths_before[k], names[i]))
                continue;
            EXPECT(lose_bus(names[i], deaths_before[k].device), true);
            deaths_remember();
        }
    }
}

static const struct test list[] = {{"soak.deaths.calls", calls}, {"soak.deaths.buses", buses}};

TEST_AREA_OF(tests_deaths, list, client_has_devman);
