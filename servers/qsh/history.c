/*
 * history.c - a byte store of lines; adding one moves at most HISTORY_BYTES.
 */
#include "history.h"
#include <string.h>

void history_add(struct history *h, const char *line)
{
    size_t size = strlen(line) + 1, gone = 0;
    const char *newest = history_get(h, 1);

    if (size == 1 || size > HISTORY_BYTES || (newest && strcmp(newest, line) == 0))
        return;
    while (h->used - gone + size > HISTORY_BYTES)
        gone += strlen(h->bytes + gone) + 1;
    memmove(h->bytes, h->bytes + gone, h->used - gone);
    h->used -= gone;
    memcpy(h->bytes + h->used, line, size);
    h->used += size;
}

const char *history_get(const struct history *h, size_t back)
{
    size_t at = h->used;

    for (; back > 0; back--) {
        if (at == 0)
            return NULL;
        at--; /* the NUL of the line before */
        while (at > 0 && h->bytes[at - 1])
            at--;
    }
    return h->bytes + at;
}
