/* sources: libc/strerror.c servers/lib/message.c */
/*
 * test_libc.c - libc's functions beside the host's, and message packing.
 * libc's are included under other names; printf.c needs -isystem /usr/include/stb.
 */
#include <quoll/error.h>
#include <quoll/message.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ctype.h>

static unsigned passed, failed;
#define CHECK(c) ((c) ? (void)passed++ : (void)(failed++, printf("%d: %s\n", __LINE__, #c)))

void *q_memcpy(void *restrict to, const void *restrict from, size_t n);
void *q_memmove(void *to, const void *from, size_t n);
void *q_memset(void *to, int byte, size_t n);
int q_memcmp(const void *a, const void *b, size_t n);
void *q_memchr(const void *s, int byte, size_t n);
size_t q_strlen(const char *s);
size_t q_strnlen(const char *s, size_t max);
int q_strcmp(const char *a, const char *b);
int q_strncmp(const char *a, const char *b, size_t n);
char *q_strchr(const char *s, int c);
char *q_strrchr(const char *s, int c);
char *q_strstr(const char *s, const char *what);
char *q_strncpy(char *restrict to, const char *restrict from, size_t n);
char *q_strcpy(char *restrict to, const char *restrict from);
char *q_strcat(char *restrict to, const char *restrict from);
unsigned long q_strtoul(const char *restrict s, char **restrict end, int base);
void q_qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));
_Noreturn void q_abort(void);
int q_snprintf(char *restrict to, size_t n, const char *restrict format, ...)
    __attribute__((format(printf, 3, 4)));
int q_vsnprintf(char *restrict to, size_t n, const char *restrict format, va_list args);

int q_abs(int x);

#undef strchr
#undef strncpy
#undef strcpy
#undef strcat
#define abs       q_abs
#define memcpy    q_memcpy
#define memmove   q_memmove
#define memset    q_memset
#define memcmp    q_memcmp
#define memchr    q_memchr
#define strlen    q_strlen
#define strnlen   q_strnlen
#define strcmp    q_strcmp
#define strncmp   q_strncmp
#define strchr    q_strchr
#define strrchr   q_strrchr
#define strstr    q_strstr
#define strncpy   q_strncpy
#define strcpy    q_strcpy
#define strcat    q_strcat
#define strtoul   q_strtoul
#define qsort     q_qsort
#define abort     q_abort
#define snprintf  q_snprintf
#define vsnprintf q_vsnprintf
#include "../../libc/memory.c"
#undef KEEP_LOOP
#include "../../libc/string.c"
#include "../../libc/stdlib.c"
#include "../../libc/printf.c"
#undef abs
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr
#undef strncpy
#undef strcpy
#undef strcat
#undef strtoul
#undef qsort
#undef abort
#undef snprintf
#undef vsnprintf

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void test_memory(void)
{
    unsigned char a[80], b[80];

    for (size_t from = 0; from < 20; from++) {
        for (size_t n = 0; n < 40; n++) {
            for (size_t to = 0; to < 20; to += 3) {
                for (size_t i = 0; i < sizeof(a); i++)
                    a[i] = b[i] = (unsigned char)(i * 7);
                memmove(a + to, a + from, n);
                if (q_memmove(b + to, b + from, n) != b + to || memcmp(a, b, sizeof(a)) != 0)
                    CHECK(!"memmove");
            }
            memset(a + from, (int)n - 5, n);
            q_memset(b + from, (int)n - 5, n);
            q_memcpy(b + 60, b + from, n < 20 ? n : 19);
            memcpy(a + 60, b + from, n < 20 ? n : 19);
        }
    }
    memset(a, 1, sizeof(a));
    memset(b, 1, sizeof(b));
    for (size_t n = 0; n < 40; n++) {
        q_memset(a + 3, (int)n, n);
        memset(b + 3, (int)n, n);
        q_memcpy(a + 41, a + 3, n < 39 ? n : 38);
        memcpy(b + 41, b + 3, n < 39 ? n : 38);
        CHECK(memcmp(a, b, sizeof(a)) == 0);
    }
    CHECK(q_memcmp("abc", "abd", 3) < 0 && q_memcmp("\xff", "a", 1) > 0);
    CHECK(q_memcmp("abc", "abd", 2) == 0);
    CHECK(q_memchr(a, 0x1ff, 0) == NULL);
    CHECK(q_memchr("abc", 'c', 3) && !q_memchr("abc", 'c', 2));
}

static void test_string(void)
{
    static const char *const words[] = {"", "a", "ab", "abc", "b", "\xff", "abab", "bab"};
    char to[8];

    for (size_t i = 0; i < 8; i++) {
        const char *x = words[i];

        CHECK(q_strlen(x) == strlen(x));
        CHECK(q_strchr(x, 'b') == strchr(x, 'b') && q_strrchr(x, 'b') == strrchr(x, 'b'));
        CHECK(q_strchr(x, 0) == strchr(x, 0) && q_strrchr(x, 0) == strrchr(x, 0));
        for (size_t j = 0; j < 8; j++) {
            CHECK(sign(q_strcmp(x, words[j])) == sign(strcmp(x, words[j])));
            CHECK(sign(q_strncmp(x, words[j], 2)) == sign(strncmp(x, words[j], 2)));
            CHECK(q_strstr(x, words[j]) == strstr(x, words[j]));
        }
    }
    CHECK(q_strnlen("abc", 2) == 2 && q_strnlen("abc", 9) == 3);
    memset(to, 'x', sizeof(to));
    CHECK(memcmp(q_strncpy(to, "ab", 5), "ab\0\0\0x", 6) == 0);
    CHECK(q_strcpy(to, "quo") == to && memcmp(to, "quo\0\0x", 6) == 0);
    CHECK(q_strcat(to, "ll") == to && memcmp(to, "quoll\0x", 7) == 0);
}

static void test_numbers(void)
{
    static const char *const texts[] = {"0",
                                        "42",
                                        " -7",
                                        "+9",
                                        "0x1F",
                                        "017",
                                        "0x",
                                        "zz",
                                        "",
                                        "-",
                                        "99999999999999999999",
                                        "18446744073709551615",
                                        "0xg",
                                        "12abc",
                                        "08"};
    static const int bases[] = {0, 10, 16, 8, 36};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t b = 0; b < 5; b++) {
            char *end, *q_end;
            unsigned long v = strtoul(texts[i], &end, bases[b]);
            unsigned long q = q_strtoul(texts[i], &q_end, bases[b]);

            if (v != q || end != q_end)
                printf("strtoul %s base %d: %lu %lu\n", texts[i], bases[b], v, q);
            CHECK(v == q && end == q_end);
        }
    }
}

static void test_abs(void)
{
    CHECK(q_abs(-5) == 5 && q_abs(7) == 7 && q_abs(0) == 0);
    CHECK(q_abs(-2147483647) == 2147483647);
}

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void test_sort(void)
{
    int a[200], b[200];

    for (size_t n = 0; n <= 200; n += n < 10 ? 1 : 19) {
        for (size_t i = 0; i < n; i++)
            a[i] = b[i] = rand() % 50;
        qsort(a, n, sizeof(a[0]), compare_ints);
        q_qsort(b, n, sizeof(b[0]), compare_ints);
        CHECK(memcmp(a, b, n * sizeof(a[0])) == 0);
    }
}

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char x[64], y[64];                                                                         \
        int nx = snprintf(x, sizeof(x), __VA_ARGS__);                                              \
        int ny = q_snprintf(y, sizeof(y), __VA_ARGS__);                                            \
        if (strcmp(x, y) != 0 || nx != ny)                                                         \
            printf("want \"%s\" %d, got \"%s\" %d\n", x, nx, y, ny);                               \
        CHECK(strcmp(x, y) == 0 && nx == ny);                                                      \
    } while (0)

static void test_printf(void)
{
    char tiny[4] = "xxx";
    volatile int wide = 100;

    SAME("%d %i %u %x %X %o", -5, 7, 8u, 0xbeefu, 0xBEEFu, 8u);
    SAME("%lld %llu %lx %zu", -1ll, ~0ull, ~0ul, (size_t)9);
    SAME("[%5d|%-5d|%05d|%+d]", 42, 42, 42, 42);
    SAME("[%10s|%-10s|%.2s|%.*s|%*s]", "abc", "abc", "abc", 1, "abc", 5, "abc");
    SAME("%c%%%s", 'x', "");
    SAME("%016llx %04x", 0x123456789abcull, 0u);
    SAME("%*d", wide, 1); /* longer than the buffer */
    CHECK(q_snprintf(tiny, 3, "%s", "hello") == 5 && memcmp(tiny, "he\0", 4) == 0);
    CHECK(q_snprintf(tiny, 0, "%s", "hello") == 5 && tiny[0] == 'h');
    CHECK(q_snprintf(tiny, 1, "%d", 12) == 2 && tiny[0] == '\0');
}

static void test_errors(void)
{
    CHECK(strcmp(quoll_strerror(E_OK), "done") == 0);
    CHECK(strcmp(quoll_error_name(E_NOT_MAPPED), "NOT_MAPPED") == 0);
    CHECK(strcmp(quoll_strerror(-1), "unknown error") == 0);
    CHECK(strcmp(quoll_error_name(9999), "?") == 0);
}

static void test_message(void)
{
    char in[512], out[512];
    struct quoll_buffer b;

    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (char)(i + 1);
    for (unsigned first = 0; first <= 64; first++) {
        for (size_t n = 0; n <= 512 - first * 8u; n += n < 70 ? 1 : 37) {
            struct msg m = {0};
            unsigned words;
            size_t got;

            memset(&b, 0xee, sizeof(b));
            memset(m.w, 0xee, sizeof(m.w));
            words = msg_put_bytes(&m, &b, first, in, n);
            if (words != first + (n + 7) / 8)
                CHECK(!"words");
            m.tag = msg_tag_words(5, words, 0);
            got = msg_get_bytes(&m, &b, first, out, n);
            if (got != n || memcmp(in, out, n) != 0)
                CHECK(!"bytes");
            if (n % 8 && msg_get_word(&m, &b, words - 1) >> (n % 8 * 8) != 0)
                CHECK(!"padding");
            got = msg_get_bytes(&m, &b, first, out, sizeof(out));
            if (got != (words > 6 ? words * 8 - first * 8 : first < 6 ? 48 - first * 8 : 0))
                CHECK(!"never past the message");
            CHECK(msg_get_word(&m, &b, 64) == 0 && b.send_caps[0] == 0xeeeeeeeeeeeeeeeeull);
        }
    }
    struct msg m = {0};
    CHECK(msg_put_string(&m, &b, 0, "", 48) == 1 && m.w[0] == 0);
    CHECK(msg_put_string(&m, &b, 0, "abcdefghi", 48) == 2);
    m.tag = 0;
    CHECK(msg_get_string(&m, &b, 0, out, sizeof(out)) == 9 && strcmp(out, "abcdefghi") == 0);
    CHECK(msg_get_string(&m, &b, 0, out, 4) == 3 && strcmp(out, "abc") == 0);
    CHECK(msg_get_string(&m, &b, 6, out, 4) == 0 && out[0] == '\0');
}

int main(void)
{
    test_memory();
    test_string();
    test_numbers();
    test_abs();
    test_sort();
    test_printf();
    test_errors();
    test_message();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
