/*
 * server.h - the http server: what its files share.
 *   parse.c, target.c  requests as text (parse.h)   connection.c  the loop over all connections
 *   answer.c           what goes back               route.c       which answer a request gets
 *   tell.c             devices and tasks as JSON    files.c       files and directories
 *   order.c            who may give orders          main.c        the task, its console side
 * One thread. Nothing waits for a client: what can't go on now is kept in its connection. All
 * memory is here, static: CONNECTIONS times struct connection.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "parse.h"

#include <quoll/json.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* there are no signals */
#endif

#define CONNECTIONS 80u
#define OUT_BYTES   8192u /* of an answer that are made and not yet sent */

/* How long what may take. */
#define IDLE_MS     60000u /* a connection that stays, for the next request */
#define REQUEST_MS  10000u /* from a request's first byte to its last */
#define ANSWER_MS   20000u /* to take an answer, and ... */
#define ANSWER_RATE 1u     /* ... one more for each byte of so many a millisecond */

enum state { CONNECTION_FREE, CONNECTION_HEAD, CONNECTION_BODY, CONNECTION_ANSWER };

struct connection {
    enum state state;
    int fd;
    uint64_t since_ms; /* when it came into this state; of HEAD, its first byte */
    struct request request;
    size_t in_used;
    char in[HEAD_MAX + BODY_MAX];

    /* The answer. `more` makes its next piece; null: all of it is made. */
    bool (*more)(struct connection *c);
    bool is_chunked, head_only, ends; /* ends: the connection, after it */
    bool is_broken;                   /* it can't be completed: the connection ends now */
    bool overflow;
    uint64_t sent;
    size_t out_used, out_sent;
    char out[OUT_BYTES];
    const char *constant; /* text that goes out after `out`, and nothing after it */
    size_t constant_bytes;
    uint64_t at;                        /* of `more`: how far it is; of a file, bytes */
    uint64_t file_bytes, file_modified; /* as they were at the beginning */
};

struct counts {
    uint64_t accepted, requests, refused, orders;
    unsigned connections;
};
extern struct counts counts;

/* ---- the embedder's */

uint64_t now_ms(void);

/* ---- connection.c */

/** Serve the connections of @listener, for ever. */
_Noreturn void connections_serve(int listener);

/* ---- answer.c: each begins an answer; its head says what there is to say to every answer */

/** Without a body of its own length: @more makes it. */
void answer_begin(struct connection *c, const char *type, bool (*more)(struct connection *c));

/** Of @bytes bytes, which @more brings or, if it is null, the caller of answer_constant. */
void answer_begin_sized(struct connection *c, const char *type, uint64_t bytes,
                        bool (*more)(struct connection *c));
void answer_constant(struct connection *c, const char *type, const char *text, size_t bytes);

/** A line of JSON: {"error": @why} or {"done": true}. */
void answer_refusal(struct connection *c, struct refusal refusal);
void answer_done(struct connection *c);

/** The same with a list of the methods that there are. */
void answer_wrong_method(struct connection *c, const char *allowed);

/** Append to what is sent; too much sets c->overflow. */
void answer_put(struct connection *c, const char *bytes, size_t n);
void answer_text(struct connection *c, const char *text);
__attribute__((format(printf, 2, 3))) void answer_printf(struct connection *c, const char *format,
                                                         ...);
struct json answer_json(struct connection *c);

/** Since @mark (c->out_used then) one item was put. False: there was no room for it, it is taken
 * back and is to come again with the next piece. */
bool answer_keep(struct connection *c, size_t mark);

/** Make the next pieces, as chunks if it is chunked, until there is something to send. */
void answer_make(struct connection *c);

/* ---- route.c */

/** Begin the answer to c->request, whose body has @n bytes at @body. */
void route(struct connection *c, const char *body, size_t n);

/* ---- tell.c */

/** What /api/@name tells; false: there is nothing of that name. */
bool tell(struct connection *c, const char *name);

/* ---- files.c */

void files_answer(struct connection *c);

/** Give back files that nobody has asked for a while; how many ms until that is to be done again,
 * or -1. */
int files_time(void);

/* ---- order.c */

/** Orders may be given with @token, or not at all. */
void orders_allow(const char *token);
void orders_deny(void);
bool orders_are_allowed(void);

/** Carry out what the form says, if the token is right. */
void order_answer(struct connection *c, const char *form, size_t n);

/* ---- page.asm */

extern const char page_text[], page_text_end[];

#endif
