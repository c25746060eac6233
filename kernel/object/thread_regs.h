/*
 * thread_regs.h - a thread's registers as its supervisor sees them.
 */
#ifndef THREAD_REGS_H
#define THREAD_REGS_H

#include <object/object.h>

/** Make @r a full frame: what SYSRET would have loaded into a light one becomes explicit. */
void thread_fill_frame(struct regs *r);

/** The system call @number of @t, which is in the kernel with a light frame, is to be made again
 *  with the same arguments when it runs next. */
void thread_restart_call(struct thread *t, int64_t number);

/** READ_REGS and WRITE_REGS: six words in registers, the rest in the current thread's buffer.
 *  A thread that waits inside a system call has no registers but rip and rsp: the others read as
 *  what the call has made of them so far, 0, and are written by its result.
 *  Errors: NOBUF, BUSY (it runs), BAD_ARG (rip or rsp is no user address). */
int thread_read_regs(struct thread *t, uint64_t *out);
int thread_write_regs(struct thread *t, const uint64_t *w);

static inline bool is_user_address(uint64_t va)
{
    return va < USER_TOP;
}

static inline bool thread_is_stopped(const struct thread *t)
{
    return thread_state(t) == THREAD_STOPPED || t->flags & TF_SUSPENDED;
}

#endif
