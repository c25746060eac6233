/*
 * suite.h - the loop of a task that serves a list of things to run (suite protocol, proto.h).
 */
#ifndef QUOLL_SUITE_H
#define QUOLL_SUITE_H

#include <quoll/abi.h>

/* An answer under construction: up to 64 words. */
struct suite_answer {
    uint64_t words[MSG_MAX_WORDS];
    unsigned count;
    int error; /* the answer's label; E_OK unless set */
};

/** Name of entry @index, or NULL past the last. */
typedef const char *suite_name_fn(uint64_t index);

/** Run entry @index, which exists, and fill @answer, which is zeroed. */
typedef void suite_run_fn(uint64_t index, struct suite_answer *answer);

/** Serve on SLOT_SERVE for ever. */
_Noreturn void suite_serve(suite_name_fn *name, suite_run_fn *run);

/** Put the string @text at word @first, as far as it fits. */
void suite_put_text(struct suite_answer *answer, unsigned first, const char *text);

#endif
