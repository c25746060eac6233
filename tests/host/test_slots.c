/* sources: servers/lib/slots.c */
/*
 * test_slots.c - the slot allocator against a plain array of flags.
 */
#include <quoll/slots.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 40u
#define COUNT 200u

static unsigned passed, failed;
static uint64_t words[SLOTS_WORDS(COUNT)];
static bool model[COUNT];
static struct slots s;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static void test_plain(void)
{
    uint32_t a, b;

    slots_init(&s, words, FIRST, COUNT);
    check(slots_free(&s) == COUNT && s.top == COUNT, "all are free");
    a = slots_take(&s, 1);
    b = slots_take(&s, 3);
    check(a == FIRST && b == FIRST + 1 && slots_take(&s, 1) == FIRST + 4, "from the lower end");
    check(slots_take_top(&s, 1) == FIRST + COUNT - 1 && slots_take_top(&s, 2) == FIRST + COUNT - 3,
          "from the upper end");
    check(s.top == COUNT - 3, "the lowest of the upper end");
    slots_give(&s, a, 1);
    check(slots_take(&s, 2) == FIRST + 5 && slots_take(&s, 1) == a, "the lowest run that fits");
    check(slots_take(&s, COUNT) == 0 && slots_take(&s, 0) == 0 && slots_take_top(&s, 0) == 0,
          "more than there are, and none");
    slots_give(&s, FIRST - 1, 1);
    slots_give(&s, FIRST + COUNT, 1);
    slots_give(&s, FIRST + COUNT - 1, 2);
    slots_give(&s, FIRST, UINT32_MAX);
    check(slots_free(&s) == COUNT - 10, "what is not in the range is not given back");
    while (slots_take(&s, 1) != 0) {
    }
    check(slots_free(&s) == 0 && slots_take_top(&s, 1) == 0, "until none is left");
}

static bool model_free(uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (model[first + i]) {
            return false;
        }
    }
    return true;
}

/* Where a run of @n should come from, or COUNT. */
static uint32_t model_find(uint32_t n, bool top)
{
    for (uint32_t i = 0; i + n <= COUNT; i++) {
        uint32_t at = top ? COUNT - n - i : i;
        if (model_free(at, n)) {
            return at;
        }
    }
    return COUNT;
}

static void test_random(void)
{
    bool same = true;

    srand(1);
    slots_init(&s, words, FIRST, COUNT);
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t n = 1 + (uint32_t)rand() % 5, at = (uint32_t)rand() % (COUNT - 5);
        bool top = rand() % 3 == 0;
        if (rand() % 2 != 0) {
            uint32_t want = model_find(n, top);
            uint32_t got = top ? slots_take_top(&s, n) : slots_take(&s, n);
            same = same && got == (want == COUNT ? 0 : FIRST + want);
            memset(model + want, 1, want == COUNT ? 0 : n);
        } else {
            slots_give(&s, FIRST + at, n);
            memset(model + at, 0, n);
        }
        same = same && slots_free(&s) <= COUNT;
    }
    check(same, "as the model");
}

int main(void)
{
    test_plain();
    test_random();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
