/* sources: kernel/console/format.c kernel/console/kprintf.c kernel/console/klog.c */
/*
 * The formatter against the C library's, the log ring, and its tail.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "console/console.h"
#include "console/klog.h"
#include "console/kprintf.h"

static unsigned passed, failed;
static unsigned console_bytes;
static char tail[KLOG_BYTES + 1];
static size_t tail_bytes;

void console_put(char c)
{
    (void)c;
    console_bytes++;
}

static void check(int good, const char *what, int line)
{
    if (good) {
        passed++;
    } else {
        failed++;
        fprintf(stderr, "line %d: FAILED: %s\n", line, what);
    }
}
#define CHECK(x) check((x), #x, __LINE__)

/* Same text and same length as the C library, also when cut off. */
#define SAME(...)                                                                                  \
    do {                                                                                           \
        char a[100], b[100];                                                                       \
        for (size_t room = 1; room <= 100; room += 33) {                                           \
            int n = snprintf(a, room, __VA_ARGS__);                                                \
            size_t m = ksnprintf(b, room, __VA_ARGS__);                                            \
            check((size_t)n == m && strcmp(a, b) == 0, #__VA_ARGS__, __LINE__);                    \
        }                                                                                          \
    } while (0)

static void tail_put(char c)
{
    tail[tail_bytes++] = c;
    tail[tail_bytes] = '\0';
}

static int tail_is(unsigned lines, const char *expected)
{
    tail_bytes = 0;
    tail[0] = '\0';
    klog_tail(lines, tail_put);
    return strcmp(tail, expected) == 0;
}

static void test_formats(void)
{
    SAME("plain");
    SAME("%d %d %d", 0, INT_MAX, INT_MIN);
    SAME("%ld %ld %lld", LONG_MAX, LONG_MIN, LLONG_MIN);
    SAME("%u %x %X", UINT_MAX, 0xdeadbeefu, 0xdeadbeefu);
    SAME("%lu %lx %zu", ULONG_MAX, ULONG_MAX, (size_t)77);
    SAME("[%8d] [%-8d] [%08d] [%08x]", -42, -42, -42, 42u);
    SAME("[%s] [%10s] [%-10s] [%.3s] [%.*s]", "abc", "abc", "abc", "abcdef", 2, "xyz");
    SAME("[%*d] %c%c [%3c]", 6, 7, 'a', 'b', 'c');
    SAME("100%% %p", (void *)0x1234);
    SAME("%016lx", 0xffff800000000000ul);
    char unterminated[3] = {'a', 'b', 'c'};
    SAME("%.3s", unterminated);
    char text[8];
    const char *volatile nothing = NULL;
    CHECK(ksnprintf(text, sizeof text, "%s", nothing) == 6 && strcmp(text, "(null)") == 0);
    const char *odd = "%q|%";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    CHECK(ksnprintf(text, sizeof text, odd) == 4 && strcmp(text, "%q|%") == 0);
#pragma GCC diagnostic pop
}

static void test_log(void)
{
    kprintf("one\ntwo\nthree\n");
    CHECK(klog.head == 14 && memcmp(klog.ring, "one\ntwo\nthree\n", 14) == 0);
    CHECK(console_bytes == 14);
    CHECK(tail_is(1, "three\n"));
    CHECK(tail_is(2, "two\nthree\n"));
    CHECK(tail_is(9, "one\ntwo\nthree\n"));
    kprintf("open");
    CHECK(tail_is(1, "open"));
    CHECK(tail_is(2, "three\nopen"));
    for (unsigned i = 0; i < 3000; i++) {
        kprintf("line %04u\n", i);
    }
    CHECK(klog.head == 18 + 30000);
    CHECK(tail_is(2, "line 2998\nline 2999\n"));
    tail_bytes = 0;
    klog_tail(100000, tail_put);
    CHECK(tail_bytes == KLOG_RING_BYTES);
    CHECK(((uintptr_t)&klog & 4095) == 0);
}

int main(void)
{
    test_formats();
    test_log();
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
