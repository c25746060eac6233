/*
 * pieces.c - see pieces.h. The array holds a tree: a split piece stays as the parent of its
 * halves, whose untypeds are derived from its own, so that two free halves can be one again.
 */
#include <quoll/pieces.h>
#include <quoll/sys.h>
#include <stddef.h>

static uint64_t bytes_of(const struct piece *a)
{
    return 1ull << a->bits;
}

static struct piece *entry_new(struct pieces *p)
{
    for (unsigned i = 0; i < p->max; i++) {
        if (p->piece[i].state == PIECE_NONE) {
            return &p->piece[i];
        }
    }
    return NULL;
}

int pieces_add(struct pieces *p, uint32_t slot)
{
    struct piece *a = entry_new(p);
    struct msg m = {0};
    int error = a == NULL ? E_LIMIT : sys_invoke(slot, OP_UNTYPED_INFO, &m);

    if (error == E_OK) {
        *a = (struct piece){.base = m.w[0],
                            .slot = slot,
                            .bits = (uint8_t)m.w[1],
                            .state = PIECE_FREE};
    }
    return error;
}

/* The other half of what @a is a half of. */
static struct piece *sibling(struct pieces *p, const struct piece *a)
{
    for (unsigned i = 0; i < p->max; i++) {
        struct piece *b = &p->piece[i];
        if (b != a && b->state != PIECE_NONE && b->parent == a->parent) {
            return b;
        }
    }
    return NULL;
}

static int empty(struct pieces *p, struct piece *a)
{
    int error = sys_op(p->cnode, OP_CNODE_DELETE, a->slot, 0, 0, 0, 0, 0);

    if (error == E_OK) {
        slots_give(p->slots, a->slot, 1);
        a->state = PIECE_NONE;
    }
    return error;
}

/* @a, which is free, and all that it is a half of become one as far as they are free. */
static void join(struct pieces *p, struct piece *a)
{
    while (a->parent != 0) {
        struct piece *parent = &p->piece[a->parent - 1], *b = sibling(p, a);
        if (b == NULL || b->state != PIECE_FREE || empty(p, b) != E_OK || empty(p, a) != E_OK) {
            return;
        }
        parent->state = PIECE_FREE;
        a = parent;
    }
}

/* Split @a, which is free; @half becomes its half that holds @base. */
static int halve(struct pieces *p, struct piece *a, uint64_t base, struct piece **half)
{
    uint8_t bits = (uint8_t)(a->bits - 1);
    uint32_t slot = slots_take(p->slots, 2);
    struct piece *half_of[2] = {NULL, NULL};
    int error = E_LIMIT;

    for (unsigned i = 0; i < 2; i++) {
        half_of[i] = entry_new(p);
        if (half_of[i] == NULL) {
            break;
        }
        *half_of[i] = (struct piece){.base = a->base + ((uint64_t)i << bits),
                                     .slot = slot + i,
                                     .bits = bits,
                                     .state = PIECE_FREE,
                                     .parent = (uint16_t)(a - p->piece + 1)};
    }
    if (slot != 0 && half_of[0] != NULL && half_of[1] != NULL) {
        error = sys_op(a->slot, OP_UNTYPED_RETYPE, OBJ_UNTYPED, bits, 0, slot, 2, 0);
    }
    if (error == E_OK) {
        a->state = PIECE_SPLIT;
        *half = base < half_of[1]->base ? half_of[0] : half_of[1];
        return E_OK;
    }
    for (unsigned i = 0; i < 2 && half_of[i] != NULL; i++) {
        half_of[i]->state = PIECE_NONE;
    }
    if (slot != 0) {
        slots_give(p->slots, slot, 2);
    }
    return error;
}

/* Take the part of @a, which is free, that begins at @base. */
static int take_of(struct pieces *p, struct piece *a, uint64_t base, unsigned bits, uint32_t *slot)
{
    int error = E_OK;

    while (error == E_OK && a->bits > bits) {
        error = halve(p, a, base, &a);
    }
    if (error != E_OK) {
        join(p, a);
        return error;
    }
    a->state = PIECE_TAKEN;
    *slot = a->slot;
    return E_OK;
}

int pieces_take_at(struct pieces *p, uint64_t base, unsigned bits, uint32_t *slot)
{
    bool known = false;

    if (bits < UNTYPED_MIN_BITS || bits > UNTYPED_MAX_BITS || base % (1ull << bits) != 0) {
        return E_BAD_ARG;
    }
    for (unsigned i = 0; i < p->max; i++) {
        struct piece *a = &p->piece[i];
        if (a->state == PIECE_NONE || a->bits < bits || base < a->base ||
            base - a->base >= bytes_of(a)) {
            continue;
        }
        if (a->state == PIECE_FREE) {
            return take_of(p, a, base, bits, slot);
        }
        known = true;
    }
    return known ? E_BUSY : E_BAD_ARG;
}

int pieces_take(struct pieces *p, unsigned bits, uint32_t *slot)
{
    struct piece *best = NULL;

    if (bits < UNTYPED_MIN_BITS) {
        return E_BAD_ARG;
    }
    for (unsigned i = 0; i < p->max; i++) {
        struct piece *a = &p->piece[i];
        if (a->state == PIECE_FREE && a->bits >= bits && (best == NULL || a->bits < best->bits)) {
            best = a;
        }
    }
    return best == NULL ? E_NO_MEMORY : take_of(p, best, best->base, bits, slot);
}

const struct piece *pieces_find(const struct pieces *p, uint32_t slot)
{
    for (unsigned i = 0; i < p->max; i++) {
        const struct piece *a = &p->piece[i];
        if (a->state != PIECE_NONE && a->slot == slot) {
            return a;
        }
    }
    return NULL;
}

int pieces_revoke(struct pieces *p, uint32_t slot)
{
    const struct piece *a = pieces_find(p, slot);

    if (a == NULL || a->state != PIECE_TAKEN) {
        return E_BAD_ARG;
    }
    return sys_op(p->cnode, OP_CNODE_REVOKE, slot, 0, 0, 0, 0, 0);
}

int pieces_give(struct pieces *p, uint32_t slot)
{
    int error = pieces_revoke(p, slot);

    if (error == E_OK) {
        struct piece *a = &p->piece[pieces_find(p, slot) - p->piece];
        a->state = PIECE_FREE;
        join(p, a);
    }
    return error;
}

unsigned pieces_count(const struct pieces *p)
{
    unsigned n = 0;

    for (unsigned i = 0; i < p->max; i++) {
        n += p->piece[i].state != PIECE_NONE;
    }
    return n;
}

uint64_t pieces_free_bytes(const struct pieces *p)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < p->max; i++) {
        sum += p->piece[i].state == PIECE_FREE ? bytes_of(&p->piece[i]) : 0;
    }
    return sum;
}
