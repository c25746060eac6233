/*
 * http.c - see http.h. Nothing of what a server says is trusted: numbers have bounds, text that is
 * kept is cut and made printable.
 */
#include "http.h"

#include <stdlib.h>
#include <string.h>

/* ---- addresses */

const char *http_read_url(const char *text, struct http_url *url)
{
    static const char scheme[] = "http://";
    const char *at = text + sizeof(scheme) - 1;
    unsigned long port = 80;
    char *end;
    size_t n;

    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
        return "an address begins with http://";
    for (n = 0; at[n] != '\0' && at[n] != '/' && at[n] != ':'; n++) {
    }
    if (n == 0 || n >= sizeof(url->host))
        return "behind http:// stands a host's name";
    memcpy(url->host, at, n);
    url->host[n] = '\0';
    at += n;
    if (*at == ':') {
        port = strtoul(at + 1, &end, 10);
        if (end == at + 1 || port < 1 || port > 65535 || (*end != '/' && *end != '\0'))
            return "a port is a number from 1 to 65535";
        at = end;
    }
    url->port = (uint16_t)port;
    url->path = at;
    return NULL;
}

bool http_file_name(const struct http_url *url, char *name, size_t size)
{
    static const char of_none[] = "/index.html";
    const char *last = url->path, *end = url->path;
    size_t n;

    for (; *end != '\0' && *end != '?'; end++)
        last = *end == '/' ? end : last;
    n = (size_t)(end - last);
    if (n <= 1) {
        last = of_none;
        n = sizeof(of_none) - 1;
    }
    if (n >= size)
        return false;
    memcpy(name, last, n);
    name[n] = '\0';
    return true;
}

/* ---- heads */

size_t http_head_end(const char *bytes, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (bytes[i] != '\n')
            continue;
        if (bytes[i + 1] == '\n')
            return i + 2;
        if (i + 2 < n && bytes[i + 1] == '\r' && bytes[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

static void keep(char *to, size_t size, const char *from)
{
    size_t n = 0;

    for (; n + 1 < size && from[n] != '\0'; n++)
        to[n] = from[n] >= ' ' && from[n] <= '~' ? from[n] : '?';
    to[n] = '\0';
}

/* A decimal number and nothing else; HTTP_UNKNOWN: it is none. */
static uint64_t number(const char *text)
{
    uint64_t value = 0;

    for (unsigned i = 0; text[i] != '\0'; i++) {
        if (text[i] < '0' || text[i] > '9' || i > 18)
            return HTTP_UNKNOWN;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    return text[0] != '\0' ? value : HTTP_UNKNOWN;
}

/* Does @text begin with @word, which is in lower case, and @then? Its own case says nothing. */
static bool begins(const char *text, const char *word, char then)
{
    size_t i = 0;

    for (; word[i] != '\0'; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
        if (c != word[i])
            return false;
    }
    return text[i] == then;
}

static char *value_of(char *line)
{
    char *at = strchr(line, ':') + 1;
    size_t n;

    while (*at == ' ' || *at == '\t')
        at++;
    n = strlen(at);
    while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t'))
        at[--n] = '\0';
    return at;
}

static const char *read_field(char *line, struct http_answer *answer)
{
    if (begins(line, "content-length", ':')) {
        uint64_t length = number(value_of(line));
        if (length == HTTP_UNKNOWN || (answer->length != HTTP_UNKNOWN && answer->length != length))
            return "its Content-Length is no number";
        answer->length = length;
    } else if (begins(line, "transfer-encoding", ':')) {
        if (!begins(value_of(line), "chunked", '\0'))
            return "its Transfer-Encoding is none that wget knows";
        answer->is_chunked = true;
    } else if (begins(line, "location", ':')) {
        keep(answer->location, sizeof(answer->location), value_of(line));
    }
    return NULL;
}

/* HTTP/1.x, a blank, three digits, and perhaps words. */
static const char *read_status(const char *line, struct http_answer *answer)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || line[7] < '0' || line[7] > '9' || line[8] != ' ')
        return "what it says is not HTTP/1";
    for (unsigned i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return "its status is no number";
        answer->status = answer->status * 10 + (unsigned)(line[i] - '0');
    }
    keep(answer->reason, sizeof(answer->reason), line[12] == ' ' ? line + 13 : "");
    return NULL;
}

const char *http_read_head(char *head, size_t n, struct http_answer *answer)
{
    const char *wrong = NULL;
    bool is_first = true;

    *answer = (struct http_answer){.length = HTTP_UNKNOWN};
    while (n != 0 && wrong == NULL) {
        char *end = memchr(head, '\n', n);
        size_t bytes = (size_t)(end - head) + 1;
        *end = '\0';
        if (bytes > 1 && end[-1] == '\r')
            end[-1] = '\0';
        wrong = is_first ? read_status(head, answer) : read_field(head, answer);
        is_first = false;
        head += bytes;
        n -= bytes;
    }
    return wrong;
}

/* ---- bodies */

void http_begin_body(struct http_body *body, const struct http_answer *answer)
{
    *body = (struct http_body){.is_chunked = answer->is_chunked,
                               .left = answer->is_chunked ? 0 : answer->length,
                               .state = answer->is_chunked    ? HTTP_SIZE
                                        : answer->length == 0 ? HTTP_DONE
                                                              : HTTP_DATA};
}

static int hex(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* A byte between the chunks. False: it does not belong there. */
static bool take_frame(struct http_body *body, uint8_t c)
{
    switch (body->state) {
    case HTTP_SIZE:
        if (hex(c) >= 0 && body->digits < 15) {
            body->left = body->left << 4 | (uint64_t)hex(c);
            body->digits++;
            return true;
        }
        if (body->digits == 0 || hex(c) >= 0)
            return false;
        body->state = HTTP_SIZE_END; /* what follows up to the line's end says nothing here */
        return take_frame(body, c);
    case HTTP_SIZE_END:
        if (c == '\n') {
            body->state = body->left != 0 ? HTTP_DATA : HTTP_TRAILER;
            body->is_line_empty = true;
        }
        return true;
    case HTTP_DATA_END:
        if (c == '\n') {
            body->state = HTTP_SIZE;
            body->digits = 0;
        }
        return c == '\n' || c == '\r';
    default: /* HTTP_TRAILER */
        if (c == '\n' && body->is_line_empty)
            body->state = HTTP_DONE;
        body->is_line_empty = c == '\n' || (c == '\r' && body->is_line_empty);
        return true;
    }
}

static size_t take_data(struct http_body *body, uint8_t *to, const uint8_t *from, size_t n)
{
    if (body->left == HTTP_UNKNOWN) {
        memmove(to, from, n);
        return n;
    }
    n = n < body->left ? n : (size_t)body->left;
    memmove(to, from, n);
    body->left -= n;
    if (body->left == 0)
        body->state = body->is_chunked ? HTTP_DATA_END : HTTP_DONE;
    return n;
}

size_t http_take(struct http_body *body, uint8_t *bytes, size_t n, bool *bad)
{
    size_t kept = 0, at = 0;

    *bad = false;
    while (at < n && body->state != HTTP_DONE && !*bad) {
        if (body->state == HTTP_DATA) {
            size_t moved = take_data(body, bytes + kept, bytes + at, n - at);
            kept += moved;
            at += moved;
        } else {
            *bad = !take_frame(body, bytes[at++]);
        }
    }
    return kept;
}

bool http_is_whole(const struct http_body *body)
{
    return body->state == HTTP_DONE ||
           (body->state == HTTP_DATA && body->left == HTTP_UNKNOWN && !body->is_chunked);
}
