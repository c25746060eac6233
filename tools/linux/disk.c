/*
 * disk.c - requests of a disk as servers/bench/disk.c makes them: O_DIRECT, one at a time by pread
 * and pwrite, eight by one call of io_uring that returns when all are done. The buffer is one huge
 * page, so that each request's bytes are together in memory, as a Quoll client's are.
 */
#define _GNU_SOURCE
#include "../../drivers/framework/test_disk.h"
#include "../../servers/bench/places.h"
#include "pair.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_TENTHS 100 /* for a disk to appear */
#define SQ_BYTES    4096u

static struct places order;
static uint64_t places[DEEP];
static struct {
    uint32_t bytes;
    unsigned depth;
    bool write, random;
    int fd;
} now;
static uint8_t *region;

/* ---- the queue of eight */

static struct {
    int fd;
    uint8_t *rings;
    struct io_uring_sqe *entries;
    struct io_uring_params p;
} queue = {.fd = -1};

static bool queue_make(void)
{
    void *rings, *entries;

    if (queue.fd >= 0)
        return true;
    queue.fd = (int)syscall(SYS_io_uring_setup, DEEP, &queue.p);
    if (queue.fd < 0)
        return failed("io_uring_setup");
    rings = mmap(NULL, SQ_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, queue.fd, IORING_OFF_SQ_RING);
    entries = mmap(NULL, SQ_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, queue.fd, IORING_OFF_SQES);
    if (rings == MAP_FAILED || entries == MAP_FAILED)
        return failed("io_uring's memory");
    queue.rings = rings;
    queue.entries = entries;
    return true;
}

static uint32_t *sq(uint32_t offset)
{
    return (uint32_t *)(queue.rings + offset);
}

static void queue_put(unsigned i)
{
    uint32_t tail = *sq(queue.p.sq_off.tail), at = tail & *sq(queue.p.sq_off.ring_mask);

    queue.entries[at] = (struct io_uring_sqe){
        .opcode = now.write ? IORING_OP_WRITE : IORING_OP_READ,
        .fd = now.fd,
        .addr = (uint64_t)(uintptr_t)(region + places_offset(i, now.bytes)),
        .len = now.bytes,
        .off = places[i] * BLOCK,
    };
    sq(queue.p.sq_off.array)[at] = at;
    __atomic_store_n(sq(queue.p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
}

static bool queue_take(void)
{
    uint32_t head = *sq(queue.p.cq_off.head);
    const struct io_uring_cqe *done = (const void *)(queue.rings + queue.p.cq_off.cqes);
    int result;

    if (head == __atomic_load_n(sq(queue.p.cq_off.tail), __ATOMIC_ACQUIRE)) {
        errno = EAGAIN;
        return failed("a completion");
    }
    result = done[head & *sq(queue.p.cq_off.ring_mask)].res;
    __atomic_store_n(sq(queue.p.cq_off.head), head + 1, __ATOMIC_RELEASE);
    errno = result < 0 ? -result : EIO;
    return result == (int)now.bytes || failed("a request");
}

static bool turn_deep(void)
{
    bool ok = true;

    for (unsigned i = 0; i < now.depth; i++)
        queue_put(i);
    if (syscall(SYS_io_uring_enter, queue.fd, now.depth, now.depth, IORING_ENTER_GETEVENTS, NULL,
                0) != (long)now.depth)
        return failed("io_uring_enter");
    for (unsigned i = 0; i < now.depth; i++)
        ok = queue_take() && ok;
    return ok;
}

/* ---- one at a time */

static bool turn_single(void)
{
    off_t at = (off_t)(places[0] * BLOCK);
    ssize_t n =
        now.write ? pwrite(now.fd, region, now.bytes, at) : pread(now.fd, region, now.bytes, at);

    return n == (ssize_t)now.bytes || failed(now.write ? "pwrite" : "pread");
}

/* ---- the disk */

static void choose_places(void)
{
    for (unsigned i = 0; i < now.depth; i++)
        places[i] = places_next(&order, now.bytes, now.random);
}

/* The name of the disk whose controller is the PCI function @function. */
static bool find(const char *function, char *name, size_t size)
{
    char path[PATH_MAX], target[PATH_MAX] = "";
    DIR *blocks = opendir("/sys/block");
    bool found = false;

    for (struct dirent *e; blocks != NULL && !found && (e = readdir(blocks)) != NULL;) {
        (void)snprintf(path, sizeof(path), "/sys/block/%s", e->d_name);
        memset(target, 0, sizeof(target));
        found = readlink(path, target, sizeof(target) - 1) > 0 &&
                strstr(target, function) != NULL && strstr(target, "/block/sd") != NULL;
        if (found)
            (void)snprintf(name, size, "/dev/%s", e->d_name);
    }
    if (blocks != NULL)
        (void)closedir(blocks);
    return found;
}

static bool is_marked(void)
{
    const size_t n = sizeof(TEST_DISK_MARK) - 1;

    if (pread(now.fd, region, BLOCK, 0) == BLOCK && memcmp(region, TEST_DISK_MARK, n) == 0)
        return true;
    errno = EPERM;
    return failed("this is no disk for tests");
}

/* Disks are found some time after their driver's module was loaded. */
static bool open_disk(const char *function)
{
    char name[300] = "";

    for (unsigned i = 0; !find(function, name, sizeof(name)); i++) {
        errno = ENODEV;
        if (i == WAIT_TENTHS)
            return failed(function);
        (void)usleep(100000);
    }
    now.fd = open(name, O_RDWR | O_DIRECT);
    return now.fd >= 0 || failed(name);
}

static bool make_region(void)
{
    if (region != NULL)
        return true;
    if (!put("/proc/sys/vm/nr_hugepages", "1"))
        return false;
    region = mmap(NULL, REGION, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
    if (region != MAP_FAILED)
        return true;
    region = NULL;
    return failed("a huge page");
}

/** disk FUNCTION read|write seq|rand BYTES DEPTH ROUNDS */
bool disk_row(char **words)
{
    bool ok = false;

    now.write = strcmp(words[2], "write") == 0;
    now.random = strcmp(words[3], "rand") == 0;
    now.bytes = (uint32_t)strtoul(words[4], NULL, 10);
    now.depth = (unsigned)strtoul(words[5], NULL, 10);
    order = PLACES_BEGIN;
    errno = EINVAL;
    if (now.bytes == 0 || now.bytes % BLOCK != 0 || now.bytes > REGION || now.depth == 0 ||
        now.depth > DEEP)
        return failed("disk");
    if (!make_region() || !queue_make() || !open_disk(words[1]))
        return false;
    if (is_marked()) {
        const struct row row = {.prepare = choose_places,
                                .turn = now.depth > 1 ? turn_deep : turn_single,
                                .warm = TURNS_WARM,
                                .rounds = (unsigned)strtoul(words[6], NULL, 10),
                                .units = now.depth};
        ok = row_run(&row);
    }
    (void)close(now.fd);
    return ok;
}
