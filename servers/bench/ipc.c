/*
 * ipc.c - benchmarks of messages and notifications. The partner of a call has the caller's
 * priority, the waiter of a signal a higher one; nobody uses the FPU.
 */
#include "measure.h"
#include <quoll/sys.h>
#include <quoll/task.h>

#define PRIORITY_EQUAL  120u
#define PRIORITY_HIGHER 130u
#define MAGIC           0x71756f6cu

static void setup_none(const struct bench *b, struct measure *m)
{
    (void)b;
    (void)m;
}

/* A server that runs @blob, not started; the endpoint that it serves. */
static uint64_t make_server(const struct bench *b, struct lab_blob blob, struct lab_peer *peer)
{
    struct peer_page *page;
    uint64_t ep = lab_make(OBJ_ENDPOINT, 0);

    lab_peer_make(peer, b->other_space, blob, 1, 0, PRIORITY_EQUAL);
    page = peer->page;
    if (page != NULL) {
        page->reply = peer->t.reply;
        page->ep = ep;
    }
    return ep;
}

static void setup_call(const struct bench *b, struct measure *m)
{
    struct lab_peer peer;
    unsigned extra = b->words > MSG_REG_WORDS ? b->words - MSG_REG_WORDS : 0;

    m->op.cap = make_server(b, BLOB(peer_echo), &peer);
    m->op.tag = extra;
    for (unsigned i = 0; i < b->words && i < MSG_REG_WORDS; i++)
        m->op.words[i] = i + 1;
    /* The last word is the proof of the round; it costs what a zero costs. */
    m->op.words[MSG_REG_WORDS - 1] = MAGIC;
    for (unsigned i = 0; i < extra; i++)
        ((struct quoll_buffer *)TASK_BUFFER_VA)->words[i] = i;
    lab_peer_start(&peer);
}

/* The server finds the capability in a slot of the CNode that it shares with this thread. */
static void setup_cap(const struct bench *b, struct measure *m)
{
    struct lab_peer peer;
    uint64_t slot = lab_slot();
    uint64_t ep = make_server(b, BLOB(peer_taker), &peer);

    if (peer.t.buffer == NULL)
        return;
    peer.t.buffer->recv_slot = slot;
    peer.t.buffer->recv_count = 1;
    ((struct quoll_buffer *)TASK_BUFFER_VA)->send_caps[0] = ep;
    m->op = (struct invocation){ep, msg_tag(0, 0, 1), {0}};
    m->undo = (struct invocation){SLOT_CNODE, msg_tag(OP_CNODE_DELETE, 0, 0), {slot}};
    lab_peer_start(&peer);
}

static void setup_signal(const struct bench *b, struct measure *m)
{
    uint64_t notification = lab_make(OBJ_NOTIFICATION, 0);

    (void)b;
    m->op.cap = lab_copy(notification, RIGHT_ALL, 1);
}

/* A partner of higher priority that stores its first TSC. */
static void setup_partner(const struct bench *b, struct measure *m, struct lab_blob blob)
{
    struct lab_peer peer;
    struct peer_page *page;

    lab_peer_make(&peer, b->other_space, blob, 1, 0, PRIORITY_HIGHER);
    page = peer.page;
    if (page == NULL)
        return;
    page->notify = page->ep = m->op.cap;
    page->reply = peer.t.reply;
    m->end = &page->stamp;
    lab_peer_start(&peer);
}

static void setup_waiter(const struct bench *b, struct measure *m)
{
    setup_signal(b, m);
    setup_partner(b, m, BLOB(peer_waiter));
}

static void setup_receiver(const struct bench *b, struct measure *m)
{
    m->op.cap = lab_make(OBJ_ENDPOINT, 0);
    setup_partner(b, m, BLOB(peer_receiver));
}

#define CALL(space, other, count)                                                                  \
    {                                                                                              \
        "ipc.call_reply." space "." #count "w", ROUNDS_MAX, count, other, setup_call, measure_call \
    }

static const struct bench list[] = {
    CALL("same_as", false, 0),
    CALL("same_as", false, 1),
    CALL("same_as", false, 2),
    CALL("same_as", false, 4),
    CALL("same_as", false, 6),
    CALL("same_as", false, 20),
    CALL("same_as", false, 64),
    CALL("diff_as", true, 0),
    CALL("diff_as", true, 1),
    CALL("diff_as", true, 2),
    CALL("diff_as", true, 4),
    CALL("diff_as", true, 6),
    CALL("diff_as", true, 20),
    CALL("diff_as", true, 64),
    {"ipc.call_reply.diff_as.1cap", ROUNDS_MAX, 0, true, setup_cap, measure_filling},
    {"ipc.send.diff_as", ROUNDS_MAX, 0, true, setup_receiver, measure_send},
    {"ipc.signal.diff_as", ROUNDS_MAX, 0, true, setup_waiter, measure_signal_waiter},
    {"ipc.signal.no_waiter", ROUNDS_MAX, 0, false, setup_signal, measure_signal},
    {"ipc.null_syscall", ROUNDS_MAX, 0, false, setup_none, measure_null},
};

const struct bench_area area_ipc = {list, sizeof list / sizeof list[0], 0, NULL};
