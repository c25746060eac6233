/*
 * world.h - a kernel of one call for tests of generated code: client stub, words, dispatch, answer
 * and back, with a hook on both ways. Client and server share one thread, hence one IPC buffer.
 */
#ifndef TESTS_IDL_WORLD_H
#define TESTS_IDL_WORLD_H

#include <idl/sample_server.h>
#include <stdio.h>

#define CLIENT_SLOTS 200
#define BADGE        (7ull | 100ull << 24 | (uint64_t)SAMPLE_RIGHTS_ALL << 32)

/* A message with all its words, as a trace would have it. */
struct wire {
    uint64_t badge, tag;
    uint64_t words[MSG_MAX_WORDS];
};

struct world {
    struct wire request, answer;       /* of the last call, as delivered */
    void (*on_request)(struct wire *); /* may change it */
    void (*on_answer)(struct wire *);
    int status; /* of the system call, for the first `failures` calls */
    unsigned failures;
    unsigned calls;      /* delivered */
    unsigned handled;    /* calls of the server's functions */
    uint64_t holds[256]; /* what each slot holds; 0: empty */
    struct call call;
    bool answered;
    struct msg later; /* what sys_reply was given */
};
extern struct world world;

/* What the server's functions got and give. */
extern struct sample_outer seen_outer, given_outer;
extern uint64_t seen[16], given;
extern char seen_text[2][64], given_text[2][64];
extern uint8_t seen_bytes[496], given_bytes[496];
extern size_t seen_count[3], given_count[3];
extern int given_error;
extern uint64_t kept_reply;
extern unsigned broken; /* values that no server's function must get */

void world_begin(void);
void check_that(bool ok, const char *what, int line);
#define CHECK(condition) check_that(condition, #condition, __LINE__)
extern unsigned passed, failed;

/* test files */
void test_round_trips(void);
void test_text(void);
void test_requests(void);
void test_answers(void);
void test_later(void);
void test_queue(void);
void test_fuzz(void);

/** Call method number @method with good values. The stub's result. */
int call_good(unsigned method);

#endif
