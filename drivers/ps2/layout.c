/*
 * layout.c - look-ups in the generated keyboard layouts.
 */
#include "layout.h"

#include <keys/layouts.h>

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct key_layout *layout_find(const char *name)
{
    for (size_t i = 0; i < COUNT(key_layouts); i++) {
        if (strcmp(key_layouts[i].name, name) == 0) {
            return &key_layouts[i];
        }
    }
    return NULL;
}

const struct key_layout *layout_at(unsigned index)
{
    return index < COUNT(key_layouts) ? &key_layouts[index] : NULL;
}

unsigned layout_index(const struct key_layout *layout)
{
    return (unsigned)(layout - key_layouts);
}

bool layout_has_altgr(const struct key_layout *layout)
{
    for (unsigned i = 0; i < KEY_CODES; i++) {
        if (layout->key[i].level[2] != 0 || layout->key[i].level[3] != 0) {
            return true;
        }
    }
    return false;
}

uint32_t layout_accent(uint32_t dead)
{
    return dead < COUNT(key_deads) ? key_deads[dead].accent : 0;
}

uint32_t layout_compose(uint32_t dead, uint32_t base)
{
    for (size_t i = 0; i < COUNT(key_composed); i++) {
        if (key_composed[i].dead == dead && key_composed[i].base == base) {
            return key_composed[i].result;
        }
    }
    return 0;
}
