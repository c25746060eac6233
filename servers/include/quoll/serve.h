/*
 * serve.h - the server's side of a call: one struct call for the task's one loop.
 * NAME_dispatch of <idl/NAME_server.h> serves what is in it; NAME_serve_METHOD gets it and may keep
 * the caller for later. A task has TASK_REPLIES Replies and always keeps one free to receive with.
 *
 *     struct call call;
 *     int error;
 *
 *     call_begin(&call);
 *     for (bool answered = false;;) {
 *         error = call_next(&call, SLOT_SERVE, answered);
 *         answered = error == E_OK && ... && NAME_dispatch(&call);
 *     }
 */
#ifndef QUOLL_SERVE_H
#define QUOLL_SERVE_H

#include <quoll/idl.h>

#define CALL_LATER (-1) /* of NAME_serve_METHOD: call_keep was called, the answer comes later */

struct call {
    struct msg m;   /* the request, badge included; then the answer */
    uint64_t reply; /* the Reply that the caller waits at */
};

/* Bit n: Reply n holds a caller for later. One word a task. */
extern unsigned call_kept;

/* If not null: for each Reply the TSC since when it holds a caller for later, or 0. */
extern uint64_t *call_since;

/** Forget kept callers; start with the first Reply. */
void call_begin(struct call *call);

/** The session that calls: badge bits 0 to 23. */
static inline uint32_t call_session(const struct call *call)
{
    return (uint32_t)call->m.badge & 0xffffffu;
}

/** Keep the caller of @call: its Reply's handle goes to @reply, for NAME_answer_METHOD.
 *  Returns CALL_LATER, or E_BUSY: only one Reply is free, and it must stay so. */
int call_keep(struct call *call, uint64_t *reply);

/** Answer the kept caller at @reply with @m; the Reply is free again. */
void call_answer(uint64_t reply, struct msg *m);

void call_answer_error(uint64_t reply, int error);

/** Answer the last request with what is in @call if @answered, and receive the next on @endpoint.
 */
static inline int call_next(struct call *call, uint64_t endpoint, bool answered)
{
    return answered ? sys_reply_recv(call->reply, endpoint, &call->m)
                    : sys_recv(call->reply, endpoint, &call->m);
}

#endif
