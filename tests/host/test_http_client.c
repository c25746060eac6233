/* sources: servers/qsh/http.c */
/*
 * test_http_client.c - what wget reads: addresses, heads, bodies by length, by chunks and until the
 * end, in pieces of every size; then noise, each at the end of its memory, under the sanitizers.
 */
#include "../../servers/qsh/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mutate.h"

#define NOISE 20000u

static unsigned long passed, failed;

static void check(bool ok, const char *what)
{
    ok ? passed++ : failed++;
    if (!ok) {
        printf("FAILED: %s\n", what);
    }
}

static void test_urls(void)
{
    static const char *const bad[] = {"",           "ftp://a/",    "http://",        "http:///x",
                                      "http://:1/", "http://a:0/", "http://a:65536", "http://a:x/",
                                      "http://a:/"};
    struct http_url url;
    char text[300] = "http://";

    check(http_read_url("http://10.0.2.2:8000/a/b?c", &url) == NULL && url.port == 8000 &&
              strcmp(url.host, "10.0.2.2") == 0 && strcmp(url.path, "/a/b?c") == 0,
          "all parts");
    check(http_read_url("http://quoll.example", &url) == NULL && url.port == 80 &&
              url.path[0] == '\0',
          "a host alone");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check(http_read_url(bad[i], &url) != NULL, bad[i]);
    }
    memset(text + 7, 'h', 200);
    check(http_read_url(text, &url) != NULL, "a long name");
}

static bool is_called(const char *path, const char *wanted)
{
    const struct http_url url = {.path = path};
    char name[16];

    return http_file_name(&url, name, sizeof(name)) && strcmp(name, wanted) == 0;
}

static void test_names(void)
{
    char name[sizeof("/index.html") - 1];

    check(is_called("/a/b.c", "/b.c") && is_called("/b", "/b"), "the last part");
    check(is_called("/a/b?c", "/b") && is_called("/get?f=/a/b", "/get"), "without a query");
    check(is_called("", "/index.html") && is_called("/", "/index.html") &&
              is_called("/a/", "/index.html") && is_called("/a/?f=/b", "/index.html"),
          "a directory");
    check(!is_called("/a/012345678901234", "/012345678901234") &&
              is_called("/a/01234567890123", "/01234567890123"),
          "as long as there is room");
    check(!http_file_name(&(struct http_url){.path = "/"}, name, sizeof(name)), "no room at all");
}

static const char *read_head(const char *text, struct http_answer *answer)
{
    char head[HTTP_HEAD_BYTES];
    size_t n = strlen(text);

    memcpy(head, text, n);
    check(http_head_end(head, n) == n, "the head ends there");
    check(http_head_end(head, n - 1) == 0, "and not before");
    return http_read_head(head, n, answer);
}

static void test_heads(void)
{
    struct http_answer a;

    check(read_head("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y\r\n\r\n", &a) == NULL &&
              a.status == 200 && a.length == 12 && !a.is_chunked && strcmp(a.reason, "OK") == 0,
          "with a length");
    check(read_head("HTTP/1.1 200\r\nTRANSFER-encoding:\tchunked \r\n\r\n", &a) == NULL &&
              a.is_chunked && a.length == HTTP_UNKNOWN,
          "with chunks");
    check(read_head("HTTP/1.1 200\r\nTransfer-Encoding: CHUNKed\r\n\r\n", &a) == NULL &&
              a.is_chunked,
          "whose name has no case");
    check(read_head("HTTP/1.0 301 Go\x1b[2J\nLocation: /else\n\n", &a) == NULL && a.status == 301 &&
              strcmp(a.location, "/else") == 0 && strcmp(a.reason, "Go?[2J") == 0,
          "elsewhere, and nothing that moves the cursor");
    check(read_head("SSH-2.0-x\r\n\r\n", &a) != NULL, "another protocol");
    check(read_head("HTTP/1.1 2x0 OK\r\n\r\n", &a) != NULL, "a status that is none");
    check(read_head("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", &a) != NULL, "below zero");
    check(read_head("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", &a) != NULL,
          "too large a number");
    check(read_head("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", &a) !=
              NULL,
          "two lengths");
    check(read_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", &a) != NULL, "packed");
    check(read_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", &a) != NULL &&
              read_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunk\r\n\r\n", &a) != NULL,
          "more or less than chunks");
}

/* The contents of @text, which comes @piece bytes at a time. NULL: it is bad. */
static const char *contents(struct http_body *body, const char *text, size_t n, size_t piece)
{
    static char all[1000];
    size_t have = 0;
    bool bad = false;

    for (size_t at = 0; at < n && !bad; at += piece) {
        size_t now = n - at < piece ? n - at : piece;
        uint8_t *bytes = malloc(now);
        memcpy(bytes, text + at, now);
        now = http_take(body, bytes, now, &bad);
        memcpy(all + have, bytes, now);
        have += now;
        free(bytes);
    }
    all[have] = '\0';
    return bad ? NULL : all;
}

static void expect(bool is_chunked, uint64_t length, const char *text, const char *wanted,
                   bool whole)
{
    const struct http_answer answer = {.is_chunked = is_chunked, .length = length};

    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        struct http_body body;
        const char *got;
        http_begin_body(&body, &answer);
        got = contents(&body, text, strlen(text), piece);
        check(wanted == NULL ? got == NULL : got != NULL && strcmp(got, wanted) == 0, text);
        check(wanted == NULL || http_is_whole(&body) == whole, "whole or not");
    }
}

static void test_bodies(void)
{
    expect(false, 5, "hello, and more", "hello", true);
    expect(false, 5, "hell", "hell", false);
    expect(false, 0, "x", "", true);
    expect(false, HTTP_UNKNOWN, "until the end", "until the end", true);
    expect(true, HTTP_UNKNOWN, "5\r\nhello\r\n2;x=y\r\n, \r\nA\nand so on.\r\n0\r\n\r\nmore",
           "hello, and so on.", true);
    expect(true, HTTP_UNKNOWN, "1\r\na\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", "a", true);
    expect(true, HTTP_UNKNOWN, "5\r\nhel", "hel", false);
    expect(true, HTTP_UNKNOWN, "5\r\nhello\r\n0\r\n", "hello", false);
    expect(true, HTTP_UNKNOWN, "x\r\n", NULL, false);
    expect(true, HTTP_UNKNOWN, "1\r\nab\r\n", NULL, false);
    expect(true, HTTP_UNKNOWN, "\r\n", NULL, false);
    expect(true, HTTP_UNKNOWN, "1234567890123456\r\n", NULL, false);
}

static void test_noise(void)
{
    static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nLocation: x\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

    for (unsigned i = 0; i < NOISE; i++) {
        size_t n = sizeof(good) - 1, end;
        struct http_answer answer;
        struct http_body body;
        char text[sizeof(good)], *bytes;
        memcpy(text, good, sizeof(good));
        mutate(text, &n);
        bytes = malloc(n);
        memcpy(bytes, text, n);
        end = http_head_end(bytes, n);
        if (end != 0 && http_read_head(bytes, end, &answer) == NULL) {
            http_begin_body(&body, &answer);
            (void)contents(&body, text + end, n - end, i % 7 + 1);
            check(strlen(answer.reason) < HTTP_REASON && strlen(answer.location) < HTTP_LOCATION,
                  "text is cut");
        }
        free(bytes);
    }
}

int main(void)
{
    test_urls();
    test_names();
    test_heads();
    test_bodies();
    test_noise();
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
