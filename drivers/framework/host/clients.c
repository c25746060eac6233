/*
 * clients.c - messages to the driver, and the kernel calls that generated code makes on the way:
 * sys_raw is a kernel of one driver and its clients. Stub, words and dispatch are the real ones;
 * capabilities do not travel.
 */
#include "internal.h"

#include <idl/driver.h>
#include <idl/inspect_server.h>
#include <string.h>

#define CLIENT_FIRST 1000u                 /* handles of clients */
#define STALE        0xeeeeeeeeeeeeeeeeull /* in words that a message does not carry */

static uint64_t badges[DRIVER_SESSIONS];
static struct call call;
static struct answer {
    bool is_here;
    struct msg m;
    uint64_t words[MSG_EXTRA_MAX];
} answers[TASK_REPLIES];
static void (*while_waiting)(void);

uint64_t host_endpoint(unsigned place, unsigned interface, uint32_t methods)
{
    badges[place] = (uint64_t)methods << 32 | (uint64_t)interface << 24 | place;
    return CLIENT_FIRST + place;
}

void host_while_waiting(void (*act)(void))
{
    while_waiting = act;
}

static bool serve(struct call *c)
{
    bool answered =
        idl_badge_is_of(c->m.badge, INSPECT_INTERFACE) ? inspect_dispatch(c) : driver_message(c);

    driver_status()->requests++;
    return answered;
}

static void make_stale(uint64_t tag)
{
    for (unsigned i = (unsigned)(tag & TAG_WORDS_MASK); i < MSG_EXTRA_MAX; i++) {
        task_buffer()->words[i] = STALE;
    }
}

/* The answer to the caller at @reply: from a driver that runs meanwhile. */
static void await(struct answer *a, struct msg *m)
{
    uint64_t end = host_real_us() + HOST_LIMIT_S * 1000000ull;

    while (!a->is_here) {
        void (*act)(void) = while_waiting;

        while_waiting = NULL;
        if (act != NULL) {
            act();
        }
        host_poll();
        qtest_wait(1000);
        if (host_real_us() > end) {
            host_end("a call was not answered for %u s", HOST_LIMIT_S);
        }
    }
    a->is_here = false;
    *m = a->m;
    memcpy(task_buffer()->words, a->words, sizeof(a->words));
}

static void call_driver(uint64_t badge, struct msg *m)
{
    struct answer *a;

    if (call.reply == 0) {
        call_begin(&call);
    }
    a = &answers[call.reply - SLOT_REPLY];
    call.m = *m;
    call.m.badge = badge;
    make_stale(m->tag);
    if (serve(&call)) {
        *m = call.m;
        make_stale(m->tag);
    } else {
        await(a, m);
    }
}

static void answer_later(uint64_t reply, const struct msg *m)
{
    struct answer *a = &answers[reply - SLOT_REPLY];

    a->is_here = true;
    a->m = *m;
    memcpy(a->words, task_buffer()->words, sizeof(a->words));
}

/* The only call of the framework's that reaches it here. */
static void call_devman(struct msg *m)
{
    if (msg_label(m) != DRIVER_LABEL_CLOSED) {
        host_end("the driver calls devman, label 0x%x", msg_label(m));
    }
    host_session_let_go((unsigned)m->w[0]);
    *m = (struct msg){0};
}

int64_t sys_raw(int64_t number, uint64_t rdi, uint64_t rbx, struct msg *m)
{
    (void)rbx;
    if (number == SYS_REPLY) {
        answer_later(rdi, m);
    } else if (number == SYS_CALL && rdi == DRIVER_SLOT_DEVMAN) {
        call_devman(m);
    } else if (number == SYS_CALL && rdi >= CLIENT_FIRST && rdi < CLIENT_FIRST + DRIVER_SESSIONS) {
        call_driver(badges[rdi - CLIENT_FIRST], m);
    } else if (number != SYS_CALL || rdi != SLOT_CNODE) { /* a capability is dropped: it has none */
        host_end("system call %d on handle %u: there is none on the host", (int)number,
                 (unsigned)rdi);
    }
    return E_OK;
}
