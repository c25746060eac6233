/*
 * slot.c - the derivation tree's list.
 * Invariant: a slot is linked exactly while its type is not NULL.
 */
#include <lib/string.h>
#include <object/slot.h>
#include <object/table.h>

void slot_set_fast(struct slot *s)
{
    s->fast = 0;
    if (s->type == OBJ_ENDPOINT) {
        s->fast = (uint8_t)((s->rights & RIGHT_SEND ? FAST_SEND : 0) |
                            (s->rights & RIGHT_RECV ? FAST_RECV : 0));
    } else if (s->type == OBJ_REPLY) {
        s->fast = FAST_REPLY;
    }
}

void slot_init(struct slot *s, enum quoll_object type, uint64_t obj, uint8_t rights)
{
    s->obj = obj;
    s->type = (uint8_t)type;
    s->rights = rights;
    slot_set_fast(s);
}

static void link_after(struct slot *before, struct slot *s)
{
    s->prev = slot_link(before);
    s->next = before->next;
    if (s->next) {
        slot_next(s)->prev = slot_link(s);
    }
    before->next = slot_link(s);
}

void slot_insert_child(struct slot *parent, struct slot *to, const struct slot *value)
{
    uint8_t place = to->flags & SLOT_IN_OBJECT;

    *to = *value;
    to->flags = (uint8_t)((value->flags & (SLOT_OWNER | SLOT_DEVICE)) | place);
    to->depth = (uint8_t)(parent->depth + 1);
    slot_set_fast(to);
    link_after(parent, to);
}

int slot_copy(struct slot *from, struct slot *to, uint8_t rights, uint64_t badge)
{
    if (from->type == OBJ_UNTYPED || from->type == OBJ_REPLY) {
        return E_BAD_TYPE;
    }
    if (from->depth >= SLOT_DEPTH_MAX) {
        return E_LIMIT;
    }
    struct slot value = *from;
    value.rights &= rights;
    value.badge = slot_can_map(from) ? 0 : badge; /* not mapped */
    value.flags &= SLOT_DEVICE;
    slot_insert_child(from, to, &value);
    return E_OK;
}

void slot_move(struct slot *from, struct slot *to)
{
    *to = *from;
    if (to->prev) {
        slot_at(to->prev)->next = slot_link(to);
    }
    if (to->next) {
        slot_next(to)->prev = slot_link(to);
    }
    if (slot_can_map(to)) {
        table_mapping_moved(to);
    }
    memset(from, 0, sizeof *from);
}

void slot_clear(struct slot *s)
{
    uint8_t place = s->flags & SLOT_IN_OBJECT;

    if (s->prev) {
        slot_at(s->prev)->next = s->next;
    }
    if (s->next) {
        slot_next(s)->prev = s->prev;
    }
    memset(s, 0, sizeof *s);
    s->flags = place;
}
