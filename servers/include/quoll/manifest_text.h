/*
 * manifest_text.h - what all manifests share: lines, sections, `key = value`, the parts of values,
 * and errors that say where and what would be right.
 * No I/O and no kernel: tested and fuzzed on the host.
 */
#ifndef QUOLL_MANIFEST_TEXT_H
#define QUOLL_MANIFEST_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_LINE_BYTES 512
#define MANIFEST_NAME_BYTES 48 /* with the NUL: a name fills at most words 0 to 5 */

struct manifest_error {
    unsigned line;  /* 0: the manifest as a whole */
    char text[240]; /* what is wrong and what would be right */
};

/* What a kind of manifest does with the lines of its text. Both return false with the error's text
 * filled; its line is already there. */
struct manifest_grammar {
    const char *heading; /* the word of its section headings: "task" of [task NAME] */
    bool (*section)(void *to, const char *name, struct manifest_error *error);
    bool (*key)(void *to, const char *key, const char *value, struct manifest_error *error);
};

/** Read the @bytes bytes of @text line by line into @to. A key before the first section, a bad
 *  heading or name, control characters and long lines are refused here. */
bool manifest_read(const struct manifest_grammar *grammar, const char *text, size_t bytes, void *to,
                   struct manifest_error *error);

/** Fill @error->text; returns false, for the caller to pass on. */
__attribute__((format(printf, 2, 3))) bool manifest_fail(struct manifest_error *error,
                                                         const char *format, ...);

/** Is @s a name: 1 to @max - 1 characters of a-z 0-9 . _ - ? */
bool manifest_is_name(const char *s, size_t max);

/* ---- parts of values. A function that returns false has not moved its cursor past what it
 * understood. */

/** A decimal or 0x number at *@s, at most @max; *@s moves behind it. */
bool value_number(const char **s, uint64_t max, uint64_t *out);

/** A number of bytes with k or M behind it. */
bool value_size(const char **s, uint64_t *out);

/** A duration in microseconds: a number with us, ms or s behind it, at most an hour. */
bool value_duration(const char **s, uint64_t *us);

/** @s is one number from @min to @max and nothing else. */
bool value_whole_number(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/** Copy the next word of *@s into @word; false at the end or if it does not fit. */
bool value_next_word(const char **s, char *word, size_t bytes);

bool value_is_power_of_two(uint64_t n);

#endif
