/*
 * parse.c - a request's head, line by line. See parse.h.
 */
#include "parse.h"

#include <string.h>

#define LENGTH_DIGITS 9u

/* Bytes of the head that are still to be read, or a part of them. */
struct text {
    const char *at;
    size_t n;
};

/* What is gathered on the way through the fields. */
struct fields {
    unsigned hosts, lengths;
    bool closes, keeps, has_encoding, is_foreign;
};

static bool refuse(struct refusal *why, unsigned status, const char *text)
{
    *why = (struct refusal){status, text};
    return false;
}

size_t head_end(const char *bytes, size_t n)
{
    for (size_t i = 3; i < n; i++) {
        if (bytes[i] == '\n' && memcmp(bytes + i - 3, "\r\n\r\n", 4) == 0) {
            return i + 1;
        }
    }
    return 0;
}

struct refusal head_too_long(const char *bytes, size_t n)
{
    if (memchr(bytes, '\n', n) == NULL) {
        return (struct refusal){414, "what is asked for has at most 2048 bytes"};
    }
    return (struct refusal){431,
                            "the request line and all fields have at most 4096 bytes together"};
}

/* ---- pieces of text */

static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool equals(struct text t, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i < n && t.n == n; i++) {
        if (lower(t.at[i]) != word[i]) {
            return false;
        }
    }
    return t.n == n;
}

static struct text trim(struct text t)
{
    while (t.n != 0 && (*t.at == ' ' || *t.at == '\t')) {
        t.at++;
        t.n--;
    }
    while (t.n != 0 && (t.at[t.n - 1] == ' ' || t.at[t.n - 1] == '\t')) {
        t.n--;
    }
    return t;
}

/* Take what is before the first @end, which goes, too. False: there is none. */
static bool take(struct text *from, char end, struct text *part)
{
    const char *at = memchr(from->at, end, from->n);

    if (at == NULL) {
        return false;
    }
    *part = (struct text){from->at, (size_t)(at - from->at)};
    from->n -= part->n + 1;
    from->at = at + 1;
    return true;
}

/* The next line without its end. False: it is not CR LF that ends it, or there is a CR within. */
static bool take_line(struct text *from, struct text *line)
{
    if (!take(from, '\n', line) || line->n == 0 || line->at[line->n - 1] != '\r') {
        return false;
    }
    line->n--;
    return memchr(line->at, '\r', line->n) == NULL;
}

/* ---- the request line */

static bool read_method(struct text t, struct request *r, struct refusal *why)
{
    static const char *const names[] = {
        [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD", [METHOD_POST] = "POST"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (t.n == strlen(names[i]) && memcmp(t.at, names[i], t.n) == 0) {
            r->method = (enum method)i;
            return true;
        }
    }
    for (size_t i = 0; i < t.n; i++) {
        if (!is_token(t.at[i])) {
            return refuse(why, 400, "a request begins with its method, as in GET / HTTP/1.1");
        }
    }
    return refuse(why, t.n != 0 ? 501 : 400, "this server knows GET, HEAD and POST");
}

static bool read_version(struct text t, struct request *r, struct refusal *why)
{
    if (t.n != 8 || memcmp(t.at, "HTTP/", 5) != 0 || t.at[6] != '.' || t.at[5] < '0' ||
        t.at[5] > '9' || t.at[7] < '0' || t.at[7] > '9') {
        return refuse(why, 400, "a request line ends with its version, as in GET / HTTP/1.1");
    }
    if (t.at[5] != '1') {
        return refuse(why, 505, "this server speaks HTTP/1.1 and HTTP/1.0");
    }
    r->minor = t.at[7] != '0';
    return true;
}

/* May a browser have come here by this name? Not by one with dots, which somebody else's name
 * server can turn into this address to let his page read what is served here (DNS rebinding). */
static bool is_our_name(struct text host)
{
    bool is_address = true, has_dot = false;
    struct text name = host;

    (void)take(&host, ':', &name);
    for (size_t i = 0; i < name.n; i++) {
        has_dot |= name.at[i] == '.';
        is_address &= name.at[i] == '.' || (name.at[i] >= '0' && name.at[i] <= '9');
    }
    return is_address || !has_dot;
}

static bool refuse_name(struct refusal *why)
{
    return refuse(why, 421, "ask by an address, or a name without dots: http://127.0.0.1:8080/");
}

/* Its path, of either form: /path, or http://host/path. */
static bool read_target(struct text t, struct request *r, struct refusal *why)
{
    struct text path = t, host;

    if (t.n > TARGET_MAX) {
        return refuse(why, 414, "what is asked for has at most 2048 bytes");
    }
    if (t.n > 7 && equals((struct text){t.at, 7}, "http://")) {
        path = (struct text){t.at + 7, t.n - 7};
        if (!take(&path, '/', &host)) {
            return refuse(why, 400, "an address has a path: http://host/");
        }
        if (!is_our_name(host)) {
            return refuse_name(why);
        }
        path = (struct text){path.at - 1, path.n + 1};
    }
    t = path;
    if (take(&t, '?', &path)) {
        if (t.n >= QUERY_BYTES) {
            return refuse(why, 414, "what stands behind the ? has at most 127 bytes");
        }
        memcpy(r->query, t.at, t.n);
        r->query[t.n] = '\0';
    }
    return target_decode(path.at, path.n, r->path, why);
}

static bool read_request_line(struct text line, struct request *r, struct refusal *why)
{
    struct text method, target;

    if (!take(&line, ' ', &method)) {
        return refuse(why, 400, "a request line has method, path and version: GET / HTTP/1.1");
    }
    if (!read_method(method, r, why)) {
        return false;
    }
    if (!take(&line, ' ', &target)) {
        return refuse(why, 400, "a request line has method, path and version: GET / HTTP/1.1");
    }
    return read_version(line, r, why) && read_target(target, r, why);
}

/* ---- fields */

static bool read_length(struct text value, struct request *r, struct refusal *why)
{
    size_t n = 0;

    for (size_t i = 0; i < value.n; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return refuse(why, 400, "Content-Length is a number of bytes");
        }
        if (i == LENGTH_DIGITS) {
            return refuse(why, 413, "a request's body has at most 512 bytes");
        }
        n = n * 10 + (size_t)(value.at[i] - '0');
    }
    if (value.n == 0) {
        return refuse(why, 400, "Content-Length is a number of bytes");
    }
    r->body_bytes = n;
    return n <= BODY_MAX || refuse(why, 413, "a request's body has at most 512 bytes");
}

static void read_connection(struct text value, struct fields *f)
{
    struct text part;
    bool more = true;

    while (more) {
        more = take(&value, ',', &part);
        part = trim(more ? part : value);
        f->closes = f->closes || equals(part, "close");
        f->keeps = f->keeps || equals(part, "keep-alive");
    }
}

static bool value_is_sound(struct text value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static void read_kind(struct text value, struct request *r)
{
    struct text kind = value;

    (void)take(&value, ';', &kind);
    r->is_form = equals(trim(kind), "application/x-www-form-urlencoded");
}

static bool read_known(struct text name, struct text value, struct request *r, struct fields *f,
                       struct refusal *why)
{
    if (equals(name, "host")) {
        f->hosts++;
        f->is_foreign |= !is_our_name(value);
    } else if (equals(name, "content-length")) {
        f->lengths++;
        return read_length(value, r, why);
    } else if (equals(name, "transfer-encoding")) {
        f->has_encoding = true;
    } else if (equals(name, "connection")) {
        read_connection(value, f);
    } else if (equals(name, "expect")) {
        return refuse(why, 417, "send the request without Expect: its body is short");
    } else if (equals(name, "content-type")) {
        read_kind(value, r);
    } else if (equals(name, "x-quoll-token") && value.n < TOKEN_BYTES) {
        memcpy(r->token, value.at, value.n);
        r->token[value.n] = '\0';
    }
    return true;
}

static bool read_field(struct text line, struct request *r, struct fields *f, struct refusal *why)
{
    struct text name;

    if (!take(&line, ':', &name) || name.n == 0) {
        return refuse(why, 400, "a field is a name, a colon and a value: Host: quoll");
    }
    for (size_t i = 0; i < name.n; i++) {
        if (!is_token(name.at[i])) {
            return refuse(why, 400, "a field's name is followed by its colon, and has no blanks");
        }
    }
    line = trim(line);
    if (!value_is_sound(line)) {
        return refuse(why, 400, "a field's value has no control characters");
    }
    return read_known(name, line, r, f, why);
}

/* What the fields mean together (RFC 9112, sections 3.2, 6.1, 6.3, 9.3). */
static bool judge(struct request *r, const struct fields *f, struct refusal *why)
{
    if (f->hosts > 1 || (f->hosts == 0 && r->minor != 0)) {
        return refuse(why, 400, "a request of HTTP/1.1 has one field Host");
    }
    if (f->is_foreign) {
        return refuse_name(why);
    }
    if (f->has_encoding && f->lengths != 0) {
        return refuse(why, 400,
                      "a body's length is said once: Transfer-Encoding or Content-Length");
    }
    if (f->has_encoding) {
        return refuse(why, 501, "send the body with Content-Length, without Transfer-Encoding");
    }
    if (f->lengths > 1) {
        return refuse(why, 400, "a body's length is said once");
    }
    if (r->method == METHOD_POST && f->lengths == 0) {
        return refuse(why, 411, "a POST has a Content-Length");
    }
    r->stays = !f->closes && (r->minor != 0 || f->keeps);
    return true;
}

bool head_parse(const char *bytes, size_t n, struct request *r, struct refusal *why)
{
    struct text head = {bytes, n}, line;
    struct fields f = {0};
    unsigned count = 0;

    memset(r, 0, sizeof(*r));
    if (n > 2 && bytes[0] == '\r' && bytes[1] == '\n') { /* RFC 9112, section 2.2 */
        head = (struct text){bytes + 2, n - 2};
    }
    if (!take_line(&head, &line)) {
        return refuse(why, 400, "each line of a request ends with CR and LF");
    }
    if (!read_request_line(line, r, why)) {
        return false;
    }
    for (;;) {
        if (!take_line(&head, &line)) {
            return refuse(why, 400, "each line of a request ends with CR and LF");
        }
        if (line.n == 0) {
            return judge(r, &f, why);
        }
        if (++count > FIELDS_MAX) {
            return refuse(why, 431, "a request has at most 64 fields");
        }
        if (!read_field(line, r, &f, why)) {
            return false;
        }
    }
}
