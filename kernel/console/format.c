/*
 * format.c - the formatter behind kprintf and ksnprintf.
 * No allocation and no static data: it may run in a panic inside itself.
 */
#include "console/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

/* One conversion, as parsed from the format. */
struct spec {
    size_t width;
    size_t precision; /* for %s: at most that many characters */
    bool zero, left;
    unsigned longs; /* 0: int, else 64 bits */
};

static void put_many(struct format_sink *sink, char c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sink->put(sink, c);
    }
}

/* Sign and zeros belong together: "-0007", but "   -7". */
static void put_padded(struct format_sink *sink, const struct spec *spec, const char *sign,
                       const char *text, size_t length)
{
    size_t sign_length = strlen(sign);
    size_t used = sign_length + length;
    size_t pad = spec->width > used ? spec->width - used : 0;

    if (!spec->left && !spec->zero) {
        put_many(sink, ' ', pad);
    }
    for (size_t i = 0; i < sign_length; i++) {
        sink->put(sink, sign[i]);
    }
    if (!spec->left && spec->zero) {
        put_many(sink, '0', pad);
    }
    for (size_t i = 0; i < length; i++) {
        sink->put(sink, text[i]);
    }
    if (spec->left) {
        put_many(sink, ' ', pad);
    }
}

static void put_number(struct format_sink *sink, const struct spec *spec, const char *sign,
                       uint64_t value, unsigned base, bool capitals)
{
    const char *digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[20]; /* 2^64 has 20 decimal digits */
    size_t start = sizeof text;

    do {
        text[--start] = digits[value % base];
        value /= base;
    } while (value != 0);
    put_padded(sink, spec, sign, text + start, sizeof text - start);
}

static void put_signed(struct format_sink *sink, const struct spec *spec, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    put_number(sink, spec, value < 0 ? "-" : "", magnitude, 10, false);
}

static void put_string(struct format_sink *sink, struct spec *spec, const char *text)
{
    if (text == NULL) {
        text = "(null)";
    }
    spec->zero = false;
    put_padded(sink, spec, "", text, strnlen(text, spec->precision));
}

static size_t parse_count(const char **fmt, va_list *args)
{
    size_t n = 0;
    if (**fmt == '*') {
        int given = va_arg(*args, int);
        (*fmt)++;
        return given < 0 ? 0 : (size_t)given;
    }
    while (**fmt >= '0' && **fmt <= '9') {
        n = n * 10 + (size_t)(**fmt - '0');
        (*fmt)++;
    }
    return n;
}

static struct spec parse_spec(const char **fmt, va_list *args)
{
    struct spec spec = {.precision = SIZE_MAX};

    for (; **fmt == '0' || **fmt == '-'; (*fmt)++) {
        spec.zero = spec.zero || **fmt == '0';
        spec.left = spec.left || **fmt == '-';
    }
    spec.width = parse_count(fmt, args);
    if (**fmt == '.') {
        (*fmt)++;
        spec.precision = parse_count(fmt, args);
    }
    for (; **fmt == 'l' || **fmt == 'z'; (*fmt)++) {
        spec.longs++;
    }
    return spec;
}

static uint64_t take_unsigned(const struct spec *spec, va_list *args)
{
    return spec->longs > 0 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned);
}

static void put_conversion(struct format_sink *sink, char kind, struct spec *spec, va_list *args)
{
    char c;

    switch (kind) {
    case 'd':
    case 'i':
        put_signed(sink, spec, spec->longs > 0 ? va_arg(*args, long) : va_arg(*args, int));
        break;
    case 'u':
        put_number(sink, spec, "", take_unsigned(spec, args), 10, false);
        break;
    case 'x':
    case 'X':
        put_number(sink, spec, "", take_unsigned(spec, args), 16, kind == 'X');
        break;
    case 'p':
        put_number(sink, spec, "0x", (uintptr_t)va_arg(*args, void *), 16, false);
        break;
    case 's':
        put_string(sink, spec, va_arg(*args, const char *));
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        spec->zero = false;
        put_padded(sink, spec, "", &c, 1);
        break;
    default: /* "%%", or a mistake that should stay visible */
        if (kind != '%') {
            sink->put(sink, '%');
        }
        sink->put(sink, kind);
        break;
    }
}

void format_to(struct format_sink *sink, const char *fmt, va_list args)
{
    va_list rest; /* a parameter of type va_list cannot be passed by address: it is an array */

    va_copy(rest, args);
    while (*fmt != '\0') {
        if (*fmt != '%') {
            sink->put(sink, *fmt++);
            continue;
        }
        fmt++;
        struct spec spec = parse_spec(&fmt, &rest);
        if (*fmt == '\0') {
            sink->put(sink, '%');
            break;
        }
        put_conversion(sink, *fmt++, &spec, &rest);
    }
    va_end(rest);
}
