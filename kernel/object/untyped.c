/*
 * untyped.c - retype: objects are cut from an untyped in order, each aligned to its size.
 * slot.badge counts the bytes used, which start again at 0 once nothing is left of what was made,
 * and how far the memory behind them is zero already: a retype of much memory zeroes it in shares
 * and makes its objects in the last one. Nobody can write to memory that is not used, so what is
 * noted stays true whoever else retypes meanwhile; with every cut it is counted anew.
 */
#include <ipc/ipc.h>
#include <lib/string.h>
#include <object/cnode.h>
#include <object/invoke.h>
#include <object/slot.h>
#include <object/table.h>
#include <object/thread.h>
#include <object/untyped.h>

#define USED_BITS   47 /* UNTYPED_MAX_BITS and one for "all of it" */
#define SHARE_BYTES (1ull << 14)
_Static_assert(2 * RETYPE_BYTES_MAX / SHARE_BYTES <= 1ull << (64 - USED_BITS),
               "the objects of a retype and the gap before them can be noted as zero");

/* log2 of the bytes of one object, or 0 for what can't be made of memory like this. */
static unsigned object_bits(uint64_t type, uint64_t size_bits, bool device)
{
    if (type == OBJ_FRAME) {
        bool ok =
            size_bits == FRAME_4K_BITS || size_bits == FRAME_2M_BITS || size_bits == FRAME_1G_BITS;
        return ok ? (unsigned)size_bits : 0;
    }
    if (type == OBJ_UNTYPED) {
        bool ok = size_bits >= UNTYPED_MIN_BITS && size_bits <= UNTYPED_MAX_BITS;
        return ok ? (unsigned)size_bits : 0;
    }
    if (device) {
        return 0;
    }
    if (type == OBJ_CNODE) {
        bool ok = size_bits >= CNODE_MIN_BITS && size_bits <= CNODE_MAX_BITS;
        return ok ? quoll_object_bits(OBJ_CNODE, (unsigned)size_bits) : 0;
    }
    bool made_here =
        (type > OBJ_CNODE && type <= OBJ_REPLY) || type == OBJ_IOSPACE || type == OBJ_IO_TABLE;
    return made_here && !size_bits ? quoll_object_bits((enum quoll_object)type, 0) : 0;
}

/* The badge, or 0 if all that was made since it was written is gone. */
static uint64_t account(const struct slot *ut)
{
    uint64_t used = ut->badge & ((1ull << USED_BITS) - 1);

    return used && !slot_has_child(ut) ? 0 : ut->badge;
}

uint64_t untyped_used(const struct slot *ut)
{
    return account(ut) & ((1ull << USED_BITS) - 1);
}

static uint64_t share_start(uint64_t offset)
{
    return offset & ~(SHARE_BYTES - 1);
}

uint64_t untyped_zero_end(const struct slot *ut)
{
    uint64_t used = untyped_used(ut), shares = account(ut) >> USED_BITS;

    return shares ? share_start(used) + shares * SHARE_BYTES : used;
}

static void set_account(struct slot *ut, uint64_t used, uint64_t zero_to)
{
    uint64_t shares = zero_to > used ? (zero_to - share_start(used)) / SHARE_BYTES : 0;

    ut->badge = used | shares << USED_BITS;
}

/* Zero @ut from offset @at to @end, which is free, or a share of that and return false. Then the
 * gap before @at is zeroed as well, so that one number says what has been done. */
static bool zero(struct slot *ut, uint64_t at, uint64_t end)
{
    uint64_t done = untyped_zero_end(ut), from = done > at ? done : at;

    if (from >= end) {
        return true;
    }
    if (end - from <= SHARE_BYTES) {
        memset(direct(ut->obj + from), 0, end - from);
        return true;
    }
    uint64_t to = share_start(done) + SHARE_BYTES;
    memset(direct(ut->obj + done), 0, to - done);
    set_account(ut, untyped_used(ut), to);
    return false;
}

/* Where the next object of @bits would lie: its offset in @ut, or ~0 when @count do not fit. */
static uint64_t place(const struct slot *ut, unsigned bits, uint64_t count)
{
    uint64_t size = 1ull << ut->size_bits, one = 1ull << bits;
    uint64_t at = (untyped_used(ut) + one - 1) & ~(one - 1);

    return bits > ut->size_bits || at > size || (size - at) >> bits < count ? ~0ull : at;
}

static bool is_memory(uint64_t type)
{
    return type == OBJ_FRAME || type == OBJ_UNTYPED;
}

static int check_room(const struct slot *ut, unsigned bits, uint64_t count, bool memory)
{
    uint64_t at = place(ut, bits, count);

    if (at == ~0ull) {
        return E_NO_MEMORY;
    }
    if (ut->depth >= SLOT_DEPTH_MAX) {
        return E_LIMIT;
    }
    /* slots are linked by 32-bit numbers, so objects that hold or name them lie low */
    return !memory && ut->obj + at + (count << bits) > OBJECT_PA_LIMIT ? E_LIMIT : E_OK;
}

/* Level of a new capability of @type from @ut in @cnode: see cnode.c. */
static unsigned new_level(const struct slot *ut, const struct slot *cnode, uint64_t type)
{
    uint8_t here = ((struct slot *)cnode->obj)->level;
    unsigned level = here > ut->level ? here : ut->level;

    return type == OBJ_CNODE ? level + 1 : level;
}

static uint64_t cut(struct slot *ut, unsigned bits)
{
    uint64_t at = place(ut, bits, 1);

    set_account(ut, at + (1ull << bits), untyped_zero_end(ut));
    return ut->obj + at;
}

int untyped_make(struct slot *ut, struct slot *cnode, struct slot *to, enum quoll_object type,
                 unsigned bits, void **object)
{
    int e = ut->flags & SLOT_DEVICE ? E_BAD_ARG : check_room(ut, bits, 1, false);

    if (e) {
        return e;
    }
    uint64_t at = place(ut, bits, 1);
    if (!zero(ut, at, at + (1ull << bits))) {
        return E_AGAIN;
    }
    *object = direct(cut(ut, bits));
    struct slot value = {.obj = (uint64_t)*object,
                         .type = (uint8_t)type,
                         .rights = RIGHT_ALL,
                         .flags = SLOT_OWNER,
                         .size_bits = (uint8_t)bits};
    ((struct slot *)cnode->obj)->badge = 0;
    slot_insert_child(ut, to, &value);
    return E_OK;
}

static void bind_reply(struct reply *r, struct thread *owner)
{
    node_init(&r->n, WORD_REPLY);
    r->owner = owner;
    r->next = owner->replies;
    r->link = &owner->replies;
    if (r->next) {
        r->next->link = &r->next;
    }
    owner->replies = r;
}

static void init_object(struct slot *value, uint64_t pa, struct thread *owner)
{
    void *p = direct(pa);

    value->obj = (uint64_t)p;
    switch (value->type) {
    case OBJ_CNODE:
        cnode_init(p, value->level);
        break;
    case OBJ_THREAD:
        value->obj = (uint64_t)thread_init(p);
        break;
    case OBJ_VSPACE:
        vspace_init(p);
        break;
    case OBJ_IOSPACE:
        iospace_init(p);
        break;
    case OBJ_IO_TABLE:
        ((struct table *)p)->io = 1;
        break;
    case OBJ_ENDPOINT:
        endpoint_init(p);
        break;
    case OBJ_NOTIFICATION:
        node_init(p, WORD_NOTIFICATION);
        break;
    case OBJ_REPLY:
        if (owner) { /* always: retype_decode has found it */
            bind_reply(p, owner);
        }
        break;
    default: /* a table is all zero; a frame and an untyped are named by physical address */
        value->obj = is_memory(value->type) ? pa : (uint64_t)p;
        break;
    }
}

struct retype {
    uint64_t type, count;
    unsigned bits, level;
    bool zeroed;
    struct slot *cnode, *first;
    struct thread *owner;
};

static int retype_decode(const struct slot *ut, const uint64_t *w, struct retype *r)
{
    struct slot *owner = NULL;
    bool device = ut->flags & SLOT_DEVICE;

    *r = (struct retype){.type = w[0],
                         .count = w[4],
                         .bits = object_bits(w[0], w[1], device),
                         .zeroed = w[0] != OBJ_UNTYPED && !device};
    if (!r->bits || !w[4] || w[4] > RETYPE_COUNT_MAX ||
        (r->zeroed && w[4] > RETYPE_BYTES_MAX >> r->bits)) {
        return E_BAD_ARG;
    }
    int e = invoke_cnode_slot(w[2], w[3], &r->first, &r->cnode);
    if (!e && w[4] > (1ull << r->cnode->size_bits) - w[3]) {
        e = E_BAD_ARG;
    }
    if (!e && w[0] == OBJ_REPLY) {
        e = invoke_cap(w[5], OBJ_THREAD, RIGHT_MANAGE, &owner);
        r->owner = owner ? (struct thread *)owner->obj : NULL;
    }
    for (uint64_t i = 0; !e && i < w[4]; i++) {
        e = r->first[i].type != OBJ_NULL ? E_EXISTS : E_OK;
    }
    if (e) {
        return e;
    }
    r->level = new_level(ut, r->cnode, w[0]);
    if (r->level > CNODE_LEVEL_MAX) {
        return E_LIMIT;
    }
    return check_room(ut, r->bits, w[4], is_memory(w[0]));
}

/* True when the memory of all that is to be made is ready. */
static bool retype_zero(struct slot *ut, const struct retype *r)
{
    uint64_t at = place(ut, r->bits, r->count);

    return !r->zeroed || zero(ut, at, at + (r->count << r->bits));
}

static void retype_invoke(struct slot *ut, const struct retype *r)
{
    uint8_t device = ut->flags & SLOT_DEVICE;

    for (uint64_t i = 0; i < r->count; i++) {
        uint64_t pa = cut(ut, r->bits);
        struct slot value = {.type = (uint8_t)r->type,
                             .rights = RIGHT_ALL,
                             .level = (uint8_t)r->level,
                             .size_bits =
                                 (uint8_t)(r->type == OBJ_CNODE ? r->bits - SLOT_BITS : r->bits),
                             .flags = (uint8_t)(SLOT_OWNER | device)};
        init_object(&value, pa, r->owner);
        slot_insert_child(ut, &r->first[i], &value);
    }
    ((struct slot *)r->cnode->obj)->badge = 0;
}

int untyped_op(struct slot *cap, uint32_t op, const uint64_t *w, uint64_t *out)
{
    struct retype r;
    int e;

    switch (op) {
    case OP_UNTYPED_RETYPE:
        e = retype_decode(cap, w, &r);
        if (!e && !retype_zero(cap, &r)) {
            e = E_AGAIN;
        }
        if (!e) {
            retype_invoke(cap, &r);
        }
        return e;
    case OP_UNTYPED_INFO:
        out[0] = cap->obj;
        out[1] = cap->size_bits;
        out[2] = untyped_used(cap);
        out[3] = (cap->flags & SLOT_DEVICE) != 0;
        return E_OK;
    default:
        return E_BAD_CALL;
    }
}
