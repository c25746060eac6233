/*
 * delete.c - taking capabilities back and destroying what they own, in small steps.
 * A step removes one leaf of the derivation tree: it goes down from the capability to its first
 * leaf, and from a leaf that owns a CNode with contents into these. Depths and levels are bounded
 * (slot.h, cnode.c), so a step is, too; nothing recurses, and a system call that has done its
 * share of steps re-executes, which lets interrupts in.
 */
#include <debug/trace.h>
#include <ipc/ipc.h>
#include <object/portmap.h>
#include <object/slot.h>
#include <object/table.h>
#include <object/thread.h>
#include <sched/time.h>

#define STEPS_PER_CALL 16
#define SLOTS_PER_STEP 256

static void destroy_object(const struct slot *s)
{
    void *p = (void *)s->obj;

    trace(TRACE_DESTROY, s->type, s->obj, 0, 0);
    switch (s->type) {
    case OBJ_THREAD:
        thread_destroy(p);
        break;
    case OBJ_VSPACE:
        vspace_destroy(p);
        break;
    case OBJ_TABLE:
        table_clear(p);
        break;
    case OBJ_ENDPOINT:
        endpoint_destroy(p);
        break;
    case OBJ_NOTIFICATION:
        notification_destroy(p);
        break;
    case OBJ_REPLY:
        reply_destroy(p);
        break;
    case OBJ_IRQ:
        irq_destroy(p);
        break;
    case OBJ_PORTMAP:
        portmap_detach(p);
        break;
    case OBJ_BUDGET:
        budget_destroy(p);
        break;
    default: /* untyped, frame, empty CNode: nothing but the memory */
        break;
    }
}

/* Remove the leaf @s; who keeps it as a reference learns of it. */
static void remove_leaf(struct slot *s)
{
    bool mapped = (s->type == OBJ_FRAME || s->type == OBJ_TABLE) && s->badge;

    if (mapped) {
        table_unmap(s);
    }
    if (s->flags & SLOT_OWNER) {
        destroy_object(s);
    }
    if (s->flags & SLOT_IN_PORTMAP) {
        portmap_detach(portmap_of_slot(s));
    } else if (s->flags & SLOT_IN_IRQ) {
        irq_slot_lost(s);
    } else {
        if (s->flags & SLOT_IN_THREAD && s->type == OBJ_NOTIFICATION) {
            ((struct notification *)s->obj)->bound = NULL;
        }
        uint8_t place = s->flags;
        slot_clear(s);
        if (place & SLOT_IN_THREAD) {
            thread_slot_lost(s);
        }
    }
}

/* The next slot in use of the CNode that @s owns, NULL when it is empty. *@more: not yet known,
 * the search goes on in the next step. */
static struct slot *cnode_contents(const struct slot *s, bool *more)
{
    struct slot *slots = (struct slot *)s->obj;
    uint64_t count = 1ull << s->size_bits, from = slots[0].badge ? slots[0].badge : 1;
    uint64_t i = from;

    while (i < count && slots[i].type == OBJ_NULL && i - from < SLOTS_PER_STEP) {
        i++;
    }
    slots[0].badge = i;
    *more = i < count && slots[i].type == OBJ_NULL;
    return i < count && !*more ? &slots[i] : NULL;
}

static void step(struct slot *s)
{
    for (;;) {
        while (slot_has_child(s)) {
            s = slot_next(s);
        }
        if (s->type != OBJ_CNODE || !(s->flags & SLOT_OWNER)) {
            break;
        }
        bool more = false;
        struct slot *inside = cnode_contents(s, &more);
        if (more) {
            return;
        }
        if (!inside) {
            break;
        }
        s = inside;
    }
    remove_leaf(s);
}

bool slot_revoke_steps(struct slot *s)
{
    for (unsigned i = 0; i < STEPS_PER_CALL && slot_has_child(s); i++) {
        step(slot_next(s));
    }
    return !slot_has_child(s);
}

bool slot_delete_steps(struct slot *s)
{
    for (unsigned i = 0; i < STEPS_PER_CALL && s->type != OBJ_NULL; i++) {
        step(s);
    }
    return s->type == OBJ_NULL;
}
