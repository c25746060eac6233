/*
 * edu.c - the edu driver in the system, as its clients see it; and two of them on one interrupt
 * line, of which one dies with the line asserted: the other must never notice.
 */
#include "device.h"
#include "test.h"

#include <idl/devman.h>
#include <idl/edu.h>
#include <quoll/client.h>
#include <quoll/client_session.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define EDU_ID       "1234:11e8"
#define OUTLIVES     10u   /* requests that the driver has outlived in a row: past their end */
#define STEPS_MAX    2000u /* instructions of the driver in a request, at most */
#define DEATHS_LEAST 100u
#define TRIES_MAX    200u /* of 5 ms, until a driver runs again */

static char paths[2][DEVMAN_PATH_MAX + 1];
static uint64_t devman;

/* The paths of up to two edu; how many there are. */
static unsigned find(void)
{
    struct devman_node_state node;
    unsigned found = 0;

    devman = lab_slot();
    if (!test_expect_error("finding devman", names_lookup("devman", devman), E_OK)) {
        return 0;
    }
    for (uint32_t i = 0; found < 2 && devman_call_node(devman, i, &node) == E_OK; i++) {
        if (strcmp(node.id, EDU_ID) == 0) {
            (void)snprintf(paths[found++], sizeof(paths[0]), "%s", node.where);
        }
    }
    return found;
}

static bool open_session(struct client_session *s, unsigned place)
{
    *s = (struct client_session){.devman = devman, .place = place};
    s->slots = lab_slot();
    for (unsigned i = 1; i < SESSION_SLOTS; i++) {
        (void)lab_slot();
    }
    return test_expect_error("opening edu",
                             client_session_open(s, paths[place], EDU_INTERFACE, EDU_RIGHTS_ALL, 0),
                             E_OK);
}

static void calls(void)
{
    struct client_session s = {0};
    uint32_t result = 0;

    EXPECT(find() != 0 && open_session(&s, 0), true);
    EXPECT_OK(edu_call_liveness(s.endpoint, 0x1234, &result));
    EXPECT(result, ~0x1234u);
    EXPECT_OK(edu_call_factorial(s.endpoint, 12, &result));
    EXPECT(result, 479001600);
    EXPECT_ERROR(edu_call_factorial(s.endpoint, 13, &result), E_BAD_ARG);
    for (unsigned i = 0; i < 10; i++) {
        EXPECT_OK(edu_call_interrupt(s.endpoint, 1));
    }
    client_session_close(&s);
}

/* Interrupts of a driver that may die of them. */
static void client(void)
{
    struct client_session s = {0};

    EXPECT(find() != 0 && open_session(&s, 0), true);
    for (unsigned i = 0; i < 2; i++) {
        int error = edu_call_interrupt(s.endpoint, 1);
        (void)test_expect_error("edu.interrupt", error == E_DEAD ? E_OK : error, E_OK);
    }
    client_session_close(&s);
}

/* A driver that does not acknowledge its interrupt dies of that, with the next one pending. */
static void unacknowledged(void)
{
    struct client_session s[2] = {0};

    EXPECT(find() == 2 && open_session(&s[0], 0) && open_session(&s[1], 1), true);
    EXPECT_OK(edu_call_interrupt(s[0].endpoint, 1));
    EXPECT_OK(devman_call_inject(devman, DEVMAN_FAULT_IRQ_UNACKED, paths[0]));
    EXPECT_OK(edu_call_interrupt(s[0].endpoint, 1));
    EXPECT_ERROR(edu_call_interrupt(s[0].endpoint, 1), E_DEAD);
    for (unsigned i = 0; i < 10; i++) {
        EXPECT_OK(edu_call_interrupt(s[1].endpoint, 1));
    }
    EXPECT_OK(edu_call_interrupt(s[0].endpoint, 1));
    client_session_close(&s[0]);
    client_session_close(&s[1]);
}

/* Once the driver runs. */
static int die_after(unsigned instructions)
{
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < TRIES_MAX; i++) {
        error = devman_call_die_after(devman, paths[0], instructions);
        if (error == E_BUSY) {
            device_wait_us(5000);
        }
    }
    return error;
}

/* One driver dies after each number of instructions of its request in turn: before the device's
 * line rises, while it is up, and after. The other shares the line. A request that was not picked
 * up yet is the successor's. */
static void death_at_every_step(void)
{
    struct client_session s[2] = {0};
    unsigned dead = 0, outlived = 0;

    EXPECT(find() == 2 && open_session(&s[0], 0) && open_session(&s[1], 1), true);
    for (unsigned i = 1; outlived < OUTLIVES && i < STEPS_MAX; i++) {
        int error;

        EXPECT_OK(die_after(i));
        error = edu_call_interrupt(s[0].endpoint, 1);
        dead += error == E_DEAD;
        outlived = error == E_OK && dead != 0 ? outlived + 1 : 0;
        if (error != E_DEAD) {
            EXPECT_ERROR(error, E_OK);
        }
        EXPECT_OK(edu_call_interrupt(s[1].endpoint, 1));
        EXPECT_OK(edu_call_interrupt(s[1].endpoint, 1));
    }
    EXPECT_OK(die_after(0));
    EXPECT(outlived == OUTLIVES && dead >= DEATHS_LEAST, true);
    EXPECT_OK(edu_call_interrupt(s[0].endpoint, 1));
    client_session_close(&s[0]);
    client_session_close(&s[1]);
}

static const struct test list[] = {
    {"drivers.edu.calls", calls},
    {"soak.deaths.edu_client", client},
};

static const struct test pair[] = {
    {"drivers.edu_pair.unacknowledged", unacknowledged},
    {"drivers.edu_pair.death_at_every_step", death_at_every_step},
};

TEST_AREA_OF(tests_edu, list, has_one_edu);
TEST_AREA_OF(tests_edu_pair, pair, has_edu);
