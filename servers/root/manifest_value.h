/*
 * manifest_value.h - what the manifest's keys share; private to the parser's files.
 */
#ifndef ROOT_MANIFEST_VALUE_H
#define ROOT_MANIFEST_VALUE_H

#include "manifest.h"

/** A decimal or 0x number at *@s, at most @max; *@s moves behind it. */
bool value_number(const char **s, uint64_t max, uint64_t *out);

/** A number of bytes with k or M behind it. */
bool value_size(const char **s, uint64_t *out);

/** @s is one number from @min to @max and nothing else. */
bool value_whole_number(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/** Copy the next word of *@s into @word; false at the end or if it does not fit. */
bool value_next_word(const char **s, char *word, size_t bytes);

bool value_is_power_of_two(uint64_t n);

/* manifest_device.c */
bool manifest_key_ports(struct manifest_task *t, const char *v, struct manifest_error *e);
bool manifest_key_mmio(struct manifest_task *t, const char *v, struct manifest_error *e);
bool manifest_key_irq(struct manifest_task *t, const char *v, struct manifest_error *e);

#endif
