/*
 * block_wild.c - a disk's controller that reads and writes memory where it may not. Block 1 of the
 * test disk is what it carries there, and what it brings back: drivers/ata/wild.c. Where its DMA is
 * unprotected, the tests of wild accesses must fail: tests/system/test_disk_wild.py sees to that.
 */
#include "disk.h"
#include "test.h"

#include <quoll/error.h>
#include <string.h>

#define CARRIER       1u       /* the block */
#define MARKER        0x11     /* what it holds before a wild read */
#define FAULT_MAX_US  2000000u /* until a fault was a death and the successor runs */
#define LOOK_US       2000u
#define CARRY_US      20000u /* a message is sent in far less */
#define VECTORS       256u
#define STRIDE        32u /* bytes: messages between are for nobody, Intel SDM vol. 3A, 10.11.1 */
#define MESSAGES      (DISK_BLOCK / STRIDE)
#define MESSAGE_FIXED 0x0000u /* 10.11.2: delivery modes in a message's data */
#define MESSAGE_LOW   0x0100u
#define MESSAGE_NMI   0x0400u

static struct devman_driver_state driver;

static bool open(void)
{
    return disk_open() && client_settle(disk_device) && client_driver(disk_device, &driver);
}

static bool has_dma(void)
{
    return driver.protection != DEVMAN_DMA_NONE;
}

static bool carries(void)
{
    return test_expect_error("writing what it carries",
                             disk_request(BLOCK_OP_WRITE, CARRIER, 0, DISK_BLOCK), E_OK);
}

/* The driver has died of @cause since it was looked at, and its successor runs. */
static bool died(const char *cause)
{
    struct devman_driver_state now;

    for (unsigned us = 0; us < FAULT_MAX_US; us += LOOK_US) {
        if (client_driver(disk_device, &now) && now.restarts != driver.restarts &&
            now.status == DEVMAN_STATE_RUNNING)
            return strstr(now.last_death, cause) != NULL;
        test_sleep_us(LOOK_US);
    }
    return false;
}

/* Without DMA there is no such fault. */
static bool is_refused(enum devman_fault fault)
{
    return test_expect_error("the fault", client_inject(fault, disk_device), E_UNSUPPORTED);
}

static void wild_write(void)
{
    struct devman_target_state target = {0};
    bool stopped;

    EXPECT(open(), true);
    if (!has_dma()) {
        (void)is_refused(DEVMAN_FAULT_WILD_DMA_WRITE);
        return;
    }
    disk_fill(0, CARRIER, DISK_BLOCK, 400);
    EXPECT(carries(), true);
    EXPECT_OK(client_inject(DEVMAN_FAULT_WILD_DMA_WRITE, disk_device));
    stopped = died("DMA write to ");
    EXPECT_OK(devman_call_target(CLIENT_DEVMAN, &target));
    EXPECT(target.address != 0, true);
    EXPECT(target.wrong, 0);
    EXPECT(stopped, true);
    EXPECT(disk_reads_back(CARRIER, DISK_BLOCK, 400), true);
}

/* How many octets of what the disk was given are the foreign memory's? */
static unsigned count_received(uint8_t content)
{
    const uint8_t *data = disk->data;
    unsigned n = 0;

    for (unsigned i = 0; i < DISK_BLOCK; i++)
        n += data[i] == content;
    return n;
}

static void wild_read(void)
{
    struct devman_target_state target = {0};
    bool stopped;

    EXPECT(open(), true);
    if (!has_dma()) {
        (void)is_refused(DEVMAN_FAULT_WILD_DMA_READ);
        return;
    }
    memset(disk->data, MARKER, DISK_BLOCK);
    EXPECT(carries(), true);
    EXPECT_OK(client_inject(DEVMAN_FAULT_WILD_DMA_READ, disk_device));
    stopped = died("DMA read of ");
    EXPECT_OK(devman_call_target(CLIENT_DEVMAN, &target));
    EXPECT_OK(disk_request(BLOCK_OP_READ, CARRIER, 0, DISK_BLOCK));
    EXPECT(target.content != 0 && target.content != MARKER, true);
    EXPECT(count_received(target.content), 0);
    EXPECT(target.wrong, 0);
    EXPECT(stopped, true);
}

/* @count messages from @first on at once, each to the first CPU. */
static bool forge(uint32_t first, unsigned count)
{
    memset(disk->data, 0, DISK_BLOCK);
    for (unsigned i = 0; i < count; i++) {
        uint32_t message = first + i;
        memcpy((uint8_t *)disk->data + (size_t)i * STRIDE, &message, sizeof(message));
    }
    if (!carries() ||
        !test_expect_error("the fault", client_inject(DEVMAN_FAULT_FORGED_IRQ, disk_device), E_OK))
        return false;
    test_sleep_us(CARRY_US);
    return client_settle(disk_device);
}

/* The messages reach the CPU where the machine does not look at who sends them: QEMU's does not.
 * Whatever becomes of them, everybody goes on. */
static void forged_irq(void)
{
    static const uint32_t modes[] = {MESSAGE_FIXED, MESSAGE_LOW};

    EXPECT(open(), true);
    if (!has_dma()) {
        (void)is_refused(DEVMAN_FAULT_FORGED_IRQ);
        return;
    }
    for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        for (uint32_t vector = 0; vector < VECTORS; vector += MESSAGES)
            EXPECT(forge(modes[i] | vector, MESSAGES), true);
    }
    EXPECT(forge(MESSAGE_NMI, 1), true);
    EXPECT(disk_wrote(CARRIER, DISK_BLOCK, 401) && disk_reads_back(CARRIER, DISK_BLOCK, 401), true);
}

static const struct test list[] = {
    {"disk.wild.write", wild_write},
    {"disk.wild.read", wild_read},
    {"disk.wild.forged_irq", forged_irq},
};

TEST_AREA_OF(tests_block_wild, list, disk_is_there);
