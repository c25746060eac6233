/*
 * errors_cnode.c - failing calls of capability spaces.
 */
#include "errors.h"

#define FAILS(op, e, invoked, text, ...)                                                           \
    {                                                                                              \
        .what = (text), .object = OBJ_CNODE, .label = OP_CNODE_##op, .error = E_##e,               \
        .cap = (invoked), .w = {                                                                   \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* What COPY, MINT and MOVE have in common. */
#define DERIVE(op, ...)                                                                            \
    FAILS(op, BAD_ARG, SLOT_CNODE, "slot 0", 0, 0, W_ENDPOINT, RIGHT_ALL),                         \
        FAILS(op, BAD_ARG, SLOT_CNODE, "slot outside", ARG_SLOTS, 0, W_ENDPOINT, RIGHT_ALL),       \
        FAILS(op, BAD_ARG, SLOT_CNODE, "last slot number", UINT64_MAX, 0, W_ENDPOINT, RIGHT_ALL),  \
        FAILS(op, BAD_ARG, SLOT_CNODE, "slot of 64 bits", 1ull << 32 | W_EMPTY, 0, W_ENDPOINT,     \
              RIGHT_ALL),                                                                          \
        FAILS(op, BAD_ARG, SLOT_CNODE, "from slot 0", W_EMPTY, 0, 0, RIGHT_ALL),                   \
        FAILS(op, BAD_ARG, SLOT_CNODE, "from outside", W_EMPTY, 0, ARG_SLOTS, RIGHT_ALL),          \
        FAILS(op, BAD_ARG, SLOT_CNODE, "from the last number", W_EMPTY, 0, UINT64_MAX, RIGHT_ALL), \
        FAILS(op, BAD_ARG, SLOT_CNODE, "from outside another", W_EMPTY, W_CNODE, 16, RIGHT_ALL),   \
        FAILS(op, BAD_ARG, W_CNODE, "slot outside another", 16, 0, W_ENDPOINT, RIGHT_ALL),         \
        FAILS(op, BAD_CAP, SLOT_CNODE, "nothing there", W_EMPTY, 0, W_EMPTY_2, RIGHT_ALL),         \
        FAILS(op, BAD_CAP, SLOT_CNODE, "nothing there any more", W_EMPTY, 0, W_FREED, RIGHT_ALL),  \
        FAILS(op, BAD_CAP, SLOT_CNODE, "nothing in another", W_EMPTY, W_CNODE, 4, RIGHT_ALL),      \
        FAILS(op, EXISTS, SLOT_CNODE, "slot in use", W_NOTIFICATION, 0, W_ENDPOINT, RIGHT_ALL),    \
        FAILS(op, EXISTS, SLOT_CNODE, "its own slot", W_ENDPOINT, 0, W_ENDPOINT, RIGHT_ALL),       \
        FAILS(op, EXISTS, W_CNODE, "slot of another in use", 3, 0, W_ENDPOINT, RIGHT_ALL)

#define NO_COPY(op)                                                                                \
    FAILS(op, BAD_TYPE, SLOT_CNODE, "untyped can't be copied", W_EMPTY, 0, W_UNTYPED, RIGHT_ALL),  \
        FAILS(op, BAD_TYPE, SLOT_CNODE, "a Reply can't be copied", W_EMPTY, 0, W_REPLY, RIGHT_ALL)

#define INDEX(op, ...)                                                                             \
    FAILS(op, BAD_ARG, SLOT_CNODE, "slot 0", 0, __VA_ARGS__),                                      \
        FAILS(op, BAD_ARG, SLOT_CNODE, "slot outside", ARG_SLOTS, __VA_ARGS__),                    \
        FAILS(op, BAD_ARG, SLOT_CNODE, "last slot number", UINT64_MAX, __VA_ARGS__),               \
        FAILS(op, BAD_ARG, W_CNODE, "slot outside another", 16, __VA_ARGS__)

#define MINT(text, source) FAILS(MINT, BAD_ARG, SLOT_CNODE, text, W_EMPTY, 0, source, RIGHT_ALL, 9)

/* clang-format off */
static const struct call list[] = {
    DERIVE(COPY), NO_COPY(COPY),
    DERIVE(MINT), NO_COPY(MINT),
    MINT("a second badge", W_BADGED),
    MINT("a badge for a frame", W_FRAME),
    MINT("a badge for a thread", W_THREAD),
    MINT("a badge for a CNode", W_CNODE),
    DERIVE(MOVE),
    FAILS(MOVE, LIMIT, W_CNODE, "a CNode into itself", 5, 0, W_CNODE),
    INDEX(DELETE, 0),
    INDEX(REVOKE, 0),
    INDEX(INFO, 0),
    INDEX(CANCEL, 0, 1),
    FAILS(CANCEL, BAD_ARG, SLOT_CNODE, "neither all nor one", W_ENDPOINT, 0, 2),
    FAILS(CANCEL, BAD_ARG, SLOT_CNODE, "all, in 64 bits", W_ENDPOINT, 0, 1ull << 32),
};
/* clang-format on */

CALL_TABLE(errors_cnode);
