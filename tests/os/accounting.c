/*
 * accounting.c - see accounting.h. A scene is played in a lab whose parts are then deleted one by
 * one, by their capabilities and not by revoking the lab's untyped: so whatever still held on to
 * something would keep its untyped in use.
 */
#include "accounting.h"
#include <quoll/info.h>
#include <stdio.h>

#define ACTORS_MAX  4u
#define SLOTS_MAX   2048u
#define EP_BITS     10u
#define PUPPET_BITS 17u

static struct actor {
    uint64_t untyped;
    uint64_t first, end; /* its slots of the own CNode */
} actors[ACTORS_MAX];
static unsigned actor_count;

struct cast cast;

uint64_t actor_begin(unsigned bits)
{
    struct actor *a = &actors[actor_count++];

    lab_pay_from(SLOT_UNTYPED);
    a->untyped = lab_make(OBJ_UNTYPED, bits);
    lab_pay_from(a->untyped);
    a->first = lab_slot();
    return a->untyped;
}

void actor_end(void)
{
    actors[actor_count - 1].end = lab_slot();
    lab_pay_from(SLOT_UNTYPED);
}

static uint64_t used(uint64_t untyped)
{
    return OP0(untyped, OP_UNTYPED_INFO) == E_OK ? test_out.w[2] : UINT64_MAX;
}

bool actors_enter(void)
{
    bool ok;

    (void)actor_begin(EP_BITS);
    cast.ep = lab_make(OBJ_ENDPOINT, 0);
    cast.badged = lab_copy(cast.ep, RIGHT_ALL, 5);
    actor_end();
    (void)actor_begin(PUPPET_BITS);
    ok = puppet_make(&cast.client, true, PUPPET_PRIORITY, cast.ep);
    actor_end();
    (void)actor_begin(PUPPET_BITS);
    ok = ok && puppet_make(&cast.server, true, PUPPET_PRIORITY, 0);
    cast.second = lab_make(OBJ_REPLY, cast.server.thread);
    cast.spare = lab_slot();
    actor_end();
    return ok;
}

uint64_t state_of(const struct puppet *p)
{
    return OP0(p->thread, OP_THREAD_INFO) == E_OK ? test_out.w[0] : 0;
}

bool enter_queued(void)
{
    if (!actors_enter())
        return false;
    puppet_call(&cast.client, cast.badged, 3, 33);
    REQUIRE(state_of(&cast.client), THREAD_QUEUED);
    return true;
}

bool enter_armed(void)
{
    if (!actors_enter())
        return false;
    puppet_recv(&cast.server, cast.ep);
    REQUIRE(state_of(&cast.server), THREAD_RECEIVING);
    return true;
}

bool enter_delivered(void)
{
    if (!enter_armed())
        return false;
    puppet_call(&cast.client, cast.badged, 3, 33);
    REQUIRE_OK(puppet_status(&cast.server));
    REQUIRE(state_of(&cast.client), THREAD_CALLING);
    return true;
}

bool enter_fault_queued(void)
{
    if (!actors_enter())
        return false;
    puppet_do(&cast.client, PUPPET_UD2, 0);
    REQUIRE(state_of(&cast.client), THREAD_FAULT_QUEUED);
    return true;
}

bool enter_faulted(void)
{
    if (!enter_fault_queued())
        return false;
    puppet_recv(&cast.server, cast.ep);
    REQUIRE_OK(puppet_status(&cast.server));
    REQUIRE(state_of(&cast.client), THREAD_FAULTED);
    return true;
}

/* ---- the account */

#define COUNTS (SLOTS_MAX + 1)

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3ull;
}

/* All that can be asked about the capability in @slot. */
static uint64_t look_at(uint64_t slot)
{
    uint64_t hash = 1;
    bool untyped;

    (void)OP1(SLOT_CNODE, OP_CNODE_INFO, slot);
    untyped = test_out.w[0] == OBJ_UNTYPED;
    for (unsigned i = 0; i < MSG_REG_WORDS; i++)
        hash = mix(hash, test_out.w[i]);
    if (untyped)
        hash = mix(hash, used(slot));
    return hash;
}

/* Every slot of the own CNode that is this task's to use, and how many interrupt vectors nobody
 * has. */
static void take_account(uint64_t counts[COUNTS])
{
    for (uint64_t slot = 1; slot < SLOTS_MAX; slot++)
        counts[slot] = slot < task_info()->slot_end ? look_at(slot) : 0;
    (void)OP0(SLOT_IRQ_CONTROL, OP_IRQ_CONTROL_INFO);
    counts[SLOTS_MAX] = test_out.w[1];
}

static bool same_account(const uint64_t before[COUNTS], const uint64_t after[COUNTS])
{
    for (uint64_t slot = 1; slot < SLOTS_MAX; slot++)
        if (before[slot] != after[slot])
            return test_expect("a slot that is not as it was before", slot, 0);
    return test_expect("vectors that no Irq has", after[SLOTS_MAX], before[SLOTS_MAX]);
}

static bool delete (uint64_t slot)
{
    return test_expect_error("deleting", OP1(SLOT_CNODE, OP_CNODE_DELETE, slot), E_OK);
}

/* Delete the slots from @first to before @end, forwards or @backwards. */
static bool delete_range(uint64_t first, uint64_t end, bool backwards)
{
    bool ok = true;

    for (uint64_t i = 0; ok && i < end - first; i++)
        ok = delete (backwards ? end - 1 - i : first + i);
    return ok;
}

/* When all of its capabilities are gone, nothing of the actor's memory is in use. */
static bool die(const struct actor *a, bool backwards)
{
    char text[64];

    (void)snprintf(text, sizeof text, "bytes of dead actor %u in use", (unsigned)(a - actors));
    return delete_range(a->first, a->end, backwards) && test_expect(text, used(a->untyped), 0);
}

/* The @order-th of all orders of the actors. */
static bool all_die(unsigned order)
{
    bool dead[ACTORS_MAX] = {false}, ok = true;
    bool backwards = order & 1;

    for (unsigned left = actor_count; ok && left > 0; left--) {
        unsigned skip = order % left, i = 0;

        order /= left;
        while (dead[i] || skip-- > 0)
            i++;
        dead[i] = true;
        ok = die(&actors[i], backwards);
    }
    for (unsigned i = 0; ok && i < actor_count; i++)
        ok = delete (actors[i].untyped);
    return ok;
}

/* Play and take apart; @orders becomes how many orders there are. */
static bool play(bool (*scene)(void), unsigned order, unsigned *orders)
{
    static uint64_t before[COUNTS], after[COUNTS];
    bool ok;

    puppets_begin();
    lab_begin();
    actor_count = 0;
    take_account(before);
    /* The tables for all later pages in the own space: nobody's death may take them. */
    ok = lab_map_here(lab_make(OBJ_FRAME, FRAME_4K_BITS)) != NULL && scene();
    if (lab_error() != NULL)
        return test_expect(lab_error(), 1, 0);
    puppets_record();
    puppets_begin();
    *orders = 1;
    for (unsigned i = 2; i <= actor_count; i++)
        *orders *= i;
    ok = ok && all_die(order) && delete_range(SLOT_FREE, lab_slot(), false);
    take_account(after);
    return ok && same_account(before, after);
}

void account(bool (*scene)(void))
{
    unsigned orders = 1;
    bool ok = true;

    for (unsigned order = 0; ok && order < orders; order++)
        ok = play(scene, order, &orders);
}
