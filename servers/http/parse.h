/*
 * parse.h - a request's head and form as text from somebody who may lie (RFC 9112, strictly: what
 * two readers could take for two things is refused). Knows neither sockets nor files, so it is
 * fuzzed on the host (tests/http).
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAD_MAX    4096u /* bytes of the request line and all fields */
#define TARGET_MAX  2048u /* of what is asked for, before %-decoding */
#define PATH_BYTES  1024u /* of a path, decoded, with the NUL: as long as the fs server takes */
#define QUERY_BYTES 128u
#define FIELDS_MAX  64u
#define BODY_MAX    512u
#define TOKEN_BYTES 65u /* of a token that is offered; longer ones are none */

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST };

struct request {
    enum method method;
    unsigned minor;          /* HTTP/1.minor, 0 or 1 */
    bool stays;              /* the connection, after the answer */
    bool is_form;            /* the body is application/x-www-form-urlencoded */
    size_t body_bytes;       /* that follow the head */
    char path[PATH_BYTES];   /* decoded: begins with /, no part of it is empty, . or .. */
    char query[QUERY_BYTES]; /* behind the ?, as it came */
    char token[TOKEN_BYTES]; /* of the field X-Quoll-Token; empty: none */
};

/* Why a request is not served: @status of HTTP, and a sentence that says what would be right. */
struct refusal {
    unsigned status;
    const char *why;
};

/** Where the head that begins at @bytes ends, behind its empty line; 0: not within @n bytes. */
size_t head_end(const char *bytes, size_t n);

/** What is wrong with a head of which @n bytes have no end and no more may come. */
struct refusal head_too_long(const char *bytes, size_t n);

/** Read the @n bytes of a whole head. False: refused, see @why. */
bool head_parse(const char *bytes, size_t n, struct request *r, struct refusal *why);

/** Decode the @n bytes of a target's path into @path. False: refused. */
bool target_decode(const char *bytes, size_t n, char path[PATH_BYTES], struct refusal *why);

/** The value of @name in the form of @n bytes, decoded; empty if it is not there. False: it is
 *  spoilt, longer than @size - 1, or there twice. */
bool form_value(const char *bytes, size_t n, const char *name, char *to, size_t size);

#endif
