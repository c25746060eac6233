/*
 * names.c - the name server's table: bounded, linear, only ever grows.
 * Few names and a look-up once per client's life: a plain search is enough.
 */
#include "names.h"

#include <string.h>

bool names_normalise(char text[NAME_BYTES])
{
    unsigned n = 0;

    while (n < NAME_BYTES && text[n] != '\0') {
        n++;
    }
    memset(text + n, 0, NAME_BYTES - n);
    return n > 0;
}

int names_find(const struct names *names, const char text[NAME_BYTES])
{
    for (unsigned i = 0; i < names->name_count; i++) {
        if (memcmp(names->name[i].text, text, NAME_BYTES) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int names_add(struct names *names, const char text[NAME_BYTES])
{
    int at = names_find(names, text);

    if (at >= 0) {
        return at;
    }
    if (names->name_count == NAMES_MAX) {
        return -1;
    }
    at = (int)names->name_count++;
    memcpy(names->name[at].text, text, NAME_BYTES);
    names->name[at].state = NAME_EXPECTED;
    return at;
}

int names_find_allow(const struct names *names, unsigned name, uint64_t badge)
{
    for (unsigned i = 0; i < names->allow_count; i++) {
        if (names->allow[i].name == name && names->allow[i].badge == badge) {
            return (int)i;
        }
    }
    return -1;
}

bool names_add_allow(struct names *names, unsigned name, uint64_t badge)
{
    if (names_find_allow(names, name, badge) >= 0) {
        return true;
    }
    if (names->allow_count == NAMES_ALLOWS) {
        return false;
    }
    names->allow[names->allow_count++] = (struct allow){.badge = badge, .name = name};
    return true;
}
