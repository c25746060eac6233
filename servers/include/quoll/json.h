/*
 * json.h - one JSON object a line, member by member: `{"name": "x", "n": 1}`. It is written piece
 * by piece to where the caller wants it; nothing is kept.
 */
#ifndef QUOLL_JSON_H
#define QUOLL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
    void (*put)(void *to, const char *bytes, size_t n);
    void *to;
    bool more; /* a member is written: the next needs a comma */
};

struct json json_begin_to(void (*put)(void *to, const char *bytes, size_t n), void *to);

/** @value as a string of valid UTF-8: what is not valid becomes U+FFFD. */
void json_string(struct json *j, const char *name, const char *value);
/** The same, but null for an empty one. */
void json_string_or_null(struct json *j, const char *name, const char *value);
void json_u64(struct json *j, const char *name, uint64_t value);
/** @value in thousandths, as a decimal fraction. */
void json_thousandths(struct json *j, const char *name, uint64_t value);
void json_bool(struct json *j, const char *name, bool value);

/** Close the object and end the line. */
void json_end(struct json *j);

#endif
