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

/** The result of @to's system call: a received message. The frame is a light one (object.h). */
static inline void message_put(struct thread *to, uint64_t badge, uint64_t tag,
                               const uint64_t w[MSG_REG_WORDS])
{
    struct regs *r = thread_regs(to);

    r->rax = E_OK;
    r->rdi = badge;
    r->rsi = tag;
    r->rdx = w[0];
    r->r8 = w[1];
    r->r9 = w[2];
    r->r10 = w[3];
    r->r12 = w[4];
    r->r13 = w[5];
}

/** Give @t the result of its system call: status, and all other output registers zero. */
static inline void thread_result(struct thread *t, int status)
{
    message_put(t, 0, 0, (const uint64_t[MSG_REG_WORDS]){0});
    thread_regs(t)->rax = (uint64_t)(int64_t)status;
}

/** Words 0 to 5 out of @from's registers. */
static inline void message_words(const struct thread *from, uint64_t w[MSG_REG_WORDS])
{
    const struct regs *r = thread_regs(from);

    w[0] = r->rdx;
    w[1] = r->r8;
    w[2] = r->r9;
    w[3] = r->r10;
    w[4] = r->r12;
    w[5] = r->r13;
}

#endif
