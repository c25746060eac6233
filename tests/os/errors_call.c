/*
 * errors_call.c - every system call with every error that it gives at once: handles, types, rights,
 * tags, capabilities in messages, buffers. A server waits on W_ENDPOINT meanwhile and must not see
 * any of it. (Errors that end a wait are in ipc.c.)
 */
#include "errors.h"
#include <stdio.h>

enum {
    CALLS = 0
#define SYSCALL(name, value, text) +1
#include <quoll/syscalls.def>
#undef SYSCALL
};
_Static_assert(CALLS == 11, "a new system call needs its errors here");

#define ONE_CAP (1u << TAG_CAPS_SHIFT)

static struct puppet server, client;

/* The world with a server on W_ENDPOINT, which has a buffer or not, and a client. */
static bool build(bool with_buffer)
{
    if (!world_build() || !puppet_make(&server, true, PUPPET_PRIORITY, 0) ||
        !puppet_make(&client, true, PUPPET_PRIORITY, 0))
        return false;
    if (!with_buffer &&
        !test_expect_error("taking the server's buffer",
                           OP1(SLOT_CNODE, OP_CNODE_REVOKE, server.peer.t.buffer_frame), E_OK))
        return false;
    puppet_recv(&server, W_ENDPOINT);
    return test_expect_error("the server waits", puppet_status(&server), BLOCKED) &&
           snapshot_take();
}

struct
try {
    int64_t number;
    uint64_t rdi, rbx, tag;
};

/* @p makes the call @t, which fails with @error; nothing has changed. */
static bool fails(struct puppet *p, const char *what, struct try t, int error)
{
    struct msg m = {.tag = t.tag, .w = {1, 2, 3, 4, 5, 6}};
    char text[100];

    (void)snprintf(text, sizeof text, "%s, call %ld (rdi 0x%lx, rbx 0x%lx, tag 0x%lx)", what,
                   t.number, t.rdi, t.rbx, t.tag);
    puppet_sys_full(p, t.number, t.rdi, t.rbx, &m);
    return test_expect_error(text, puppet_status(p), error) && outputs_are_zero(p, text, 0) &&
           snapshot_same(text);
}

/* Put @value where @t has its handle. */
static struct try with(struct try t, bool in_rbx, uint64_t value)
{
    if (in_rbx)
        t.rbx = value;
    else
        t.rdi = value;
    return t;
}

/* The handle in rdi or rbx names nothing, or something of every other type than @type. */
static bool bad_handle(struct try t, bool in_rbx, unsigned type, bool zero_is_none)
{
    const uint64_t none[] = {0,          W_EMPTY,
                             W_FREED,    task_info()->cnode_slots,
                             UINT32_MAX, 1ull << 32 | W_ENDPOINT,
                             UINT64_MAX};

    for (unsigned i = zero_is_none ? 1 : 0; i < sizeof none / sizeof none[0]; i++)
        if (!fails(&world.caller, "nothing there", with(t, in_rbx, none[i]), E_BAD_CAP))
            return false;
    for (unsigned other = 1; other < OBJ_COUNT; other++)
        if (other != type && !fails(&world.caller, "wrong type",
                                    with(t, in_rbx, world_of_type(other)), world_wrong_type(other)))
            return false;
    return true;
}

/* The handle lacks @right. */
static bool lacks_right(struct try t, bool in_rbx, unsigned type, unsigned right)
{
    uint64_t weak = lab_copy(world_of_type(type), RIGHT_ALL & ~right, 0);

    return snapshot_take() &&
           fails(&world.caller, "without the right", with(t, in_rbx, weak), E_NO_RIGHT);
}

/* Tags that no message may have. */
static bool bad_tag(struct try t)
{
    static const uint64_t tags[] = {1ull << 16,
                                    1ull << 31,
                                    TAG_RESERVED,
                                    1u << TAG_KIND_SHIFT,
                                    KIND_IRQ << TAG_KIND_SHIFT,
                                    TAG_KIND_MASK,
                                    MSG_EXTRA_MAX + 1,
                                    TAG_WORDS_MASK,
                                    (MSG_MAX_CAPS + 1u) << TAG_CAPS_SHIFT,
                                    TAG_CAPS_MASK};

    for (unsigned i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        t.tag = tags[i];
        if (!fails(&world.caller, "impossible tag", t, E_BAD_ARG))
            return false;
    }
    return true;
}

/* The first capability named in the caller's buffer. */
static bool sends(struct try t, uint64_t handle, const char *what, int error)
{
    t.tag = ONE_CAP;
    world.caller.buffer->send_caps[0] = handle;
    return snapshot_take() && fails(&world.caller, what, t, error);
}

/* A copy of W_NOTIFICATION as deep as can be, in W_TEMP; those on the way are in W_CHAIN. */
static bool deep_copy(void)
{
    unsigned i = 1;

    (void)OP4(W_CHAIN, OP_CNODE_COPY, 1, 0, W_NOTIFICATION, RIGHT_ALL);
    while (i < 250 && OP4(W_CHAIN, OP_CNODE_COPY, i + 1, W_CHAIN, i, RIGHT_ALL) == E_OK)
        i++;
    return test_expect_error("deep copy", OP3(SLOT_CNODE, OP_CNODE_MOVE, W_TEMP, W_CHAIN, i), E_OK);
}

/* What a sender may get wrong, in calls, sends and answers alike. */
static bool bad_message(struct try t)
{
    struct try words = t, caps = t;

    words.tag = 1;
    caps.tag = ONE_CAP;
    return bad_tag(t) && fails(&world.mute, "words without a buffer", words, E_NOBUF) &&
           fails(&world.mute, "a capability without a buffer", caps, E_NOBUF) &&
           sends(t, 0, "slot 0 sent", E_BAD_CAP) && sends(t, W_EMPTY, "nothing sent", E_BAD_CAP) &&
           sends(t, UINT64_MAX, "a capability from outside", E_BAD_CAP) &&
           sends(t, W_UNTYPED, "untyped sent", E_BAD_TYPE) &&
           sends(t, W_REPLY, "a Reply sent", E_BAD_TYPE) && deep_copy() &&
           sends(t, W_TEMP, "derived too deeply", E_LIMIT);
}

/* An endpoint that lacks the right to grant does not take capabilities. */
static bool needs_grant(struct try t)
{
    t.rdi = lab_copy(W_ENDPOINT, RIGHT_ALL & ~(unsigned)RIGHT_GRANT, 0);
    return sends(t, W_NOTIFICATION, "without the right to grant", E_NO_RIGHT);
}

static void call(void)
{
    struct try t = {.number = SYS_CALL, .rdi = W_ENDPOINT};
    const uint64_t none[] = {0, W_EMPTY, W_FREED, task_info()->cnode_slots, UINT64_MAX};

    if (!build(true))
        return;
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++)
        if (!fails(&world.caller, "nothing there", with(t, false, none[i]), E_BAD_CAP))
            return;
    (void)(fails(&world.caller, "a Reply", with(t, false, W_REPLY), E_BAD_TYPE) &&
           lacks_right(t, false, OBJ_ENDPOINT, RIGHT_SEND) && bad_message(t) && needs_grant(t));
}

static void send(void)
{
    struct try t = {.number = SYS_SEND, .rdi = W_ENDPOINT};
    struct try busy = {.number = SYS_SEND, .rdi = W_FULL_ENDPOINT};

    if (build(true) && bad_handle(t, false, OBJ_ENDPOINT, false))
        (void)(lacks_right(t, false, OBJ_ENDPOINT, RIGHT_SEND) && bad_message(t) &&
               needs_grant(t) && fails(&world.caller, "nobody receives", busy, E_BUSY));
}

/* A long message for a receiver that has no buffer. */
static void receiver_without_buffer(void)
{
    struct try t = {.number = SYS_CALL, .rdi = W_ENDPOINT, .tag = 1};

    if (!build(false))
        return;
    for (unsigned i = 0; i < 2; i++) {
        if (!fails(&world.caller, "a word for no buffer", t, E_NOBUF))
            return;
        t.number = SYS_SEND;
    }
    t.tag = MSG_EXTRA_MAX;
    (void)fails(&world.caller, "many words for no buffer", t, E_NOBUF);
}

static void recv(void)
{
    struct try t = {.number = SYS_RECV, .rbx = W_FULL_ENDPOINT};

    if (!build(true))
        return;
    t.rdi = world.caller.reply;
    (void)(bad_handle(t, true, OBJ_ENDPOINT, false) && bad_handle(t, false, OBJ_REPLY, true) &&
           lacks_right(t, true, OBJ_ENDPOINT, RIGHT_RECV) &&
           fails(&world.caller, "another's Reply", with(t, false, W_REPLY), E_BAD_ARG));
}

/* The caller's Reply holds the client, who must go on waiting. */
static bool hold_client(uint64_t client_words)
{
    struct msg m = {.tag = client_words};

    puppet_recv(&world.caller, W_FULL_ENDPOINT);
    puppet_sys(&client, SYS_CALL, W_FULL_ENDPOINT, 0, &m);
    return test_expect_error("the client's call", puppet_status(&world.caller), E_OK) &&
           snapshot_take();
}

static void recv_occupied(void)
{
    struct try t = {.number = SYS_RECV, .rbx = W_FULL_ENDPOINT};

    if (!build(true) || !hold_client(0))
        return;
    t.rdi = world.caller.reply;
    if (!fails(&world.caller, "the Reply holds a caller", t, E_BUSY))
        return;
    EXPECT_OK(sys_reply(world.caller.reply, &(struct msg){.w = {9}}));
    EXPECT_OK(puppet_status(&client));
    EXPECT(puppet_out(&client, R_RDX), 9);
}

static void reply_recv(void)
{
    struct try t = {.number = SYS_REPLY_RECV, .rbx = W_FULL_ENDPOINT};

    if (!build(true) || !hold_client(0))
        return;
    t.rdi = world.caller.reply;
    (void)(bad_handle(t, true, OBJ_ENDPOINT, false) && bad_handle(t, false, OBJ_REPLY, false) &&
           lacks_right(t, true, OBJ_ENDPOINT, RIGHT_RECV) &&
           fails(&world.caller, "another's Reply", with(t, false, W_REPLY), E_BAD_ARG) &&
           bad_tag(t) && sends(t, W_EMPTY, "nothing sent", E_BAD_CAP) &&
           sends(t, W_UNTYPED, "untyped sent", E_BAD_TYPE) && deep_copy() &&
           sends(t, W_TEMP, "derived too deeply", E_LIMIT));
}

static void reply(void)
{
    struct try t = {.number = SYS_REPLY};

    if (!build(true) || !hold_client(0))
        return;
    t.rdi = world.caller.reply;
    (void)(bad_handle(t, false, OBJ_REPLY, false) && bad_message(t));
}

/* A long answer for a caller that has no buffer: the server is told, the caller goes on waiting. */
static void caller_without_buffer(void)
{
    struct try t = {.number = SYS_REPLY, .tag = 1};

    if (!build(true))
        return;
    EXPECT_OK(OP1(SLOT_CNODE, OP_CNODE_REVOKE, client.peer.t.buffer_frame));
    if (!hold_client(0))
        return;
    t.rdi = world.caller.reply;
    if (!fails(&world.caller, "a word for no buffer", t, E_NOBUF))
        return;
    t.number = SYS_REPLY_RECV;
    t.rbx = W_FULL_ENDPOINT;
    if (!fails(&world.caller, "a word for no buffer", t, E_NOBUF))
        return;
    t.tag = MSG_EXTRA_MAX;
    if (!fails(&world.caller, "many words for no buffer", t, E_NOBUF))
        return;
    puppet_reply(&world.caller, 0, 7);
    EXPECT_OK(puppet_status(&client));
    EXPECT(puppet_out(&client, R_RDX), 7);
}

static void signal(void)
{
    struct try t = {.number = SYS_SIGNAL, .rdi = W_NOTIFICATION};

    if (build(true))
        (void)(bad_handle(t, false, OBJ_NOTIFICATION, false) &&
               lacks_right(t, false, OBJ_NOTIFICATION, RIGHT_SEND));
}

static void wait_and_poll(void)
{
    struct try t = {.number = SYS_WAIT, .rdi = W_NOTIFICATION};

    if (!build(true))
        return;
    for (unsigned i = 0; i < 2; i++) {
        if (!bad_handle(t, false, OBJ_NOTIFICATION, false) ||
            !lacks_right(t, false, OBJ_NOTIFICATION, RIGHT_RECV))
            return;
        t.number = SYS_POLL;
    }
    (void)fails(&world.caller, "no bits", t, E_BUSY);
}

static void numbers(void)
{
    static const int64_t bad[] = {CALLS - 1, 11, 255, 256, 1000, INT32_MAX, INT32_MIN, -2, -100};

    if (!build(true))
        return;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct try t = {.number = bad[i], .rdi = W_ENDPOINT, .rbx = W_ENDPOINT};

        if (!fails(&world.caller, "no such call", t, E_BAD_CALL))
            return;
    }
}

/* Without a debugger in the kernel there is no such call; with one, only its own functions, and
 * those that stop the machine only with DEBUG_MAGIC. */
static void debug(void)
{
    static const uint64_t bad[] = {UINT64_MAX, DEBUG_ENTER, DEBUG_PANIC, DEBUG_FAULT, 1000};

    if (!build(true))
        return;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct try t = {.number = SYS_DEBUG, .rdi = bad[i]};

        if (!fails(&world.caller, "no such function", t, CONFIG_DEBUG ? E_BAD_ARG : E_BAD_CALL))
            return;
    }
}

static const struct test list[] = {
    {"kernel.errors.syscall.call", call},
    {"kernel.errors.syscall.send", send},
    {"kernel.errors.syscall.receiver_without_buffer", receiver_without_buffer},
    {"kernel.errors.syscall.recv", recv},
    {"kernel.errors.syscall.recv_occupied", recv_occupied},
    {"kernel.errors.syscall.reply_recv", reply_recv},
    {"kernel.errors.syscall.reply", reply},
    {"kernel.errors.syscall.caller_without_buffer", caller_without_buffer},
    {"kernel.errors.syscall.signal", signal},
    {"kernel.errors.syscall.wait_and_poll", wait_and_poll},
    {"kernel.errors.syscall.numbers", numbers},
    {"kernel.errors.syscall.debug", debug},
};

TEST_AREA(tests_errors_call);
