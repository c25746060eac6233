/*
 * model.c - see model.h. Written from docs/ipc.md, not from the kernel.
 */
#include "model.h"
#include <string.h>

#define KIND(kind) ((uint64_t)(kind) << TAG_KIND_SHIFT)

void model_init(struct model *m, uint8_t bound)
{
    memset(m, 0, sizeof *m);
    memset(m->holds, MODEL_NOBODY, sizeof m->holds);
    m->bound = bound;
}

/* ---- queues */

static void append(struct model_queue *q, unsigned i)
{
    q->thread[q->count++] = (uint8_t)i;
}

static void prepend(struct model_queue *q, unsigned i)
{
    memmove(q->thread + 1, q->thread, q->count++);
    q->thread[0] = (uint8_t)i;
}

static void leave(struct model_queue *q, unsigned i)
{
    uint8_t kept = 0;

    for (uint8_t k = 0; k < q->count; k++)
        if (q->thread[k] != i)
            q->thread[kept++] = q->thread[k];
    q->count = kept;
}

static unsigned first(struct model_queue *q)
{
    unsigned i = q->thread[0];

    leave(q, i);
    return i;
}

/* ---- results */

static void finish(struct model *m, unsigned i, struct model_result r)
{
    struct model_thread *t = &m->t[i];

    t->state = M_FREE;
    t->result = r;
    t->ended = t->suspended;
    t->ordered = t->suspended;
}

static void fail(struct model *m, unsigned i, int status)
{
    finish(m, i, (struct model_result){.status = status});
}

bool model_can_move(const struct model *m, unsigned i)
{
    const struct model_thread *t = &m->t[i];

    return t->state == M_FREE && !t->suspended && !t->ordered;
}

/* ---- who holds whom */

/* Take @i out of the Reply that holds it. */
static void let_go(struct model *m, unsigned i)
{
    for (unsigned r = 0; r < MODEL_THREADS; r++)
        if (m->holds[r] == i)
            m->holds[r] = MODEL_NOBODY;
}

static void hold(struct model *m, unsigned reply, unsigned i, enum model_state state)
{
    m->holds[reply] = (uint8_t)i;
    m->t[i].state = (uint8_t)state;
}

/* A receiver takes a message from @i, or from nobody that waits for an answer. Its Reply, or
 * MODEL_NOBODY if it has none. */
static unsigned give(struct model *m, unsigned receiver, struct model_result message)
{
    bool plain = m->t[receiver].state == M_RECEIVING_PLAIN;

    leave(&m->receivers, receiver);
    finish(m, receiver, message);
    return plain ? MODEL_NOBODY : receiver;
}

/* ---- calls and faults */

static struct model_result call_message(const struct model *m, unsigned i)
{
    return (struct model_result){.badge = MODEL_BADGE(i),
                                 .tag = m->t[i].tag,
                                 .word = m->t[i].word,
                                 .status = E_OK};
}

static struct model_result fault_message(unsigned i)
{
    return (struct model_result){.badge = MODEL_FAULT_BADGE(i),
                                 .tag = KIND(KIND_PAGE_FAULT),
                                 .word = MODEL_FAULT_VA};
}

/* The call of @i has been delivered to somebody with @reply. */
static void called(struct model *m, unsigned i, unsigned reply)
{
    if (reply == MODEL_NOBODY)
        fail(m, i, E_DEAD);
    else
        hold(m, reply, i, M_CALLING);
}

static void faulted(struct model *m, unsigned i, unsigned reply)
{
    if (reply == MODEL_NOBODY)
        m->t[i].state = M_STOPPED;
    else
        hold(m, reply, i, M_FAULTED);
}

static void call(struct model *m, unsigned i)
{
    if (m->receivers.count > 0) {
        called(m, i, give(m, m->receivers.thread[0], call_message(m, i)));
    } else {
        m->t[i].state = M_QUEUED;
        append(&m->callers, i);
    }
}

static void fault(struct model *m, unsigned i)
{
    if (m->endpoint_dead) {
        m->t[i].state = M_STOPPED;
    } else if (m->receivers.count > 0) {
        faulted(m, i, give(m, m->receivers.thread[0], fault_message(i)));
    } else {
        m->t[i].state = M_FAULT_QUEUED;
        append(&m->callers, i);
    }
}

/* Who is to run the instruction again that it faulted at does so when all else is done. */
static void settle(struct model *m)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++)
        if (m->t[i].state == M_WILL_FAULT && !m->t[i].suspended)
            fault(m, i);
}

/* The first in the queue goes to a receiver with @reply; what it brings. */
static struct model_result take_caller(struct model *m, unsigned reply)
{
    unsigned i = first(&m->callers);
    struct model_result message;

    if (m->t[i].state == M_FAULT_QUEUED) {
        message = fault_message(i);
        faulted(m, i, reply);
    } else {
        message = call_message(m, i);
        called(m, i, reply);
    }
    return message;
}

int model_send(struct model *m, uint64_t badge, uint64_t tag, uint64_t word)
{
    if (m->receivers.count == 0)
        return E_BUSY;
    (void)give(m, m->receivers.thread[0],
               (struct model_result){.badge = badge, .tag = tag, .word = word});
    return E_OK;
}

struct model_result model_receive_plain(struct model *m)
{
    return take_caller(m, MODEL_NOBODY);
}

static void receive(struct model *m, unsigned i, bool plain)
{
    if (m->bound == i && m->bits != 0) {
        finish(m, i, (struct model_result){.tag = KIND(KIND_NOTIFICATION), .word = m->bits});
        m->bits = 0;
    } else if (m->callers.count > 0) {
        finish(m, i, take_caller(m, plain ? MODEL_NOBODY : i));
    } else {
        m->t[i].state = plain ? M_RECEIVING_PLAIN : M_RECEIVING;
        prepend(&m->receivers, i);
    }
}

static void answer(struct model *m, unsigned reply, uint64_t tag, uint64_t word)
{
    unsigned i = m->holds[reply];

    if (i == MODEL_NOBODY)
        return;
    m->holds[reply] = MODEL_NOBODY;
    if (m->t[i].state == M_CALLING)
        finish(m, i, (struct model_result){.tag = tag, .word = word});
    else if (tag >> TAG_LABEL_SHIFT != 0)
        m->t[i].state = M_STOPPED;
    else
        m->t[i].state = M_WILL_FAULT;
}

void model_answer(struct model *m, unsigned reply, uint64_t tag, uint64_t word)
{
    answer(m, reply, tag, word);
    settle(m);
}

/* ---- notifications */

void model_signal(struct model *m, uint64_t bits)
{
    m->bits |= bits;
    if (m->waiters.count > 0) {
        finish(m, first(&m->waiters), (struct model_result){.word = m->bits});
        m->bits = 0;
    } else if (m->bound != MODEL_NOBODY &&
               (m->t[m->bound].state == M_RECEIVING || m->t[m->bound].state == M_RECEIVING_PLAIN)) {
        (void)give(m, m->bound,
                   (struct model_result){.tag = KIND(KIND_NOTIFICATION), .word = m->bits});
        m->bits = 0;
    }
}

static void wait_for_bits(struct model *m, unsigned i, bool block)
{
    if (m->bits != 0) {
        finish(m, i, (struct model_result){.word = m->bits});
        m->bits = 0;
    } else if (block) {
        m->t[i].state = M_WAITING;
        append(&m->waiters, i);
    } else {
        fail(m, i, E_BUSY);
    }
}

/* ---- ends */

/* The wait of @i ends: @queued if nobody had picked it up, else @delivered. */
static void end_wait(struct model *m, unsigned i, int queued, int delivered)
{
    switch (m->t[i].state) {
    case M_QUEUED:
    case M_RECEIVING:
    case M_RECEIVING_PLAIN:
    case M_WAITING:
        leave(&m->callers, i);
        leave(&m->receivers, i);
        leave(&m->waiters, i);
        fail(m, i, queued);
        break;
    case M_CALLING:
        let_go(m, i);
        fail(m, i, delivered);
        break;
    case M_FAULT_QUEUED:
    case M_FAULTED:
        leave(&m->callers, i);
        let_go(m, i);
        m->t[i].state = M_WILL_FAULT;
        break;
    default:
        break;
    }
}

static void suspend(struct model *m, unsigned i)
{
    uint8_t state = m->t[i].state;

    /* Before its wait ends: the result is seen only when it is resumed. */
    m->t[i].suspended = true;
    if (state == M_RECEIVING || state == M_RECEIVING_PLAIN || state == M_WAITING)
        end_wait(m, i, E_INTR, E_INTR);
}

void model_resume(struct model *m, unsigned i)
{
    struct model_thread *t = &m->t[i];

    t->suspended = false;
    if (t->ended) {
        t->ended = false;
        t->ordered = false;
    }
    if (t->state == M_STOPPED)
        t->state = M_WILL_FAULT;
    settle(m);
}

static bool is_stopped(const struct model *m, unsigned i)
{
    return m->t[i].suspended || m->t[i].state == M_STOPPED;
}

static void cancel_calls(struct model *m, uint64_t badge)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++)
        if (m->t[i].state == M_QUEUED && (badge == 0 || badge == MODEL_BADGE(i)))
            end_wait(m, i, E_GONE, E_GONE);
}

static void kill_endpoint(struct model *m)
{
    m->endpoint_dead = true;
    while (m->receivers.count > 0)
        fail(m, first(&m->receivers), E_GONE);
    while (m->callers.count > 0) {
        unsigned i = first(&m->callers);

        if (m->t[i].state == M_FAULT_QUEUED)
            m->t[i].state = M_STOPPED;
        else
            fail(m, i, E_GONE);
    }
}

static void kill_notification(struct model *m)
{
    m->notification_dead = true;
    m->bound = MODEL_NOBODY;
    m->bits = 0;
    while (m->waiters.count > 0)
        fail(m, first(&m->waiters), E_GONE);
}

/* Nobody can answer whom Reply @r holds. */
static void empty_reply(struct model *m, unsigned r)
{
    unsigned i = m->holds[r];

    m->holds[r] = MODEL_NOBODY;
    if (i == MODEL_NOBODY)
        return;
    if (m->t[i].state == M_CALLING)
        fail(m, i, E_DEAD);
    else
        m->t[i].state = M_STOPPED;
}

static void kill_reply(struct model *m, unsigned r)
{
    m->reply_dead[r] = true;
    if (m->t[r].state == M_RECEIVING) {
        leave(&m->receivers, r);
        fail(m, r, E_DEAD);
    }
    empty_reply(m, r);
}

static void kill_thread(struct model *m, unsigned i)
{
    leave(&m->callers, i);
    leave(&m->receivers, i);
    leave(&m->waiters, i);
    let_go(m, i);
    m->t[i] = (struct model_thread){.state = M_DEAD, .ordered = true};
    if (m->bound == i)
        m->bound = MODEL_NOBODY;
    empty_reply(m, i);
}

/* ---- steps */

/* An operation on thread @u; its capability is gone when it is. */
static int thread_op(struct model *m, enum model_op op, unsigned u)
{
    if (m->t[u].state == M_DEAD)
        return op == M_KILL_THREAD ? E_OK : E_BAD_CAP;
    if (op == M_SUSPEND) {
        suspend(m, u);
    } else if (op == M_CANCEL) {
        end_wait(m, u, E_GONE, E_CANCELED);
    } else if (op == M_KILL_THREAD) {
        kill_thread(m, u);
    } else {
        if (!is_stopped(m, u))
            return E_BUSY;
        model_resume(m, u);
    }
    return E_OK;
}

/* What needs the endpoint or a Reply: is it there? */
static bool lacks(const struct model *m, unsigned i, struct model_step s)
{
    switch (s.op) {
    case M_CALL:
    case M_SEND:
    case M_RECV_PLAIN:
    case M_CANCEL_CALLS:
    case M_CANCEL_BADGE:
        return m->endpoint_dead;
    case M_RECV:
    case M_ANSWER_RECV:
        return m->endpoint_dead || m->reply_dead[i];
    case M_ANSWER:
    case M_REFUSE:
        return m->reply_dead[i];
    case M_ANSWER_FOR:
        return m->reply_dead[s.target];
    case M_SIGNAL:
    case M_WAIT:
    case M_POLL:
        return m->notification_dead;
    default:
        return false;
    }
}

/* Operations that end at once for who does them, with this status. */
static int immediate(struct model *m, unsigned i, struct model_step s, uint64_t tag, uint64_t word)
{
    switch (s.op) {
    case M_SEND:
        return model_send(m, MODEL_BADGE(i), tag, word);
    case M_ANSWER:
    case M_REFUSE:
        answer(m, i, tag, word);
        break;
    case M_ANSWER_FOR:
        answer(m, s.target, tag, word);
        break;
    case M_SIGNAL:
        model_signal(m, MODEL_BIT(i));
        break;
    case M_CANCEL_CALLS:
        cancel_calls(m, 0);
        break;
    case M_CANCEL_BADGE:
        cancel_calls(m, MODEL_BADGE(s.target));
        break;
    case M_KILL_ENDPOINT:
        kill_endpoint(m);
        break;
    case M_KILL_NOTIFICATION:
        kill_notification(m);
        break;
    case M_KILL_REPLY:
        kill_reply(m, s.target);
        break;
    default:
        return thread_op(m, (enum model_op)s.op, s.target);
    }
    return E_OK;
}

static void step_that_may_wait(struct model *m, unsigned i, struct model_step s, uint64_t tag,
                               uint64_t word)
{
    switch (s.op) {
    case M_CALL:
        call(m, i);
        break;
    case M_RECV:
        if (m->holds[i] != MODEL_NOBODY)
            fail(m, i, E_BUSY);
        else
            receive(m, i, false);
        break;
    case M_RECV_PLAIN:
        receive(m, i, true);
        break;
    case M_ANSWER_RECV:
        answer(m, i, tag, word);
        receive(m, i, false);
        break;
    case M_WAIT:
    case M_POLL:
        wait_for_bits(m, i, s.op == M_WAIT);
        break;
    default:
        fault(m, i);
        break;
    }
}

static bool may_wait(unsigned op)
{
    return op == M_CALL || op == M_RECV || op == M_RECV_PLAIN || op == M_ANSWER_RECV ||
           op == M_WAIT || op == M_POLL || op == M_FAULT;
}

void model_step(struct model *m, struct model_step s, uint64_t tag, uint64_t word)
{
    unsigned i = s.thread;

    m->t[i].ordered = true;
    m->t[i].tag = tag;
    m->t[i].word = word;
    if (lacks(m, i, s)) {
        fail(m, i, E_BAD_CAP);
    } else if (may_wait(s.op)) {
        step_that_may_wait(m, i, s, tag, word);
    } else {
        int status = immediate(m, i, s, tag, word);

        if (m->t[i].state != M_DEAD)
            fail(m, i, status);
    }
    settle(m);
}
