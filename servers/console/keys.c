/*
 * keys.c - keys to bytes, as terminals send them. libvterm knows the modes that choose between
 * sequences; what it would send for Ctrl and for Alt with other than ASCII letters no program
 * expects, so those are made here.
 */
#include "console.h"

static const uint16_t special_keys[256] = {
    [KEY_ENTER] = VTERM_KEY_ENTER,
    [KEY_PAD_ENTER] = VTERM_KEY_ENTER,
    [KEY_TAB] = VTERM_KEY_TAB,
    [KEY_BACKSPACE] = VTERM_KEY_BACKSPACE,
    [KEY_ESCAPE] = VTERM_KEY_ESCAPE,
    [KEY_UP] = VTERM_KEY_UP,
    [KEY_DOWN] = VTERM_KEY_DOWN,
    [KEY_LEFT] = VTERM_KEY_LEFT,
    [KEY_RIGHT] = VTERM_KEY_RIGHT,
    [KEY_INSERT] = VTERM_KEY_INS,
    [KEY_DELETE] = VTERM_KEY_DEL,
    [KEY_HOME] = VTERM_KEY_HOME,
    [KEY_END] = VTERM_KEY_END,
    [KEY_PAGE_UP] = VTERM_KEY_PAGEUP,
    [KEY_PAGE_DOWN] = VTERM_KEY_PAGEDOWN,
    [KEY_PAD_0] = VTERM_KEY_KP_0,
    [KEY_PAD_1] = VTERM_KEY_KP_1,
    [KEY_PAD_2] = VTERM_KEY_KP_2,
    [KEY_PAD_3] = VTERM_KEY_KP_3,
    [KEY_PAD_4] = VTERM_KEY_KP_4,
    [KEY_PAD_5] = VTERM_KEY_KP_5,
    [KEY_PAD_6] = VTERM_KEY_KP_6,
    [KEY_PAD_7] = VTERM_KEY_KP_7,
    [KEY_PAD_8] = VTERM_KEY_KP_8,
    [KEY_PAD_9] = VTERM_KEY_KP_9,
    [KEY_PAD_MULTIPLY] = VTERM_KEY_KP_MULT,
    [KEY_PAD_PLUS] = VTERM_KEY_KP_PLUS,
    [KEY_PAD_MINUS] = VTERM_KEY_KP_MINUS,
    [KEY_PAD_DIVIDE] = VTERM_KEY_KP_DIVIDE,
};

static unsigned special_of(uint8_t code)
{
    if (code >= KEY_F1 && code <= KEY_F12) {
        return VTERM_KEY_FUNCTION(1u + code - KEY_F1);
    }
    return special_keys[code];
}

static unsigned modifiers_of(uint8_t held)
{
    return ((held & MODIFIER_SHIFT) != 0 ? VTERM_MOD_SHIFT : 0u) |
           ((held & MODIFIER_ALT) != 0 ? VTERM_MOD_ALT : 0u) |
           ((held & MODIFIER_CTRL) != 0 ? VTERM_MOD_CTRL : 0u);
}

static void write_special(struct screen *screen, unsigned key, unsigned modifiers)
{
    switch (key) {
    case VTERM_KEY_ENTER:
    case VTERM_KEY_BACKSPACE:
    case VTERM_KEY_ESCAPE:
        modifiers &= VTERM_MOD_ALT;
        break;
    case VTERM_KEY_TAB:
        modifiers &= VTERM_MOD_ALT | VTERM_MOD_SHIFT;
        break;
    default:
        modifiers = key >= VTERM_KEY_KP_0 ? 0 : modifiers;
        break;
    }
    vterm_keyboard_key(screen->vt, (VTermKey)key, (VTermModifier)modifiers);
}

/* The control code that Ctrl makes of a character; the character itself if it makes none. */
static uint32_t control_of(uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= '@' && c <= '_')) {
        return c & 0x1f;
    }
    switch (c) {
    case ' ':
        return 0x00;
    case '/':
    case '-':
        return 0x1f;
    case '?':
        return 0x7f;
    default:
        return c;
    }
}

static void write_character(struct screen *screen, uint32_t unicode, unsigned modifiers)
{
    char byte;

    if ((modifiers & VTERM_MOD_CTRL) != 0) {
        unicode = control_of(unicode);
    }
    if ((modifiers & VTERM_MOD_ALT) != 0) {
        screen->reply(screen->context, "\x1b", 1);
    }
    if (unicode < 0x80) {
        byte = (char)unicode;
        screen->reply(screen->context, &byte, 1);
    } else {
        vterm_keyboard_unichar(screen->vt, unicode, VTERM_MOD_NONE);
    }
}

bool keys_write(struct screen *screen, const struct key_event *key)
{
    unsigned special = special_of(key->code), modifiers = modifiers_of(key->modifiers);

    if (key->action == KEY_RELEASED) {
        return false;
    }
    if (special != VTERM_KEY_NONE) {
        write_special(screen, special, modifiers);
        return true;
    }
    if (key->unicode == 0 || key->unicode > 0x10ffff) {
        return false;
    }
    write_character(screen, key->unicode, modifiers);
    return true;
}
