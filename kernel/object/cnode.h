/*
 * cnode.h - arrays of capability slots.
 */
#ifndef CNODE_H
#define CNODE_H

#include <object/object.h>

/** An empty CNode of @level at zeroed memory. */
void cnode_init(struct slot *slots, uint8_t level);

/** May @s, an untyped or any other capability, lie in the CNode of capability @cnode?
 *  An untyped without children takes on the CNode's level. Error: LIMIT. */
int cnode_place(const struct slot *cnode, struct slot *s);

int cnode_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

#endif
