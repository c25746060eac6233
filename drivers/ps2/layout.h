/*
 * layout.h - a keyboard layout as a table: what each key types, and what dead keys make.
 * tools/keymap.py compiles them from layouts/ into <keys/layouts.h>, which layout.c includes.
 */
#ifndef PS2_LAYOUT_H
#define PS2_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

enum { KEY_LEVELS = 4, KEY_CODES = 256 };

#define KEY_SYMBOL_DEAD 0x80000000u /* the rest is the dead key's number */

struct key_symbols {
    uint32_t level[KEY_LEVELS]; /* plain, shift, AltGr, AltGr + shift; 0: types nothing */
    uint8_t caps;               /* caps lock acts like shift */
};

struct key_layout {
    const char *name;
    struct key_symbols key[KEY_CODES];
};

struct key_dead {
    uint32_t accent; /* what it types by itself */
};

struct key_compose {
    uint32_t dead, base, result;
};

/** The layout of that name, or a null pointer. */
const struct key_layout *layout_find(const char *name);

/** Layout @index, or a null pointer behind the last. */
const struct key_layout *layout_at(unsigned index);

/** The index of @layout, one of those. */
unsigned layout_index(const struct key_layout *layout);

/** Does right Alt choose other characters in this layout, or is it just an Alt? */
bool layout_has_altgr(const struct key_layout *layout);

/** The accent of dead key @dead. */
uint32_t layout_accent(uint32_t dead);

/** What dead key @dead makes of @base; 0 if nothing. */
uint32_t layout_compose(uint32_t dead, uint32_t base);

#endif
