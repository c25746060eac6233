/*
 * args.h - from a line to words.
 */
#ifndef QSH_ARGS_H
#define QSH_ARGS_H

#include "lineedit.h"

/* Words have at least one byte and a space between them, so this many always suffice. */
#define ARGS_MAX ((LINE_BYTES_MAX + 1) / 2)

/** Split @line in place at spaces. Double quotes keep spaces, and may make an empty word; a
 *  backslash keeps the byte behind it, inside quotes too. @argv gets room for ARGS_MAX words.
 *  Returns the number of words, or -1 if a quote is not closed or nothing follows a backslash. */
int args_split(char *line, char **argv);

#endif
