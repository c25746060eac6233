/*
 * disk_test.c - what drivers of disks have to do on the host, whatever controller is in between:
 * unit 0 is the disk, 1 a small one, 2 a CD. What was written is compared with the image files
 * themselves.
 */
#include "disk_test.h"

#include <string.h>

struct host_session *session;
const char *disk_path, *cd_path;

/* ---- requests */

static struct queue_limits limits_of(uint32_t rights)
{
    return (struct queue_limits){.ops_known = BLOCK_OPS_KNOWN,
                                 .ops_allowed = block_ops_allowed(rights),
                                 .ops_wait = BLOCK_OPS_WAIT};
}

struct host_session *open_unit(unsigned unit, uint32_t rights, unsigned pages)
{
    struct queue_limits limits = limits_of(rights);

    host_session_unit(unit);
    return host_session_open(BLOCK_INTERFACE, rights, &limits, pages);
}

int transfer(struct host_session *s, bool write, uint64_t first, uint32_t offset, uint32_t bytes)
{
    struct queue_done done;
    uint32_t moved = 0;
    uint64_t seq;
    int error = write ? block_submit_write(&s->queue, first, offset, bytes, &seq)
                      : block_submit_read(&s->queue, first, offset, bytes, &seq);

    if (error == E_OK) {
        error = host_await(s, seq, &done);
    }
    if (error == E_OK) {
        error = block_finish_read(&done, bytes, &moved);
        HOST_CHECK(moved == bytes);
    }
    return error;
}

int flush(struct host_session *s)
{
    struct queue_done done;
    uint64_t seq;

    int error = block_submit_flush(&s->queue, &seq);

    return error == E_OK ? host_await(s, seq, &done) : error;
}

/* ---- contents */

void fill(uint8_t *to, uint32_t bytes, uint32_t seed)
{
    for (uint32_t i = 0; i < bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        to[i] = (uint8_t)(seed >> 24);
    }
}

bool image_is(const char *path, uint64_t at, const uint8_t *data, uint32_t bytes)
{
    static uint8_t buffer[REGION];
    FILE *f = fopen(path, "rb");
    bool same = f != NULL && fseek(f, (long)at, SEEK_SET) == 0 &&
                fread(buffer, 1, bytes, f) == bytes && memcmp(buffer, data, bytes) == 0;

    if (f != NULL) {
        (void)fclose(f);
    }
    return same;
}

bool round_trip(uint64_t first, uint32_t offset, uint32_t bytes)
{
    static uint8_t wanted[REGION];
    int error;

    fill(session->data + offset, bytes, (uint32_t)first ^ bytes);
    memcpy(wanted, session->data + offset, bytes);
    error = transfer(session, true, first, offset, bytes);
    if (error != E_OK || !image_is(disk_path, first * 512, wanted, bytes)) {
        return false;
    }
    memset(session->data + offset, 0xee, bytes);
    return transfer(session, false, first, offset, bytes) == E_OK &&
           memcmp(session->data + offset, wanted, bytes) == 0;
}

/* ---- the parts */

void test_found(void)
{
    struct block_geometry g = {0};

    HOST_CHECK(strcmp(host_unit(0), "disk0") == 0 && strcmp(host_unit(1), "disk1") == 0);
    HOST_CHECK(strcmp(host_unit(2), "cd2") == 0 && host_unit(3)[0] == '\0');
    HOST_CHECK(block_call_info(session->endpoint, &g) == E_OK);
    HOST_CHECK(g.blocks == DISK_BLOCKS && g.block_bytes == 512 && !g.is_read_only && !g.can_trim);
}

void test_sizes(void)
{
    static const uint32_t sectors[] = {1, 2, 7, 8, 15, 16, 17, 31, 64, 127, 128};
    static const uint64_t places[] = {0, 1, 63, 1000, 65535};

    for (unsigned i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
        uint32_t bytes = sectors[i] * 512;
        HOST_CHECK(round_trip(places[i % 5], 0, bytes));
        HOST_CHECK(round_trip(DISK_BLOCKS - sectors[i], SMALL - bytes, bytes));
    }
    HOST_CHECK(round_trip(5, 4, 1024)); /* a buffer needs no more than four */
}

/* Nothing is touched: neither the disk nor the region. */
static void refused(bool write, uint64_t first, uint32_t offset, uint32_t bytes, int wanted)
{
    static uint8_t before[SMALL];
    uint64_t commands = device_writes;

    memcpy(before, session->data, SMALL);
    HOST_CHECK(transfer(session, write, first, offset, bytes) == wanted);
    HOST_CHECK(memcmp(before, session->data, SMALL) == 0);
    HOST_CHECK(device_writes == commands);
}

static void test_refusals(void)
{
    for (unsigned write = 0; write < 2; write++) {
        refused(write, DISK_BLOCKS, 0, 512, E_BAD_ARG);
        refused(write, DISK_BLOCKS - 1, 0, 1024, E_BAD_ARG);
        refused(write, UINT64_MAX, 0, 512, E_BAD_ARG);
        refused(write, UINT64_MAX - 1, 0, 2048, E_BAD_ARG);
        refused(write, 1ull << 55, 0, 512, E_BAD_ARG);
        refused(write, 0, 0, 0, E_BAD_ARG);
        refused(write, 0, 0, 511, E_BAD_ARG);
        refused(write, 0, 0, 513, E_BAD_ARG);
        refused(write, 0, 2, 512, E_BAD_ARG);
    }
}

/* What the queue's library refuses reaches no handler; so does a write without the right to it. */
static void test_rights(void)
{
    struct host_session *s = open_unit(0, BLOCK_RIGHT_READ | BLOCK_RIGHT_INFO, 1);
    struct queue_done done;
    uint64_t seq, commands = device_writes;

    HOST_CHECK(transfer(s, true, 0, 0, 512) == E_NO_RIGHT);
    HOST_CHECK(flush(s) == E_NO_RIGHT);
    HOST_CHECK(queue_submit(&s->queue, BLOCK_OP_READ, 4096, 512, (uint64_t[4]){0}, &seq) ==
                   E_BAD_ARG ||
               host_await(s, seq, &done) == E_BAD_ARG);
    HOST_CHECK(device_writes == commands);
    HOST_CHECK(transfer(s, false, 0, 0, 512) == E_OK);
    host_session_close(s);
}

static void test_flush(void)
{
    struct queue_done done;
    uint64_t seq;

    HOST_CHECK(flush(session) == E_OK);
    HOST_CHECK(queue_submit(&session->queue, QUEUE_OP_FLUSH, 0, 0, (uint64_t[4]){0}, &seq) == E_OK);
    HOST_CHECK(host_await(session, seq, &done) == E_OK);
    HOST_CHECK(queue_submit(&session->queue, BLOCK_OP_FLUSH, 0, 512, (uint64_t[4]){0}, &seq) ==
               E_OK);
    HOST_CHECK(host_await(session, seq, &done) == E_BAD_ARG);
    HOST_CHECK(flush(session) == E_OK);
    HOST_CHECK(block_submit_trim(&session->queue, 0, 8, &seq) == E_OK);
    HOST_CHECK(host_await(session, seq, &done) == E_UNSUPPORTED);
}

/* All slots full of neighbours, backwards and forwards: whatever is put together, each gets its
 * own. */
static void test_depth(void)
{
    uint64_t seqs[16];
    struct queue_done done;
    unsigned collected = 0;

    fill(session->data, 16 * 1024, 99);
    for (unsigned i = 0; i < 16; i++) {
        uint64_t first = i < 8 ? 200 + 2 * i : 300 - 2 * i;
        HOST_CHECK(block_submit_write(&session->queue, first, i * 1024, 1024, &seqs[i]) == E_OK);
    }
    while (collected < 16 && host_collect(session, &done)) {
        HOST_CHECK(done.status == E_OK && done.value == 1024);
        collected++;
    }
    HOST_CHECK(collected == 16);
    for (unsigned i = 0; i < 16; i++) {
        uint64_t first = i < 8 ? 200 + 2 * i : 300 - 2 * i;
        HOST_CHECK(image_is(disk_path, first * 512, session->data + i * 1024, 1024));
    }
}

static void test_second_drive(void)
{
    struct host_session *other = open_unit(1, BLOCK_RIGHTS_ALL, 1);
    struct block_geometry g = {0};

    HOST_CHECK(block_call_info(other->endpoint, &g) == E_OK && g.blocks == SECOND_BLOCKS);
    fill(other->data, 4096, 7);
    HOST_CHECK(transfer(other, true, 3, 0, 4096) == E_OK);
    HOST_CHECK(round_trip(3, 0, 4096));
    memset(other->data, 0, 4096);
    HOST_CHECK(transfer(other, false, 3, 0, 4096) == E_OK);
    fill(session->data, 4096, 7);
    HOST_CHECK(memcmp(session->data, other->data, 4096) == 0);
    host_session_close(other);
}

void test_cd(void)
{
    struct host_session *cd = open_unit(2, BLOCK_RIGHTS_ALL, SMALL / 4096);
    struct block_geometry g = {0};

    HOST_CHECK(block_call_info(cd->endpoint, &g) == E_OK);
    HOST_CHECK(g.blocks == CD_BLOCKS && g.block_bytes == 2048 && g.is_read_only);
    for (uint32_t bytes = 2048; bytes <= SMALL; bytes *= 2) {
        HOST_CHECK(transfer(cd, false, bytes / 2048, SMALL - bytes, bytes) == E_OK);
        HOST_CHECK(image_is(cd_path, bytes, cd->data + SMALL - bytes, bytes));
    }
    HOST_CHECK(transfer(cd, false, CD_BLOCKS - 1, 0, 2048) == E_OK);
    HOST_CHECK(transfer(cd, false, CD_BLOCKS, 0, 2048) == E_BAD_ARG);
    HOST_CHECK(transfer(cd, false, 0, 0, 512) == E_BAD_ARG);
    HOST_CHECK(transfer(cd, true, 0, 0, 2048) == E_UNSUPPORTED);
    HOST_CHECK(flush(cd) == E_OK);
    host_session_close(cd);
}

/* A session that is closed while its requests are at the drive: the others' go on. */
static void test_closed(void)
{
    for (unsigned i = 0; i < 8; i++) {
        struct host_session *other = open_unit(0, BLOCK_RIGHTS_ALL, SMALL / 4096);
        uint64_t seq;

        fill(other->data, SMALL, i);
        for (unsigned k = 0; k < 4; k++) {
            HOST_CHECK(block_submit_read(&other->queue, 100 + 32 * k, 16384 * k, 16384, &seq) ==
                       E_OK);
        }
        host_poll();
        host_session_close(other);
        HOST_CHECK(round_trip(400, 0, 8192));
    }
}

void begin(unsigned pages)
{
    HOST_CHECK(host_start() == NULL);
    session = open_unit(0, BLOCK_RIGHTS_ALL, pages);
}

void test_all(void)
{
    begin(SMALL / 4096);
    test_found();
    test_sizes();
    test_refusals();
    test_rights();
    test_flush();
    test_depth();
    test_second_drive();
    test_cd();
    test_closed();
}

/* Requests of up to 1 MiB: more sectors than a 28-bit command has, pieces that cross 64 KiB, and
 * neighbours that are put together up to the most that one command moves. */
static void test_large(void)
{
    static const uint32_t sectors[] = {129, 255, 256, 257, 512, 1000, 2047, 2048};
    uint64_t seq;
    struct queue_done done;
    unsigned collected = 0;

    for (unsigned i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
        uint32_t bytes = sectors[i] * 512;
        HOST_CHECK(round_trip(DISK_BLOCKS - sectors[i], 0, bytes));
        HOST_CHECK(round_trip(3000, REGION - bytes, bytes));
        HOST_CHECK(round_trip(77, 65532, bytes));
    }
    fill(session->data, REGION, 5);
    for (unsigned i = 0; i < 32; i++) {
        HOST_CHECK(block_submit_write(&session->queue, 9000 + 128 * i, i * SMALL, SMALL, &seq) ==
                   E_OK);
    }
    while (collected < 32 && host_collect(session, &done)) {
        HOST_CHECK(done.status == E_OK && done.value == SMALL);
        collected++;
    }
    HOST_CHECK(collected == 32 && image_is(disk_path, 9000 * 512, session->data, REGION));
}

void test_dma(void)
{
    test_all();
    host_session_close(session);
    session = open_unit(0, BLOCK_RIGHTS_ALL, REGION / 4096);
    test_large();
}

/* ---- the program */

uint64_t device_writes;

static void count(bool port, uint64_t place, unsigned bytes, uint64_t value)
{
    (void)port;
    (void)place;
    (void)bytes;
    (void)value;
    device_writes++;
}

int run_part(int arguments, char **argument, const struct part_of_test *parts)
{
    if (arguments < 6) {
        return 2;
    }
    if (arguments == 7) {
        host_allow_dma();
    }
    disk_path = argument[4];
    cd_path = argument[5];
    qtest_on_write = count;
    host_open(argument[1], argument[2], NULL, 0);
    for (; parts->name != NULL; parts++) {
        if (strcmp(parts->name, argument[3]) == 0) {
            parts->run();
            return host_done();
        }
    }
    return 2;
}
