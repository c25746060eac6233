/*
 * tree.h - the device tree: the null bus is its root, buses are inner nodes, devices are leaves.
 * Bus drivers report into it and devman never believes them: every name, number and range is
 * checked. Nodes keep their place for ever (a path's node, once gone, can come back). No kernel
 * calls here, so it is tested and fuzzed on the host.
 */
#ifndef DEVMAN_TREE_H
#define DEVMAN_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_NODES    96
#define TREE_CHILDREN 64 /* of one bus, so that none fills the tree alone */
#define TREE_RESOURCES                                                                             \
    16                /* of one device: six BARs, interrupt, MSI, configuration; of a bus more */
#define TREE_UNITS 16 /* names of one device's units, those that are gone included */
#define TREE_NAME  16 /* bytes with the NUL: "00:1f.3", "com1" */
#define TREE_PATH  48

enum resource_kind {
    RESOURCE_PORTS = 1, /* base: first port, size: how many */
    RESOURCE_MMIO = 2,  /* base: physical address, size: bytes */
    RESOURCE_IRQ = 3,   /* base: GSI, flags: enum quoll irq_control flags (LEVEL, ACTIVE_LOW) */
    RESOURCE_MSI = 4,   /* size: how many messages the device can send */
    RESOURCE_CONFIG = 5 /* configuration space, through the bus driver: base: its number for it */
};

struct resource {
    char name[TREE_NAME]; /* "bar0", "ports", "irq" */
    enum resource_kind kind;
    uint32_t flags;
    uint64_t base, size;
};

/* What matching looks at. */
struct identity {
    char name[TREE_NAME];    /* "com", "vga": of a platform device; "" where ids say it */
    uint16_t vendor, device; /* 0: none */
    uint32_t class_code;     /* class << 16 | subclass << 8 | interface */
};

struct node {
    uint16_t id; /* its index; 0 is the null bus */
    uint16_t parent;
    bool used, present, is_bus;
    bool is_unit;   /* of its parent, a device; not a device itself */
    uint8_t unit;   /* its number */
    bool has_units; /* its driver has said which it has, be it none */
    char name[TREE_NAME];
    struct identity identity;
    unsigned resource_count;
    struct resource resource[TREE_RESOURCES];
};

struct tree {
    struct node node[TREE_NODES];
    unsigned count;
};

/** A tree of the null bus alone. */
void tree_init(struct tree *t);

/** Add device @name on bus @parent, or find it again if it is there already with the same identity
 *  (a bus driver's successor reports what its predecessor did). Errors: BAD_ARG (no such bus, a
 *  name that is not 1 to 15 of a-z 0-9 . : _ -), EXISTS (the name is another device's), LIMIT (the
 *  tree, or what one bus may report, is full). */
int tree_add(struct tree *t, unsigned parent, const char *name, const struct identity *identity,
             struct node **out);

/** Device @owner has unit @number as @name; the one that had that number is gone. Errors: BAD_ARG
 *  (no such device, a name as above), EXISTS (another unit's), LIMIT. */
int tree_add_unit(struct tree *t, unsigned owner, unsigned number, const char *name,
                  struct node **out);

/** The unit @number of device @owner; a null pointer if it is not there. */
struct node *tree_unit(struct tree *t, unsigned owner, unsigned number);

/** The first unit of device @owner that is there; a null pointer: none is. *@any: it is one
 *  that has units, though there may be none now (has_units). */
struct node *tree_first_unit(struct tree *t, unsigned owner, bool *any);

/** Are name, kind and range such as a device can have? */
bool tree_resource_is_good(const struct resource *r);

/** Give @node a resource. Errors: BAD_ARG (kind, range, name), EXISTS (the name is taken by another
 *  one; the same one again is E_OK), LIMIT. */
int tree_add_resource(struct node *node, const struct resource *r);

/** Does a device other than @node own a part of @r? The buses of the null bus own nothing that
 *  way. */
bool tree_is_taken(const struct tree *t, const struct node *node, const struct resource *r);

/** The resource @name of @node; a null pointer if it has none. */
const struct resource *tree_resource(const struct node *node, const char *name);

/** Write "/pci/00:1f.3" to @to of TREE_PATH bytes. The null bus is "/". */
void tree_path(const struct tree *t, const struct node *node, char to[TREE_PATH]);

/** The node at @path; a null pointer if there is none. */
struct node *tree_find(struct tree *t, const char *path);

/** The first node after @after (-1: from the start) in the order of the tree, depth first, children
 *  by the order they were reported in; @depth, if not null, receives how deep it lies. -1: none. */
int tree_next(const struct tree *t, int after, unsigned *depth);

#endif
