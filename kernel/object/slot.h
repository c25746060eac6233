/*
 * slot.h - capability slots and the derivation tree.
 * The tree is a list in pre-order with depths: a capability's descendants are the slots that
 * follow it with a greater depth. Taking a capability back takes back all derived from it, so a
 * delete never has to re-hang children.
 */
#ifndef SLOT_H
#define SLOT_H

#include <object/object.h>

/* Bounds the way to a leaf, hence the longest step between two preemption points. */
#define SLOT_DEPTH_MAX  120
#define CNODE_LEVEL_MAX 7

static inline struct slot *slot_at(uint32_t link)
{
    return link ? direct((uint64_t)link << SLOT_BITS) : NULL;
}

static inline uint32_t slot_link(const struct slot *s)
{
    return s ? (uint32_t)(direct_pa(s) >> SLOT_BITS) : 0;
}

static inline struct slot *slot_next(const struct slot *s)
{
    return slot_at(s->next);
}

/** Is @s of a kind that can be mapped? Then its badge says where. */
static inline bool slot_can_map(const struct slot *s)
{
    return (1u << OBJ_FRAME | 1u << OBJ_TABLE | 1u << OBJ_IO_TABLE) >> s->type & 1;
}

/** Has anything been derived from @s? */
static inline bool slot_has_child(const struct slot *s)
{
    return s->next && slot_next(s)->depth > s->depth;
}

/** Fill the empty slot @s with (@type, @obj), the start of a tree of its own. Boot only. */
void slot_init(struct slot *s, enum quoll_object type, uint64_t obj, uint8_t rights);

/** Fill the empty slot @to with the fields of @value as a child of @parent, whose depth must be
 *  below SLOT_DEPTH_MAX. Where @to lies (SLOT_IN_*) is kept. */
void slot_insert_child(struct slot *parent, struct slot *to, const struct slot *value);

/** Copy @from into the empty slot @to as its child, with @rights of those it has and @badge.
 *  Errors: BAD_TYPE (untyped and Replies can't be copied), LIMIT (depth). */
int slot_copy(struct slot *from, struct slot *to, uint8_t rights, uint64_t badge);

/** Move @from into the empty slot @to, at the same place of the tree.
 *  Mappings and references to the slot follow. */
void slot_move(struct slot *from, struct slot *to);

/** Unlink the leaf @s and empty it; where it lies is kept. */
void slot_clear(struct slot *s);

/** Set the fast flags from type and rights. */
void slot_set_fast(struct slot *s);

/** A share of taking back all that is derived from @s. True when nothing is left.
 *  A capability whose object is being destroyed has no rights any more. */
bool slot_revoke_steps(struct slot *s);
/** The same with @s itself at the end, destroying the object that it owns. */
bool slot_delete_steps(struct slot *s);

#endif
