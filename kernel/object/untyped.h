/*
 * untyped.h - memory that user level turns into objects.
 */
#ifndef UNTYPED_H
#define UNTYPED_H

#include <object/object.h>

/** Zeroed room for one object of @bits from @ut, and a capability to it in the empty slot @to,
 *  which lies in CNode @cnode, with all rights. The object's address goes to @object.
 *  Errors: NO_MEMORY, LIMIT, BAD_ARG (device memory), E_AGAIN; nothing changed. */
int untyped_make(struct slot *ut, struct slot *cnode, struct slot *to, enum quoll_object type,
                 unsigned bits, void **object);

/** Bytes of @ut that are used: handed out, or lost to alignment. */
uint64_t untyped_used(const struct slot *ut);

/** The offset up to which everything behind what is used is known to be zero. */
uint64_t untyped_zero_end(const struct slot *ut);

int untyped_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

#endif
