/* sources: servers/root/alloc.c */
/*
 * test_alloc.c - root's memory arithmetic against a plain model of the kernel's watermark.
 */
#include "../../servers/root/alloc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static void test_cost(void)
{
    struct area a = {.size_bits = 16};

    check(area_cost(&a, 12, 1) == 4096, "a page of an empty area");
    check(area_cost(&a, 16, 1) == 65536, "the whole area");
    check(area_cost(&a, 17, 1) == 0, "larger than the area");
    check(area_cost(&a, 12, 16) == 65536 && area_cost(&a, 12, 17) == 0, "as many as fit");
    check(area_cost(&a, 6, 0) == 0 && area_cost(&a, 6, UINT64_MAX) == 0, "none and too many");
    a.used = 64;
    check(area_cost(&a, 12, 1) == 8192 - 64, "alignment is part of the cost");
    check(area_cost(&a, 12, 15) == 65536 - 64 && area_cost(&a, 12, 16) == 0, "after alignment");
    check(area_cost(&a, 6, 1) == 64, "aligned already");
    a.used = 65536;
    check(area_cost(&a, 6, 1) == 0, "full");
    a = (struct area){.size_bits = 46};
    check(area_cost(&a, 46, 1) == 1ull << 46 && area_cost(&a, 46, 2) == 0, "the largest untyped");
}

static void test_find(void)
{
    struct heap h = {0};

    check(heap_find(&h, 6, 1) == NULL, "an empty heap");
    check(heap_add(&h, 100, 20, 0) == 0 && heap_add(&h, 101, 14, 0) == 0 &&
              heap_add(&h, 102, 16, 0) == 0,
          "add");
    check(heap_find(&h, 12, 1)->slot == 101, "the smallest that fits");
    check(heap_find(&h, 15, 1)->slot == 102, "too large for the smallest");
    h.area[1].used = 1 << 14;
    check(heap_find(&h, 12, 1)->slot == 102, "the smallest is full");
    check(heap_find(&h, 21, 1) == NULL, "too large for all");
    check(heap_total(&h) == (1 << 20) + (1 << 14) + (1 << 16) && heap_used(&h) == 1 << 14, "sums");
    while (h.count < HEAP_AREAS) {
        heap_add(&h, 1, 6, 0);
    }
    check(heap_add(&h, 1, 6, 0) == -1, "no room for another area");
}

static void test_share(void)
{
    check(heap_share(55ull << 20, 4 << 20, 16 << 20) == 4 << 20, "64 MiB machine");
    check(heap_share(240ull << 20, 4 << 20, 16 << 20) == 16 << 20, "256 MiB machine");
    check(heap_share(0, 4096, 8192) == 4096, "never below the least");
    check(heap_share(0, 0, 0) == 0, "none wanted");
}

/* The kernel's rule, step by step: bytes are cut in order, each object aligned to its size. */
static void test_random(void)
{
    struct heap h = {0};
    uint64_t cut = 0;
    bool ok = true;

    for (unsigned i = 0; i < 8; i++) {
        heap_add(&h, i, 12 + i, 0);
    }
    srand(1);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned bits = 6 + (unsigned)rand() % 8, count = 1 + (unsigned)rand() % 3;
        struct area *a = heap_find(&h, bits, count);
        uint64_t at, before;
        if (a == NULL) {
            continue;
        }
        before = at = a->used;
        for (unsigned n = 0; n < count; n++) {
            while (at % (1ull << bits) != 0) {
                at++;
            }
            at += 1ull << bits;
        }
        ok = ok && at <= 1ull << a->size_bits && area_cost(a, bits, count) == at - before;
        a->used = at;
        cut += at - before;
    }
    check(ok, "cost is the kernel's");
    check(cut == heap_used(&h) && heap_used(&h) <= heap_total(&h), "sums add up");
}

int main(void)
{
    test_cost();
    test_find();
    test_share();
    test_random();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
