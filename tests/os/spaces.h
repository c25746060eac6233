/*
 * spaces.h - a test that runs twice: with its threads in one address space, and in several.
 * A file lists its rows in a macro ROWS(X), then says ROWS(BOTH_SPACES) and ROWS(BOTH_ENTRIES).
 */
#ifndef SPACES_H
#define SPACES_H

#define BOTH_SPACES(row)                                                                           \
    static void row##_same_as(void)                                                                \
    {                                                                                              \
        row(false);                                                                                \
    }                                                                                              \
    static void row##_diff_as(void)                                                                \
    {                                                                                              \
        row(true);                                                                                 \
    }

#define BOTH_ENTRIES(area, row)                                                                    \
    {"kernel." area "." #row ".same_as", row##_same_as},                                           \
        {"kernel." area "." #row ".diff_as", row##_diff_as},

#endif
