/*
 * history.h - the lines typed before, in a bounded store: the oldest make room for new ones.
 */
#ifndef QSH_HISTORY_H
#define QSH_HISTORY_H

#include <stddef.h>

#define HISTORY_BYTES 16384

/* All zero is empty. Lines lie one behind the other, oldest first, each with its NUL. */
struct history {
    size_t used;
    char bytes[HISTORY_BYTES];
};

/** Remember @line, unless it is empty, the same as the newest, or too long for the store. */
void history_add(struct history *h, const char *line);

/** The @back-th line counted from the newest, which is 1; NULL past the oldest.
 *  Valid until the next history_add. */
const char *history_get(const struct history *h, size_t back);

#endif
