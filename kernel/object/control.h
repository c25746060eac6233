/*
 * control.h - operations of the root capabilities and of the small objects. Errors: docs/abi.md.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <object/object.h>

/** The untyped that pays and the empty slot of the caller's own CNode for a new object.
 *  Errors: as invoke_cap and invoke_cnode_slot; EXISTS. */
int control_payer(uint64_t payer, uint64_t index, struct slot **ut, struct slot **cnode,
                  struct slot **to);

int irq_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int ioport_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int cpu_control_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int irq_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int notification_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int portmap_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);
int budget_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out);

#endif
