/*
 * accounting.h - scenes after which nothing may be left: whatever happens, and in whatever order
 * those who took part in it die, each one's memory is free again when it is dead, to the byte, and
 * in the end everything is as it was.
 */
#ifndef ACCOUNTING_H
#define ACCOUNTING_H

#include "test.h"

/* An actor is a set of objects with an untyped of their own. At most four, each made between
 * actor_begin and actor_end; its untyped has 2^@bits bytes. */
uint64_t actor_begin(unsigned bits);
void actor_end(void);

/* The actors that nearly every scene has. */
struct cast {
    uint64_t ep, badged;          /* an endpoint, and a copy with badge 5 */
    struct puppet client, server; /* the client's faults go to the endpoint */
    uint64_t second;              /* another Reply of the server's */
    uint64_t spare;               /* an empty slot, the server's, too */
};
extern struct cast cast;
bool actors_enter(void);

/** Play @scene once for each order in which its actors can die. */
void account(bool (*scene)(void));

#define REQUIRE(got, want)                                                                         \
    do {                                                                                           \
        if (!test_expect(#got, (uint64_t)(got), (uint64_t)(want)))                                 \
            return false;                                                                          \
    } while (0)
#define REQUIRE_ERROR(got, want)                                                                   \
    do {                                                                                           \
        if (!test_expect_error(#got, (got), (want)))                                               \
            return false;                                                                          \
    } while (0)
#define REQUIRE_OK(got) REQUIRE_ERROR(got, E_OK)

/* A test of its own for a scene. */
#define ACCOUNT(scene)                                                                             \
    static void account_##scene(void)                                                              \
    {                                                                                              \
        account(scene);                                                                            \
    }

/* ---- how many scenes begin: all with actors_enter */
bool enter_queued(void);       /* the client's call is queued */
bool enter_delivered(void);    /* it was delivered to the server */
bool enter_armed(void);        /* the server waits to receive */
bool enter_fault_queued(void); /* the client's fault is queued */
bool enter_faulted(void);      /* it was delivered */

/** State of @p's thread. */
uint64_t state_of(const struct puppet *p);

#endif
