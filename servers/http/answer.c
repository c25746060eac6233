/*
 * answer.c - answers: heads that all have in common, bodies that are made piece by piece.
 * What is made waits in c->out until the connection takes it, so an answer of any length needs
 * no more memory than that.
 */
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_HEAD "0000\r\n"
#define CHUNK_ROOM (sizeof(CHUNK_HEAD) - 1 + 2 + 5) /* with its end and the last chunk */

static const struct {
    unsigned status;
    const char *text;
} phrases[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const char *phrase_of(unsigned status)
{
    for (unsigned i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status) {
            return phrases[i].text;
        }
    }
    return "Error";
}

/* ---- putting */

void answer_put(struct connection *c, const char *bytes, size_t n)
{
    size_t room = OUT_BYTES - (c->is_chunked ? CHUNK_ROOM : 0);

    if (c->overflow || c->out_used + n > room) {
        c->overflow = true;
        return;
    }
    memcpy(c->out + c->out_used, bytes, n);
    c->out_used += n;
}

void answer_text(struct connection *c, const char *text)
{
    answer_put(c, text, strlen(text));
}

void answer_printf(struct connection *c, const char *format, ...)
{
    char text[1024];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(text)) {
        c->overflow = true;
        return;
    }
    answer_put(c, text, (size_t)n);
}

static void put_json(void *to, const char *bytes, size_t n)
{
    answer_put(to, bytes, n);
}

struct json answer_json(struct connection *c)
{
    return json_begin_to(put_json, c);
}

bool answer_keep(struct connection *c, size_t mark)
{
    if (!c->overflow) {
        return true;
    }
    c->overflow = false;
    c->out_used = mark;
    return mark <= sizeof(CHUNK_HEAD) - 1; /* one that can never fit is left out */
}

/* ---- beginnings */

/* What the page and a directory may do, and what a file may: nothing, though it be HTML with a
 * script in it. */
#define MAY_PAGE                                                                                   \
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "                     \
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; "             \
    "form-action 'none'; frame-ancestors 'none'\r\n"
#define MAY_NOTHING "Content-Security-Policy: sandbox; default-src 'none'\r\n"

/* @extra: more fields, whole lines. */
static void begin(struct connection *c, unsigned status, const char *type, const char *extra)
{
    c->state = CONNECTION_ANSWER;
    c->since_ms = now_ms();
    c->more = NULL;
    c->constant = NULL;
    c->is_chunked = c->is_broken = c->overflow = false;
    c->sent = c->at = 0;
    c->out_used = c->out_sent = 0;
    counts.requests++;
    counts.refused += status != 200;
    answer_printf(
        c,
        "HTTP/1.1 %u %s\r\nServer: Quoll\r\nContent-Type: %s\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
        "Connection: %s\r\n%s%s",
        status, phrase_of(status), type, c->ends ? "close" : "keep-alive",
        strncmp(type, "text/html", 9) == 0 ? MAY_PAGE : MAY_NOTHING, extra);
}

void answer_begin(struct connection *c, const char *type, bool (*more)(struct connection *c))
{
    bool is_chunked = c->request.minor != 0;

    c->ends = c->ends || !is_chunked;
    begin(c, 200, type, "");
    answer_text(c, is_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    c->is_chunked = is_chunked;
    c->more = c->head_only ? NULL : more;
}

void answer_begin_sized(struct connection *c, const char *type, uint64_t bytes,
                        bool (*more)(struct connection *c))
{
    begin(c, 200, type, "");
    answer_printf(c, "Content-Length: %llu\r\n\r\n", (unsigned long long)bytes);
    c->more = c->head_only || bytes == 0 ? NULL : more;
}

void answer_constant(struct connection *c, const char *type, const char *text, size_t bytes)
{
    begin(c, 200, type, "");
    answer_printf(c, "Content-Length: %zu\r\n\r\n", bytes);
    if (!c->head_only) {
        c->constant = text;
        c->constant_bytes = bytes;
    }
}

/* A body that is known: its length goes before it, and is known after it. */
static void finish(struct connection *c, size_t head)
{
    char field[48], body[512];
    size_t n = c->out_used - head;

    if (c->overflow || n > sizeof(body)) { /* nobody's text is as long */
        c->is_broken = true;
        return;
    }
    memcpy(body, c->out + head, n);
    c->out_used = head;
    (void)snprintf(field, sizeof(field), "Content-Length: %zu\r\n\r\n", n);
    answer_text(c, field);
    if (!c->head_only) {
        answer_put(c, body, n);
    }
}

static void refuse(struct connection *c, struct refusal refusal, const char *extra)
{
    struct json j;
    size_t head;

    begin(c, refusal.status, "application/json", extra);
    head = c->out_used;
    j = answer_json(c);
    json_string(&j, "error", refusal.why);
    json_end(&j);
    finish(c, head);
}

void answer_refusal(struct connection *c, struct refusal refusal)
{
    refuse(c, refusal, "");
}

void answer_wrong_method(struct connection *c, const char *allowed)
{
    char field[64];

    (void)snprintf(field, sizeof(field), "Allow: %s\r\n", allowed);
    refuse(c, (struct refusal){405, "the field Allow says how this is asked for"}, field);
}

void answer_done(struct connection *c)
{
    struct json j;
    size_t head;

    begin(c, 200, "application/json", "");
    head = c->out_used;
    j = answer_json(c);
    json_bool(&j, "done", true);
    json_end(&j);
    finish(c, head);
}

/* ---- pieces */

static void make_chunk(struct connection *c)
{
    char length[sizeof(CHUNK_HEAD)];
    size_t head = sizeof(CHUNK_HEAD) - 1, n;
    bool goes_on;

    answer_text(c, CHUNK_HEAD);
    goes_on = c->more(c);
    n = c->out_used - head;
    c->is_chunked = false; /* what follows has room of its own */
    if (n == 0) {
        c->out_used = 0;
    } else {
        (void)snprintf(length, sizeof(length), "%04zx\r\n", n);
        memcpy(c->out, length, head);
        answer_text(c, "\r\n");
    }
    if (!goes_on) {
        c->more = NULL;
        answer_text(c, "0\r\n\r\n");
    }
    c->is_chunked = true;
}

void answer_make(struct connection *c)
{
    while (c->out_used == 0 && c->more != NULL && !c->is_broken) {
        if (c->is_chunked) {
            make_chunk(c);
        } else if (!c->more(c)) {
            c->more = NULL;
        }
    }
}
