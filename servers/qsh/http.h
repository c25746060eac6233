/*
 * http.h - what a server answers by HTTP/1: the head, then the body, which is as long as the head
 * says, or in chunks, or all until the end. No calls to the system: tested on the host with noise.
 * Source: RFC 9112.
 */
#ifndef QSH_HTTP_H
#define QSH_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_BYTES 4096
#define HTTP_REASON     48
#define HTTP_LOCATION   160
#define HTTP_UNKNOWN    UINT64_MAX

struct http_url {
    char host[128];
    uint16_t port;
    const char *path; /* of the text that was read; "" means "/" */
};

/** Take @text apart, as in http://host:port/path. NULL, or what is wrong with it. */
const char *http_read_url(const char *text, struct http_url *url);

/** What the file at @url is called, behind a slash: the path's last part, without a query;
 *  "/index.html" if that is empty. False: it does not fit into @size bytes. */
bool http_file_name(const struct http_url *url, char *name, size_t size);

struct http_answer {
    unsigned status;
    char reason[HTTP_REASON];     /* the server's words, printable */
    char location[HTTP_LOCATION]; /* where it is instead; may be empty */
    bool is_chunked;
    uint64_t length; /* of the body; HTTP_UNKNOWN: not said */
};

/** Read the head, @n bytes from the status line to the empty line. NULL, or what is wrong. */
const char *http_read_head(char *head, size_t n, struct http_answer *answer);

/** Where the head ends in @n bytes; 0: not yet. */
size_t http_head_end(const char *bytes, size_t n);

/* A body on its way; all zero but for what is set from the answer is its beginning. */
struct http_body {
    bool is_chunked;
    uint64_t left; /* of the body, or of the chunk; HTTP_UNKNOWN: until the end */
    enum { HTTP_SIZE, HTTP_SIZE_END, HTTP_DATA, HTTP_DATA_END, HTTP_TRAILER, HTTP_DONE } state;
    unsigned digits;    /* of a chunk's size */
    bool is_line_empty; /* of the trailer */
};

void http_begin_body(struct http_body *body, const struct http_answer *answer);

/** The contents among @n bytes at @bytes: moved to its front, their number returned. @bad: they are
 * no chunks. What is behind the body's end is dropped. */
size_t http_take(struct http_body *body, uint8_t *bytes, size_t n, bool *bad);

/** Is all of the body there, now that the connection has ended? */
bool http_is_whole(const struct http_body *body);

#endif
