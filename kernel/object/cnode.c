/*
 * cnode.c - capability spaces: copy, mint, move, delete, revoke.
 * Slot 0 of a CNode is never a capability; it keeps the CNode's level and a cursor for deletion.
 * Levels make every chain of "destroying this destroys that" end: a CNode's owner capability lies
 * only in CNodes of a lower level, and a CNode made from an untyped has a level above that of any
 * CNode that may hold the untyped.
 */
#include <ipc/ipc.h>
#include <lib/string.h>
#include <object/cnode.h>
#include <object/invoke.h>
#include <object/slot.h>

static struct slot *base(const struct slot *cap)
{
    return (struct slot *)cap->obj;
}

void cnode_init(struct slot *slots, uint8_t level)
{
    slots[0].level = level;
}

int cnode_place(const struct slot *cnode, struct slot *s)
{
    uint8_t level = base(cnode)->level;

    if (s->type == OBJ_CNODE && s->flags & SLOT_OWNER) {
        return level < s->level ? E_OK : E_LIMIT;
    }
    if (s->type == OBJ_UNTYPED && level > s->level) {
        if (slot_has_child(s)) {
            return E_LIMIT;
        }
        s->level = level; /* nothing depends on the lower one yet */
    }
    return E_OK;
}

static int derive(struct slot *cnode, const uint64_t *w, bool move, uint64_t badge)
{
    struct slot *to, *from;
    int e = invoke_cnode_slot(w[1], w[2], &from, NULL);

    if (e) {
        return e;
    }
    if (w[0] == 0 || w[0] >= 1ull << cnode->size_bits) {
        return E_BAD_ARG;
    }
    to = base(cnode) + spec_index(w[0], 1ull << cnode->size_bits);
    if (from->type == OBJ_NULL) {
        return E_BAD_CAP;
    }
    if (to->type != OBJ_NULL) {
        return E_EXISTS;
    }
    if (move) {
        e = cnode_place(cnode, from);
        if (!e) {
            base(cnode)->badge = 0;
            slot_move(from, to);
        }
        return e;
    }
    if (badge && (from->badge || (from->type != OBJ_ENDPOINT && from->type != OBJ_NOTIFICATION))) {
        return E_BAD_ARG;
    }
    e = slot_copy(from, to, (uint8_t)(w[3] & RIGHT_ALL), badge ? badge : from->badge);
    if (!e) {
        base(cnode)->badge = 0;
    }
    return e;
}

static int take_back(struct slot *cnode, uint64_t index, bool with_self)
{
    if (index == 0 || index >= 1ull << cnode->size_bits) {
        return E_BAD_ARG;
    }
    struct slot *s = base(cnode) + spec_index(index, 1ull << cnode->size_bits);
    bool done = with_self ? slot_delete_steps(s) : slot_revoke_steps(s);
    return done ? E_OK : E_AGAIN;
}

static int info(struct slot *cnode, uint64_t index, uint64_t *out)
{
    if (index == 0 || index >= 1ull << cnode->size_bits) {
        return E_BAD_ARG;
    }
    const struct slot *s = base(cnode) + spec_index(index, 1ull << cnode->size_bits);
    bool memory = s->type == OBJ_UNTYPED || s->type == OBJ_FRAME;
    bool badged = s->type == OBJ_ENDPOINT || s->type == OBJ_NOTIFICATION;
    out[0] = s->type;
    out[1] = s->rights;
    out[2] = badged ? s->badge : 0;
    out[3] = memory ? s->obj : 0;
    out[4] = s->size_bits;
    out[5] = s->depth;
    return E_OK;
}

static int cancel(struct slot *cnode, const uint64_t *w)
{
    if (w[0] == 0 || w[0] >= 1ull << cnode->size_bits || w[2] > 1) {
        return E_BAD_ARG;
    }
    struct slot *s = base(cnode) + spec_index(w[0], 1ull << cnode->size_bits);
    if (s->type != OBJ_ENDPOINT) {
        return s->type == OBJ_NULL ? E_BAD_CAP : E_BAD_TYPE;
    }
    if (!(s->rights & RIGHT_RECV)) {
        return E_NO_RIGHT;
    }
    return endpoint_cancel((struct endpoint *)s->obj, w[1], w[2]) ? E_OK : E_AGAIN;
}

int cnode_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    switch (op) {
    case OP_CNODE_COPY:
        return derive(cap, w, false, 0);
    case OP_CNODE_MINT:
        return derive(cap, w, false, w[4]);
    case OP_CNODE_MOVE:
        return derive(cap, w, true, 0);
    case OP_CNODE_DELETE:
        return take_back(cap, w[0], true);
    case OP_CNODE_REVOKE:
        return take_back(cap, w[0], false);
    case OP_CNODE_INFO:
        return info(cap, w[0], out);
    case OP_CNODE_CANCEL:
        return cancel(cap, w);
    default:
        return E_BAD_CALL;
    }
}
