/*
 * check.h - the kernel's invariants, checked on demand in debug builds (DEBUG_CHECK): a walk over
 * everything that is reachable from the kernel's own roots. Each part counts what it finds, and
 * the counts must agree: an object that only one side knows of is as broken as a wrong field.
 * Slow and not preemptible. A walk ends at the first link that its neighbour does not confirm, so
 * a damaged list can't make it run for ever.
 */
#ifndef DEBUG_CHECK_H
#define DEBUG_CHECK_H

#include <object/object.h>

/* What the parts have seen. Both sides of a comparison count: one up, the other down. */
struct check_counts {
    uint64_t slots;    /* capabilities where they lie, less those in the derivation tree */
    uint64_t threads;  /* owned, less those in the list of all */
    uint64_t irqs;     /* owned, less those on their sources */
    uint64_t replies;  /* of a thread that lives, less those in the threads' lists */
    uint64_t held;     /* threads that Replies hold, less those in such a state */
    uint64_t queued;   /* threads in queues of objects, less those in such a state */
    uint64_t ready;    /* threads in ready queues, less those with the flag */
    uint64_t bindings; /* notifications that are bound, less threads that have one */
    uint64_t timers;   /* objects with a deadline, less links in the heap */
    uint64_t ports;    /* open in PortMaps, less those that are taken */
    uint64_t mappings; /* capabilities that are mapped, less entries that name one */
    uint64_t devices;  /* Devices with an IoSpace, less those that IoSpaces count */
};
extern struct check_counts check_seen;

/** Walk everything. @caller is any number, for the report. Returns how many invariants are broken;
 *  the first of them have been reported. */
unsigned check_all(uint64_t caller);

/** Report that @what of @object is @got instead of @want, unless they are equal. */
bool check_same(const char *what, const void *object, uint64_t got, uint64_t want);

#define SAME(what, object, got, want) check_same(what, object, (uint64_t)(got), (uint64_t)(want))
/* The same for what is true or not; @got is only for the report. */
#define CHECK(what, object, got, ok)                                                               \
    SAME(what, object, got, (ok) ? (uint64_t)(got) : ~(uint64_t)(got))

/** Is @p an address in the direct map, a multiple of @align? If not, report it. */
bool check_pointer(const char *what, const void *object, const void *p, uint64_t align);

/** @s lies where its flags must be @place (SLOT_IN_*), and is linked if it is not empty. */
void check_place(const struct slot *s, uint8_t place);

/* ---- the parts, for check_all */
void check_object(const struct slot *s);  /* for each capability that owns: the object */
void check_mapping(const struct slot *s); /* for each frame and table: where it is mapped */
void check_threads(void);
void check_ready(void);
void check_sources(void);
void check_ports(void);

void check_table(const struct table *t, bool boot); /* @boot: root's own, not all of it named */
void check_portmap(const struct portmap *p);

#endif
