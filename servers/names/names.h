/*
 * names.h - the name server's table: which names exist, who may look them up.
 * Data only, no calls: main.c does the capabilities.
 */
#ifndef NAMES_NAMES_H
#define NAMES_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#define NAMES_MAX    64
#define NAMES_ALLOWS 256
#define NAME_BYTES   48 /* words 0 to 5; not terminated when all are used */

enum name_state {
    NAME_EXPECTED = 0, /* somebody may look it up, nobody has registered it */
    NAME_REGISTERED = 1,
    NAME_GONE = 2, /* registered without a capability: its provider could not start */
};

struct name {
    char text[NAME_BYTES]; /* zeroed behind the end */
    enum name_state state;
};

struct allow {
    uint64_t badge; /* the client */
    unsigned name;
    bool minted; /* its capability exists: in the slot of this entry */
};

struct names {
    struct name name[NAMES_MAX];
    struct allow allow[NAMES_ALLOWS];
    unsigned name_count, allow_count;
};

/** Clear everything behind the first NUL of @text; false if it is empty. */
bool names_normalise(char text[NAME_BYTES]);

/** The index of @text, -1 if unknown. */
int names_find(const struct names *names, const char text[NAME_BYTES]);

/** The same, but it is added if unknown; -1 if the table is full. */
int names_add(struct names *names, const char text[NAME_BYTES]);

/** The entry that allows @badge to look up name @name, -1 if there is none. */
int names_find_allow(const struct names *names, unsigned name, uint64_t badge);

/** Allow it. Twice is once. False: the table is full. */
bool names_add_allow(struct names *names, unsigned name, uint64_t badge);

#endif
