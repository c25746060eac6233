/*
 * mutate.h - random changes to a text, the same in every run: what parsers are fuzzed with.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static uint32_t random_state = 1;

static uint32_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Change, move or cut out up to four pieces of the @n bytes at @text. */
__attribute__((unused)) static void mutate(char *text, size_t *n)
{
    static const char interesting[] = "[]=#-\n 09x:*kMus/.\0";

    for (unsigned i = random_next() % 4 + 1; i > 0 && *n > 8; i--) {
        size_t at = random_next() % *n, len = random_next() % 8;
        len = len < *n - at ? len : *n - at;
        switch (random_next() % 4) {
        case 0:
            text[at] = (char)random_next();
            break;
        case 1:
            text[at] = interesting[random_next() % (sizeof(interesting) - 1)];
            break;
        case 2: /* cut a piece out */
            memmove(text + at, text + at + len, *n - at - len);
            *n -= len;
            break;
        default: /* copy a piece somewhere else */
            memmove(text + random_next() % (*n - len), text + at, len);
            break;
        }
    }
}

#endif
