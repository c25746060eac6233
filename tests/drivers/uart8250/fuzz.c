/*
 * fuzz.c - a client that breaks every rule, beside one that keeps them. The hostile one writes what
 * it likes into its page of requests, almost right most of the time, and sends mutated messages.
 * The driver must touch nothing that is not its own (the sanitizers and the mappings see to that),
 * write into its queue what an honest driver writes, and serve the other client as ever.
 */
#include "uart_test.h"

#include <idl/serial_queue.h>
#include <quoll/serve.h>
#include <string.h>

#define HOSTILE_BYTE 0xee /* all that it sends */
#define AUDIT_EVERY  8u

static struct host_session *hostile, *honest;
static char expected[64];
static size_t expected_at, expected_bytes;

static uint32_t random_state;

static uint32_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static uint64_t strange(uint64_t usual)
{
    static const uint64_t values[] = {
        0,          1,          3,          4095,           4096,       4097,      65536,
        1ull << 31, 1ull << 32, UINT64_MAX, UINT64_MAX - 1, 1ull << 62, 1ull << 63};

    switch (random_next() % 4) {
    case 0:
        return values[random_next() % (sizeof(values) / sizeof(values[0]))];
    case 1:
        return usual + random_next() % 5 - 2;
    default:
        return usual;
    }
}

/* A request that may be right; its number comes last, as the protocol has it, or first. */
static void write_request(uint64_t seq)
{
    struct queue_slot *slot = &hostile->pages.c->req[seq % 32];
    uint32_t ops[] = {QUEUE_OP_FLUSH, SERIAL_OP_WRITE, SERIAL_OP_WRITE, SERIAL_OP_READ,
                      random_next()};

    if (random_next() % 8 == 0) {
        slot->seq = seq;
    }
    slot->op = ops[random_next() % 5];
    slot->flags = random_next() % 16 == 0 ? random_next() : 0;
    slot->offset = strange(random_next() % 4096);
    slot->length = strange(random_next() % 64);
    for (unsigned i = 0; i < 4; i++) {
        slot->arg[i] = strange(0);
    }
    queue_put(&slot->seq, strange(seq));
}

/* Anything, anywhere in its page. */
static void write_rubbish(void)
{
    uint64_t *words = (uint64_t *)hostile->pages.c;

    words[random_next() % (sizeof(struct queue_c) / 8)] = strange(random_next());
}

/* A message whose words and length are mutated. */
static void send_rubbish(void)
{
    static const uint64_t line[] = {115200, 8, 1, 0, 0, 0};
    struct msg m = {.tag = msg_tag((uint32_t)(SERIAL_INTERFACE << 8 | random_next() % 8),
                                   random_next() % 4 == 0 ? random_next() % 64 : 0, 0)};

    for (unsigned i = 0; i < MSG_REG_WORDS; i++) {
        m.w[i] = strange(line[i]);
    }
    if (random_next() % 8 == 0) {
        m.tag ^= 1ull << random_next() % 64 & ~(uint64_t)TAG_CAPS_MASK;
    }
    (void)sys_call(hostile->endpoint, &m);
}

/* What has left the line, without what the hostile one sent, is what the honest one wrote. */
static bool line_is_right(void)
{
    uint8_t bytes[4096];
    size_t n = line_take(bytes, sizeof(bytes));

    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != HOSTILE_BYTE) {
            if (expected_at == expected_bytes || bytes[i] != (uint8_t)expected[expected_at]) {
                return false;
            }
            expected_at++;
        }
    }
    return true;
}

static bool all_has_left(void)
{
    return !line_is_right() || expected_at == expected_bytes;
}

static void check_honest(unsigned round)
{
    struct serial_line line;

    expected_at = 0;
    expected_bytes = (size_t)snprintf(expected, sizeof(expected), "line %u\n", round);
    HOST_CHECK(write_all(honest, expected, expected_bytes) == E_OK);
    HOST_CHECK(host_until(all_has_left) && expected_at == expected_bytes);
    HOST_CHECK(serial_call_get_line(honest->endpoint, &line) == E_OK && line.baud >= 50);
}

void test_fuzz(uint32_t seed, unsigned rounds)
{
    uint64_t seq = 1, served;

    random_state = seed;
    HOST_CHECK(host_start() == NULL);
    hostile = open_serial(1);
    honest = open_serial(1);
    memset(hostile->data, HOSTILE_BYTE, hostile->data_bytes);
    served = host_requests();
    for (unsigned round = 0; round < rounds; round++) {
        struct queue_finding finding;

        write_request(seq);
        if (random_next() % 4 == 0) {
            write_rubbish();
        }
        if (random_next() % 4 == 0) {
            send_rubbish();
        }
        if (random_next() % 2 == 0) {
            line_send("?", 1); /* for its reads */
        }
        queue_wake(hostile->queue.wake_driver);
        host_poll();
        (void)line_is_right();
        finding = queue_manager_audit(&hostile->manager);
        HOST_CHECK(finding.what == NULL);
        seq += queue_get(&hostile->pages.d->done[seq % 32].taken) == seq;
        if (round % AUDIT_EVERY == 0) {
            check_honest(round);
        }
        if (round % 64 == 63) { /* it may have stopped its own queue for ever: a new one */
            host_session_close(hostile);
            hostile = open_serial(1);
            memset(hostile->data, HOSTILE_BYTE, hostile->data_bytes);
            seq = 1;
        }
    }
    printf("# %lu requests were served\n", (unsigned long)(host_requests() - served));
    HOST_CHECK(host_requests() - served > rounds / 2);
}
