/*
 * fuzz.c - the NBD server's protocol (servers/nbd without main.c and disk.c) on the host, under
 * sanitizers: a client that is honest, whose answers are known to the byte, and clients that are
 * not. Bytes come and go in random pieces, the disk is done in random order, and the window is as
 * large as was said and not a byte more. NBD_FUZZ=N runs N times as many.
 */
#include "../../servers/nbd/nbd.h"
#include "../host/mutate.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK      512u
#define DISK_BYTES (256u * 1024)
#define BAD_BLOCK  300u /* cannot be read or written */
#define STREAM_MAX (2u << 20)
#define HONEST     60u
#define HOSTILE    2000u
#define REQUESTS   60u

struct stream {
    uint8_t at[STREAM_MAX];
    size_t n, done;
};

static unsigned passed, failed;
static uint8_t disk[DISK_BYTES], after[DISK_BYTES]; /* what it has; what it will have been given */
static struct stream input, output, expected;
static bool is_read_only, ends;
static uint32_t window_bytes;
static struct nbd connection;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

/* ---- ports */

static size_t some(size_t n)
{
    size_t piece = random_next() % 4 == 0 ? random_next() % 40 : random_next() % 9000;

    return n < piece ? n : piece;
}

long port_receive(unsigned number, void *to, size_t n)
{
    size_t left = input.n - input.done;

    (void)number;
    if (left == 0) {
        return ends ? -1 : 0;
    }
    n = some(n < left ? n : left);
    memcpy(to, input.at + input.done, n);
    input.done += n;
    return (long)n;
}

long port_send(unsigned number, const void *from, size_t n)
{
    (void)number;
    n = some(n);
    n = n < STREAM_MAX - output.n ? n : STREAM_MAX - output.n;
    memcpy(output.at + output.n, from, n);
    output.n += n;
    return (long)n;
}

int port_open(unsigned number, struct nbd_disk *d)
{
    (void)number;
    *d = (struct nbd_disk){.bytes = DISK_BYTES,
                           .block_bytes = BLOCK,
                           .is_read_only = is_read_only,
                           .window = malloc(window_bytes),
                           .window_bytes = window_bytes,
                           .most_bytes = 16 * BLOCK};
    return d->window != NULL ? E_OK : E_NO_MEMORY;
}

/* What the disk has, with the bytes as they were when it was given. */
static struct {
    bool used;
    unsigned index;
    struct nbd_job job;
    uint8_t *bytes;
} given[NBD_JOBS];

static bool is_bad(const struct nbd_job *job)
{
    return BAD_BLOCK >= job->first_block && BAD_BLOCK < job->first_block + job->bytes / BLOCK;
}

int port_submit(unsigned number, unsigned index, const struct nbd_job *job)
{
    unsigned i = 0;

    (void)number;
    if (random_next() % 8 == 0) {
        return E_BUSY;
    }
    while (i < NBD_JOBS && given[i].used) {
        i++;
    }
    if (i == NBD_JOBS || job->at + job->bytes > window_bytes || job->bytes % BLOCK != 0 ||
        job->first_block * BLOCK + job->bytes > DISK_BYTES ||
        (is_read_only && job->what != NBD_JOB_READ)) {
        check(false, "a job that the disk must not get");
        abort();
    }
    given[i].used = true;
    given[i].index = index;
    given[i].job = *job;
    given[i].bytes = malloc(job->bytes + 1);
    if (job->what == NBD_JOB_WRITE) {
        memcpy(given[i].bytes, connection.disk.window + job->at, job->bytes);
        memcpy(disk + job->first_block * BLOCK, given[i].bytes, is_bad(job) ? 0 : job->bytes);
    } else if (job->what == NBD_JOB_READ) {
        memcpy(given[i].bytes, disk + job->first_block * BLOCK, job->bytes);
    }
    return E_OK;
}

static void finish(unsigned i)
{
    const struct nbd_job *job = &given[i].job;
    uint8_t *at = job->bytes != 0 ? connection.disk.window + job->at : NULL;

    if (job->what == NBD_JOB_WRITE && memcmp(at, given[i].bytes, job->bytes) != 0) {
        check(false, "the window changed below the disk");
    }
    if (job->what == NBD_JOB_READ) {
        memcpy(at, given[i].bytes, job->bytes);
    }
    free(given[i].bytes);
    given[i].used = false;
    nbd_done(&connection, given[i].index, job->what != NBD_JOB_FLUSH && is_bad(job) ? E_IO : E_OK);
}

static bool finish_some(void)
{
    bool any = false;

    for (unsigned i = 0; i < NBD_JOBS; i++) {
        any |= given[i].used;
        if (given[i].used && random_next() % 3 == 0) {
            finish(i);
        }
    }
    return any;
}

/* Until all that was sent is served, or it has ended. */
static void run(void)
{
    unsigned quiet = 0;

    nbd_begin(&connection, 0);
    while (quiet < 40 && connection.phase != NBD_ENDED) {
        size_t before = input.done + output.n;
        nbd_pump(&connection);
        quiet = finish_some() || input.done + output.n != before ? 0 : quiet + 1;
    }
    while (finish_some()) {
    }
    check(connection.busy == 0, "the disk has nothing of it");
    free(connection.disk.window);
}

/* ---- a client's bytes, and what is answered */

static void put(struct stream *s, unsigned bytes, uint64_t value)
{
    nbd_put(s->at + s->n, bytes, value);
    s->n += bytes;
}

static void put_bytes(struct stream *s, const void *from, size_t n)
{
    memcpy(s->at + s->n, from, n);
    s->n += n;
}

static uint16_t flags(void)
{
    return is_read_only ? 1 + 2 + 4 + 256 : 1 + 4 + 8;
}

static void option(uint32_t what, uint32_t bytes)
{
    put(&input, 8, NBD_OPTION_MAGIC);
    put(&input, 4, what);
    put(&input, 4, bytes);
}

static void expect_answer(uint32_t what, uint32_t answer, const void *bytes, uint32_t n)
{
    put(&expected, 8, NBD_ANSWER_MAGIC);
    put(&expected, 4, what);
    put(&expected, 4, answer);
    put(&expected, 4, n);
    put_bytes(&expected, bytes, n);
}

static void ask_go(const char *name)
{
    uint8_t about[14] = {0, NBD_INFO_EXPORT};
    bool asks = random_next() % 2 == 0;

    option(NBD_OPT_GO, (uint32_t)strlen(name) + (asks ? 8 : 6));
    put(&input, 4, strlen(name));
    put_bytes(&input, name, strlen(name));
    put(&input, 2, asks ? 1 : 0);
    if (asks) {
        put(&input, 2, NBD_INFO_BLOCK_SIZE);
    }
    if (strcmp(name, "disk0") != 0 && name[0] != '\0') {
        expect_answer(NBD_OPT_GO, NBD_REP_ERR_UNKNOWN, "the only export is disk0", 24);
        return;
    }
    nbd_put(about + 2, 8, DISK_BYTES);
    nbd_put(about + 10, 2, flags());
    expect_answer(NBD_OPT_GO, NBD_REP_INFO, about, 12);
    if (asks) {
        nbd_put(about, 2, NBD_INFO_BLOCK_SIZE);
        nbd_put(about + 2, 4, BLOCK);
        nbd_put(about + 6, 4, 4096);
        nbd_put(about + 10, 4, 32u << 20);
        expect_answer(NBD_OPT_GO, NBD_REP_INFO, about, 14);
    }
    expect_answer(NBD_OPT_GO, NBD_REP_ACK, "", 0);
}

static void negotiate(void)
{
    put(&expected, 8, NBD_MAGIC);
    put(&expected, 8, NBD_OPTION_MAGIC);
    put(&expected, 2, 3);
    put(&input, 4, 3);
    if (random_next() % 2 == 0) { /* structured replies: unknown here */
        option(8, 0);
        expect_answer(8, NBD_REP_ERR_UNSUP, "", 0);
    }
    if (random_next() % 2 == 0) {
        option(NBD_OPT_LIST, 0);
        expect_answer(NBD_OPT_LIST, NBD_REP_SERVER, "\0\0\0\5disk0", 9);
        expect_answer(NBD_OPT_LIST, NBD_REP_ACK, "", 0);
    }
    if (random_next() % 3 == 0) {
        ask_go("disk1");
    }
    if (random_next() % 2 == 0) {
        ask_go(random_next() % 2 == 0 ? "disk0" : "");
        return;
    }
    option(NBD_OPT_EXPORT_NAME, 5);
    put_bytes(&input, "disk0", 5);
    put(&expected, 8, DISK_BYTES);
    put(&expected, 2, flags());
}

struct request {
    unsigned command, flags;
    uint64_t offset;
    uint32_t bytes;
};

static void expect_reply(uint32_t error, uint64_t cookie)
{
    put(&expected, 4, NBD_REPLY_MAGIC);
    put(&expected, 4, error);
    put(&expected, 8, cookie);
}

/* The bad block is asked for alone: what is said of a piece in the midst of a read is its own test.
 */
static uint32_t error_of(const struct request *r)
{
    bool is_write = r->command == NBD_CMD_WRITE;

    if (r->command > NBD_CMD_FLUSH || ((r->flags & 1) != 0 && is_read_only)) {
        return NBD_EINVAL;
    }
    if (is_write && is_read_only) {
        return NBD_EPERM;
    }
    if (r->command == NBD_CMD_FLUSH) {
        return 0;
    }
    if (r->bytes == 0 || r->bytes % BLOCK != 0 || r->offset % BLOCK != 0) {
        return NBD_EINVAL;
    }
    if (r->offset > DISK_BYTES || r->bytes > DISK_BYTES - r->offset) {
        return is_write ? NBD_ENOSPC : NBD_EINVAL;
    }
    return r->offset / BLOCK == BAD_BLOCK ? NBD_EIO : 0;
}

static void random_request(struct request *r)
{
    static const unsigned commands[] = {
        NBD_CMD_READ, NBD_CMD_READ, NBD_CMD_WRITE, NBD_CMD_WRITE, NBD_CMD_FLUSH, 4, 6};
    uint32_t first = random_next() % (DISK_BYTES / BLOCK);

    r->command = commands[random_next() % 7];
    r->flags = random_next() % 4 == 0 ? NBD_CMD_FLAG_FUA : 0;
    r->offset = (uint64_t)first * BLOCK;
    r->bytes = (random_next() % 60 + 1) * BLOCK;
    if (random_next() % 8 == 0) {
        r->offset += random_next() % 3 == 0 ? DISK_BYTES : 1;
    }
    if (random_next() % 16 == 0) {
        r->offset = BAD_BLOCK * BLOCK;
    }
    if (r->offset / BLOCK <= BAD_BLOCK && (r->offset + r->bytes - 1) / BLOCK >= BAD_BLOCK) {
        r->bytes = BLOCK;
    }
    if (r->command == NBD_CMD_FLUSH) {
        r->offset = r->bytes = 0;
    }
}

static void ask(unsigned number)
{
    struct request r;
    uint32_t error;
    uint64_t cookie = number * 0x9e3779b97f4a7c15ull;

    random_request(&r);
    error = error_of(&r);
    put(&input, 4, NBD_REQUEST_MAGIC);
    put(&input, 2, r.flags);
    put(&input, 2, r.command);
    put(&input, 8, cookie);
    put(&input, 8, r.offset);
    put(&input, 4, r.bytes);
    for (uint32_t i = 0; r.command == NBD_CMD_WRITE && i < r.bytes; i++) {
        put(&input, 1, random_next());
    }
    if (r.command == NBD_CMD_WRITE && error == 0) {
        memcpy(after + r.offset, input.at + input.n - r.bytes, r.bytes);
    }
    expect_reply(error, cookie);
    if (r.command == NBD_CMD_READ && error == 0) {
        put_bytes(&expected, after + r.offset, r.bytes);
    }
}

static void begin_client(void)
{
    input.n = input.done = output.n = expected.n = 0;
    ends = false;
    is_read_only = random_next() % 3 == 0;
    window_bytes = BLOCK * (2 + random_next() % 100);
    memcpy(after, disk, DISK_BYTES);
    negotiate();
    for (unsigned i = random_next() % REQUESTS; i > 0; i--) {
        ask(i);
    }
}

static void say_goodbye(void)
{
    put(&input, 4, NBD_REQUEST_MAGIC);
    put(&input, 4, NBD_CMD_DISC);
    put(&input, 20, 0);
}

static void honest(void)
{
    bool leaves = random_next() % 2 == 0;

    begin_client();
    if (leaves) {
        say_goodbye();
    }
    run();
    check(output.n == expected.n && memcmp(output.at, expected.at, output.n) == 0,
          "every answer, in order, to the byte");
    check(memcmp(disk, after, DISK_BYTES) == 0, "the disk has what was written");
    check(connection.phase == (leaves ? NBD_ENDED : NBD_TRANSMITS), "and it ends, or goes on");
}

/* A read fails behind its first piece: its reply cannot be taken back. */
static void broken_read(void)
{
    input.n = input.done = output.n = expected.n = 0;
    window_bytes = 4 * BLOCK;
    is_read_only = ends = false;
    negotiate();
    put(&input, 4, NBD_REQUEST_MAGIC);
    put(&input, 4, NBD_CMD_READ);
    put(&input, 8, 1);
    put(&input, 8, (BAD_BLOCK - 4) * BLOCK);
    put(&input, 4, 8 * BLOCK);
    expect_reply(0, 1);
    run();
    check(connection.phase == NBD_ENDED, "the connection ends");
    check(output.n == expected.n + 4ul * BLOCK, "after what could be read");
}

static void hostile(unsigned i)
{
    begin_client();
    if (i % 16 == 0) { /* noise from some point on */
        for (size_t at = random_next() % input.n; at < input.n; at++) {
            input.at[at] = (uint8_t)random_next();
        }
    }
    if (i % 4 == 0) { /* of the first bytes, where the handshake is */
        size_t n = input.n < 80 ? input.n : 80;
        mutate((char *)input.at, &n);
    } else {
        mutate((char *)input.at, &input.n);
    }
    ends = random_next() % 4 != 0;
    run();
    check(!ends || connection.phase == NBD_ENDED, "it has ended with its client");
    check(output.n <= STREAM_MAX, "and was not answered without end");
}

int main(void)
{
    const char *more = getenv("NBD_FUZZ");
    unsigned times = more != NULL ? (unsigned)strtoul(more, NULL, 10) : 1;

    for (unsigned i = 0; i < DISK_BYTES; i++) {
        disk[i] = (uint8_t)random_next();
    }
    for (unsigned i = 0; i < HONEST * times; i++) {
        honest();
        broken_read();
    }
    for (unsigned i = 0; i < HOSTILE * times; i++) {
        hostile(i);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
