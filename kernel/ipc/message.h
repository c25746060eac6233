/*
 * message.h - the parts of a message transfer.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <object/object.h>

/** May @from send a message with @tag? The capabilities that it names must be
 *  there and copyable. Errors: BAD_ARG, NOBUF, BAD_CAP, BAD_TYPE, LIMIT. */
int message_check_long(const struct thread *from, uint64_t tag);
static inline int message_check(const struct thread *from, uint64_t tag)
{
    return (uint32_t)tag ? message_check_long(from, tag) : E_OK;
}

/** @from's message, as its registers and buffer hold it, becomes @to's received message.
 *  Capabilities travel only if @grant. Error: NOBUF, nothing changed. */
int message_copy(struct thread *from, struct thread *to, uint64_t badge, bool grant);

static inline void words_copy(uint64_t to[MSG_REG_WORDS], const uint64_t from[MSG_REG_WORDS])
{
#pragma GCC unroll 6
    for (unsigned i = 0; i < MSG_REG_WORDS; i++) {
        to[i] = from[i];
    }
}

/** The result of @to's system call: a received message. The frame is a light one (object.h). */
static inline void message_put(struct thread *to, uint64_t badge, uint64_t tag,
                               const uint64_t w[MSG_REG_WORDS])
{
    struct regs *r = thread_regs(to);

    r->rax = E_OK;
    r->rdi = badge;
    r->rsi = tag;
    words_copy(r->w, w);
}

/** Give @t the result of its system call: status, and all other output registers zero. */
static inline void thread_result(struct thread *t, int status)
{
    message_put(t, 0, 0, (const uint64_t[MSG_REG_WORDS]){0});
    thread_regs(t)->rax = (uint64_t)(int64_t)status;
}

#endif
