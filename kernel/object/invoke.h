/*
 * invoke.h - kernel objects invoked by call: from the capability to its operation.
 */
#ifndef INVOKE_H
#define INVOKE_H

#include <arch/spec.h>
#include <object/object.h>

/* An operation that has done a part and wants to be called again with the same registers: the
 * system call re-executes, and pending interrupts come in between. Never seen by user level. */
#define E_AGAIN (-1)

/** The slot behind @handle in @t's capability space, or NULL when it is empty or outside. */
static inline struct slot *thread_slot_lookup(const struct thread *t, uint64_t handle)
{
    if (handle >= t->cnode_slots) {
        return NULL;
    }
    handle = spec_index(handle, t->cnode_slots);
    if (t->cnode[handle].type == OBJ_NULL) {
        return NULL;
    }
    return &t->cnode[handle];
}

/** @t's capability @handle, which must be of @type and have @rights.
 *  Errors: BAD_CAP, BAD_TYPE, NO_RIGHT. */
static inline int thread_cap(const struct thread *t, uint64_t handle, enum quoll_object type,
                             uint8_t rights, struct slot **out)
{
    struct slot *s = thread_slot_lookup(t, handle);

    if (!s) {
        return E_BAD_CAP;
    }
    if (s->type != type) {
        return E_BAD_TYPE;
    }
    if ((s->rights & rights) != rights) {
        return E_NO_RIGHT;
    }
    *out = s;
    return E_OK;
}

/** The same of the current thread. */
int invoke_cap(uint64_t handle, enum quoll_object type, uint8_t rights, struct slot **out);

/** The slot @index of the CNode @handle (0: the current thread's own).
 *  Errors: as invoke_cap; BAD_ARG for an index outside it. */
int invoke_cnode_slot(uint64_t handle, uint64_t index, struct slot **out, struct slot **cnode);

/* The answer's tag follows its six words: how many more are in the buffer. */
#define OUT_EXTRA MSG_REG_WORDS

/** Carry out operation @op of @cap with the words @w; @out, six words and the tag, is 0 so far.
 *  Returns an error or E_AGAIN. */
int invoke(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

#endif
