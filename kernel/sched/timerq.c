/*
 * timerq.c - the leftist heap of deadlines.
 * Invariants: no child is earlier than its parent; a left child's rank is at least its right
 * sibling's, so the way right from a node of a heap of n has at most log2(n + 1) nodes.
 * Source: Crane, "Linear Lists and Priority Queues as Balanced Binary Trees", 1972.
 */
#include <sched/timerq.h>
#include <stddef.h>

static uint32_t rank(const struct timer *t)
{
    return t ? t->rank : 0;
}

/* @t's children have changed: order them by rank. False when @t's own rank is as it was. */
static bool balance(struct timer *t)
{
    if (rank(t->left) < rank(t->right)) {
        struct timer *left = t->left;
        t->left = t->right;
        t->right = left;
    }
    uint32_t was = t->rank;
    t->rank = rank(t->right) + 1;
    return t->rank != was;
}

/* One heap of two: the nodes on both ways right in order, each keeping its left child. */
static struct timer *merge(struct timer *a, struct timer *b)
{
    struct timer *root = NULL, *last = NULL, **link = &root;

    while (a && b) {
        if (b->at < a->at) {
            struct timer *earlier = b;
            b = a;
            a = earlier;
        }
        *link = a;
        a->parent = last;
        last = a;
        link = &a->right;
        a = a->right;
    }
    *link = a ? a : b;
    if (*link) {
        (*link)->parent = last;
    }
    while (last) {
        (void)balance(last); /* all of them: their right children came from either heap */
        last = last->parent;
    }
    return root;
}

void timerq_insert(struct timer **root, struct timer *t)
{
    t->left = t->right = t->parent = NULL;
    t->rank = 1;
    *root = merge(*root, t);
}

void timerq_remove(struct timer **root, struct timer *t)
{
    struct timer *parent = t->parent;

    if (!timerq_queued(t)) {
        return;
    }
    struct timer *rest = merge(t->left, t->right);
    if (rest) {
        rest->parent = parent;
    }
    if (!parent) {
        *root = rest;
    } else if (parent->left == t) {
        parent->left = rest;
    } else {
        parent->right = rest;
    }
    /* Upwards the ranks that change only fall, or only rise, and differ: at most log2(n + 1). */
    while (parent && balance(parent)) {
        parent = parent->parent;
    }
    t->left = t->right = t->parent = NULL;
    t->rank = 0;
}
