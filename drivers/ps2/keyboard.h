/*
 * keyboard.h - from keys going down and up to events: modifiers, locks, layout, dead keys.
 * No hardware here: bytes go in, events come out through emit. Bounded by construction.
 */
#ifndef PS2_KEYBOARD_H
#define PS2_KEYBOARD_H

#include "layout.h"
#include "set2.h"

#include <quoll/input_event.h>

/* The keyboard's lights, as command 0xed takes them. */
enum keyboard_light {
    LIGHT_SCROLL = 1,
    LIGHT_NUM = 2,
    LIGHT_CAPS = 4,
};

struct keyboard {
    struct set2 decoder;
    const struct key_layout *layout;
    bool right_is_altgr;
    bool caps, num;
    uint32_t dead; /* a dead key that waits for the next one: its number + 1 */
    uint8_t held[KEY_CODES / 8];
    uint16_t pad_moved; /* keys of the number pad that went down as cursor keys: bit 0 is PAD_1 */
    void (*emit)(void *context, const struct key_event *event);
    void *context;
};

/** Nothing held, num lock on. Events go to @emit, at most KEY_CODES of them for one byte. */
void keyboard_init(struct keyboard *keyboard, const struct key_layout *layout,
                   void (*emit)(void *context, const struct key_event *event), void *context);

void keyboard_set_layout(struct keyboard *keyboard, const struct key_layout *layout);

/** Take a byte. Tells what it was, so that the caller can answer the keyboard. */
enum set2_kind keyboard_byte(struct keyboard *keyboard, uint8_t byte);

/** Which lights should be on: enum keyboard_light. */
uint8_t keyboard_lights(const struct keyboard *keyboard);

/** Release every key that is held, with an event for each: after bytes were lost. */
void keyboard_release_all(struct keyboard *keyboard);

#endif
