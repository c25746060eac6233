/*
 * thread.h - threads: what they are made of, their life, their operations.
 */
#ifndef THREAD_H
#define THREAD_H

#include <object/object.h>

/** The newest of all threads; the others follow through all_next. */
struct thread *thread_first(void);

/** A thread at zeroed memory @object: stopped, not configured. */
struct thread *thread_init(void *object);

/** The thread whose slot array holds @s. */
struct thread *thread_of_slot(struct slot *s);

/** Slot @s of its thread has just been emptied. A thread that can't run without it waits for
 *  nothing any more, and its fault endpoint is told. */
void thread_slot_lost(struct slot *s);

/** @t, RUNNING, lacks its CNode, VSpace or Budget: whoever supervises it is told which. */
void thread_tell_loss(struct thread *t);

/** Bring the cached fields in line with the thread's slots. */
void thread_refresh(struct thread *t);

/** Stop @t and let go of all that it refers to, in shares; true when it may be forgotten.
 *  A thread that destroys itself runs on until the last share. */
bool thread_destroy(struct thread *t);

int thread_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

#endif
