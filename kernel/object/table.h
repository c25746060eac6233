/*
 * table.h - address spaces: page tables, frames and what is mapped where.
 * A table keeps, beside each entry, the slot that is mapped there; the slot names (table, index).
 */
#ifndef TABLE_H
#define TABLE_H

#include <object/object.h>

/* slot.badge of a mapped frame or table: the parent's physical address | index; 0 unmapped. */
static inline struct table *mapping_table(const struct slot *s)
{
    return direct(s->badge & ~0xfffull);
}

static inline uint32_t mapping_index(const struct slot *s)
{
    return (uint32_t)(s->badge & 511);
}

/** An empty VSpace (level 4) at zeroed memory, with the kernel's half. */
void vspace_init(struct table *v);

/** An empty IoSpace at zeroed memory. */
void iospace_init(struct iospace *s);

/** Empty @v, which is being destroyed, in shares; nobody runs in it any more. */
bool vspace_destroy(struct table *v);

/** Unmap the frame or table in @s, which is mapped; the TLB is clean on return. */
void table_unmap(struct slot *s);

/** The slot moved: correct the table's back reference. */
void table_mapping_moved(struct slot *s);

/** Clear some entries of @t, which is being destroyed; true when none is left. */
bool table_clear(struct table *t);

/** Operations (decode and invoke). Errors: docs/abi.md. */
int vspace_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int iospace_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int table_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int frame_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

#endif
