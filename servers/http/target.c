/*
 * target.c - %-encoded text: what a request asks for, and forms. Everything is decoded once, and
 * judged after that, so no second way of writing something says anything else.
 */
#include "parse.h"

#include <string.h>

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at @at of @n and how many it takes there; 0: not two hexadecimal digits behind a %. */
static size_t decode(const char *at, size_t n, char *byte)
{
    int high, low;

    if (*at != '%') {
        *byte = *at;
        return 1;
    }
    high = n > 2 ? digit_of(at[1]) : -1;
    low = n > 2 ? digit_of(at[2]) : -1;
    if (high < 0 || low < 0) {
        return 0;
    }
    *byte = (char)(high << 4 | low);
    return 3;
}

static bool refuse(struct refusal *why, const char *text)
{
    *why = (struct refusal){400, text};
    return false;
}

/* A part of a path of @n bytes. */
static bool part_is_sound(const char *part, size_t n, bool is_last, struct refusal *why)
{
    if (n == 0 && !is_last) {
        return refuse(why, "a path has no empty part: write one / where there are two");
    }
    if ((n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.')) {
        return refuse(why, "a path has no part . or ..: say where it leads");
    }
    return true;
}

static bool parts_are_sound(const char *path, struct refusal *why)
{
    const char *part = path + 1;

    for (const char *at = part;; at++) {
        if (*at != '/' && *at != '\0') {
            continue;
        }
        if (!part_is_sound(part, (size_t)(at - part), *at == '\0', why)) {
            return false;
        }
        if (*at == '\0') {
            return true;
        }
        part = at + 1;
    }
}

bool target_decode(const char *bytes, size_t n, char path[PATH_BYTES], struct refusal *why)
{
    size_t used = 0, taken;
    char byte;

    if (n == 0 || bytes[0] != '/') {
        return refuse(why, "what is asked for begins with /, as in GET / HTTP/1.1");
    }
    for (size_t at = 0; at < n; at += taken) {
        taken = decode(bytes + at, n - at, &byte);
        if (taken == 0) {
            return refuse(why, "two hexadecimal digits stand behind each % of a path, as in %20");
        }
        if ((unsigned char)byte < ' ' || byte == 0x7f || byte == '\\') {
            return refuse(why, "a path has no control characters and no backslash, encoded or not");
        }
        if (taken == 3 && byte == '/') {
            return refuse(why, "an encoded / is no part of a name; write / between names");
        }
        if (used == PATH_BYTES - 1) {
            *why = (struct refusal){414, "a path has at most 1023 bytes"};
            return false;
        }
        path[used++] = byte;
    }
    path[used] = '\0';
    return parts_are_sound(path, why);
}

/* ---- forms: name=value&name=value, with + for a blank */

static bool decode_value(const char *bytes, size_t n, char *to, size_t size)
{
    size_t used = 0, taken;
    char byte;

    for (size_t at = 0; at < n; at += taken) {
        taken = decode(bytes + at, n - at, &byte);
        if (taken == 0 || byte == '\0' || used + 1 >= size) {
            return false;
        }
        to[used++] = taken == 1 && byte == '+' ? ' ' : byte;
    }
    to[used] = '\0';
    return true;
}

bool form_value(const char *bytes, size_t n, const char *name, char *to, size_t size)
{
    size_t length = strlen(name);
    bool is_found = false;

    to[0] = '\0';
    for (size_t at = 0, end; at < n; at = end + 1) {
        for (end = at; end < n && bytes[end] != '&'; end++) {
        }
        if (end - at <= length || bytes[at + length] != '=' ||
            memcmp(bytes + at, name, length) != 0) {
            continue;
        }
        if (is_found || !decode_value(bytes + at + length + 1, end - at - length - 1, to, size)) {
            to[0] = '\0';
            return false;
        }
        is_found = true;
    }
    return true;
}
