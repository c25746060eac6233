/*
 * complete.c - the line editor's Tab key.
 * Words are what spaces separate; which words there are, the shell knows (lineedit_callbacks).
 */
#include <string.h>
#include "lineedit.h"

#define WORD_SIZE      64
#define CANDIDATES_MAX 4096 /* against a list that never ends */
#define ROW_COLUMNS    78

struct completion {
    size_t start; /* of the word, in the line */
    size_t typed; /* its bytes before the cursor */
    size_t matches;
    char common[WORD_SIZE]; /* what all matches begin with */
};

/* The @index-th candidate; NULL past the last. */
static const char *candidate(struct lineedit *e, const struct completion *c, size_t index)
{
    if (index >= CANDIDATES_MAX)
        return NULL;
    return e->on.candidate(e->on.context, e->line, c->start, index);
}

static bool matches(const struct lineedit *e, const struct completion *c, const char *word)
{
    return strncmp(word, e->line + c->start, c->typed) == 0;
}

static void completion_add(struct completion *c, const char *word)
{
    size_t same = 0;

    if (c->matches++ == 0) {
        strncpy(c->common, word, WORD_SIZE - 1);
        c->common[WORD_SIZE - 1] = '\0';
        return;
    }
    while (c->common[same] && c->common[same] == word[same])
        same++;
    c->common[same] = '\0';
}

static void completion_collect(struct lineedit *e, struct completion *c)
{
    const char *word;

    c->start = e->cursor;
    while (c->start > 0 && e->line[c->start - 1] != ' ')
        c->start--;
    c->typed = e->cursor - c->start;
    c->matches = 0;
    for (size_t i = 0; (word = candidate(e, c, i)); i++) {
        if (matches(e, c, word))
            completion_add(c, word);
    }
}

/* All matches in rows below the line, then the line again. */
static void completion_list(struct lineedit *e, const struct completion *c)
{
    size_t column = 0, cursor = e->cursor;
    const char *word;

    e->cursor = e->length;
    lineedit_refresh(e);
    e->cursor = cursor;
    for (size_t i = 0; (word = candidate(e, c, i)); i++) {
        if (!matches(e, c, word))
            continue;
        if (column == 0 || column + 2 + strlen(word) > ROW_COLUMNS) {
            lineedit_write(e, "\r\n");
            column = 0;
        } else {
            lineedit_write(e, "  ");
            column += 2;
        }
        lineedit_write(e, word);
        column += strlen(word);
    }
    lineedit_write(e, "\r\n");
    lineedit_redraw(e);
}

void lineedit_complete(struct lineedit *e)
{
    struct completion c;
    size_t common;

    completion_collect(e, &c);
    common = strnlen(c.common, c.matches ? WORD_SIZE - 1 : 0);
    if (c.matches == 0 || common < c.typed)
        lineedit_write(e, "\a");
    else if (c.matches == 1 && lineedit_insert(e, c.common + c.typed, common - c.typed))
        (void)lineedit_insert(e, " ", 1);
    else if (common > c.typed)
        (void)lineedit_insert(e, c.common + c.typed, common - c.typed);
    else if (e->tabbed)
        completion_list(e, &c);
    else
        lineedit_write(e, "\a");
    e->tabbed = c.matches > 1;
}
