/*
 * pair.h - Linux's side of paired runs: the program is the only one of the system, takes a row a
 * line from the serial line, measures it as Quoll's bench does, and answers an object of JSON.
 */
#ifndef LINUX_PAIR_H
#define LINUX_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#define ROUNDS_MAX 10000u

/* What is measured: turns, each of so many units. */
struct row {
    void (*prepare)(void); /* what is no part of a turn; NULL: nothing */
    bool (*turn)(void);
    unsigned warm, rounds, units;
};

/** Measure @row and answer its figures, in microseconds a unit. A turn that failed has said why. */
bool row_run(const struct row *row);

/** Answer what @n figures are in the middle, in the mean, at least; @n is not 0. They are sorted.
 */
void row_say(double *us, unsigned n);

/** Answer that @what failed, and errno's text; always false. */
bool failed(const char *what);

/** Write @text to the file at @path, a setting of the kernel's; says what failed. */
bool put(const char *path, const char *text);

/** The rows: words of the line, the first of them the row's kind; answers. */
bool disk_row(char **words);
bool net_begin(char **words);
bool net_row(char **words);
bool raw_row(char **words);
bool pktgen_row(char **words);

#endif
