/*
 * thread_debug.h - FPU and debug registers of a thread, and running it one instruction at a time.
 */
#ifndef THREAD_DEBUG_H
#define THREAD_DEBUG_H

#include <object/object.h>

/** Operations. @t must not run: BUSY. READ_FPU and WRITE_FPU move one part (abi.h) through the
 *  registers and the current thread's buffer. Other errors: docs/abi.md. */
int thread_read_fpu(struct thread *t, uint64_t part, uint64_t *out);
int thread_write_fpu(struct thread *t, const uint64_t *w);
int thread_read_debug(const struct thread *t, uint64_t *out);
int thread_write_debug(struct thread *t, const uint64_t *w);
int thread_step(struct thread *t, uint64_t on);

/** The CPU goes from a thread to @to, one of which has TF_DEBUG. */
void debug_switch(struct thread *to);

/** @t, which has TF_DEBUG, is about to return to user level: by IRET and with TF if it steps. */
void debug_leave(struct thread *t);

/** @t has raised a debug exception. Returns what DR6 says of it. */
uint64_t debug_exception(struct thread *t);

#endif
