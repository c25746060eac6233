/* sources: servers/devman/policy.c servers/devman/event.c servers/devman/tree.c */
/*
 * test_devman.c - the parts of devman that make no system calls: when a dead driver is started
 * again, what events are kept, the tree that bus drivers report into and may lie to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <quoll/abi.h>
#include "../../servers/devman/event.h"
#include "../../servers/devman/policy.h"
#include "../../servers/devman/tree.h"

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

/* ---- policy */

static uint64_t wait_after(const struct policy *p, struct policy_state *s, uint64_t now,
                           bool worked)
{
    uint64_t wait = UINT64_MAX;

    return policy_death(p, s, now, worked, &wait) == POLICY_GIVE_UP ? UINT64_MAX : wait;
}

static void test_back_off(void)
{
    const struct policy p = {
        .delay_us = 10, .factor = 3, .cap_us = 100, .deaths = 16, .window_us = 1000};
    const uint64_t waits[] = {0, 10, 30, 90, 100, 100};
    struct policy_state s = {0};

    for (unsigned i = 0; i < 6; i++) {
        CHECK(wait_after(&p, &s, i, false) == waits[i]);
    }
    CHECK(wait_after(&p, &s, 7, true) == 0); /* it had worked: a clean record */
    CHECK(wait_after(&p, &s, 8, false) == 0 && wait_after(&p, &s, 9, false) == 10);
    policy_forgive(&s);
    CHECK(wait_after(&p, &s, 10, false) == 0 && wait_after(&p, &s, 11, false) == 10);
}

static void test_giving_up(void)
{
    const struct policy p = {.factor = 1, .deaths = 3, .window_us = 100};
    const struct policy never = {.factor = 1, .deaths = 1, .window_us = UINT64_MAX};
    const struct policy huge = {.delay_us = UINT64_MAX / 2,
                                .factor = 4,
                                .cap_us = UINT64_MAX - 1,
                                .deaths = 16,
                                .window_us = UINT64_MAX};
    struct policy_state s = {0};

    CHECK(wait_after(&p, &s, 0, false) == 0 && wait_after(&p, &s, 90, false) == 0);
    CHECK(wait_after(&p, &s, 101, false) == 0); /* the first is too long ago */
    CHECK(wait_after(&p, &s, 190, false) == UINT64_MAX);
    policy_forgive(&s);
    for (unsigned i = 0; i < 100; i++) { /* more than are kept, never three in time */
        CHECK(wait_after(&p, &s, 1000 + i * 51ull, false) == 0);
    }
    policy_forgive(&s);
    CHECK(wait_after(&never, &s, 5, false) == UINT64_MAX && wait_after(&never, &s, 5, true) == 0);
    policy_forgive(&s);
    CHECK(wait_after(&huge, &s, 0, false) == 0);
    CHECK(wait_after(&huge, &s, 1, false) == UINT64_MAX / 2);
    CHECK(wait_after(&huge, &s, 2, false) == UINT64_MAX - 1); /* overflow: the cap */
}

/* ---- events */

static void test_events(void)
{
    static struct events e;
    struct event one = {.kind = EVENT_DIED};

    CHECK(event_after(&e, 0) == NULL && event_after(&e, UINT64_MAX) == NULL);
    for (unsigned i = 1; i <= EVENTS_KEPT + 5; i++) {
        one.time_us = i;
        event_add(&e, &one);
        CHECK(event_after(&e, i - 1)->number == i && event_after(&e, i) == NULL);
    }
    CHECK(event_after(&e, 0)->number == 6 && event_after(&e, 0)->time_us == 6);
    CHECK(event_after(&e, 100)->number == 101 && event_after(&e, UINT64_MAX) == NULL);
    for (int k = EVENT_DEVICE_ADDED; k <= EVENT_REFUSED; k++) {
        CHECK(event_kind_name((enum event_kind)k)[0] != '\0');
    }
    CHECK(strcmp(death_cause_name(CAUSE_IRQ_UNACKED), "irq-unacked") == 0);
}

/* ---- the tree */

static struct tree tree;

static struct node *add(unsigned parent, const char *name, const char *id)
{
    struct identity identity = {0};
    struct node *node = NULL;

    snprintf(identity.name, sizeof(identity.name), "%s", id);
    return tree_add(&tree, parent, name, &identity, &node) == E_OK ? node : NULL;
}

static void test_tree(void)
{
    struct identity other = {.vendor = 0x8086, .device = 1};
    struct node *bus, *com, *node = NULL;
    char path[TREE_PATH];
    unsigned depth = 9;

    tree_init(&tree);
    bus = add(0, "platform", "platform");
    CHECK(bus != NULL && add(bus->id, "com1", "com") == NULL); /* no bus yet */
    bus->is_bus = true;
    com = add(bus->id, "com1", "com");
    CHECK(com != NULL && add(bus->id, "com1", "com") == com);
    CHECK(tree_add(&tree, bus->id, "com1", &other, &node) == E_EXISTS);
    com->present = false; /* gone: another one may have its name */
    CHECK(tree_add(&tree, bus->id, "com1", &other, &node) == E_OK && node == com && com->present);
    tree_path(&tree, com, path);
    CHECK(strcmp(path, "/platform/com1") == 0 && tree_find(&tree, path) == com);
    tree_path(&tree, &tree.node[0], path);
    CHECK(strcmp(path, "/") == 0 && tree_find(&tree, "/") == &tree.node[0]);
    CHECK(tree_find(&tree, "/platform/com") == NULL && tree_find(&tree, "") == NULL);
    CHECK(add(0, "pci", "pci") != NULL);
    CHECK(tree_next(&tree, -1, NULL) == 0 && tree_next(&tree, 0, NULL) == bus->id);
    CHECK(tree_next(&tree, bus->id, &depth) == com->id && depth == 2);
    CHECK(tree_next(&tree, com->id, &depth) == 3 && depth == 1 && tree_next(&tree, 3, NULL) == -1);
}

static void test_tree_refusals(void)
{
    static const char *const bad[] = {"", "A", "a/b", "a b", "0123456789abcdef", "\x80"};

    tree_init(&tree);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char raw[TREE_NAME];
        struct identity identity = {0};
        struct node *node;
        memset(raw, 'x', sizeof(raw)); /* the long one: no end */
        if (strlen(bad[i]) < sizeof(raw)) {
            strcpy(raw, bad[i]);
        }
        CHECK(tree_add(&tree, 0, raw, &identity, &node) == E_BAD_ARG);
    }
    CHECK(add(1, "x", "x") == NULL && add(TREE_NODES, "x", "x") == NULL);
    for (unsigned i = 1; i < TREE_NODES; i++) {
        char name[TREE_NAME];
        snprintf(name, sizeof(name), "n%u", i);
        CHECK(add(0, name, "x") != NULL);
    }
    CHECK(add(0, "more", "x") == NULL && tree.count == TREE_NODES);
}

static int give(struct node *n, const char *name, int kind, uint64_t base, uint64_t size)
{
    struct resource r = {.kind = (enum resource_kind)kind, .base = base, .size = size};

    snprintf(r.name, sizeof(r.name), "%s", name);
    return tree_add_resource(n, &r);
}

static void test_resources(void)
{
    struct node *n;

    tree_init(&tree);
    n = add(0, "x", "x");
    CHECK(give(n, "p", RESOURCE_PORTS, 0xffff, 1) == E_OK);
    CHECK(give(n, "p", RESOURCE_PORTS, 0xffff, 1) == E_OK && n->resource_count == 1);
    CHECK(give(n, "p", RESOURCE_PORTS, 0xfffe, 1) == E_EXISTS);
    CHECK(give(n, "q", RESOURCE_PORTS, 0xffff, 2) == E_BAD_ARG);
    CHECK(give(n, "q", RESOURCE_PORTS, UINT64_MAX, 2) == E_BAD_ARG);
    CHECK(give(n, "q", RESOURCE_PORTS, 1, 0) == E_BAD_ARG && give(n, "q", 77, 1, 1) == E_BAD_ARG);
    CHECK(give(n, "q", RESOURCE_MMIO, UINT64_MAX - 1, 4) == E_BAD_ARG);
    CHECK(give(n, "q", RESOURCE_IRQ, 1024, 1) == E_BAD_ARG);
    CHECK(give(n, "Q", RESOURCE_IRQ, 1, 1) == E_BAD_ARG);
    CHECK(tree_resource(n, "p")->base == 0xffff && tree_resource(n, "q") == NULL);
    for (unsigned i = 1; i < TREE_RESOURCES; i++) {
        char name[TREE_NAME];
        snprintf(name, sizeof(name), "r%u", i);
        CHECK(give(n, name, RESOURCE_MMIO, i * 4096ull, 4096) == E_OK);
    }
    CHECK(give(n, "more", RESOURCE_MMIO, 1, 1) == E_LIMIT);
}

/* A bus driver that reports anything: the tree stays a tree. */
static void test_tree_random(void)
{
    srand(1);
    tree_init(&tree);
    for (unsigned i = 0; i < 20000; i++) {
        struct node *n = &tree.node[(unsigned)rand() % TREE_NODES];
        char name[TREE_NAME] = {(char)('a' + rand() % 30), (char)('0' + rand() % 12)};
        int seen = 0;
        if (n->used && rand() % 4 == 0) {
            n->is_bus = true;
        }
        (void)add((unsigned)rand() % (TREE_NODES + 2), name, rand() % 2 ? "x" : "y");
        (void)give(n, name, rand() % 7, (uint64_t)rand() << 8, (uint64_t)rand());
        for (int at = -1; i % 500 == 0 && (at = tree_next(&tree, at, NULL)) >= 0;) {
            char path[TREE_PATH];
            seen++;
            tree_path(&tree, &tree.node[at], path);
            CHECK(strnlen(path, sizeof(path)) < sizeof(path) && path[0] == '/');
        }
        CHECK(i % 500 != 0 || seen == (int)tree.count);
    }
}

int main(void)
{
    test_back_off();
    test_giving_up();
    test_events();
    test_tree();
    test_tree_refusals();
    test_resources();
    test_tree_random();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
