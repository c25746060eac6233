/*
 * json.c - writing JSON (RFC 8259).
 */
#include "json.h"
#include <string.h>

/* The length of the UTF-8 sequence at @s, 0 if it is not valid (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *s)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t n;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] == 0xe0) /* the second byte's range shuts out overlong forms, surrogates, > 10FFFF */
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

static void json_escape(struct output *o, const char *s)
{
    size_t n;

    for (; *s; s += n) {
        n = utf8_length((const unsigned char *)s);
        if (n == 0) {
            output_string(o, "\\ufffd");
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            output_printf(o, "\\%c", *s);
        } else if (*s == '\n') {
            output_string(o, "\\n");
        } else if (*s == '\t') {
            output_string(o, "\\t");
        } else if ((unsigned char)*s < ' ' || *s == 0x7f) {
            output_printf(o, "\\u%04x", (unsigned)*s);
        } else {
            output_raw(o, s, n);
        }
    }
}

static void json_name(struct json *j, const char *name)
{
    output_printf(j->out, "%s\"%s\": ", j->more ? ", " : "", name);
    j->more = true;
}

struct json json_begin(struct output *o)
{
    output_raw(o, "{", 1);
    return (struct json){o, false};
}

void json_string(struct json *j, const char *name, const char *value)
{
    json_name(j, name);
    output_raw(j->out, "\"", 1);
    json_escape(j->out, value);
    output_raw(j->out, "\"", 1);
}

void json_string_or_null(struct json *j, const char *name, const char *value)
{
    if (value[0] != '\0') {
        json_string(j, name, value);
        return;
    }
    json_name(j, name);
    output_string(j->out, "null");
}

void json_u64(struct json *j, const char *name, uint64_t value)
{
    json_name(j, name);
    output_printf(j->out, "%llu", (unsigned long long)value);
}

void json_bool(struct json *j, const char *name, bool value)
{
    json_name(j, name);
    output_string(j->out, value ? "true" : "false");
}

void json_end(struct json *j)
{
    output_string(j->out, "}\n");
}
