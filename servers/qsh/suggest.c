/*
 * suggest.c - edit distance (optimal string alignment: insert, delete, change, swap neighbours).
 */
#include "suggest.h"
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* The distance of @a and @b, both shorter than SUGGEST_WORD_MAX, by three rows of the table. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned char rows[3][SUGGEST_WORD_MAX]; /* at most 63, so a byte holds it */
    unsigned char *before = rows[0], *above = rows[1], *row = rows[2], *t;
    size_t n = strlen(a), m = strlen(b);

    for (size_t j = 0; j <= m; j++)
        above[j] = (unsigned char)j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = (unsigned char)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned d = least(above[j] + 1u, row[j - 1] + 1u);

            d = least(d, above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = least(d, before[j - 2] + 1u);
            row[j] = (unsigned char)d;
        }
        t = before;
        before = above;
        above = row;
        row = t;
    }
    return above[m];
}

struct suggestion suggest_begin(const char *wanted)
{
    /* one letter wrong is always near; a third of them in a long word */
    return (struct suggestion){wanted, (unsigned)((strnlen(wanted, SUGGEST_WORD_MAX) + 2) / 3 + 1),
                               ""};
}

void suggest_offer(struct suggestion *s, const char *word)
{
    size_t n = strnlen(s->wanted, SUGGEST_WORD_MAX);
    unsigned distance;

    if (n == SUGGEST_WORD_MAX || strnlen(word, SUGGEST_WORD_MAX) == SUGGEST_WORD_MAX)
        return;
    distance = edit_distance(s->wanted, word);
    if (n >= 2 && strncmp(word, s->wanted, n) == 0)
        distance = 1; /* cut short */
    if (distance >= s->distance || distance >= strlen(word))
        return;
    s->distance = distance;
    strncpy(s->best, word, SUGGEST_WORD_MAX - 1);
}

const char *suggest_best(const struct suggestion *s)
{
    return s->best[0] ? s->best : NULL;
}
