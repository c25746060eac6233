/*
 * queue.c - @async methods: submitted, dispatched, completed, through the queue's own library; and
 * requests and completions that break the interface.
 */
#include "world.h"
#include <idl/sample_queue.h>

static _Alignas(4096) unsigned char memory[3][2 * QUEUE_PAGE_BYTES];
static const struct queue_pages pages = {(struct queue_c *)memory[0], (struct queue_d *)memory[1],
                                         (struct queue_m *)memory[2]};
static struct queue_client client;
static struct queue_driver driver;
static struct queue_manager manager;
static unsigned started;
static struct queue_request last;
static uint64_t last_words[2];
static enum sample_color last_tint;
static int16_t last_place;
static bool last_hard;

void queue_wake(uint64_t handle)
{
    (void)handle;
}

static void start(struct queue_driver *queue, const struct queue_request *request, uint64_t value)
{
    CHECK(queue == &driver);
    started++;
    last = *request;
    CHECK(queue_complete(queue, request->seq, E_OK, value) == E_OK);
}

void sample_start_put(struct queue_driver *queue, const struct queue_request *request,
                      uint64_t where, enum sample_color tint)
{
    last_words[0] = where;
    last_tint = tint;
    start(queue, request, request->length);
}

void sample_start_get(struct queue_driver *queue, const struct queue_request *request)
{
    start(queue, request, request->length + (last_words[0] == 13));
}

void sample_start_fill(struct queue_driver *queue, const struct queue_request *request)
{
    start(queue, request, request->length << 40 | 1);
}

void sample_start_poke(struct queue_driver *queue, const struct queue_request *request, bool hard,
                       int16_t where)
{
    last_hard = hard;
    last_place = where;
    start(queue, request, 0);
}

static void open_session(uint32_t rights)
{
    const struct queue_limits limits = {8, SAMPLE_OPS_KNOWN, sample_ops_allowed(rights),
                                        SAMPLE_OPS_WAIT, 8192};

    memset(memory, 0, sizeof(memory));
    CHECK(queue_manager_open(&manager, pages, &limits, 1, 2) == E_OK);
    CHECK(queue_client_open(&client, pages, 2, 3) == E_OK);
    CHECK(queue_driver_open(&driver, pages, 1) == E_OK);
}

/* Everything that is submitted is served; the completion of the last. */
static struct queue_done run(void)
{
    struct queue_request request;
    struct queue_done done = {0};

    while (queue_take(&driver, &request) == E_OK) {
        sample_dispatch_request(&driver, &request);
    }
    while (queue_collect(&client, &done) == E_OK) {
    }
    return done;
}

static void round_trips(void)
{
    struct queue_done done;
    uint32_t result = 0;
    uint64_t seq, wide = 0;

    CHECK(sample_submit_put(&client, 1ull << 63, SAMPLE_COLOR_BLUE, 4096, 4096, &seq) == E_OK);
    done = run();
    CHECK(sample_finish_put(&done, 4096, &result) == E_OK && result == 4096);
    CHECK(last_words[0] == 1ull << 63 && last_tint == SAMPLE_COLOR_BLUE && last.offset == 4096);
    CHECK(sample_submit_get(&client, 0, 100, &seq) == E_OK);
    done = run();
    CHECK(sample_finish_get(&done, 100, &result) == E_OK && result == 100);
    CHECK(sample_submit_poke(&client, true, -2, &seq) == E_OK);
    done = run();
    CHECK(sample_finish_poke(&done) == E_OK && last_hard && last_place == -2);
    CHECK(sample_submit_fill(&client, 0, 2048, &seq) == E_OK);
    done = run();
    CHECK(sample_finish_fill(&done, &wide) == E_OK && wide == (2048ull << 40 | 1));
    CHECK(queue_submit(&client, QUEUE_OP_FLUSH, 0, 0, NULL, &seq) == E_OK);
    done = run();
    CHECK(done.seq == seq && done.status == E_OK && started == 4);
    CHECK(sample_submit_get(&client, 0, 4097, &seq) == E_BAD_ARG);
    CHECK(sample_submit_get(&client, 8000, 1000, &seq) == E_BAD_ARG);
}

/* As a hostile client submits it: past the stub. */
static void refused(uint32_t op, uint64_t length, const uint64_t args[4], int line)
{
    struct queue_done done;
    uint64_t seq;
    unsigned before = started;

    check_that(queue_submit(&client, op, 0, length, args, &seq) == E_OK, "submitted", line);
    done = run();
    check_that(done.status == E_BAD_ARG && started == before, "refused", line);
    check_that(sample_finish_poke(&done) == E_BAD_ARG, "and told", line);
}
#define REFUSED(op, length, ...) refused(op, length, (const uint64_t[4]){__VA_ARGS__}, __LINE__)

static void bad_requests(void)
{
    REFUSED(SAMPLE_OP_PUT, 4, 0, 3);
    REFUSED(SAMPLE_OP_PUT, 4, 0, 1, 1);
    REFUSED(SAMPLE_OP_PUT, 4, 0, 1, 0, 1);
    REFUSED(SAMPLE_OP_PUT, 4097, 0, 1);
    REFUSED(SAMPLE_OP_GET, 4, 1);
    REFUSED(SAMPLE_OP_GET, 4097, 0);
    REFUSED(SAMPLE_OP_POKE, 0, 2, 0);
    REFUSED(SAMPLE_OP_POKE, 0, 1, 3);
    REFUSED(SAMPLE_OP_POKE, 0, 1, 0xfffd);
    REFUSED(SAMPLE_OP_POKE, 1, 1, 0);
}

static void bad_completions(void)
{
    struct queue_done done = {.value = 1ull << 32};
    uint32_t result = 7;
    uint64_t seq;

    CHECK(sample_finish_put(&done, UINT64_MAX, &result) == E_BAD_ANSWER && result == 7);
    done = (struct queue_done){.status = E_IO};
    CHECK(sample_finish_put(&done, UINT64_MAX, &result) == E_IO);
    done.status = 31;
    CHECK(sample_finish_put(&done, UINT64_MAX, &result) == E_BAD_ANSWER);
    done.status = 1ull << 32 | E_IO;
    CHECK(sample_finish_poke(&done) == E_BAD_ANSWER);
    last_words[0] = 13; /* get says one more than there is room for */
    CHECK(sample_submit_get(&client, 0, 100, &seq) == E_OK);
    done = run();
    CHECK(sample_finish_get(&done, 100, &result) == E_BAD_ANSWER && result == 7);
}

static void rights(void)
{
    uint64_t seq;

    open_session(SAMPLE_RIGHT_GET);
    CHECK(sample_submit_put(&client, 0, SAMPLE_COLOR_RED, 0, 4, &seq) == E_NO_RIGHT);
    CHECK(sample_submit_get(&client, 0, 4, &seq) == E_OK);
    CHECK(queue_submit(&client, SAMPLE_OP_FILL + 1, 0, 0, NULL, &seq) == E_BAD_CALL);
    CHECK(queue_submit(&client, 1, 0, 0, NULL, &seq) == E_BAD_CALL); /* nothing(), not @async */
}

void test_queue(void)
{
    open_session(SAMPLE_RIGHTS_ALL);
    round_trips();
    bad_requests();
    bad_completions();
    rights();
    CHECK(SAMPLE_OPS_WAIT == (1u << SAMPLE_OP_GET | 1u << SAMPLE_OP_FILL));
    CHECK(SAMPLE_OPS_KNOWN == (1u | 1u << SAMPLE_OP_PUT | 1u << SAMPLE_OP_GET |
                               1u << SAMPLE_OP_POKE | 1u << SAMPLE_OP_FILL));
}
