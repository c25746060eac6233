/*
 * buffers.c - long messages and the buffers they need, which can go at any time. (Those that are
 * missing from the start: errors_call.c.)
 */
#include "spaces.h"
#include "test.h"

#define WORDS 3u

static struct puppet a, b, c;
static uint64_t ep;

static bool three(bool other)
{
    ep = lab_make(OBJ_ENDPOINT, 0);
    return puppet_make(&a, other, PUPPET_PRIORITY, 0) &&
           puppet_make(&b, other, PUPPET_PRIORITY, 0) && puppet_make(&c, other, PUPPET_PRIORITY, 0);
}

static bool take_buffer(const struct puppet *p)
{
    return test_expect_error("taking a buffer",
                             OP1(SLOT_CNODE, OP_CNODE_DELETE, p->peer.t.buffer_frame), E_OK);
}

/* A call with @words in the buffer; register word 0 is @word. */
static void call_long(struct puppet *p, unsigned words, uint64_t word)
{
    struct msg m = {.tag = msg_tag(0, words, 0), .w = {word}};

    puppet_sys(p, SYS_CALL, ep, 0, &m);
}

/* The caller's buffer goes while its call is queued: it learns of it when it would be delivered,
 * and the next in the queue is. */
static void sender_lost_it_queued(bool other)
{
    if (!three(other))
        return;
    call_long(&a, WORDS, 1);
    puppet_call(&c, ep, 0, 2);
    if (!take_buffer(&a))
        return;
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&a), E_NOBUF);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 2);
    /* The Reply holds the second caller only. */
    puppet_reply(&b, 0, 3);
    EXPECT_OK(puppet_status(&c));
    EXPECT(puppet_out(&c, R_RDX), 3);
    /* Short messages go on as before. */
    puppet_recv(&b, ep);
    call_long(&a, 0, 4);
    EXPECT(puppet_out(&b, R_RDX), 4);
}

/* A receiver without a buffer: long calls that waited are sent home, a short one is delivered. */
static void receiver_lost_it(bool other)
{
    if (!three(other))
        return;
    call_long(&a, MSG_EXTRA_MAX, 1);
    puppet_call(&c, ep, 0, 2);
    if (!take_buffer(&b))
        return;
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&a), E_NOBUF);
    EXPECT(puppet_out(&b, R_RDX), 2);
    puppet_reply(&b, 0, 0);
    /* With none that it could take, it waits. */
    call_long(&a, 1, 3);
    puppet_recv(&b, ep);
    EXPECT_ERROR(puppet_status(&a), E_NOBUF);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    /* It was waiting when the buffer went. */
    call_long(&c, 1, 4);
    EXPECT_ERROR(puppet_status(&c), E_NOBUF);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
    call_long(&c, 0, 5);
    EXPECT(puppet_out(&b, R_RDX), 5);
}

/* It goes while its owner waits to receive with it. */
static void receiver_lost_it_waiting(bool other)
{
    if (!three(other))
        return;
    puppet_recv(&b, ep);
    if (!take_buffer(&b))
        return;
    call_long(&a, 1, 1);
    EXPECT_ERROR(puppet_status(&a), E_NOBUF);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

/* The caller's buffer goes before the answer: whoever answers learns of it, the caller waits. */
static void caller_lost_it_delivered(bool other)
{
    struct msg m = {.tag = msg_tag(0, WORDS, 0)};

    if (!three(other))
        return;
    puppet_recv(&b, ep);
    call_long(&a, WORDS, 1);
    if (!take_buffer(&a))
        return;
    puppet_sys(&b, SYS_REPLY_RECV, b.reply, ep, &m);
    EXPECT_ERROR(puppet_status(&b), E_NOBUF);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_reply_recv(&b, ep, 0, 7);
    EXPECT_OK(puppet_status(&a));
    EXPECT(puppet_out(&a, R_RDX), 7);
    EXPECT_ERROR(puppet_status(&b), BLOCKED);
}

static void server_lost_it(bool other)
{
    struct msg m = {.tag = msg_tag(0, WORDS, 0)};

    if (!three(other))
        return;
    puppet_recv(&b, ep);
    call_long(&a, WORDS, 1);
    if (!take_buffer(&b))
        return;
    puppet_sys(&b, SYS_REPLY, b.reply, 0, &m);
    EXPECT_ERROR(puppet_status(&b), E_NOBUF);
    EXPECT_ERROR(puppet_status(&a), BLOCKED);
    puppet_reply(&b, 0, 8);
    EXPECT(puppet_out(&a, R_RDX), 8);
}

/* Capabilities are named in the buffer: without it the message arrives and they don't. */
static void capabilities_lost_with_it(bool other)
{
    struct msg m = {.tag = msg_tag(0, 0, 1), .w = {9}};

    if (!three(other))
        return;
    a.buffer->send_caps[0] = a.go;
    b.buffer->recv_slot = lab_slot();
    b.buffer->recv_count = 1;
    puppet_sys(&a, SYS_CALL, ep, 0, &m);
    if (!take_buffer(&a))
        return;
    puppet_recv(&b, ep);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 9);
    EXPECT(puppet_out(&b, R_RSI), 0);
    EXPECT(slot_type(b.buffer->recv_slot), OBJ_NULL);
}

/* The same for a receiver that has none. */
static void capabilities_without_it(bool other)
{
    struct msg m = {.tag = msg_tag(0, 0, 1), .w = {10}};

    if (!three(other) || !take_buffer(&b))
        return;
    a.buffer->send_caps[0] = a.go;
    puppet_recv(&b, ep);
    puppet_sys(&a, SYS_CALL, ep, 0, &m);
    EXPECT_OK(puppet_status(&b));
    EXPECT(puppet_out(&b, R_RDX), 10);
    EXPECT(puppet_out(&b, R_RSI), 0);
}

/* Another buffer in its place is as good as the first. */
static void given_anew(bool other)
{
    uint64_t frame = lab_make(OBJ_FRAME, FRAME_4K_BITS);
    struct quoll_buffer *buffer = lab_map_here(frame);

    if (!three(other) || buffer == NULL || !take_buffer(&b))
        return;
    EXPECT_OK(OP0(b.thread, OP_THREAD_SUSPEND));
    EXPECT_OK(OP5(b.thread, OP_THREAD_CONFIGURE, SLOT_CNODE, b.peer.vspace, 0, frame, SLOT_BUDGET));
    EXPECT_OK(OP0(b.thread, OP_THREAD_RESUME));
    puppet_recv(&b, ep);
    a.buffer->words[WORDS - 1] = 0x77;
    call_long(&a, WORDS, 1);
    EXPECT_OK(puppet_status(&b));
    EXPECT(buffer->words[WORDS - 1], 0x77);
}

/* clang-format off */
#define ROWS(X) \
    X(sender_lost_it_queued) X(receiver_lost_it) X(receiver_lost_it_waiting) \
    X(caller_lost_it_delivered) X(server_lost_it) X(capabilities_lost_with_it) \
    X(capabilities_without_it) X(given_anew)
/* clang-format on */

ROWS(BOTH_SPACES)

#define ENTRY(row) BOTH_ENTRIES("buffer", row)
static const struct test list[] = {ROWS(ENTRY)};

TEST_AREA(tests_buffer);
