/*
 * main.c - the name server: strings to endpoints, for those whom the manifest allows.
 * One loop, no call to anybody. Root (badge 0: it holds the endpoint itself) fills the table; a
 * client's capability is minted from the registered one with the client's own badge, so every
 * service knows which task calls. A look-up that comes too early keeps its Reply.
 * Slots: SLOT_FREE + i the capability of name i, SLOT_MINTED + j that of allow entry j.
 */
#include "names.h"

#include <quoll/message.h>
#include <quoll/proto.h>
#include <string.h>

#define SLOT_MINTED (SLOT_FREE + NAMES_MAX)

static struct names names;

struct waiter {
    bool taken;
    unsigned name, allow;
};
static struct waiter waiters[TASK_REPLIES]; /* by Reply */

int main(void);

static void answer(struct msg *m, int error)
{
    *m = (struct msg){.tag = msg_tag((uint32_t)error, 0, 0)};
}

/* The capability of allow entry @at into the answer @m. */
static void answer_cap(struct msg *m, unsigned at)
{
    struct allow *a = &names.allow[at];
    int error = E_OK;

    if (names.name[a->name].state == NAME_GONE) {
        error = E_GONE;
    } else if (!a->minted) {
        error = sys_op(SLOT_CNODE, OP_CNODE_MINT, SLOT_MINTED + at, 0, SLOT_FREE + a->name,
                       RIGHT_SEND | RIGHT_GRANT, a->badge, 0);
        a->minted = error == E_OK;
    } else {
        struct msg info = {.w = {SLOT_MINTED + at}};
        if (sys_invoke(SLOT_CNODE, OP_CNODE_INFO, &info) != E_OK || info.w[0] == OBJ_NULL) {
            error = E_GONE; /* the service has ended, and its endpoint with it */
        }
    }
    answer(m, error == E_BAD_CAP ? E_GONE : error);
    if (error == E_OK) {
        task_buffer()->send_caps[0] = SLOT_MINTED + at;
        m->tag = msg_tag(E_OK, 0, 1);
    }
}

/* Answer all who wait for name @name. */
static void wake_waiters(unsigned name)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (waiters[i].taken && waiters[i].name == name) {
            struct msg m;
            waiters[i].taken = false;
            answer_cap(&m, waiters[i].allow);
            (void)sys_reply(SLOT_REPLY + i, &m);
        }
    }
}

static bool get_name(const struct msg *m, char text[NAME_BYTES])
{
    (void)msg_get_bytes(m, task_buffer(), 0, text, NAME_BYTES);
    return names_normalise(text);
}

/* The capability that came along moves from where it arrived to its name's slot. */
static int names_register(const struct msg *m, const char text[NAME_BYTES])
{
    uint64_t arrived = task_buffer()->recv_slot;
    int at;

    if (m->badge != 0) {
        return E_NO_RIGHT;
    }
    at = names_add(&names, text);
    if (at < 0) {
        return E_LIMIT;
    }
    if (names.name[at].state != NAME_EXPECTED) {
        return E_EXISTS;
    }
    if (msg_caps(m) == 1) {
        int error =
            sys_op(SLOT_CNODE, OP_CNODE_MOVE, SLOT_FREE + (unsigned)at, 0, arrived, 0, 0, 0);
        if (error != E_OK) {
            return error;
        }
    }
    names.name[at].state = msg_caps(m) == 1 ? NAME_REGISTERED : NAME_GONE;
    wake_waiters((unsigned)at);
    return E_OK;
}

static int names_allow(const struct msg *m, const char text[NAME_BYTES])
{
    uint64_t badge = msg_get_word(m, task_buffer(), 6);
    int at;

    if (m->badge != 0) {
        return E_NO_RIGHT;
    }
    if (badge == 0) {
        return E_BAD_ARG;
    }
    at = names_add(&names, text);
    return at >= 0 && names_add_allow(&names, (unsigned)at, badge) ? E_OK : E_LIMIT;
}

static unsigned free_reply(unsigned current)
{
    for (unsigned i = 0; i < TASK_REPLIES; i++) {
        if (i != current && !waiters[i].taken) {
            return i;
        }
    }
    return current;
}

/* Fills @m with the answer; false: there is none yet, Reply @current is kept. */
static bool names_lookup(struct msg *m, const char text[NAME_BYTES], unsigned current)
{
    int name = names_find(&names, text);
    int allow = name >= 0 ? names_find_allow(&names, (unsigned)name, m->badge) : -1;

    if (allow < 0) {
        answer(m, E_NO_RIGHT); /* also for a name that nobody knows: nothing to learn here */
    } else if (names.name[name].state != NAME_EXPECTED) {
        answer_cap(m, (unsigned)allow);
    } else if (free_reply(current) == current) {
        answer(m, E_BUSY); /* one Reply must stay free to receive with */
    } else {
        waiters[current] = (struct waiter){true, (unsigned)name, (unsigned)allow};
        return false;
    }
    return true;
}

static bool handle(struct msg *m, unsigned current)
{
    char text[NAME_BYTES];

    if (msg_kind(m) != KIND_MESSAGE || !get_name(m, text)) {
        answer(m, E_BAD_ARG);
        return true;
    }
    switch (msg_label(m)) {
    case NAMES_LOOKUP:
        return names_lookup(m, text, current);
    case NAMES_REGISTER:
        answer(m, names_register(m, text));
        return true;
    case NAMES_ALLOW:
        answer(m, names_allow(m, text));
        return true;
    default:
        answer(m, E_BAD_CALL);
        return true;
    }
}

/* A capability that was not used up must not block the next one. */
static void clear_arrival(unsigned caps)
{
    if (caps != 0) {
        (void)sys_op(SLOT_CNODE, OP_CNODE_DELETE, SLOT_RECEIVE, 0, 0, 0, 0, 0);
    }
}

int main(void)
{
    struct msg m = {0};
    unsigned current = 0;
    int error;

    task_buffer()->recv_slot = SLOT_RECEIVE;
    task_buffer()->recv_count = 1;
    error = sys_recv(SLOT_REPLY, SLOT_SERVE, &m);
    for (;;) {
        unsigned caps = error == E_OK ? msg_caps(&m) : 0;
        bool answered = true;
        if (error != E_OK) {
            answer(&m, E_GONE); /* what could not be answered before; else a no-op */
        } else {
            answered = handle(&m, current);
        }
        clear_arrival(caps);
        if (answered) {
            error = sys_reply_recv(SLOT_REPLY + current, SLOT_SERVE, &m);
        } else {
            current = free_reply(current);
            error = sys_recv(SLOT_REPLY + current, SLOT_SERVE, &m);
        }
    }
}
