/*
 * manifest_value.c - the parts that values of manifest keys are made of: numbers, sizes, words.
 * Invariant: a function that returns false has not moved its cursor past what it understood.
 */
#include <quoll/manifest_text.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DURATION_MAX_US 3600000000ull

bool manifest_fail(struct manifest_error *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return false;
}

bool manifest_is_name(const char *s, size_t max)
{
    size_t n = strlen(s);

    if (n == 0 || n >= max) {
        return false;
    }
    for (; *s != '\0'; s++) {
        bool ok = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '.' || *s == '_' ||
                  *s == '-';
        if (!ok) {
            return false;
        }
    }
    return true;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    return 99;
}

bool value_number(const char **s, uint64_t max, uint64_t *out)
{
    unsigned base = 10;
    const char *p = *s;
    uint64_t n = 0;

    if (p[0] == '0' && p[1] == 'x') {
        base = 16;
        p += 2;
    }
    if (digit_value(*p) >= base) {
        return false;
    }
    for (; digit_value(*p) < base; p++) {
        if (n > (max - digit_value(*p)) / base || digit_value(*p) > max) {
            return false;
        }
        n = n * base + digit_value(*p);
    }
    *s = p;
    *out = n;
    return true;
}

bool value_size(const char **s, uint64_t *out)
{
    uint64_t n;

    if (!value_number(s, 1u << 20, &n)) {
        return false;
    }
    if (**s == 'k') {
        n <<= 10;
        ++*s;
    } else if (**s == 'M') {
        n <<= 20;
        ++*s;
    }
    *out = n;
    return true;
}

bool value_duration(const char **s, uint64_t *us)
{
    static const struct {
        const char *unit;
        uint64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};
    const char *p = *s;
    uint64_t n;

    if (!value_number(&p, DURATION_MAX_US, &n)) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t length = strlen(units[i].unit);
        if (strncmp(p, units[i].unit, length) == 0 && n <= DURATION_MAX_US / units[i].us) {
            *s = p + length;
            *us = n * units[i].us;
            return true;
        }
    }
    return false;
}

bool value_whole_number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
    return value_number(&s, max, out) && *s == '\0' && *out >= min;
}

bool value_next_word(const char **s, char *word, size_t bytes)
{
    size_t n = 0;

    while (**s == ' ' || **s == '\t') {
        ++*s;
    }
    while (**s != '\0' && **s != ' ' && **s != '\t') {
        if (n + 1 == bytes) {
            return false;
        }
        word[n++] = *(*s)++;
    }
    word[n] = '\0';
    return n > 0;
}

bool value_is_power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}
