/*
 * spawn.c - objects and capabilities of a task in the making. See spawn.h.
 * What the task's memory paid for lies in slots from the lower end; what was only copied, in slots
 * from the upper end, because revoking the task's memory does not empty these.
 */
#include "spawn_internal.h"

static int spawn_pay(struct spawn *s, unsigned bits, unsigned count, uint32_t *untyped)
{
    if (s->pay != NULL) {
        return s->pay(s, bits, count, untyped);
    }
    *untyped = s->untyped;
    return E_OK;
}

int spawn_make_in(struct spawn *s, const struct spawn_object *o)
{
    uint32_t untyped;
    int error = spawn_pay(s, quoll_object_bits(o->type, o->size_bits), o->count, &untyped);

    if (error != E_OK) {
        return error;
    }
    return sys_op(untyped, OP_UNTYPED_RETYPE, o->type, o->size_bits, o->cnode, o->index, o->count,
                  o->thread);
}

int spawn_make_many(struct spawn *s, enum quoll_object type, unsigned size_bits, unsigned count,
                    uint32_t *first)
{
    struct spawn_object o = {.type = type, .size_bits = size_bits, .count = count};
    int error = E_LIMIT;

    o.index = slots_take(s->slots, count);
    if (o.index != 0) {
        error = spawn_make_in(s, &o);
    }
    if (error == E_OK) {
        *first = o.index;
    } else if (o.index != 0) {
        slots_give(s->slots, o.index, count);
    }
    return error;
}

int spawn_make(struct spawn *s, enum quoll_object type, unsigned size_bits, uint32_t *slot)
{
    return spawn_make_many(s, type, size_bits, 1, slot);
}

int spawn_make_control(struct spawn *s, unsigned bits, struct spawn_control *c)
{
    uint32_t untyped, slot = slots_take(s->slots, 1);
    int error;

    if (slot == 0) {
        return E_LIMIT;
    }
    error = spawn_pay(s, bits, 1, &untyped);
    if (error == E_OK) {
        c->m.w[0] = untyped;
        c->m.w[c->slot_word] = slot;
        error = sys_invoke(c->control, c->op, &c->m);
    }
    if (error == E_OK) {
        c->slot = slot;
    } else {
        slots_give(s->slots, slot, 1);
    }
    return error;
}

/* COPY can't set a badge, and MINT without one is COPY. */
static int copy_to(uint32_t cnode, uint32_t index, uint32_t source, unsigned rights, uint64_t badge)
{
    return sys_op(cnode, OP_CNODE_MINT, index, 0, source, rights, badge, 0);
}

int spawn_copy(struct spawn *s, uint32_t source, unsigned rights, uint64_t badge, uint32_t *slot)
{
    uint32_t to = slots_take_top(s->slots, 1);
    int error;

    if (to == 0) {
        return E_LIMIT;
    }
    error = copy_to(s->maker->cnode, to, source, rights, badge);
    if (error == E_OK) {
        *slot = to;
    } else {
        slots_give(s->slots, to, 1);
    }
    return error;
}

int spawn_give(struct spawn *s, uint32_t index, uint32_t source, unsigned rights, uint64_t badge)
{
    return copy_to(s->cnode, index, source, rights, badge);
}
