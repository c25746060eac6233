/*
 * disk.c - see disk.h.
 */
#include "disk.h"
#include "test.h"

#include <quoll/error.h>
#include <stdio.h>
#include <string.h>
#include <test_disk.h>

#define WORDS (DISK_BLOCK / 8)

struct client_session *disk;
char disk_path[DEVMAN_PATH_MAX + 1], disk_device[DEVMAN_PATH_MAX + 1];

/* ---- contents: each word says its place and the writing it is of */

static uint64_t word_of(uint64_t block, unsigned i, uint64_t seed)
{
    return (block * WORDS + i) * 0x9e3779b97f4a7c15ull ^ seed * 0xd1b54a32d192ed03ull;
}

static uint64_t *words_at(uint32_t offset)
{
    return (uint64_t *)(void *)((char *)disk->data + offset);
}

void disk_fill(uint32_t offset, uint64_t first, uint32_t bytes, uint64_t seed)
{
    uint64_t *to = words_at(offset);

    for (uint32_t i = 0; i < bytes / 8; i++)
        to[i] = word_of(first + i / WORDS, i % WORDS, seed);
}

bool disk_holds(uint32_t offset, uint64_t first, uint32_t bytes, uint64_t seed)
{
    const uint64_t *from = words_at(offset);

    for (uint32_t i = 0; i < bytes / 8; i++) {
        if (from[i] != word_of(first + i / WORDS, i % WORDS, seed))
            return test_expect("the word at", first * DISK_BLOCK + i * 8ull, UINT64_MAX);
    }
    return true;
}

/* ---- requests */

/* While the driver restarts the queue says BUSY. */
int disk_submit(uint32_t op, uint64_t first, uint32_t offset, uint32_t bytes, uint64_t *seq)
{
    const uint64_t args[4] = {first};
    struct queue_done done;
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < 5000; i++) {
        error = queue_submit(&disk->queue, op, offset, bytes, args, seq);
        if (error == E_BUSY && queue_collect(&disk->queue, &done) == E_BUSY)
            (void)client_wait(0, 1000);
    }
    return error;
}

int disk_request(uint32_t op, uint64_t first, uint32_t offset, uint32_t bytes)
{
    struct queue_done done = {0};
    uint64_t seq;
    int error = disk_submit(op, first, offset, bytes, &seq);

    if (error == E_OK)
        error = client_await(disk, seq, &done);
    if (error == E_OK)
        error = (int)done.status;
    return error == E_OK && done.value != bytes ? E_BAD_ANSWER : error;
}

bool disk_wrote(uint64_t first, uint32_t bytes, uint64_t seed)
{
    disk_fill(0, first, bytes, seed);
    return test_expect_error("write", disk_request(BLOCK_OP_WRITE, first, 0, bytes), E_OK);
}

bool disk_reads_back(uint64_t first, uint32_t bytes, uint64_t seed)
{
    memset(disk->data, 0x5a, bytes);
    return test_expect_error("read", disk_request(BLOCK_OP_READ, first, 0, bytes), E_OK) &&
           disk_holds(0, first, bytes, seed);
}

/* ---- the disk */

/* The device of the disk at @disk_path: the node above it. */
static void name_device(void)
{
    (void)snprintf(disk_device, sizeof(disk_device), "%s", disk_path);
    *strrchr(disk_device, '/') = '\0';
}

bool disk_open(void)
{
    (void)client_wait(0, 50000); /* for the end of the last one's session */
    disk = client_open(disk_path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, DISK_REGION / 4096);
    return disk != NULL && test_expect("its region", disk->data_bytes, DISK_REGION);
}

bool disk_is_marked(void)
{
    return disk_request(BLOCK_OP_READ, 0, 0, DISK_BLOCK) == E_OK &&
           memcmp(disk->data, TEST_DISK_MARK, sizeof(TEST_DISK_MARK) - 1) == 0;
}

/* Is the node a disk, with the mark? Then it is the one. */
static bool take(const struct devman_node_state *node)
{
    bool found = false;

    if (strncmp(node->id, "disk", 4) == 0) {
        (void)snprintf(disk_path, sizeof(disk_path), "%s", node->where);
        name_device();
        disk = client_open(disk_path, BLOCK_INTERFACE, BLOCK_RIGHTS_ALL, 1);
        found = disk != NULL && disk_is_marked();
        client_end();
    }
    return found;
}

bool disk_is_there(void)
{
    static bool asked, found;
    struct devman_node_state node;

    if (asked || !client_has_devman())
        return found;
    asked = true;
    for (uint32_t i = 0; !found && devman_call_find(CLIENT_DEVMAN, "block", i, &node) == E_OK;
         i++) {
        lab_begin();
        found = take(&node);
        lab_end();
    }
    return found;
}

/* ---- its driver */

uint32_t disk_driver_pid(void)
{
    struct devman_driver_state d;

    return client_settle(disk_device) && client_driver(disk_device, &d) ? d.pid : 0;
}

bool disk_die_after(unsigned n)
{
    int error = E_BUSY;

    for (unsigned i = 0; error == E_BUSY && i < 1000; i++) {
        error = client_die_after(disk_device, n);
        if (error == E_BUSY)
            (void)client_wait(0, 1000);
    }
    return test_expect_error("die_after", error, E_OK);
}
