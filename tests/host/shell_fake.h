/*
 * shell_fake.h - the shell with servers that are played here, for tests of what its commands print.
 */
#ifndef SHELL_FAKE_H
#define SHELL_FAKE_H

#include <stdio.h>
#include "../../servers/qsh/qsh.h"

extern unsigned passed, failed;
#define CHECK(c)                                                                                   \
    ((c) ? (void)passed++ : (void)(failed++, printf("%s:%d: %s\n", __FILE__, __LINE__, #c)))

extern struct shell shell;
extern struct quoll_info info;
extern char written[20000];
extern int lookup_error, system_error; /* what these servers answer */
extern bool services_died;
extern const char *typed, *ended; /* what is still to be read; how the machine was ended */
extern unsigned runs;             /* calls of suites since run() */
extern struct fuzz_order fuzz_given;
extern struct fuzz_summary fuzz_result;
extern uint64_t fuzz_most, fuzz_made;

/** Begin: the shell knows its machine. */
void shell_fake_begin(void);

/** What @line prints. */
const char *run(const char *line);

/** Does @line print just that? With it in it? If not, what it prints is shown. */
bool prints(const char *line, const char *want);
bool has(const char *line, const char *part);

#endif
