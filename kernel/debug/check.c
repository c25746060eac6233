/*
 * check.c - DEBUG_CHECK: the derivation tree, what each capability may be derived from, untyped
 * memory; and the other parts.
 * Capabilities are found where they lie: in the CNodes, beginning with those of the threads and
 * going on with every CNode that a capability names. Trees begin at capabilities without a
 * predecessor, which lie in CNodes only; the two counts agree if every capability is in a tree.
 */
#include <console/kprintf.h>
#include <debug/check.h>
#include <lib/string.h>
#include <object/slot.h>
#include <object/thread.h>
#include <object/untyped.h>

#define REPORTS_MAX 20

struct check_counts check_seen;
static unsigned broken;

/* The CNodes that have been found, linked through the address word of their slot 0, which is no
 * capability, and marked by its size. */
static struct slot *cnodes, **last_cnode;

static struct slot *path[SLOT_DEPTH_MAX + 1]; /* of the walk: one capability a depth */
static uint64_t room[SLOT_DEPTH_MAX + 1];     /* untyped: where the next object must end */

bool check_same(const char *what, const void *object, uint64_t got, uint64_t want)
{
    if (got != want && broken++ < REPORTS_MAX) {
        kprintf("broken: %s of %p is 0x%lx", what, object, got);
        kprintf(want == ~got ? "\n" : ", not 0x%lx\n", want); /* see CHECK */
    }
    return got == want;
}

bool check_pointer(const char *what, const void *object, const void *p, uint64_t align)
{
    uint64_t pa = direct_pa(p);

    return CHECK(what, object, p, pa && pa < OBJECT_PA_LIMIT && !(pa & (align - 1)));
}

static void add_cnode(const struct slot *s)
{
    struct slot *base = (struct slot *)s->obj;

    if (s->type == OBJ_CNODE && check_pointer("tree: CNode", s, base, 32) && !base->size_bits) {
        base->size_bits = s->size_bits;
        *last_cnode = base;
        last_cnode = (struct slot **)&base->obj;
    }
}

/* @s was cut from @parent: inside it, and below what was cut later, which comes before it. */
static void check_cut(const struct slot *s, const struct slot *parent)
{
    bool by_pa = s->type == OBJ_UNTYPED || s->type == OBJ_FRAME;
    uint64_t at = by_pa ? s->obj : direct_pa((void *)s->obj), *end = &room[parent->depth];
    uint64_t bytes = 1ull << quoll_object_bits((enum quoll_object)s->type, s->size_bits);
    unsigned least = parent->level + (s->type == OBJ_CNODE ? 1u : 0u);

    at -= s->type == OBJ_THREAD ? THREAD_OFFSET : 0;
    SAME("tree: type of the parent", s, parent->type, OBJ_UNTYPED);
    SAME("tree: alignment", s, at & (bytes - 1), 0);
    CHECK("tree: end of the memory", s, at + bytes, at >= parent->obj && at + bytes <= *end);
    *end = at;
    if (s->type == OBJ_UNTYPED || s->type == OBJ_CNODE) {
        CHECK("tree: level", s, s->level, s->level >= least && s->level <= CNODE_LEVEL_MAX);
    }
}

static void check_copy(const struct slot *s, const struct slot *parent)
{
    bool badged = s->type == OBJ_ENDPOINT || s->type == OBJ_NOTIFICATION;

    CHECK("tree: type of a copy", s, s->type, s->type != OBJ_UNTYPED && s->type != OBJ_REPLY);
    SAME("tree: type", s, s->type, parent->type);
    SAME("tree: object", s, s->obj, parent->obj);
    SAME("tree: size", s, s->size_bits, parent->size_bits);
    SAME("tree: rights over the parent's", s, s->rights & ~parent->rights, 0);
    if (badged && parent->badge && !(s->flags & SLOT_IN_IRQ)) {
        SAME("tree: badge", s, s->badge, parent->badge);
    }
}

/* What is not used, as far as it is said to be zero, is. */
static void check_untyped(const struct slot *s)
{
    uint64_t used = untyped_used(s), end = s->flags & SLOT_DEVICE ? used : untyped_zero_end(s);
    bool fits = CHECK("tree: bytes used", s, used, used <= 1ull << s->size_bits);

    room[s->depth] = s->obj + used;
    for (uint64_t at = used; fits && at < end; at += 8) {
        SAME("untyped: memory", direct(s->obj + at), *(uint64_t *)direct(s->obj + at), 0);
    }
}

static void check_slot(const struct slot *s, const struct slot *parent)
{
    struct slot copy = *s;
    bool owner = s->flags & SLOT_OWNER, untyped = s->type == OBJ_UNTYPED;

    slot_set_fast(&copy);
    SAME("tree: fast flags", s, s->fast, copy.fast);
    CHECK("tree: type", s, s->type, s->type < OBJ_COUNT && !(s->rights & ~RIGHT_ALL));
    if (untyped) {
        check_untyped(s);
    }
    if (parent) {
        SAME("tree: device flag", s, s->flags & SLOT_DEVICE, parent->flags & SLOT_DEVICE);
        (owner ? check_cut : check_copy)(s, parent);
    }
    if (owner || !parent) {
        check_object(s);
    }
    if (slot_can_map(s)) {
        check_mapping(s);
    }
    add_cnode(s);
}

/* The list that begins at @s, in pre-order. */
static void check_list(struct slot *s)
{
    unsigned deepest = 0; /* that the next one may lie */

    while (s && CHECK("tree: depth", s, s->depth, s->depth <= deepest)) {
        check_seen.slots--;
        path[s->depth] = s;
        check_slot(s, s->depth ? path[s->depth - 1] : NULL);
        deepest = s->depth < SLOT_DEPTH_MAX ? s->depth + 1u : SLOT_DEPTH_MAX;
        struct slot *next = slot_next(s);
        bool ok = !next || SAME("tree: previous", next, next->prev, slot_link(s));
        s = ok ? next : NULL;
    }
}

void check_place(const struct slot *s, uint8_t place)
{
    if (SAME("tree: flags of its place", s, s->flags & SLOT_IN_OBJECT, place) && s->type) {
        const struct slot *prev = slot_at(s->prev);
        check_seen.slots++;
        CHECK("tree: previous, where no tree begins,", s, prev, !place || prev);
        CHECK("tree: next of its previous", s, prev, !prev || prev->next == slot_link(s));
    }
}

static void check_cnode(struct slot *base)
{
    SAME("tree: type of slot 0", base, base->type, OBJ_NULL);
    for (uint64_t i = 1; i < 1ull << base->size_bits; i++) {
        struct slot *s = &base[i];
        bool cnode = s->type == OBJ_CNODE, levelled = cnode || s->type == OBJ_UNTYPED;
        check_place(s, 0);
        if (levelled && s->flags & SLOT_OWNER) {
            CHECK("tree: level in its CNode", s, s->level, s->level >= base->level + cnode);
            CHECK("tree: level of a CNode", s, s->level,
                  !cnode || s->level == ((struct slot *)s->obj)->level);
        }
        if (s->type && !s->prev) {
            check_list(s);
        }
    }
}

static void check_tree(void)
{
    cnodes = NULL;
    last_cnode = &cnodes;
    for (struct thread *t = thread_first(); t; t = t->all_next) {
        for (unsigned i = 0; i < TS_COUNT; i++) {
            check_place(&t->slots[i], SLOT_IN_THREAD);
        }
        add_cnode(&t->slots[TS_CNODE]);
    }
    for (struct slot *c = cnodes; c; c = (struct slot *)c->obj) {
        check_cnode(c);
    }
    for (struct slot *c = cnodes, *next; c; c = next) {
        next = (struct slot *)c->obj;
        c->obj = 0;
        c->size_bits = 0;
    }
}

unsigned check_all(uint64_t caller)
{
    static const char *const counted[] = {"capabilities outside the tree",
                                          "threads outside the list",
                                          "Irqs on no source",
                                          "Replies in no list",
                                          "threads held",
                                          "threads in queues",
                                          "threads in ready queues",
                                          "bindings",
                                          "timers outside the heap",
                                          "ports open",
                                          "mappings without an entry",
                                          "Devices in no IoSpace"};
    _Static_assert(sizeof check_seen / 8 == sizeof counted / sizeof *counted, "one name each");
    const uint64_t *count = (const uint64_t *)&check_seen;

    memset(&check_seen, 0, sizeof check_seen);
    broken = 0;
    check_tree();
    check_threads();
    check_ready();
    check_sources();
    check_ports();
    for (unsigned i = 0; i < sizeof check_seen / 8; i++) {
        SAME(counted[i], NULL, count[i], 0);
    }
    if (broken) {
        kprintf("broken: %u invariants in all, check %lu\n", broken, caller);
    }
    return broken;
}
