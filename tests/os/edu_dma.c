/*
 * edu_dma.c - edu as a device that reads and writes memory by itself: what it may, and what it may
 * not. Where it has no DMA everything here must be refused. Where its DMA is unprotected, the tests
 * of wild accesses must fail: that they do is looked at by tests/system/test_dma.py.
 */
#include "client.h"
#include "device.h"
#include "test.h"

#include <idl/edu.h>
#include <quoll/error.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_BYTES  4095u /* as the driver has it */
#define KILLS         20u
#define FAULT_MAX_US  2000000u /* a transfer of edu takes 100 ms; its fault follows */
#define LOOK_US       20000u
#define MESSAGE_FIXED 0x0000u /* Intel SDM vol. 3A, 10.11.2: delivery modes in a message's data */
#define MESSAGE_LOW   0x0100u
#define MESSAGE_NMI   0x0400u

static struct client_session *session;
static struct devman_driver_state driver;

static struct devman_node_state node; /* the first edu */

static bool open(void)
{
    if (!client_has_devman() || devman_call_find(CLIENT_DEVMAN, "edu", 0, &node) != E_OK) {
        return false;
    }
    session = client_open(node.where, EDU_INTERFACE, EDU_RIGHTS_ALL, 0);
    return session != NULL && client_driver(node.where, &driver);
}

static bool has_dma(void)
{
    return driver.protection != DEVMAN_DMA_NONE;
}

static void fill(uint8_t *to, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(seed + 7 * i + (i >> 8));
    }
}

/* Through the device's buffer, piece by piece, and back. */
static void moving(void)
{
    static uint8_t all[BUFFER_BYTES];
    uint8_t back[EDU_MOVE_MAX];
    size_t got = 0;

    EXPECT(open(), true);
    fill(all, sizeof(all), 3);
    if (!has_dma()) {
        EXPECT_ERROR(edu_call_store(session->endpoint, 0, all, 1), E_UNSUPPORTED);
        EXPECT_ERROR(edu_call_load(session->endpoint, 0, 1, back, sizeof(back), &got),
                     E_UNSUPPORTED);
        return;
    }
    for (uint32_t at = 0; at < BUFFER_BYTES; at += EDU_MOVE_MAX) {
        size_t left = BUFFER_BYTES - at;
        EXPECT_OK(edu_call_store(session->endpoint, at, all + at,
                                 left < EDU_MOVE_MAX ? left : EDU_MOVE_MAX));
    }
    for (uint32_t at = 1; at + EDU_MOVE_MAX <= BUFFER_BYTES; at += EDU_MOVE_MAX) {
        EXPECT_OK(edu_call_load(session->endpoint, at, EDU_MOVE_MAX, back, sizeof(back), &got));
        EXPECT(got == EDU_MOVE_MAX && memcmp(back, all + at, got) == 0, true);
    }
    EXPECT_OK(edu_call_store(session->endpoint, BUFFER_BYTES - 1, all, 1));
    EXPECT_ERROR(edu_call_store(session->endpoint, BUFFER_BYTES - 1, all, 2), E_BAD_ARG);
    EXPECT_ERROR(edu_call_load(session->endpoint, BUFFER_BYTES - 1, 2, back, sizeof(back), &got),
                 E_BAD_ARG);
}

/* Each death finds the device at work in one way or another; nothing of it may stay. */
static void killed(void)
{
    struct devman_usage before = {0}, after = {0};
    uint8_t data[16], back[16];
    size_t got = 0;

    EXPECT(open(), true);
    fill(data, sizeof(data), 9);
    EXPECT_OK(client_kill(node.where));
    EXPECT(client_settle(node.where), true);
    EXPECT_OK(devman_call_used(CLIENT_DEVMAN, &before));
    for (unsigned i = 0; i < KILLS; i++) {
        if (has_dma()) {
            EXPECT_OK(edu_call_store(session->endpoint, i, data, sizeof(data)));
        }
        EXPECT_OK(client_kill(node.where));
        EXPECT(client_settle(node.where), true);
        if (has_dma()) {
            EXPECT_OK(edu_call_load(session->endpoint, i, sizeof(back), back, sizeof(back), &got));
            EXPECT(memcmp(data, back, sizeof(data)), 0);
        }
    }
    EXPECT_OK(devman_call_used(CLIENT_DEVMAN, &after));
    EXPECT(after.memory, before.memory);
    EXPECT(after.slots, before.slots);
    EXPECT(after.pieces, before.pieces);
}

/* The driver has died of @cause since it was looked at, and its successor runs. */
static bool died(const char *cause)
{
    struct devman_driver_state now;

    for (unsigned us = 0; us < FAULT_MAX_US; us += LOOK_US) {
        if (client_driver(node.where, &now) && now.restarts != driver.restarts &&
            now.status == DEVMAN_STATE_RUNNING) {
            return strstr(now.last_death, cause) != NULL;
        }
        test_sleep_us(LOOK_US);
    }
    return false;
}

static bool is_refused(enum devman_fault fault)
{
    return test_expect_error("the fault", client_inject(fault, node.where), E_UNSUPPORTED);
}

static void wild_write(void)
{
    static const uint8_t words[] = "what it writes";
    struct devman_target_state target = {0};
    bool stopped;

    EXPECT(open(), true);
    if (!has_dma()) {
        (void)is_refused(DEVMAN_FAULT_WILD_DMA_WRITE);
        return;
    }
    EXPECT_OK(edu_call_store(session->endpoint, 0, words, sizeof(words)));
    EXPECT_OK(client_inject(DEVMAN_FAULT_WILD_DMA_WRITE, node.where));
    stopped = died("DMA write to ");
    EXPECT_OK(devman_call_target(CLIENT_DEVMAN, &target));
    EXPECT(target.address != 0, true);
    EXPECT(target.wrong, 0);
    EXPECT(stopped, true);
    EXPECT_OK(edu_call_store(session->endpoint, 0, words, sizeof(words)));
}

/* What it read would be in the device's buffer, which outlives the driver. */
static void wild_read(void)
{
    static const uint8_t words[] = "what was in it";
    struct devman_target_state target = {0};
    bool stopped;
    uint8_t back[4];
    size_t got = 0;

    EXPECT(open(), true);
    if (!has_dma()) {
        (void)is_refused(DEVMAN_FAULT_WILD_DMA_READ);
        return;
    }
    EXPECT_OK(edu_call_store(session->endpoint, 0, words, sizeof(words)));
    EXPECT_OK(client_inject(DEVMAN_FAULT_WILD_DMA_READ, node.where));
    stopped = died("DMA read of ");
    EXPECT_OK(devman_call_target(CLIENT_DEVMAN, &target));
    EXPECT_OK(edu_call_load(session->endpoint, 0, sizeof(back), back, sizeof(back), &got));
    for (unsigned i = 0; i < sizeof(back); i++) {
        EXPECT(back[i] != target.content, true);
    }
    EXPECT(target.wrong, 0);
    EXPECT(stopped, true);
}

/* The messages reach the CPU where the machine does not look at who sends them: QEMU's does not.
 * Whatever becomes of them, everybody goes on. */
static void forged_irq(void)
{
    static const uint32_t modes[] = {MESSAGE_FIXED, MESSAGE_LOW, MESSAGE_NMI};
    static const uint8_t vectors[] = {0, 2, 8, 14, 18, 31, 32, 33, 48, 64, 128, 239, 254, 255};
    uint32_t result = 0;

    EXPECT(open(), true);
    if (!has_dma()) {
        (void)is_refused(DEVMAN_FAULT_FORGED_IRQ);
        return;
    }
    for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]) * sizeof(vectors); i++) {
        uint32_t message = modes[i / sizeof(vectors)] | vectors[i % sizeof(vectors)];

        EXPECT_OK(edu_call_store(session->endpoint, 0, (uint8_t *)&message, sizeof(message)));
        EXPECT_OK(client_inject(DEVMAN_FAULT_FORGED_IRQ, node.where));
        test_sleep_us(10 * LOOK_US);
        EXPECT(client_settle(node.where), true);
    }
    EXPECT_OK(edu_call_liveness(session->endpoint, 5, &result));
    EXPECT(result, ~5u);
}

static const struct test list[] = {
    {"drivers.edu_dma.moving", moving},         {"drivers.edu_dma.killed", killed},
    {"drivers.edu_dma.wild_write", wild_write}, {"drivers.edu_dma.wild_read", wild_read},
    {"drivers.edu_dma.forged_irq", forged_irq},
};

TEST_AREA_OF(tests_edu_dma, list, has_one_edu);
