/*
 * keyboard.c - modifiers, locks, layouts and dead keys, see keyboard.h.
 * What is held is one bit a key; the modifiers are read off it, so they cannot get out of step.
 */
#include "keyboard.h"

#include <string.h>

static bool is_held(const struct keyboard *keyboard, uint8_t key)
{
    return (keyboard->held[key / 8] >> key % 8 & 1) != 0;
}

static void set_held(struct keyboard *keyboard, uint8_t key, bool held)
{
    uint8_t bit = (uint8_t)(1u << key % 8);

    if (held) {
        keyboard->held[key / 8] |= bit;
    } else {
        keyboard->held[key / 8] &= (uint8_t)~bit;
    }
}

static bool one_held(const struct keyboard *keyboard, uint8_t left, uint8_t right)
{
    return is_held(keyboard, left) || is_held(keyboard, right);
}

static uint8_t modifiers(const struct keyboard *k)
{
    bool right = is_held(k, KEY_ALT_RIGHT);
    bool alt = is_held(k, KEY_ALT_LEFT) || (right && !k->right_is_altgr);

    return (uint8_t)((one_held(k, KEY_SHIFT_LEFT, KEY_SHIFT_RIGHT) ? MODIFIER_SHIFT : 0) |
                     (one_held(k, KEY_CTRL_LEFT, KEY_CTRL_RIGHT) ? MODIFIER_CTRL : 0) |
                     (alt ? MODIFIER_ALT : 0) | (right && k->right_is_altgr ? MODIFIER_ALTGR : 0) |
                     (one_held(k, KEY_SUPER_LEFT, KEY_SUPER_RIGHT) ? MODIFIER_SUPER : 0) |
                     (k->caps ? MODIFIER_CAPS : 0) | (k->num ? MODIFIER_NUM : 0));
}

static void emit(struct keyboard *keyboard, uint8_t key, enum key_action action, uint32_t unicode)
{
    struct key_event event = {
        .code = key,
        .action = (uint8_t)action,
        .modifiers = modifiers(keyboard),
        .unicode = unicode,
    };

    keyboard->emit(keyboard->context, &event);
}

void keyboard_set_layout(struct keyboard *keyboard, const struct key_layout *layout)
{
    keyboard->layout = layout;
    keyboard->right_is_altgr = layout_has_altgr(layout);
    keyboard->dead = 0;
}

void keyboard_init(struct keyboard *keyboard, const struct key_layout *layout,
                   void (*sink)(void *context, const struct key_event *event), void *context)
{
    memset(keyboard, 0, sizeof(*keyboard));
    keyboard->num = true;
    keyboard->emit = sink;
    keyboard->context = context;
    keyboard_set_layout(keyboard, layout);
}

uint8_t keyboard_lights(const struct keyboard *keyboard)
{
    return (uint8_t)((keyboard->num ? LIGHT_NUM : 0) | (keyboard->caps ? LIGHT_CAPS : 0));
}

/* The number pad: digits with num lock, else (or with shift) what stands below them. */
static const uint8_t pad_moves[] = {
    [KEY_PAD_0] = KEY_INSERT,      [KEY_PAD_1] = KEY_END,  [KEY_PAD_2] = KEY_DOWN,
    [KEY_PAD_3] = KEY_PAGE_DOWN,   [KEY_PAD_4] = KEY_LEFT, [KEY_PAD_6] = KEY_RIGHT,
    [KEY_PAD_7] = KEY_HOME,        [KEY_PAD_8] = KEY_UP,   [KEY_PAD_9] = KEY_PAGE_UP,
    [KEY_PAD_PERIOD] = KEY_DELETE,
};

static bool is_pad_digit(uint8_t key)
{
    return key >= KEY_PAD_1 && key <= KEY_PAD_0;
}

/* What @key is for; its release is of what its press was, whatever changed in between. */
static uint8_t pad_key(struct keyboard *keyboard, uint8_t key, bool released)
{
    bool digits = keyboard->num && (modifiers(keyboard) & MODIFIER_SHIFT) == 0;
    uint16_t bit;

    if (key >= sizeof(pad_moves) || pad_moves[key] == 0) {
        return key;
    }
    bit = (uint16_t)(1u << (key - KEY_PAD_1));
    if (!released) {
        keyboard->pad_moved =
            (uint16_t)(digits ? keyboard->pad_moved & ~bit : keyboard->pad_moved | bit);
    }
    return (keyboard->pad_moved & bit) != 0 ? pad_moves[key] : key;
}

static uint32_t pad_unicode(uint8_t key)
{
    switch (key) {
    case KEY_PAD_DIVIDE:
        return '/';
    case KEY_PAD_MULTIPLY:
        return '*';
    case KEY_PAD_MINUS:
        return '-';
    case KEY_PAD_PLUS:
        return '+';
    case KEY_PAD_0:
        return '0';
    default:
        return is_pad_digit(key) ? (uint32_t)('1' + key - KEY_PAD_1) : 0;
    }
}

/* What @key types, with KEY_SYMBOL_DEAD for a dead key. */
static uint32_t symbol_of(const struct keyboard *keyboard, uint8_t key)
{
    const struct key_symbols *symbols = &keyboard->layout->key[key];
    uint8_t held = modifiers(keyboard);
    bool shift = (held & MODIFIER_SHIFT) != 0;
    bool altgr = (held & MODIFIER_ALTGR) != 0;
    uint32_t pad = pad_unicode(key);

    if (pad != 0) {
        return pad;
    }
    if (symbols->caps != 0 && keyboard->caps) {
        shift = !shift;
    }
    return symbols->level[(altgr ? 2 : 0) + (shift ? 1 : 0)];
}

static bool is_modifier(uint8_t key)
{
    return key >= KEY_CTRL_LEFT && key <= KEY_SUPER_RIGHT;
}

/* A character after a dead key: the two become one, or both are typed. */
static void type_after_dead(struct keyboard *keyboard, uint8_t key, enum key_action action,
                            uint32_t unicode)
{
    uint32_t dead = keyboard->dead - 1;
    uint32_t composed = layout_compose(dead, unicode);

    keyboard->dead = 0;
    if (unicode == ' ') {
        emit(keyboard, key, action, layout_accent(dead));
    } else if (composed != 0) {
        emit(keyboard, key, action, composed);
    } else {
        emit(keyboard, key, action, layout_accent(dead));
        emit(keyboard, key, action, unicode);
    }
}

static void press_dead(struct keyboard *keyboard, uint8_t key, uint32_t number)
{
    uint32_t before = keyboard->dead;

    keyboard->dead = before == number + 1 ? 0 : number + 1;
    emit(keyboard, key, KEY_PRESSED, before != 0 ? layout_accent(before - 1) : 0);
}

static void key_down(struct keyboard *keyboard, uint8_t key, enum key_action action)
{
    uint8_t meant = pad_key(keyboard, key, false);
    uint32_t symbol = symbol_of(keyboard, meant);

    if ((symbol & KEY_SYMBOL_DEAD) != 0) {
        if (action == KEY_PRESSED) {
            press_dead(keyboard, meant, symbol & ~KEY_SYMBOL_DEAD);
        }
    } else if (symbol != 0 && keyboard->dead != 0) {
        type_after_dead(keyboard, meant, action, symbol);
    } else {
        keyboard->dead = is_modifier(meant) ? keyboard->dead : 0;
        emit(keyboard, meant, action, symbol);
    }
}

static void take_key(struct keyboard *keyboard, uint8_t key, bool released)
{
    bool again = is_held(keyboard, key);

    set_held(keyboard, key, !released);
    if (released) {
        emit(keyboard, pad_key(keyboard, key, true), KEY_RELEASED, 0);
        return;
    }
    if (again && (is_modifier(key) || key == KEY_CAPS_LOCK || key == KEY_NUM_LOCK)) {
        return; /* these do not repeat */
    }
    if (key == KEY_CAPS_LOCK) {
        keyboard->caps = !keyboard->caps;
    }
    if (key == KEY_NUM_LOCK) {
        keyboard->num = !keyboard->num;
    }
    key_down(keyboard, key, again ? KEY_REPEATED : KEY_PRESSED);
}

void keyboard_release_all(struct keyboard *keyboard)
{
    for (unsigned key = 0; key < KEY_CODES; key++) {
        if (is_held(keyboard, (uint8_t)key)) {
            take_key(keyboard, (uint8_t)key, true);
        }
    }
}

enum set2_kind keyboard_byte(struct keyboard *keyboard, uint8_t byte)
{
    struct set2_code code = set2_byte(&keyboard->decoder, byte);

    switch (code.kind) {
    case SET2_KEY:
        take_key(keyboard, code.key, code.released);
        break;
    case SET2_PAUSE:
        take_key(keyboard, KEY_PAUSE, false);
        take_key(keyboard, KEY_PAUSE, true);
        break;
    case SET2_LOST:
    case SET2_RESTARTED:
        keyboard_release_all(keyboard);
        break;
    default:
        break;
    }
    return code.kind;
}
