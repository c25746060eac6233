/*
 * input_event.h - what a keyboard or a mouse reports, as the input drivers pass it on and the
 * console takes it. The code of a key says where it is; unicode says what it types in the
 * driver's layout with the modifiers held, 0 if nothing (a function key, a release, a dead key).
 */
#ifndef QUOLL_INPUT_EVENT_H
#define QUOLL_INPUT_EVENT_H

#include <stdint.h>

enum key_code {
#define KEY(name, code, set2) KEY_##name = code,
#include <quoll/keys.def>
#undef KEY
};

/* Modifiers that are held, and locks that are on. AltGr is a modifier of its own, not Alt. */
enum key_modifier {
    MODIFIER_SHIFT = 1,
    MODIFIER_CTRL = 2,
    MODIFIER_ALT = 4,
    MODIFIER_ALTGR = 8,
    MODIFIER_SUPER = 16,
    MODIFIER_CAPS = 32,
    MODIFIER_NUM = 64,
};

enum key_action {
    KEY_RELEASED,
    KEY_PRESSED,
    KEY_REPEATED, /* by the keyboard's own repeat */
};

struct key_event {
    uint8_t code;      /* enum key_code */
    uint8_t action;    /* enum key_action */
    uint8_t modifiers; /* enum key_modifier */
    uint32_t unicode;
};

enum mouse_button {
    MOUSE_LEFT = 1,
    MOUSE_RIGHT = 2,
    MOUSE_MIDDLE = 4,
    MOUSE_BUTTON_4 = 8,
    MOUSE_BUTTON_5 = 16,
};

/* Movement since the last event: right, down and wheel towards the user are positive. */
struct mouse_event {
    int16_t dx, dy;
    int8_t wheel;
    uint8_t buttons; /* held now */
};

enum input_kind {
    INPUT_KEY,
    INPUT_MOUSE,
};

/* What `read` of the interface input puts into a buffer, one behind the other. */
struct input_event {
    uint8_t kind; /* enum input_kind */
    uint8_t reserved[3];
    union {
        struct key_event key;
        struct mouse_event mouse;
    };
};
_Static_assert(sizeof(struct input_event) == 12, "input.idl: EVENT_BYTES");

#endif
