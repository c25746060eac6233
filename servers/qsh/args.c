/*
 * args.c - quoting. Words shrink as quotes go, so they are written over the line they come from.
 */
#include "args.h"

/* Copy one word from @from to @to, which is not ahead of it, and end it with NUL.
 * Returns where the word's text ended, NULL if it is not complete. */
static char *args_word(char *from, char *to)
{
    bool quoted = false;

    for (; *from && (quoted || *from != ' '); from++) {
        if (*from == '"') {
            quoted = !quoted;
            continue;
        }
        if (*from == '\\' && !*++from)
            return NULL;
        *to++ = *from;
    }
    if (quoted)
        return NULL;
    if (*from)
        from++;
    *to = '\0';
    return from;
}

int args_split(char *line, char **argv)
{
    int argc = 0;

    for (;;) {
        while (*line == ' ')
            line++;
        if (!*line)
            return argc;
        argv[argc++] = line;
        line = args_word(line, line);
        if (!line)
            return -1;
    }
}
