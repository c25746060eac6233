/*
 * json.c - writing JSON (RFC 8259).
 */
#include <quoll/json.h>
#include <stdio.h>
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

static void put_text(const struct json *j, const char *text)
{
    j->put(j->to, text, strlen(text));
}

static void put_escaped(const struct json *j, const char *s)
{
    char text[8];
    size_t n;

    for (; *s; s += n) {
        n = utf8_length((const unsigned char *)s);
        if (n == 0) {
            put_text(j, "\\ufffd");
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            j->put(j->to, "\\", 1);
            j->put(j->to, s, 1);
        } else if (*s == '\n') {
            put_text(j, "\\n");
        } else if (*s == '\t') {
            put_text(j, "\\t");
        } else if ((unsigned char)*s < ' ' || *s == 0x7f) {
            (void)snprintf(text, sizeof(text), "\\u%04x", (unsigned)*s);
            put_text(j, text);
        } else {
            j->put(j->to, s, n);
        }
    }
}

static void put_name(struct json *j, const char *name)
{
    put_text(j, j->more ? ", \"" : "\"");
    put_text(j, name);
    put_text(j, "\": ");
    j->more = true;
}

struct json json_begin_to(void (*put)(void *to, const char *bytes, size_t n), void *to)
{
    put(to, "{", 1);
    return (struct json){put, to, false};
}

void json_string(struct json *j, const char *name, const char *value)
{
    put_name(j, name);
    put_text(j, "\"");
    put_escaped(j, value);
    put_text(j, "\"");
}

void json_string_or_null(struct json *j, const char *name, const char *value)
{
    if (value[0] != '\0') {
        json_string(j, name, value);
        return;
    }
    put_name(j, name);
    put_text(j, "null");
}

void json_u64(struct json *j, const char *name, uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    put_name(j, name);
    put_text(j, text);
}

void json_thousandths(struct json *j, const char *name, uint64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(value / 1000),
                   (unsigned long long)(value % 1000));
    put_name(j, name);
    put_text(j, text);
}

void json_bool(struct json *j, const char *name, bool value)
{
    put_name(j, name);
    put_text(j, value ? "true" : "false");
}

void json_end(struct json *j)
{
    put_text(j, "}\n");
}
