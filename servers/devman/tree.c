/*
 * tree.c - see tree.h.
 */
#include "tree.h"

#include <quoll/abi.h>
#include <string.h>

#define PORT_MAX 0xffffu
#define GSI_MAX  1023u
#define MSI_MAX  2048u
#define PA_END   (1ull << 52) /* Intel SDM vol. 3A, 4.1.4: MAXPHYADDR is at most 52 */

static bool is_name(const char *s)
{
    size_t n = strnlen(s, TREE_NAME);

    if (n == 0 || n == TREE_NAME) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool letter = s[i] >= 'a' && s[i] <= 'z', digit = s[i] >= '0' && s[i] <= '9';
        if (!letter && !digit && strchr(".:_-", s[i]) == NULL) {
            return false;
        }
    }
    return true;
}

void tree_init(struct tree *t)
{
    memset(t, 0, sizeof(*t));
    t->count = 1;
    t->node[0].used = t->node[0].present = t->node[0].is_bus = true;
}

static struct node *child(struct tree *t, unsigned parent, const char *name)
{
    for (unsigned i = 1; i < t->count; i++) {
        if (t->node[i].parent == parent && strcmp(t->node[i].name, name) == 0) {
            return &t->node[i];
        }
    }
    return NULL;
}

static unsigned children(const struct tree *t, unsigned parent)
{
    unsigned count = 0;

    for (unsigned i = 1; i < t->count; i++) {
        count += t->node[i].parent == parent;
    }
    return count;
}

static bool same_identity(const struct identity *a, const struct identity *b)
{
    return strcmp(a->name, b->name) == 0 && a->vendor == b->vendor && a->device == b->device &&
           a->class_code == b->class_code;
}

static struct node *append(struct tree *t, unsigned parent, const char *name,
                           const struct identity *identity)
{
    struct node *n = &t->node[t->count];

    n->id = (uint16_t)t->count++;
    n->parent = (uint16_t)parent;
    n->used = n->present = true;
    n->identity = *identity;
    memcpy(n->name, name, strlen(name) + 1);
    return n;
}

/* A name of another device may be used again once that device is gone. */
static int take_again(struct node *n, const struct identity *identity)
{
    if (!same_identity(&n->identity, identity)) {
        if (n->present) {
            return E_EXISTS;
        }
        n->identity = *identity;
        n->resource_count = 0;
    }
    n->present = true;
    return E_OK;
}

int tree_add(struct tree *t, unsigned parent, const char *name, const struct identity *identity,
             struct node **out)
{
    struct node *n;
    int error;

    if (parent >= t->count || !t->node[parent].is_bus || !is_name(name) ||
        (identity->name[0] != '\0' && !is_name(identity->name))) {
        return E_BAD_ARG;
    }
    n = child(t, parent, name);
    if (n != NULL) {
        error = n->is_unit ? E_EXISTS : take_again(n, identity);
        if (error == E_OK) {
            *out = n;
        }
        return error;
    }
    if (t->count == TREE_NODES || children(t, parent) >= TREE_CHILDREN) {
        return E_LIMIT;
    }
    *out = append(t, parent, name, identity);
    return E_OK;
}

struct node *tree_unit(struct tree *t, unsigned owner, unsigned number)
{
    for (unsigned i = 1; i < t->count; i++) {
        struct node *n = &t->node[i];
        if (n->is_unit && n->present && n->parent == owner && n->unit == number) {
            return n;
        }
    }
    return NULL;
}

struct node *tree_first_unit(struct tree *t, unsigned owner, bool *any)
{
    struct node *first = NULL;

    *any = t->node[owner].has_units;
    for (unsigned i = 1; i < t->count; i++) {
        struct node *n = &t->node[i];
        if (n->is_unit && n->parent == owner && n->present &&
            (first == NULL || n->unit < first->unit)) {
            first = n;
        }
    }
    return first;
}

int tree_add_unit(struct tree *t, unsigned owner, unsigned number, const char *name,
                  struct node **out)
{
    struct identity identity = {0};
    struct node *had, *n;

    if (owner == 0 || owner >= t->count || t->node[owner].is_unit || t->node[owner].is_bus ||
        number >= TREE_UNITS || !is_name(name)) {
        return E_BAD_ARG;
    }
    n = child(t, owner, name);
    had = tree_unit(t, owner, number);
    if (n != NULL && (!n->is_unit || (n->present && n != had))) {
        return E_EXISTS;
    }
    if (n == NULL && (t->count == TREE_NODES || children(t, owner) >= TREE_UNITS)) {
        return E_LIMIT;
    }
    if (had != NULL) {
        had->present = false;
    }
    if (n == NULL) {
        memcpy(identity.name, name, strlen(name) + 1);
        n = append(t, owner, name, &identity);
    }
    t->node[owner].has_units = n->is_unit = n->present = true;
    n->unit = (uint8_t)number;
    *out = n;
    return E_OK;
}

static bool range_is_good(const struct resource *r)
{
    switch (r->kind) {
    case RESOURCE_PORTS:
        return r->size != 0 && r->base <= PORT_MAX && r->size <= PORT_MAX + 1 - r->base;
    case RESOURCE_MMIO:
        return r->size != 0 && r->base < PA_END && r->size <= PA_END - r->base;
    case RESOURCE_IRQ:
        return r->base <= GSI_MAX && (r->flags & ~(uint32_t)(IRQ_LEVEL | IRQ_ACTIVE_LOW)) == 0;
    case RESOURCE_MSI:
        return r->size != 0 && r->size <= MSI_MAX;
    case RESOURCE_CONFIG:
        return r->base <= UINT32_MAX;
    default:
        return false;
    }
}

bool tree_resource_is_good(const struct resource *r)
{
    return is_name(r->name) && range_is_good(r);
}

int tree_add_resource(struct node *node, const struct resource *r)
{
    const struct resource *old;

    if (!tree_resource_is_good(r)) {
        return E_BAD_ARG;
    }
    old = tree_resource(node, r->name);
    if (old != NULL) {
        bool same = old->kind == r->kind && old->flags == r->flags && old->base == r->base &&
                    old->size == r->size;
        return same ? E_OK : E_EXISTS;
    }
    if (node->resource_count == TREE_RESOURCES) {
        return E_LIMIT;
    }
    node->resource[node->resource_count++] = *r;
    return E_OK;
}

static bool overlap(const struct resource *a, const struct resource *b)
{
    return a->kind == b->kind && (a->kind == RESOURCE_PORTS || a->kind == RESOURCE_MMIO) &&
           a->base < b->base + b->size && b->base < a->base + a->size;
}

bool tree_is_taken(const struct tree *t, const struct node *node, const struct resource *r)
{
    for (unsigned i = 1; i < t->count; i++) {
        const struct node *n = &t->node[i];
        if (n == node || !n->present || n->parent == 0) {
            continue; /* what a bus of the null bus needs to find its devices is not its own */
        }
        for (unsigned k = 0; k < n->resource_count; k++) {
            if (overlap(&n->resource[k], r)) {
                return true;
            }
        }
    }
    return false;
}

const struct resource *tree_resource(const struct node *node, const char *name)
{
    for (unsigned i = 0; i < node->resource_count; i++) {
        if (strcmp(node->resource[i].name, name) == 0) {
            return &node->resource[i];
        }
    }
    return NULL;
}

/* From the end to the front: a node knows its parent only. */
void tree_path(const struct tree *t, const struct node *node, char to[TREE_PATH])
{
    char reversed[TREE_PATH];
    size_t at = TREE_PATH - 1, n;

    reversed[at] = '\0';
    for (; node->id != 0; node = &t->node[node->parent]) {
        n = strlen(node->name);
        if (n + 1 > at) {
            break; /* too deep to be written: what is nearest to the device is shown */
        }
        at -= n;
        memcpy(reversed + at, node->name, n);
        reversed[--at] = '/';
    }
    if (reversed[at] == '\0') {
        reversed[--at] = '/';
    }
    memcpy(to, reversed + at, TREE_PATH - at);
}

struct node *tree_find(struct tree *t, const char *path)
{
    char text[TREE_PATH];

    for (unsigned i = 0; i < t->count; i++) {
        tree_path(t, &t->node[i], text);
        if (strcmp(text, path) == 0) {
            return &t->node[i];
        }
    }
    return NULL;
}

static int first_child(const struct tree *t, unsigned parent, unsigned from)
{
    for (unsigned i = from; i < t->count; i++) {
        if (t->node[i].parent == parent && i != 0) {
            return (int)i;
        }
    }
    return -1;
}

static unsigned depth_of(const struct tree *t, unsigned id)
{
    unsigned depth = 0;

    for (; id != 0; id = t->node[id].parent) {
        depth++;
    }
    return depth;
}

int tree_next(const struct tree *t, int after, unsigned *depth)
{
    int next;

    if (after < 0) {
        next = 0;
    } else {
        next = first_child(t, (unsigned)after, 1);
        for (unsigned at = (unsigned)after; next < 0 && at != 0; at = t->node[at].parent) {
            next = first_child(t, t->node[at].parent, at + 1);
        }
    }
    if (next >= 0 && depth != NULL) {
        *depth = depth_of(t, (unsigned)next);
    }
    return next;
}
