/*
 * delete.c - taking capabilities back and destroying what they own, in shares.
 * The way goes down from a capability to a leaf of its derivation tree, and from a leaf that owns
 * a CNode with contents into these. Depths and levels are bounded (slot.h, cnode.c), so the way
 * is, too; nothing recurses. A leaf is taken back at once, or a share of its object is destroyed.
 * When its time is over, the system call re-executes, which lets interrupts in.
 */
#include <arch/asm.h>
#include <debug/trace.h>
#include <ipc/ipc.h>
#include <object/device.h>
#include <object/portmap.h>
#include <object/slot.h>
#include <object/table.h>
#include <object/thread.h>
#include <sched/time.h>

/* Of the time-stamp counter. Time and not steps, whose costs differ by a factor of 100: what comes
 * on top is one step. */
#define TICKS_PER_CALL   4000
#define SLOTS_PER_SEARCH 256

/* A share of destroying the object that @s owns; true when nothing is left to do. The capability
 * loses its rights first, so that nobody uses the object, or makes it grow, between two shares. */
static bool destroy_object(struct slot *s)
{
    void *p = (void *)s->obj;

    s->rights = 0;
    slot_set_fast(s);
    switch (s->type) {
    case OBJ_THREAD:
        return thread_destroy(p);
    case OBJ_VSPACE:
        return vspace_destroy(p);
    case OBJ_TABLE:
    case OBJ_IO_TABLE:
    case OBJ_IOSPACE: /* its Devices have copies of it, so they are off it */
        return table_clear(p);
    case OBJ_ENDPOINT:
        return endpoint_destroy(p);
    case OBJ_NOTIFICATION:
        return notification_destroy(p);
    case OBJ_REPLY:
        reply_destroy(p);
        return true;
    case OBJ_IRQ:
        irq_destroy(p);
        return true;
    case OBJ_PORTMAP:
        portmap_detach(p);
        return true;
    case OBJ_BUDGET:
        budget_destroy(p);
        return true;
    case OBJ_DEVICE:
        device_destroy(p);
        return true;
    default: /* untyped, frame, empty CNode: nothing but the memory */
        return true;
    }
}

/* Empty the leaf @s; who keeps it as a reference learns of it. */
static void empty(struct slot *s)
{
    if (s->flags & SLOT_IN_PORTMAP) {
        portmap_detach(portmap_of_slot(s));
    } else if (s->flags & SLOT_IN_IRQ) {
        irq_slot_lost(s);
    } else if (s->flags & SLOT_IN_DEVICE) {
        device_slot_lost(s);
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

/* Take back the leaf @s, or do a share of it; true when it is empty. */
static bool remove_leaf(struct slot *s)
{
    if (slot_can_map(s) && s->badge) {
        table_unmap(s);
    }
    if (s->flags & SLOT_OWNER) {
        if (!destroy_object(s)) {
            return false;
        }
        trace(TRACE_DESTROY, s->type, s->obj, 0, 0);
    }
    empty(s);
    return true;
}

static bool owns_cnode(const struct slot *s)
{
    return s->type == OBJ_CNODE && s->flags & SLOT_OWNER;
}

/* Search on for a slot in use of the CNode that @s owns; to *@inside, NULL when it is empty.
 * False: not known yet. Without rights to it nobody can fill a slot that has been looked at. */
static bool cnode_contents(struct slot *s, struct slot **inside)
{
    struct slot *slots = (struct slot *)s->obj;
    uint64_t count = 1ull << s->size_bits, from = slots[0].badge ? slots[0].badge : 1;
    uint64_t i = from;

    s->rights = 0;
    while (i < count && slots[i].type == OBJ_NULL && i - from < SLOTS_PER_SEARCH) {
        i++;
    }
    slots[0].badge = i;
    *inside = i < count ? &slots[i] : NULL;
    return i == count || slots[i].type != OBJ_NULL;
}

/* A place in what is being taken back: @s is @base or below it; @cnode owns the CNode that @base
 * lies in, or is NULL. */
struct place {
    struct slot *s, *base, *cnode;
};

/* Go down to a leaf; false when a CNode has to be searched on. */
static bool go_down(struct place *p)
{
    struct slot *inside;

    for (;;) {
        while (slot_has_child(p->s)) {
            p->s = slot_next(p->s);
        }
        if (!owns_cnode(p->s)) {
            return true;
        }
        if (!cnode_contents(p->s, &inside)) {
            return false;
        }
        if (!inside) {
            return true;
        }
        p->cnode = p->s;
        p->s = p->base = inside;
    }
}

/* Take back @s and all below it, leaf by leaf, until it is gone or the time is over; at least one
 * leaf, or a share of one. */
static void take_back(struct slot *s, uint64_t end)
{
    struct place p = {s, s, NULL};

    do {
        if (!go_down(&p)) {
            return;
        }
        /* a first child, so what stands before it is its parent */
        struct slot *leaf = p.s, *parent = slot_at(leaf->prev);
        if (!remove_leaf(leaf)) {
            return;
        }
        if (leaf != p.base) {
            p.s = parent;
        } else if (p.cnode && leaf != p.cnode) {
            p.s = p.base = p.cnode;
        } else {
            return;
        }
    } while (rdtsc() < end);
}

bool slot_revoke_steps(struct slot *s)
{
    uint64_t end = rdtsc() + TICKS_PER_CALL;

    while (slot_has_child(s) && rdtsc() < end) {
        take_back(slot_next(s), end);
    }
    return !slot_has_child(s);
}

bool slot_delete_steps(struct slot *s)
{
    uint64_t end = rdtsc() + TICKS_PER_CALL;

    while (s->type != OBJ_NULL && rdtsc() < end) {
        take_back(s, end);
    }
    return s->type == OBJ_NULL;
}
