/*
 * pieces.h - untyped memory in powers of two, cut by halving and joined again when given back.
 * For device memory, which is asked for by its physical address, and for memory of instances,
 * which only has to be large enough. Invariant: pieces that are not split don't overlap, and a
 * free one has nothing derived from its untyped.
 */
#ifndef QUOLL_PIECES_H
#define QUOLL_PIECES_H

#include <quoll/slots.h>

enum piece_state { PIECE_NONE, PIECE_FREE, PIECE_TAKEN, PIECE_SPLIT };

struct piece {
    uint64_t base;   /* physical address */
    uint32_t slot;   /* its untyped, in the program's own CNode */
    uint16_t parent; /* index + 1 of what it is a half of; 0: it came from outside */
    uint8_t bits;
    uint8_t state; /* enum piece_state */
};

struct pieces {
    struct piece *piece; /* the owner's array of @max, all zero at first */
    unsigned max;
    uint32_t cnode;      /* handle of the program's own CNode */
    struct slots *slots; /* where halves get theirs */
};

/** Add the untyped in @slot, which has nothing derived from it.
 *  Errors: LIMIT (the array is full), those of UNTYPED_INFO. */
int pieces_add(struct pieces *p, uint32_t slot);

/** Take the 2^@bits bytes at @base; @slot receives their untyped.
 *  Errors: BAD_ARG (misaligned, or not all of it is here), BUSY (a part is taken), LIMIT (slots or
 *  array), those of RETYPE. Nothing is taken then. */
int pieces_take_at(struct pieces *p, uint64_t base, unsigned bits, uint32_t *slot);

/** Take 2^@bits bytes wherever they fit best. Errors: NO_MEMORY, LIMIT, those of RETYPE. */
int pieces_take(struct pieces *p, unsigned bits, uint32_t *slot);

/** Take everything back that was made of @slot's untyped, which stays taken.
 *  Errors: BAD_ARG (no taken piece). */
int pieces_revoke(struct pieces *p, uint32_t slot);

/** Give the piece of @slot back: revoked, joined with its free neighbours. Its slot may be empty
 *  afterwards. Errors: BAD_ARG (no taken piece). */
int pieces_give(struct pieces *p, uint32_t slot);

/** The piece that the untyped in @slot is, or a null pointer. */
const struct piece *pieces_find(const struct pieces *p, uint32_t slot);

/** How many pieces there are, free, taken and split. */
unsigned pieces_count(const struct pieces *p);

/** Bytes that are free. */
uint64_t pieces_free_bytes(const struct pieces *p);

#endif
