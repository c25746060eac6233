/*
 * string.c - NUL-terminated strings.
 */
#include "lib/string.h"

size_t strnlen(const char *text, size_t max)
{
    size_t n = 0;
    while (n < max && text[n] != '\0') {
        n++;
    }
    return n;
}

size_t strlen(const char *text)
{
    return strnlen(text, (size_t)-1);
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (size_t i = 0; i < max; i++) {
        unsigned char x = (unsigned char)a[i];
        unsigned char y = (unsigned char)b[i];
        if (x != y || x == '\0') {
            return (int)x - (int)y;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}
