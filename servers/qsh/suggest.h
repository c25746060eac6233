/*
 * suggest.h - "did you mean": the word nearest to a mistyped one.
 */
#ifndef QSH_SUGGEST_H
#define QSH_SUGGEST_H

#include <stddef.h>

#define SUGGEST_WORD_MAX 64

struct suggestion {
    const char *wanted;
    unsigned distance; /* of .best; too far is as none */
    char best[SUGGEST_WORD_MAX];
};

/** Start looking for @wanted. */
struct suggestion suggest_begin(const char *wanted);

/** Consider @word. */
void suggest_offer(struct suggestion *s, const char *word);

/** The nearest, NULL if none is near: a third of the letters wrong, or the start of a word. */
const char *suggest_best(const struct suggestion *s);

#endif
