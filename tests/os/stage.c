/*
 * stage.c - see stage.h. All that a sequence can destroy is cut from one untyped, so that a clean
 * stage is one revocation away. The supervisor never waits: what would receive a call is a fifth
 * puppet, the usher.
 */
#include "stage.h"
#include <stdio.h>
#include <string.h>

#define POOL_BITS      15u
#define SUPERVISOR_BIT 0x100ull
#define USHER_PRIORITY (PUPPET_PRIORITY + 20u)
#define END_TAG        ((uint64_t)99 << TAG_LABEL_SHIFT)
#define END_WORD       0xe4dull

/* Capabilities that are made anew for a clean stage, in consecutive slots. */
enum place {
    ENDPOINT,
    NOTIFICATION,
    SUPERVISOR_SIGNAL,
    CALLS,
    FAULTS = CALLS + MODEL_THREADS,
    SIGNALS = FAULTS + MODEL_THREADS,
    THREADS = SIGNALS + MODEL_THREADS,
    REPLIES = THREADS + MODEL_THREADS,
    PLACES = REPLIES + MODEL_THREADS
};

static struct {
    struct puppet actor[MODEL_THREADS], usher;
    uint64_t pool, first; /* the untyped, and the slot of ENDPOINT */
    uint8_t priority[MODEL_THREADS];
    uint8_t bound;
    uint64_t compared[MODEL_THREADS]; /* orders whose results have been looked at */
    bool dirty;
    const struct stage_sequence *sequence;
} stage;

static const char *const op_names[M_OPS] = {"call",          "send",
                                            "recv",          "plain",
                                            "answer",        "refuse",
                                            "answer_recv",   "signal",
                                            "wait",          "poll",
                                            "fault",         "cancel_calls",
                                            "kill_endpoint", "kill_notification",
                                            "answer_for",    "suspend",
                                            "resume",        "cancel",
                                            "cancel_badge",  "kill_reply",
                                            "kill_thread"};

static uint64_t cap(unsigned place)
{
    return stage.first + place;
}

/* ---- text */

/* "A.recv B.suspend:C" as far as there is room. */
static void put_sequence(char *to, size_t size)
{
    size_t used = 0;

    to[0] = '\0';
    for (unsigned n = 0; n < stage.sequence->count && used < size; n++) {
        const struct model_step *s = &stage.sequence->step[n];
        char target[3] = {':', (char)('A' + s->target), '\0'};

        used +=
            (size_t)snprintf(to + used, size - used, "%s%c.%s%s", n == 0 ? "" : " ",
                             'A' + s->thread, op_names[s->op], s->op >= M_ANSWER_FOR ? target : "");
    }
}

static bool same(const char *what, unsigned thread, uint64_t got, uint64_t want)
{
    char text[300], sequence[220];

    if (got == want)
        return true;
    put_sequence(sequence, sizeof sequence);
    (void)snprintf(text, sizeof text, "%c's %s in [%s]", 'A' + thread, what, sequence);
    return test_expect(text, got, want);
}

static unsigned find_op(const char *name, size_t length)
{
    for (unsigned op = 0; op < M_OPS; op++)
        if (strlen(op_names[op]) == length && strncmp(op_names[op], name, length) == 0)
            return op;
    return M_OPS;
}

bool stage_next_action(const char **text, struct model_step *s)
{
    const char *p = *text;
    size_t length = 0;

    while (*p == ' ')
        p++;
    while (p[length] != '\0' && p[length] != ' ' && p[length] != ':')
        length++;
    s->op = (uint8_t)find_op(p, length);
    s->target = 0;
    if (s->op == M_OPS)
        return false;
    p += length;
    if (*p == ':') {
        s->target = (uint8_t)(p[1] - 'A');
        p += 2;
    }
    *text = p;
    return s->target < MODEL_THREADS;
}

bool stage_parse(const char *text, struct stage_sequence *s)
{
    s->count = 0;
    while (*text != '\0') {
        struct model_step *step = &s->step[s->count];

        if (s->count == STAGE_STEPS_MAX || text[0] < 'A' || text[0] >= 'A' + MODEL_THREADS ||
            text[1] != '.')
            return false;
        step->thread = (uint8_t)(text[0] - 'A');
        text += 2;
        if (!stage_next_action(&text, step))
            return false;
        s->count++;
        while (*text == ' ')
            text++;
    }
    return true;
}

/* ---- a clean stage */

static bool ok(const char *what, int status)
{
    return test_expect_error(what, status, E_OK);
}

static bool make(unsigned place, unsigned type, unsigned count, uint64_t thread)
{
    return ok("retype for the stage",
              op(stage.pool, OP_UNTYPED_RETYPE, type, 0, 0, cap(place), count, thread));
}

static bool mint(unsigned place, unsigned from, uint64_t badge)
{
    return ok("mint for the stage",
              OP5(SLOT_CNODE, OP_CNODE_MINT, cap(place), 0, cap(from), RIGHT_ALL, badge));
}

static bool enter(unsigned i)
{
    struct puppet *p = &stage.actor[i];

    p->thread = cap(THREADS + i);
    p->reply = cap(REPLIES + i);
    p->done = p->page->done;
    return make(REPLIES + i, OBJ_REPLY, 1, p->thread) &&
           mint(CALLS + i, ENDPOINT, MODEL_BADGE(i)) &&
           mint(FAULTS + i, ENDPOINT, MODEL_FAULT_BADGE(i)) &&
           mint(SIGNALS + i, NOTIFICATION, MODEL_BIT(i)) &&
           ok("configure", OP5(p->thread, OP_THREAD_CONFIGURE, SLOT_CNODE, p->peer.vspace,
                               cap(FAULTS + i), p->peer.t.buffer_frame, SLOT_BUDGET)) &&
           ok("priority", OP1(p->thread, OP_THREAD_SET_PRIORITY, stage.priority[i])) &&
           ok("start",
              OP4(p->thread, OP_THREAD_START, p->peer.entry, p->peer.page_va, p->peer.page_va, 0));
}

static bool clean_up(void)
{
    if (!stage.dirty)
        return true;
    if (!ok("revoking the stage", OP1(SLOT_CNODE, OP_CNODE_REVOKE, stage.pool)) ||
        !make(THREADS, OBJ_THREAD, MODEL_THREADS, 0) || !make(ENDPOINT, OBJ_ENDPOINT, 1, 0) ||
        !make(NOTIFICATION, OBJ_NOTIFICATION, 1, 0) ||
        !mint(SUPERVISOR_SIGNAL, NOTIFICATION, SUPERVISOR_BIT))
        return false;
    for (unsigned i = 0; i < MODEL_THREADS; i++)
        if (!enter(i))
            return false;
    stage.dirty = false;
    return stage.bound == MODEL_NOBODY ||
           ok("bind", OP1(cap(THREADS + stage.bound), OP_THREAD_BIND, cap(NOTIFICATION)));
}

bool stage_build(const uint8_t priorities[MODEL_THREADS], unsigned bound, bool spaces)
{
    stage.pool = lab_make(OBJ_UNTYPED, POOL_BITS);
    stage.first = lab_slot();
    for (unsigned place = 1; place < PLACES; place++)
        (void)lab_slot();
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        struct puppet *p = &stage.actor[i];

        /* Its space, code and page; the thread itself comes from the pool. */
        if (!puppet_make(p, spaces && i % 2 != 0, PUPPET_PRIORITY, 0) ||
            !ok("the first thread", OP1(SLOT_CNODE, OP_CNODE_DELETE, p->thread)))
            return false;
        stage.priority[i] = priorities[i];
    }
    stage.bound = (uint8_t)bound;
    stage.dirty = true;
    return puppet_make(&stage.usher, false, USHER_PRIORITY, 0);
}

void stage_model(struct model *m)
{
    model_init(m, stage.bound);
}

/* ---- steps */

static uint64_t step_tag(struct model_step s, unsigned n)
{
    uint64_t label = s.op == M_REFUSE ? 1 : s.op == M_CALL || s.op == M_SEND ? 0x40 + n : 0;

    return label << TAG_LABEL_SHIFT;
}

static uint64_t step_word(unsigned n)
{
    return 0x100 + n;
}

void stage_model_step(struct model *m, struct model_step s, unsigned n)
{
    model_step(m, s, step_tag(s, n), step_word(n));
}

/* The call of an operation on a kernel object. */
static void invoke(struct puppet *p, uint64_t object, uint32_t label, uint64_t a, uint64_t b,
                   uint64_t c)
{
    struct msg m = {.tag = msg_tag(label, 0, 0), .w = {a, b, c}};

    puppet_sys(p, SYS_CALL, object, 0, &m);
}

static void delete (struct puppet *p, unsigned place)
{
    invoke(p, SLOT_CNODE, OP_CNODE_DELETE, cap(place), 0, 0);
}

/* Operations on other objects than endpoint, notification and Replies. */
static void order_invocation(struct puppet *p, struct model_step s)
{
    switch (s.op) {
    case M_CANCEL_CALLS:
        invoke(p, SLOT_CNODE, OP_CNODE_CANCEL, cap(ENDPOINT), 0, 1);
        break;
    case M_CANCEL_BADGE:
        invoke(p, SLOT_CNODE, OP_CNODE_CANCEL, cap(ENDPOINT), MODEL_BADGE(s.target), 0);
        break;
    case M_KILL_ENDPOINT:
        delete (p, ENDPOINT);
        break;
    case M_KILL_NOTIFICATION:
        delete (p, NOTIFICATION);
        break;
    case M_KILL_REPLY:
        delete (p, REPLIES + s.target);
        break;
    case M_KILL_THREAD:
        delete (p, THREADS + s.target);
        break;
    case M_SUSPEND:
        invoke(p, cap(THREADS + s.target), OP_THREAD_SUSPEND, 0, 0, 0);
        break;
    case M_RESUME:
        invoke(p, cap(THREADS + s.target), OP_THREAD_RESUME, 0, 0, 0);
        break;
    default:
        invoke(p, cap(THREADS + s.target), OP_THREAD_CANCEL, 0, 0, 0);
        break;
    }
}

static void order(struct model_step s, unsigned n)
{
    struct puppet *p = &stage.actor[s.thread];
    struct msg m = {.tag = step_tag(s, n), .w = {step_word(n)}};
    uint64_t reply = cap(REPLIES + s.thread);

    switch (s.op) {
    case M_CALL:
        puppet_sys(p, SYS_CALL, cap(CALLS + s.thread), 0, &m);
        break;
    case M_SEND:
        puppet_sys(p, SYS_SEND, cap(CALLS + s.thread), 0, &m);
        break;
    case M_RECV:
        puppet_sys(p, SYS_RECV, reply, cap(ENDPOINT), &m);
        break;
    case M_RECV_PLAIN:
        puppet_sys(p, SYS_RECV, 0, cap(ENDPOINT), &m);
        break;
    case M_ANSWER:
    case M_REFUSE:
        puppet_sys(p, SYS_REPLY, reply, 0, &m);
        break;
    case M_ANSWER_FOR:
        puppet_sys(p, SYS_REPLY, cap(REPLIES + s.target), 0, &m);
        break;
    case M_ANSWER_RECV:
        puppet_sys(p, SYS_REPLY_RECV, reply, cap(ENDPOINT), &m);
        break;
    case M_SIGNAL:
        puppet_sys(p, SYS_SIGNAL, cap(SIGNALS + s.thread), 0, &m);
        break;
    case M_WAIT:
    case M_POLL:
        puppet_sys(p, s.op == M_WAIT ? SYS_WAIT : SYS_POLL, cap(NOTIFICATION), 0, &m);
        break;
    case M_FAULT:
        puppet_do(p, PUPPET_READ, MODEL_FAULT_VA);
        break;
    default:
        order_invocation(p, s);
        break;
    }
}

/* ---- comparing */

static uint64_t expected_state(const struct model_thread *t)
{
    static const uint8_t states[] = {
        [M_FREE] = THREAD_WAITING, /* for its next order */
        [M_QUEUED] = THREAD_QUEUED,       [M_CALLING] = THREAD_CALLING,
        [M_RECEIVING] = THREAD_RECEIVING, [M_RECEIVING_PLAIN] = THREAD_RECEIVING_PLAIN,
        [M_WAITING] = THREAD_WAITING,     [M_FAULT_QUEUED] = THREAD_FAULT_QUEUED,
        [M_FAULTED] = THREAD_FAULTED,     [M_WILL_FAULT] = THREAD_STOPPED,
        [M_STOPPED] = THREAD_STOPPED,
    };

    return t->suspended ? THREAD_STOPPED : states[t->state];
}

/* The registers that the finished order of thread @i has left. */
static bool same_result(unsigned i, const struct model_result *want)
{
    static const enum puppet_reg zero[] = {R_RBX, R_RBP, R_R10, R_R12, R_R13, R_R14, R_R15};
    const struct puppet *p = &stage.actor[i];
    bool fault = want->tag == KIND_PAGE_FAULT << TAG_KIND_SHIFT;

    for (unsigned k = 0; k < sizeof zero / sizeof zero[0]; k++)
        if (!same("register that must be 0", i, puppet_out(p, zero[k]), 0))
            return false;
    return same("status", i, puppet_out(p, R_RAX), (uint64_t)want->status) &&
           same("badge", i, puppet_out(p, R_RDI), want->badge) &&
           same("tag", i, puppet_out(p, R_RSI), want->tag) &&
           same("word", i, puppet_out(p, R_RDX), want->word) &&
           (fault || (same("word 1", i, puppet_out(p, R_R8), 0) &&
                      same("word 2", i, puppet_out(p, R_R9), 0)));
}

static bool same_thread(unsigned i, const struct model_thread *t)
{
    const struct puppet *p = &stage.actor[i];

    if (t->state == M_DEAD)
        return true;
    if (!same("order finished", i, puppet_idle(p), !t->ordered) ||
        !ok("thread info", OP0(p->thread, OP_THREAD_INFO)) ||
        !same("state", i, test_out.w[0], expected_state(t)))
        return false;
    if (t->ordered || stage.compared[i] == p->done)
        return true;
    stage.compared[i] = p->done;
    return same_result(i, &t->result);
}

static bool same_as(const struct model *m)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++)
        if (!same_thread(i, &m->t[i]))
            return false;
    return true;
}

/* ---- the end of a sequence */

static bool resume_all(struct model *m)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (m->t[i].state == M_DEAD || !m->t[i].suspended)
            continue;
        model_resume(m, i);
        if (!ok("resuming", OP0(cap(THREADS + i), OP_THREAD_RESUME)) || !same_as(m))
            return false;
    }
    return true;
}

/* Whom each Reply holds gets an answer. */
static bool answer_all(struct model *m)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        struct msg answer = {.tag = END_TAG, .w = {END_WORD + i}};

        if (m->reply_dead[i])
            continue;
        model_answer(m, i, answer.tag, answer.w[0]);
        if (!ok("answering", sys_reply(cap(REPLIES + i), &answer)))
            return false;
    }
    return same_as(m);
}

/* The usher receives every caller, in order. */
static bool receive_all(struct model *m)
{
    while (m->callers.count > 0) {
        unsigned i = m->callers.thread[0];
        struct model_result want = model_receive_plain(m);

        puppet_sys(&stage.usher, SYS_RECV, 0, cap(ENDPOINT), NULL);
        if (!same("call, received at the end", i, (uint64_t)puppet_status(&stage.usher), E_OK) ||
            !same("badge, at the end", i, puppet_out(&stage.usher, R_RDI), want.badge) ||
            !same("word, at the end", i, puppet_out(&stage.usher, R_RDX), want.word))
            return false;
    }
    return same_as(m);
}

/* Every receiver gets a message, in order; then there is none. */
static bool send_all(struct model *m)
{
    for (unsigned n = 0; n <= MODEL_THREADS; n++) {
        struct msg message = {.tag = END_TAG, .w = {END_WORD + n}};
        int want = model_send(m, 0, message.tag, message.w[0]);

        if (!same("receivers, at the end", 0, (uint64_t)sys_send(cap(ENDPOINT), &message),
                  (uint64_t)want))
            return false;
        if (want == E_BUSY)
            break;
    }
    return same_as(m);
}

/* The bits that are left, and who waits for more. */
static bool signal_all(struct model *m)
{
    uint64_t bits = 0;

    while (m->waiters.count > 0) {
        model_signal(m, SUPERVISOR_BIT);
        if (!ok("signalling", sys_signal(cap(SUPERVISOR_SIGNAL))))
            return false;
    }
    if (!same("bits, at the end", 0, (uint64_t)sys_poll(cap(NOTIFICATION), &bits),
              m->bits != 0 ? E_OK : E_BUSY) ||
        !same("bits, at the end", 0, bits, m->bits))
        return false;
    m->bits = 0;
    return same_as(m);
}

static bool is_clean(const struct model *m)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++)
        if (m->t[i].state != M_FREE || m->reply_dead[i])
            return false;
    return !m->endpoint_dead && !m->notification_dead;
}

static bool finish(struct model *m)
{
    if (!resume_all(m) || !answer_all(m) ||
        (!m->endpoint_dead && (!receive_all(m) || !send_all(m))) ||
        (!m->notification_dead && !signal_all(m)))
        return false;
    stage.dirty = !is_clean(m);
    return true;
}

bool stage_perform(const struct stage_sequence *s, unsigned compare_from)
{
    struct model m;

    stage.sequence = s;
    stage_model(&m);
    if (!clean_up())
        return false;
    for (unsigned i = 0; i < MODEL_THREADS; i++)
        stage.compared[i] = stage.actor[i].done;
    stage.dirty = true; /* until it has been shown to be clean */
    for (unsigned n = 0; n < s->count; n++) {
        stage_model_step(&m, s->step[n], n);
        order(s->step[n], n);
        if (n >= compare_from && !same_as(&m))
            return false;
    }
    return finish(&m);
}
