/*
 * suite.h - what bench and test share: choosing the items of a suite by name, and running them.
 */
#ifndef QSH_SUITE_H
#define QSH_SUITE_H

#include "qsh.h"

struct suite {
    const char *command; /* for messages */
    enum service service;
    /* Does the argument @wanted choose the item @name? */
    bool (*chooses)(const char *wanted, const char *name);
    /* Run item @index of @cap and print the result. */
    void (*run)(struct shell *s, uint64_t cap, uint64_t index, const char *name);
};

/** Is @name the name @wanted, or does it begin with @wanted and a dot? */
bool suite_in_area(const char *wanted, const char *name);

/** Run the items that one of the arguments chooses, all without arguments, in the suite's order,
 *  each once; ^C stops before the next. First every argument is checked to choose something.
 *  Returns false if nothing was run or the suite could not be read to its end. */
bool suite_run(struct shell *s, const struct suite *suite, int argc, char **argv);

/** The name of item @index for completion; NULL past the last and on errors, silently. */
const char *suite_word(struct shell *s, const struct suite *suite, size_t index);

#endif
