/* sources: servers/devman/tree.c servers/devman/reserved.c */
/*
 * test_tree.c - the device tree under honest and hostile bus drivers: what a report can't do, with
 * a check of the whole tree after every random one.
 */
#include "mutate.h"

#include "servers/devman/reserved.h"
#include "servers/devman/tree.h"

#include <quoll/abi.h>
#include <stdio.h>

static unsigned passed, failed;
static struct tree t;
static struct node *platform, *pci, *null;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static struct identity named(const char *name)
{
    struct identity identity = {0};

    (void)snprintf(identity.name, sizeof(identity.name), "%s", name);
    return identity;
}

static struct resource resource(const char *name, enum resource_kind kind, uint64_t base,
                                uint64_t size)
{
    struct resource r = {.kind = kind, .base = base, .size = size};

    (void)snprintf(r.name, sizeof(r.name), "%s", name);
    return r;
}

static void begin(void)
{
    struct identity none = {0};

    tree_init(&t);
    (void)tree_add(&t, 0, "platform", &none, &platform);
    (void)tree_add(&t, 0, "pci", &none, &pci);
    (void)tree_add(&t, 0, "null", &none, &null);
    platform->is_bus = pci->is_bus = true;
}

/* ---- the tree */

static void test_names(void)
{
    static const char *const bad[] = {
        "",  "sixteen-letters-", "UPPER",   "a b",  "a/b", "\x80", "a\n", "..,",
        "/", "com1\t",           "ein*bär", "a\x7f"};
    struct identity com = named("com"), wrong = {0};
    struct node *n = NULL;

    begin();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check(tree_add(&t, platform->id, bad[i], &com, &n) == E_BAD_ARG && n == NULL, bad[i]);
    }
    memset(wrong.name, 'a', sizeof(wrong.name));
    check(tree_add(&t, platform->id, "com1", &wrong, &n) == E_BAD_ARG, "an id without an end");
    check(tree_add(&t, null->id, "com1", &com, &n) == E_BAD_ARG, "on what is no bus");
    check(tree_add(&t, TREE_NODES + 5, "com1", &com, &n) == E_BAD_ARG, "on what is nothing");
    check(t.count == 4, "and nothing has changed");
    check(tree_add(&t, platform->id, "fifteen-letters", &com, &n) == E_OK, "the longest");
}

static void test_again(void)
{
    struct identity com = named("com"), other = named("lpt");
    struct resource ports = resource("ports", RESOURCE_PORTS, 0x3f8, 8);
    struct node *first, *again;

    begin();
    check(tree_add(&t, platform->id, "com1", &com, &first) == E_OK, "a device");
    check(tree_add_resource(first, &ports) == E_OK && tree_add_resource(first, &ports) == E_OK,
          "its ports, twice the same");
    check(tree_add(&t, platform->id, "com1", &com, &again) == E_OK && again == first &&
              first->resource_count == 1,
          "found again");
    check(tree_add(&t, platform->id, "com1", &other, &again) == E_EXISTS, "another by its name");
    check(tree_add(&t, pci->id, "com1", &other, &again) == E_OK && again != first,
          "which another bus may use");
    first->present = false;
    check(tree_add(&t, platform->id, "com1", &other, &again) == E_OK && again == first &&
              first->resource_count == 0,
          "after it has gone; with nothing of the old one's");
}

static void test_resources(void)
{
    const struct {
        struct resource r;
        const char *what;
    } bad[] = {
        {resource("ports", RESOURCE_PORTS, 0x3f8, 0), "no ports"},
        {resource("ports", RESOURCE_PORTS, 0x10000, 1), "a port past the last"},
        {resource("ports", RESOURCE_PORTS, 0xfff8, 9), "ports past the last"},
        {resource("ports", RESOURCE_PORTS, 8, UINT64_MAX), "ports around the end"},
        {resource("ports", RESOURCE_PORTS, UINT64_MAX, 2), "ports around the end"},
        {resource("bar0", RESOURCE_MMIO, 0xfe000000, 0), "no memory"},
        {resource("bar0", RESOURCE_MMIO, UINT64_MAX - 4095, 4096), "memory up to the end"},
        {resource("bar0", RESOURCE_MMIO, 1ull << 52, 4096), "memory past all memory"},
        {resource("bar0", RESOURCE_MMIO, 4096, UINT64_MAX), "memory around the end"},
        {resource("bar0", RESOURCE_MMIO, 4096, 1ull << 63), "more than all memory"},
        {resource("irq", RESOURCE_IRQ, 1024, 1), "no such interrupt"},
        {resource("msi", RESOURCE_MSI, 0, 0), "no messages"},
        {resource("msi", RESOURCE_MSI, 0, 2049), "more messages than PCI has"},
        {resource("config", RESOURCE_CONFIG, 1ull << 32, 1), "a number too large"},
        {resource("what", (enum resource_kind)0, 1, 1), "a kind that is none"},
        {resource("what", (enum resource_kind)6, 1, 1), "a kind that is none"},
        {resource("Ports", RESOURCE_PORTS, 1, 1), "a name that is none"},
        {resource("", RESOURCE_PORTS, 1, 1), "no name"},
    };
    struct resource irq = resource("irq", RESOURCE_IRQ, 4, 1), r;
    struct identity com = named("com");
    struct node *n;
    char name[TREE_NAME];

    begin();
    (void)tree_add(&t, platform->id, "com1", &com, &n);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check(!tree_resource_is_good(&bad[i].r) && tree_add_resource(n, &bad[i].r) == E_BAD_ARG,
              bad[i].what);
    }
    irq.flags = IRQ_MSI;
    check(tree_add_resource(n, &irq) == E_BAD_ARG && n->resource_count == 0, "a pin that is none");
    irq.flags = IRQ_LEVEL | IRQ_ACTIVE_LOW;
    check(tree_add_resource(n, &irq) == E_OK, "an interrupt");
    irq.base = 5;
    check(tree_add_resource(n, &irq) == E_EXISTS, "another one of its name");
    for (unsigned i = 1; i < TREE_RESOURCES; i++) {
        (void)snprintf(name, sizeof(name), "r%u", i);
        r = resource(name, RESOURCE_PORTS, i * 16, 16);
        check(tree_add_resource(n, &r) == E_OK, "up to sixteen");
    }
    r = resource("more", RESOURCE_PORTS, 0x3f8, 8);
    check(tree_add_resource(n, &r) == E_LIMIT, "and no more");
    check(tree_resource(n, "r3")->base == 48 && tree_resource(n, "more") == NULL, "by name");
}

static void test_taken(void)
{
    struct identity id = {0};
    struct resource com = resource("ports", RESOURCE_PORTS, 0x3f8, 8), r;
    struct node *a, *b;

    begin();
    (void)tree_add(&t, platform->id, "com1", &id, &a);
    (void)tree_add(&t, pci->id, "00:03.0", &id, &b);
    (void)tree_add_resource(platform, &com); /* it looks for the device there */
    (void)tree_add_resource(a, &com);
    check(!tree_is_taken(&t, a, &com) && tree_is_taken(&t, b, &com), "a device's own");
    check(tree_is_taken(&t, platform, &com), "is its bus's no more");
    r = resource("bar0", RESOURCE_PORTS, 0x3ff, 1);
    check(tree_is_taken(&t, b, &r), "the last port");
    r.base = 0x400;
    check(!tree_is_taken(&t, b, &r), "the next");
    r = resource("bar0", RESOURCE_PORTS, 0, 0x10000);
    check(tree_is_taken(&t, b, &r), "all ports");
    r = resource("bar0", RESOURCE_MMIO, 0x3f8, 8);
    check(!tree_is_taken(&t, b, &r), "memory of that number");
    a->present = false;
    check(!tree_is_taken(&t, b, &com), "of one that has gone");
}

static void test_limits(void)
{
    struct identity id = {0};
    struct node *n;
    char name[TREE_NAME];
    unsigned made = 0;

    begin();
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "d%u", i);
        made += tree_add(&t, pci->id, name, &id, &n) == E_OK;
    }
    check(made == TREE_CHILDREN, "one bus can't fill the tree");
    made = 0;
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "d%u", i);
        made += tree_add(&t, platform->id, name, &id, &n) == E_OK;
    }
    check(made == TREE_NODES - 4 - TREE_CHILDREN && t.count == TREE_NODES, "the rest is another's");
    check(tree_add(&t, pci->id, "d3", &id, &n) == E_OK, "what is there is found in a full one");
}

static void test_paths(void)
{
    struct identity id = {0};
    struct node *n, *inner;
    char path[TREE_PATH];
    unsigned depth, count = 0;
    int at = -1;

    begin();
    (void)tree_add(&t, pci->id, "00:1f.3", &id, &inner);
    (void)tree_add(&t, platform->id, "com1", &id, &n);
    tree_path(&t, n, path);
    check(strcmp(path, "/platform/com1") == 0 && tree_find(&t, path) == n, "there and back");
    tree_path(&t, &t.node[0], path);
    check(strcmp(path, "/") == 0 && tree_find(&t, "/") == &t.node[0], "the null bus");
    check(tree_find(&t, "/com1") == NULL && tree_find(&t, "") == NULL &&
              tree_find(&t, "/platform/com1/") == NULL,
          "no path of anything");
    check(tree_next(&t, -1, &depth) == 0 && depth == 0 &&
              tree_next(&t, 0, &depth) == platform->id &&
              tree_next(&t, platform->id, &depth) == n->id && depth == 2 &&
              tree_next(&t, n->id, &depth) == pci->id && depth == 1 &&
              tree_next(&t, inner->id, NULL) == null->id && tree_next(&t, null->id, NULL) == -1,
          "children behind their bus, buses as they were reported");
    for (unsigned i = 0; i < 5; i++) { /* deeper than a path can be */
        inner->is_bus = true;
        (void)tree_add(&t, inner->id, "fifteen-letters", &id, &inner);
        tree_path(&t, inner, path);
        check(strlen(path) < TREE_PATH && path[0] == '/', "deep");
    }
    while ((at = tree_next(&t, at, &depth)) >= 0) {
        count++;
        check(count <= t.count && depth <= 8, "in the order of the tree");
    }
    check(count == t.count, "each once");
}

/* ---- what is reserved */

static struct bootinfo boot;

static void make_machine(void)
{
    struct boot_acpi *acpi = &((struct machine *)boot.own)->acpi;
    *acpi = (struct boot_acpi){.rsdp_pa = 0xf5b20,
                               .hpet_pa = 0xfed00000,
                               .tables_pa = 0x7fe1234,
                               .tables_bytes = 0x5000,
                               .pm1a_port = 0x604,
                               .has_reset = 1,
                               .reset_port = 0xcf9,
                               .mcfg_count = 1};
    acpi->mcfg[0] = (struct boot_mcfg){.pa = 0xb0000000, .bus_last = 255};
    boot.untyped_count = 0;
    const struct boot_untyped made[] = {{.pa = 0x100000, .size_bits = 20},
                                        {.pa = 0xa0000, .size_bits = 17, .is_device = 1},
                                        {.pa = 0xc0000, .size_bits = 18, .is_device = 1},
                                        {.pa = 0x8000000, .size_bits = 27, .is_device = 1},
                                        {.pa = 0x10000000, .size_bits = 28, .is_device = 1},
                                        {.pa = 0x80000000, .size_bits = 30, .is_device = 1},
                                        {.pa = 0xc0000000, .size_bits = 29, .is_device = 1},
                                        {.pa = 0xe0000000, .size_bits = 28, .is_device = 1},
                                        {.pa = 0xf0000000, .size_bits = 27, .is_device = 1},
                                        {.pa = 0xf8000000, .size_bits = 26, .is_device = 1},
                                        {.pa = 0xfc000000, .size_bits = 25, .is_device = 1},
                                        {.pa = 0xfe000000, .size_bits = 23, .is_device = 1},
                                        {.pa = 0xfe800000, .size_bits = 22, .is_device = 1},
                                        {.pa = 0xfed00000, .size_bits = 20, .is_device = 1},
                                        {.pa = 0x7fe0000, .size_bits = 17, .is_device = 1}};
    for (unsigned i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        boot.untyped[boot.untyped_count++] = made[i];
    }
}

struct report {
    enum resource_kind kind;
    uint64_t base, size;
    const char *what; /* says reserved_find; a null pointer: it may be reported */
};

static void check_reports(const struct node *bus, const struct report *reports, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct report *p = &reports[i];
        struct resource r = resource("r", p->kind, p->base, p->size);
        const char *what = reserved_find(&boot, bus, &r);
        bool right = p->what == NULL ? what == NULL : what != NULL && strcmp(what, p->what) == 0;
        check(right, bus->name);
        if (!right) {
            printf("  0x%llx: %s\n", (unsigned long long)p->base, what != NULL ? what : "free");
        }
    }
}

#define CONFIG "PCI configuration space and the reset register"
#define BOARD  "the system board"
#define POWER  "power management, which switches the machine off"
#define CHIPS  "interrupt controllers, the IOMMU and the firmware"
#define NOBODY "memory that is no device's"

/* Ports are the same for every bus, but for the legacy devices. */
static const struct report for_all[] = {
    {RESOURCE_PORTS, 0xcf8, 8, CONFIG},
    {RESOURCE_PORTS, 0xcf9, 1, CONFIG},
    {RESOURCE_PORTS, 0xcff, 0x100, CONFIG},
    {RESOURCE_PORTS, 0xc00, 0x100, CONFIG},
    {RESOURCE_PORTS, 0xd00, 0x100, NULL},
    {RESOURCE_PORTS, 0, 0x10000, "how interrupts are triggered"},
    {RESOURCE_PORTS, 0x00, 0x10, BOARD}, /* DMA */
    {RESOURCE_PORTS, 0x20, 2, BOARD},    /* 8259 */
    {RESOURCE_PORTS, 0xa0, 2, BOARD},
    {RESOURCE_PORTS, 0x64, 1, BOARD}, /* the keyboard controller's commands */
    {RESOURCE_PORTS, 0x60, 5, BOARD},
    {RESOURCE_PORTS, 0x80, 1, BOARD},
    {RESOURCE_PORTS, 0x92, 1, BOARD}, /* A20 and reset */
    {RESOURCE_PORTS, 0xb2, 2, BOARD}, /* SMI */
    {RESOURCE_PORTS, 0xff, 2, BOARD},
    {RESOURCE_PORTS, 0x100, 8, NULL},
    {RESOURCE_PORTS, 0x3f8, 8, NULL},
    {RESOURCE_PORTS, 0x3c0, 32, NULL},
    {RESOURCE_PORTS, 0x4d0, 2, "how interrupts are triggered"},
    {RESOURCE_PORTS, 0x514, 8, "the emulator's configuration, which writes to all memory"},
    {RESOURCE_PORTS, 0x5ff, 2, POWER},
    {RESOURCE_PORTS, 0x604, 2, POWER},
    {RESOURCE_PORTS, 0x630, 4, POWER}, /* SMI_EN */
    {RESOURCE_PORTS, 0x67f, 1, POWER},
    {RESOURCE_PORTS, 0x680, 1, NULL},
    {RESOURCE_PORTS, 0xc000, 0x40, NULL},
    {RESOURCE_MMIO, 0, 4096, "conventional memory"},
    {RESOURCE_MMIO, 0x9fff0, 0x20, "conventional memory"},
    {RESOURCE_MMIO, 0xa0000, 0x20000, NULL},
    {RESOURCE_MMIO, 0xa0000, 0x20001, "the firmware"},
    {RESOURCE_MMIO, 0xf0000, 0x10000, "the firmware"},
    {RESOURCE_MMIO, 0x100000, 4096, NOBODY}, /* memory for objects */
    {RESOURCE_MMIO, 0x200000, 4096, NOBODY}, /* the kernel's */
    {RESOURCE_MMIO, 0x7fe2000, 1, "ACPI's tables"},
    {RESOURCE_MMIO, 0x7fe1001, 1, "ACPI's tables"}, /* in the page of its first byte */
    {RESOURCE_MMIO, 0x7ff0000, 4096, NULL},
    {RESOURCE_MMIO, 0xb0000000, 4096, "PCI configuration space"},
    {RESOURCE_MMIO, 0xbffff000, 4096, "PCI configuration space"},
    {RESOURCE_MMIO, 0xaffff000, 4097, "PCI configuration space"},
    {RESOURCE_MMIO, 0xaffff000, 4096, NULL},
    {RESOURCE_MMIO, 0xc0000000, 0x20000000, NULL},
    {RESOURCE_MMIO, 0xfea00000, 0x100000, NULL},
    {RESOURCE_MMIO, 0xfebfffff, 2, CHIPS},
    {RESOURCE_MMIO, 0xfec00000, 4096, CHIPS}, /* IO-APIC */
    {RESOURCE_MMIO, 0xfed90000, 4096, CHIPS}, /* VT-d */
    {RESOURCE_MMIO, 0xfee00000, 4096, CHIPS}, /* local APIC, MSIs */
    {RESOURCE_MMIO, 0xffff0000, 65536, CHIPS},
    {RESOURCE_MMIO, 0xfed00000, 0x1001, CHIPS},
    {RESOURCE_MMIO, 0x100000000, 4096, NOBODY},
    {RESOURCE_MMIO, 1ull << 51, 1ull << 51, NOBODY},
    {RESOURCE_IRQ, 9, 1, NULL},
    {RESOURCE_MSI, 0, 1, NULL},
    {RESOURCE_CONFIG, 1, 1, NULL},
};

static const struct report platforms[] = {
    {RESOURCE_PORTS, 0x40, 4, NULL},  {RESOURCE_PORTS, 0x60, 1, NULL},
    {RESOURCE_PORTS, 0x61, 1, NULL},  {RESOURCE_PORTS, 0x70, 2, NULL},
    {RESOURCE_PORTS, 0x60, 2, BOARD}, {RESOURCE_PORTS, 0x40, 5, BOARD},
    {RESOURCE_PORTS, 0x72, 2, BOARD}, {RESOURCE_MMIO, 0xfed00000, 0x400, NULL},
};

static const struct report others[] = {
    {RESOURCE_PORTS, 0x40, 4, BOARD},          {RESOURCE_PORTS, 0x60, 1, BOARD},
    {RESOURCE_PORTS, 0x61, 1, BOARD},          {RESOURCE_PORTS, 0x70, 2, BOARD},
    {RESOURCE_MMIO, 0xfed00000, 0x400, CHIPS},
};

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof((a)[0])))

static void test_reserved(void)
{
    struct identity id = {0};
    struct node *liar;

    begin();
    make_machine();
    check_reports(platform, for_all, COUNT(for_all));
    check_reports(pci, for_all, COUNT(for_all));
    check_reports(platform, platforms, COUNT(platforms));
    check_reports(pci, others, COUNT(others));
    (void)tree_add(&t, pci->id, "platform", &id, &liar);
    liar->is_bus = true;
    check_reports(liar, others, COUNT(others));
}

/* ---- anything at all */

/* Whatever was reported: names are names, ranges lie in their spaces, nodes hang together. */
static bool tree_is_whole(void)
{
    bool whole = t.count <= TREE_NODES && t.node[0].id == 0;

    for (unsigned i = 1; i < t.count; i++) {
        const struct node *n = &t.node[i];
        whole &= n->id == i && n->parent < i && n->used && t.node[n->parent].is_bus;
        whole &= strnlen(n->name, TREE_NAME) > 0 && strnlen(n->name, TREE_NAME) < TREE_NAME;
        whole &= strchr(n->name, '/') == NULL && n->resource_count <= TREE_RESOURCES;
        for (unsigned k = 0; k < n->resource_count; k++) {
            const struct resource *r = &n->resource[k];
            whole &= tree_resource_is_good(r) && tree_resource(n, r->name) == r;
            whole &= r->kind != RESOURCE_PORTS || r->base + r->size <= 0x10000;
            whole &= r->kind != RESOURCE_MMIO || r->base + r->size > r->base;
        }
        for (unsigned k = 1; k < i; k++) {
            whole &= n->parent != t.node[k].parent || strcmp(n->name, t.node[k].name) != 0;
        }
    }
    return whole;
}

static uint64_t number(void)
{
    static const uint64_t edges[] = {
        0,          1,          7,          0xcf8,      0x3f8,      0xffff,         0x10000,
        0xb0000000, 0xfee00000, UINT32_MAX, 1ull << 52, UINT64_MAX, UINT64_MAX - 1, 1ull << 63};

    switch (random_next() % 3) {
    case 0:
        return edges[random_next() % COUNT(edges)] + random_next() % 3 - 1;
    case 1:
        return random_next() % 0x1000;
    default:
        return (uint64_t)random_next() << 32 | random_next();
    }
}

static void random_name(char to[TREE_NAME])
{
    char text[TREE_NAME * 2] = "com1-00:1f.3-bar";
    size_t n = 16;

    mutate(text, &n);
    memcpy(to, text, TREE_NAME);
    if (random_next() % 8 != 0) {
        to[random_next() % TREE_NAME] = '\0';
    }
}

static void random_report(void)
{
    struct identity id = {.vendor = (uint16_t)(random_next() % 2)};
    struct resource r = {.kind = (enum resource_kind)(random_next() % 7),
                         .flags = random_next() % 8,
                         .base = number(),
                         .size = number()};
    char name[TREE_NAME + 1] = "";
    struct node *n;

    if (random_next() % 4 == 0) {
        random_name(name);
        random_name(id.name);
        (void)tree_add(&t, random_next() % (t.count + 1), name, &id, &n);
        return;
    }
    n = &t.node[random_next() % t.count];
    random_name(r.name);
    if (tree_resource_is_good(&r)) {
        (void)tree_is_taken(&t, n, &r);
        (void)reserved_find(&boot, &t.node[n->parent], &r);
    }
    (void)tree_add_resource(n, &r);
    n->present = n->id == 0 || random_next() % 8 != 0;
    n->is_bus |= random_next() % 64 == 0;
}

static void test_random(void)
{
    bool whole = true;
    char path[TREE_PATH];
    unsigned full = 0;

    make_machine();
    for (unsigned round = 0; round < 60; round++) {
        begin();
        for (unsigned i = 0; i < 3000; i++) {
            random_report();
        }
        whole &= tree_is_whole();
        full += t.count > TREE_NODES / 2;
        for (unsigned i = 0; i < t.count; i++) {
            tree_path(&t, &t.node[i], path);
            whole &= path[0] == '/' && strlen(path) < TREE_PATH;
        }
    }
    check(whole, "the tree stays whole");
    check(full > 10, "and there was one");
}

/* ---- units */

static void test_units(void)
{
    struct identity disk = named("");
    struct node *ide, *other, *first = NULL, *second = NULL, *n = NULL;
    char path[TREE_PATH];
    bool any;

    begin();
    disk.vendor = 0x8086;
    (void)tree_add(&t, pci->id, "00:01.1", &disk, &ide);
    (void)tree_add(&t, pci->id, "00:02.0", &disk, &other);
    check(tree_first_unit(&t, ide->id, &any) == NULL && !any, "no unit at first");
    other->has_units = true;
    check(tree_first_unit(&t, other->id, &any) == NULL && any, "a controller without drives");
    check(tree_add_unit(&t, ide->id, 2, "cd2", &second) == E_OK, "a unit");
    check(tree_add_unit(&t, ide->id, 0, "disk0", &first) == E_OK, "another");
    tree_path(&t, first, path);
    check(strcmp(path, "/pci/00:01.1/disk0") == 0, "its path");
    check(tree_first_unit(&t, ide->id, &any) == first && any, "the first by number");
    check(tree_unit(&t, ide->id, 2) == second && tree_unit(&t, ide->id, 1) == NULL, "by number");
    check(tree_add_unit(&t, ide->id, 0, "disk0", &n) == E_OK && n == first, "once more the same");
    check(tree_add_unit(&t, ide->id, 1, "disk0", &n) == E_EXISTS, "a name of another unit");
    check(tree_add_unit(&t, other->id, 0, "disk0", &n) == E_OK && n != first, "of another device");
    check(tree_add_unit(&t, ide->id, 16, "disk16", &n) == E_BAD_ARG, "a number too high");
    check(tree_add_unit(&t, ide->id, 1, "Disk", &n) == E_BAD_ARG, "a bad name");
    check(tree_add_unit(&t, first->id, 1, "part1", &n) == E_BAD_ARG, "of a unit");
    check(tree_add_unit(&t, pci->id, 1, "disk1", &n) == E_BAD_ARG, "of a bus");
    check(tree_add_unit(&t, 0, 1, "disk1", &n) == E_BAD_ARG, "of the null bus");
    check(tree_add_unit(&t, ide->id, 0, "cd0", &n) == E_OK && !first->present,
          "it becomes another");
    check(tree_add_unit(&t, ide->id, 0, "disk0", &n) == E_OK && n == first, "and comes back");
    for (unsigned i = 0; i < TREE_UNITS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "lie%u", i);
        (void)tree_add_unit(&t, ide->id, 5, name, &n);
    }
    check(tree_add_unit(&t, ide->id, 5, "one-more", &n) == E_LIMIT, "names without end");
    check(tree_unit(&t, ide->id, 0) == first, "and the others are there");
}

int main(void)
{
    test_units();
    test_names();
    test_again();
    test_resources();
    test_taken();
    test_limits();
    test_paths();
    test_reserved();
    test_random();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
